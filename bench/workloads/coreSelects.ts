/** Core statements without the ORM, each built anew: where, order and limit, ten rows. */
import { select } from "athanor";
import type { Workload } from "../harness.ts";
import { Person } from "../model.ts";
import { pair } from "./pair.ts";

const COUNT = 2000;
const people = Person.table;

export const coreSelects: Workload = {
  name: "core",
  title: `${COUNT.toLocaleString("en")} Core selects of ten rows, each built anew`,
  prepare: (target) =>
    pair(
      target,
      async (driver) => {
        let sum = 0;
        for (let n = 0; n < COUNT; n++) for (const id of await driver.select(n % 80, 10)) sum += id;
        return sum;
      },
      async (engine) => {
        await using connection = await engine.connect();
        let sum = 0;
        for (let n = 0; n < COUNT; n++) {
          const statement = select(people)
            .where(people.c.age.ge(n % 80))
            .orderBy(people.c.id)
            .limit(10);
          for (const { id } of await connection.execute(statement)) sum += id;
        }
        return sum;
      },
    ),
};
