/**
 * SQLite under an asynchronous engine: while another connection has the lock, SQLite's own waiting would block the thread, and with it
 * whoever is to release the lock. So SQLite is told not to wait, and this wrapper tries again between turns of the event loop, for as
 * long as SQLite would have waited. EngineCore puts it around the connections of drivers that answer at once.
 */
import type {
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
  MaybePromise,
} from "../io/driver.ts";
import { control } from "../dialects/server.ts";
import type { Io } from "../io/io.ts";

/** Pauses between two attempts, in milliseconds; the last is repeated. They are SQLite's own. */
const PAUSES = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/** Takes the lock that a reader needs, and nothing else. */
const TAKE_READ_LOCK: DriverStatement = {
  sql: "SELECT 1 FROM sqlite_master LIMIT 1",
  parameters: [],
  reusable: true,
  wideIntegers: false,
  returnsRows: true,
};

/** Takes the waiting over from SQLite; a connection that was told not to wait at all is given back as it is. */
export function* patientConnection(connection: DriverConnection): Io<DriverConnection> {
  const timeout = (yield control(connection, "PRAGMA busy_timeout", true)) as DriverResult;
  const milliseconds = Number(timeout.rows[0]?.[0] ?? 0);
  if (!(milliseconds > 0)) return connection;
  yield control(connection, "PRAGMA busy_timeout = 0", true);
  return new PatientConnection(connection, milliseconds);
}

class PatientConnection implements DriverConnection {
  readonly #inner: DriverConnection;
  readonly #timeout: number;
  /**
   * none: every statement is a transaction of its own; fresh: begun, and nothing read or written yet; bound: what was read must stay as it
   * is, so that waiting for a writer could wait for ever (SQLite does not wait then either).
   */
  #transaction: "none" | "fresh" | "bound" = "none";
  #isStopped = false;

  constructor(inner: DriverConnection, timeout: number) {
    this.#inner = inner;
    this.#timeout = timeout;
  }

  get driverConnection(): unknown {
    return this.#inner.driverConnection;
  }

  get isOpen(): boolean {
    return this.#inner.isOpen;
  }

  execute(statement: DriverStatement, deadline?: number): MaybePromise<DriverResult> {
    const { sql } = statement;
    const mayWait = this.#transaction !== "bound" || sql === "COMMIT";
    return this.#patiently(mayWait, sql, () => this.#inner.execute(statement, deadline) as DriverResult);
  }

  executeMany(
    statement: DriverStatement,
    parameterSets: readonly (readonly unknown[])[],
    deadline?: number,
  ): MaybePromise<DriverManyResult> {
    // Outside of a transaction the first sets may be saved already when a later one meets a lock.
    const mayWait = this.#transaction === "fresh";
    return this.#patiently(
      mayWait,
      statement.sql,
      () => this.#inner.executeMany(statement, parameterSets, deadline) as DriverManyResult,
    );
  }

  openCursor(statement: DriverStatement, deadline?: number): MaybePromise<DriverCursor> {
    const open = (): MaybePromise<DriverCursor> => this.#inner.openCursor(statement, deadline);
    if (this.#transaction !== "fresh") return open();
    // A cursor that meets a lock with its first row cannot be tried again, so the lock comes first.
    const locked = this.execute(TAKE_READ_LOCK, deadline);
    return locked instanceof Promise ? locked.then(open) : open();
  }

  /** Ends the waiting; a statement that runs is not waiting any more. */
  async cancel(running: Promise<unknown>): Promise<void> {
    this.#isStopped = true;
    await running.catch(() => undefined);
    this.#isStopped = false;
  }

  close(): MaybePromise<void> {
    return this.#inner.close();
  }

  destroy(): void {
    this.#isStopped = true;
    this.#inner.destroy();
  }

  /** At once where nobody is in the way, which is nearly always. */
  #patiently<T>(mayWait: boolean, sql: string, attempt: () => T): MaybePromise<T> {
    try {
      return this.#done(sql, attempt());
    } catch (error) {
      if (!mayWait || !isBusy(error)) throw error;
      return this.#tryAgain(sql, attempt, error);
    }
  }

  async #tryAgain<T>(sql: string, attempt: () => T, first: unknown): Promise<T> {
    const giveUpAt = performance.now() + this.#timeout;
    let failure = first;
    for (let round = 0; performance.now() < giveUpAt && !this.#isStopped; round++) {
      const pause = Math.min(PAUSES[round] ?? PAUSES.at(-1)!, giveUpAt - performance.now());
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, pause)));
      try {
        return this.#done(sql, attempt());
      } catch (error) {
        if (!isBusy(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  #done<T>(sql: string, answer: T): T {
    if (/^BEGIN\b/i.test(sql)) this.#transaction = "fresh";
    else if (sql === "COMMIT" || sql === "ROLLBACK") this.#transaction = "none";
    else if (this.#transaction === "fresh") this.#transaction = "bound";
    return answer;
  }
}

/** Another connection has the lock. A snapshot that is too old (SQLITE_BUSY_SNAPSHOT) does not become newer by waiting. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return code === "SQLITE_BUSY" || errcode === 5;
}
