/**
 * Watches an engine by its events: how many transactions were saved and how many taken back, and which statement took longest. main.ts
 * prints it in the end.
 */
import { type AsyncEngine, event } from "athanor";

export interface Observations {
  commits: number;
  rollbacks: number;
  statements: number;
  /** Null before the first statement. */
  slowest: { readonly statement: string; readonly milliseconds: number } | null;
}

/** Starts to watch; the object that it gives is kept up to date. */
export function watch(engine: AsyncEngine): Observations {
  const seen: Observations = { commits: 0, rollbacks: 0, statements: 0, slowest: null };
  // A connection runs one statement at a time.
  const started = new WeakMap<object, number>();

  event.listen(engine, "commit", () => {
    seen.commits += 1;
  });
  event.listen(engine, "rollback", () => {
    seen.rollbacks += 1;
  });
  event.listen(engine, "beforeCursorExecute", (connection) => {
    started.set(connection, performance.now());
  });
  event.listen(engine, "afterCursorExecute", (connection, _cursor, statement) => {
    const milliseconds = performance.now() - started.get(connection)!;
    seen.statements += 1;
    if (seen.slowest === null || milliseconds > seen.slowest.milliseconds) seen.slowest = { statement, milliseconds };
  });
  return seen;
}
