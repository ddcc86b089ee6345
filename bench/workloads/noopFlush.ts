/**
 * Flush a session that has loaded 10,000 entities of which none was changed. Run by run.ts. There is nothing that a driver alone would
 * do here, so it has no raw version; the other contender is the flush of a session that has loaded nothing, which shows whether the cost
 * grows with what is loaded. The database plays no part, so one is enough.
 */
import { select, type Engine } from "../../src/index.ts";
import { Session } from "../../src/orm.ts";
import type { Contender, Workload } from "../harness.ts";
import { filledEngine, User } from "../support/model.ts";

const COUNT = 10_000;
const FLUSHES = 10_000;

interface LoadedSession {
  readonly engine: Engine;
  readonly session: Session;
  /** Held, so that no identity map could let them go. */
  readonly users: readonly User[];
}

function flushing(name: string, isLoaded: boolean): Contender<LoadedSession, void> {
  return {
    name,
    setup: (url) => {
      const engine = filledEngine(url, COUNT);
      const session = new Session(engine);
      const users = isLoaded ? session.scalars(select(User)).all() : [];
      if (users.length !== (isLoaded ? COUNT : 0)) throw new Error(`${users.length} entities were loaded`);
      return { engine, session, users };
    },
    run: ({ session }) => {
      for (let index = 0; index < FLUSHES; index++) session.flush();
    },
    check: (_outcome, { session }) => ({ rows: session.dirty.length, checksum: session.new.length }),
    teardown: ({ engine, session }) => {
      session.close();
      engine.dispose();
    },
  };
}

export const noopFlush: Workload = {
  name: "noop-flush",
  title: "Flush, 10,000 loaded, none changed",
  measures: "One flush; nothing was changed since the objects were loaded.",
  databases: ["sqlite"],
  repeats: FLUSHES,
  contenders: () => [flushing("ORM", true), flushing("ORM, nothing loaded", false)],
};
