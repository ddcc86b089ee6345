/**
 * What a database must tell the engine: its SQL (the compiler's part), how a driver's errors are sorted, and the few statements that
 * transactions and connections are made of. One implementation per folder beside this file; drivers are in `drivers/`.
 */
import type { SqlDialect } from "../sql/compile/dialect.ts";
import type { DriverConnection, MaybePromise } from "../io/driver.ts";
import type { Io } from "../io/io.ts";

/** The classes of driver errors (errors/dbapi.ts). */
export type ErrorClass =
  "interface" | "database" | "data" | "operational" | "integrity" | "internal" | "programming" | "not-supported";

/** What a dialect makes of a driver's error. */
export interface ErrorClassification {
  readonly errorClass: ErrorClass;
  readonly driverCode: string | number | null;
  /** The connection is gone and must be discarded. */
  readonly isDisconnect: boolean;
  /** The transaction may succeed if it is run again: serialization failures and deadlocks. */
  readonly isRetryable: boolean;
}

export interface Dialect extends SqlDialect {
  readonly defaultDriver: string;
  /** Run once with the first connection of an engine: learns the server's version and refines `features`. */
  initialize(connection: DriverConnection): Io<void>;
  /** Run with every new connection, before anyone uses it (SQLite: PRAGMA foreign_keys; MySQL: sql_mode and time zone). */
  prepareConnection(connection: DriverConnection): Io<void>;
  /** The server's version, such as [15, 20]; empty before `initialize`. */
  readonly serverVersion: readonly number[];
  /** For people: "PostgreSQL 15.20", "MariaDB 10.11.19", "SQLite 3.53.2"; "" before `initialize`. */
  readonly serverDescription: string;
  classifyError(error: unknown): ErrorClassification;
  /** `BEGIN`, as this database spells it. */
  readonly beginStatement: string;
  /** Does the table exist? A SELECT whose first column of the first row says so, with its parameter. */
  hasTableQuery(table: string, schema: string | null): { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** A driver: how to open a connection with one npm package. */
export interface Driver {
  /** As in the URL: `better-sqlite3`, `node`, `pg`, `mysql2`. */
  readonly name: string;
  readonly dialectName: string;
  /** Whether its connections answer at once or with promises. */
  readonly colour: "sync" | "async";
  /** Throws NoSuchModuleError naming the `npm install` line where the package is missing. */
  load(): void;
  connect(target: ConnectTarget): MaybePromise<DriverConnection>;
}

/** Where to connect, taken from the URL. */
export interface ConnectTarget {
  readonly host: string | null;
  readonly port: number | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: string | null;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  /** `connectArgs` of createEngine, handed to the npm package as they are. */
  readonly connectArgs: Readonly<Record<string, unknown>>;
}
