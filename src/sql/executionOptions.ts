/**
 * Execution options: what a statement, a connection or an engine asks of how statements are run. SQLAlchemy: execution_options. Those of
 * one call win over those of the statement, these over the connection's, and these over the engine's. They are no part of the SQL.
 */
import type { Duration } from "../util/duration.ts";
import type { StatementCache } from "./compile/execute.ts";

/** SQL's isolation levels; AUTOCOMMIT: no transaction, every statement is saved by itself. A database has AUTOCOMMIT and some of the others. */
export type IsolationLevel = "READ UNCOMMITTED" | "READ COMMITTED" | "REPEATABLE READ" | "SERIALIZABLE" | "AUTOCOMMIT";

/** Names of schemas to be replaced, by the name in the statement; null stands for tables without a schema. */
export type SchemaTranslateMap = ReadonlyMap<string | null, string | null> | Readonly<Record<string, string | null>>;

/** How statements are run. Whatever is absent comes from the next broader place. */
export interface ExecutionOptions {
  /** For the transactions of an engine or connection; cannot change while one is open. Default: the database's own. */
  readonly isolationLevel?: IsolationLevel;
  /** Transactions may only read; default false. */
  readonly readOnly?: boolean;
  /** The same as readOnly, by SQLAlchemy's name; PostgreSQL only. */
  readonly postgresqlReadonly?: boolean;
  /** A serializable read-only transaction of PostgreSQL waits until it can run without being aborted; default false. */
  readonly postgresqlDeferrable?: boolean;
  /** Take rows from the server a portion at a time instead of all at once; default false. */
  readonly streamResults?: boolean;
  /** Rows in each portion; implies streamResults. Default: growing, up to maxRowBuffer. */
  readonly yieldPer?: number;
  /** Most rows in a growing portion; default 1000. */
  readonly maxRowBuffer?: number;
  /** Schema names to be replaced in every statement. */
  readonly schemaTranslateMap?: SchemaTranslateMap;
  /** Most rows in one INSERT of many; default 1000. */
  readonly insertmanyvaluesPageSize?: number;
  /** Where compiled statements are kept instead of the engine's own cache; null keeps none. */
  readonly compiledCache?: StatementCache | null;
  /** Put before every log line of the connection, in brackets. */
  readonly loggingToken?: string;
  /** Stops the statement, on the server too where the database can; see the guide "Cancelling and timeouts". */
  readonly signal?: AbortSignal | undefined;
  /** Stops the statement after this time; starts with each call. Default: none. */
  readonly timeout?: Duration | undefined;
  /** For whatever the application wants to tell its own listeners. */
  readonly info?: Readonly<Record<string, unknown>>;
}

/** The options of one call of `execute`, `scalar`, `scalars` or `stream`. */
export interface ExecuteOptions {
  /** Stops the statement; short for the execution option. */
  readonly signal?: AbortSignal | undefined;
  /** Stops the statement after this time; short for the execution option. */
  readonly timeout?: Duration | undefined;
  readonly executionOptions?: ExecutionOptions;
}
