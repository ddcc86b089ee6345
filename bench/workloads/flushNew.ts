/** New objects through one flush, their keys fetched back; rolled back, so that every round finds the same table. */
import { AsyncSession } from "athanor/orm";
import type { Workload } from "../harness.ts";
import { Person, personValues } from "../model.ts";
import { pair } from "./pair.ts";

const COUNT = 5000;

export const flushNew: Workload = {
  name: "flush",
  title: `insert ${COUNT.toLocaleString("en")} through a flush, keys back`,
  prepare: (target) =>
    pair(
      target,
      (driver) => driver.insertAndRollBack(COUNT),
      async (engine) => {
        await using session = new AsyncSession(engine);
        const people = Array.from({ length: COUNT }, (_person, n) => new Person(personValues(n)));
        session.addAll(people);
        await session.flush();
        const keys = new Set(people.map(({ id }) => id));
        await session.rollback();
        return keys.size;
      },
    ),
};
