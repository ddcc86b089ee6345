/** A flush with nothing to do while a session holds many objects. There is no raw counterpart: the figure is milliseconds per flush. */
import { createAsyncEngine, select } from "athanor";
import { AsyncSession } from "athanor/orm";
import { PEOPLE } from "../databases.ts";
import type { Workload } from "../harness.ts";
import { Person } from "../model.ts";

export const noopFlush: Workload = {
  name: "noop",
  title: `no-op flush with ${PEOPLE.toLocaleString("en")} loaded`,
  async prepare(target) {
    const engine = createAsyncEngine(target.url);
    const session = new AsyncSession(engine);
    await session.scalars(select(Person));
    return [
      {
        name: "athanor",
        async run() {
          await session.flush();
          return session.dirty.length;
        },
        async close() {
          await session.close();
          await engine.dispose();
        },
      },
    ];
  },
};
