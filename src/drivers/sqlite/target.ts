/**
 * What the SQLite drivers read from a URL alike: the file's name and the busy timeout.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { ConnectTarget } from "../../dialects/contract.ts";

const DEFAULT_BUSY_TIMEOUT = 5000;

export interface SqliteTarget {
  /** `:memory:` where the URL names no file. */
  readonly file: string;
  /** How long a statement waits for a lock, in milliseconds; default 5000. */
  readonly timeout: number;
  /** `connectArgs` without what is named above. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Throws ArgumentError for what a SQLite URL does not have. */
export function sqliteTarget(target: ConnectTarget): SqliteTarget {
  if (target.host !== null)
    throw new ArgumentError(
      `A SQLite URL has no host: sqlite:///file.db (three slashes) is a relative path, sqlite:////file.db an absolute one`,
    );
  for (const name of Object.keys(target.query))
    if (name !== "timeout")
      throw new ArgumentError(
        `A SQLite URL has the parameter timeout alone, and not ${name}; options of the npm package are given with connectArgs`,
      );
  const { timeout, ...options } = target.connectArgs;
  const wanted = timeout ?? target.query["timeout"] ?? DEFAULT_BUSY_TIMEOUT;
  const milliseconds = Number(wanted);
  if (!Number.isInteger(milliseconds) || milliseconds < 0)
    throw new ArgumentError("The SQLite connect option timeout must be a number of milliseconds");
  return { file: target.database ?? ":memory:", timeout: milliseconds, options };
}

/** SQLite without a file: the database lives as long as its one connection. */
export function isInMemory({ database }: ConnectTarget): boolean {
  return database === null || database === ":memory:" || /^file:.*(?::memory:|mode=memory)/.test(database);
}

/** A row id as a number where it is exact. */
export function rowId(id: number | bigint): number | bigint {
  return typeof id === "bigint" && id >= Number.MIN_SAFE_INTEGER && id <= Number.MAX_SAFE_INTEGER ? Number(id) : id;
}

/**
 * True where the statement ends a transaction that SQLite has ended by itself already, as it does after a full disk or INSERT OR
 * ROLLBACK: rolling back then has nothing left to do, and must not fail.
 */
export function isIdleRollback(sql: string, database: { readonly inTransaction: boolean }): boolean {
  return sql === "ROLLBACK" && !database.inTransaction;
}
