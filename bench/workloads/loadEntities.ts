/** All rows of a table as objects of one session. */
import { select } from "athanor";
import { AsyncSession } from "athanor/orm";
import { PEOPLE } from "../databases.ts";
import type { Workload } from "../harness.ts";
import { Person } from "../model.ts";
import { pair } from "./pair.ts";

export const loadEntities: Workload = {
  name: "load",
  title: `load ${PEOPLE.toLocaleString("en")} entities`,
  prepare: (target) =>
    pair(
      target,
      async (driver) => (await driver.all()).length,
      async (engine) => {
        await using session = new AsyncSession(engine);
        return (await session.scalars(select(Person))).all().length;
      },
    ),
};
