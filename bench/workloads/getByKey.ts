/** Single objects by primary key, each in a session of its own: what a web request does. */
import { AsyncSession } from "athanor/orm";
import type { Workload } from "../harness.ts";
import { Person } from "../model.ts";
import { pair } from "./pair.ts";

const COUNT = 2000;

export const getByKey: Workload = {
  name: "get",
  title: `get by key, a fresh session each, ${COUNT} times`,
  prepare: (target) =>
    pair(
      target,
      async (driver) => {
        let sum = 0;
        for (let id = 1; id <= COUNT; id++) sum += (await driver.get(id)).age;
        return sum;
      },
      async (engine) => {
        let sum = 0;
        for (let id = 1; id <= COUNT; id++) {
          await using session = new AsyncSession(engine);
          sum += (await session.getOne(Person, id)).age;
        }
        return sum;
      },
    ),
};
