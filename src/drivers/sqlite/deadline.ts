/**
 * How the SQLite drivers keep a deadline. SQLite works in this thread, so nobody can stop it from outside: it stops between two rows, between
 * two parameter sets and before a statement, and waits for a lock no longer than the deadline. What takes long for a single row, such as an
 * aggregate over a large table, runs to that row's end.
 */

/** The deadline in the milliseconds of `performance.now()`, or null where there is none. */
export function limitOf(deadline: number | undefined): number | null {
  return deadline === undefined || deadline === Infinity ? null : deadline;
}

/** Throws when the deadline has passed; the runner makes StatementTimeoutError of it. */
export function checkDeadline(limit: number): void {
  if (performance.now() >= limit) throw new DeadlineError();
}

class DeadlineError extends Error {
  /** As SQLite itself says it. */
  readonly code = "SQLITE_INTERRUPT";

  constructor() {
    super("The statement was stopped: its deadline has passed");
  }
}

/** All rows, unless the deadline passes between two; the statement is reset either way. */
export function readUntil(rows: Iterable<unknown>, limit: number): unknown[][] {
  const read: unknown[][] = [];
  // Looking at the clock for each row costs nothing that can be measured.
  for (const row of rows) {
    checkDeadline(limit);
    read.push(row as unknown[]);
  }
  return read;
}

/** How long a connection waits for another's lock, in milliseconds. */
export interface BusyTimeout {
  get(): number;
  set(milliseconds: number): void;
}

/** Does some work, waiting for locks no longer than until the deadline. */
export function withinDeadline<T>(busyTimeout: BusyTimeout, limit: number, work: () => T): T {
  checkDeadline(limit);
  const usual = busyTimeout.get();
  const left = Math.ceil(limit - performance.now());
  if (left >= usual) return work();
  busyTimeout.set(Math.max(1, left));
  try {
    return work();
  } finally {
    busyTimeout.set(usual);
  }
}
