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
  /**
   * Run once with the first connection of an engine: learns the server's version, default isolation level and default schema, and refines
   * `features`.
   */
  initialize(connection: DriverConnection): Io<void>;
  /** Run with every new connection, before anyone uses it (SQLite: PRAGMA foreign_keys; MySQL: sql_mode and time zone). */
  prepareConnection(connection: DriverConnection): Io<void>;
  /** The server's version, such as [15, 20]; empty before `initialize`. SQLAlchemy: server_version_info. */
  readonly serverVersionInfo: readonly number[];
  /** For people: "PostgreSQL 15.20", "MariaDB 10.11.19", "SQLite 3.53.2"; "" before `initialize`. */
  readonly serverDescription: string;
  classifyError(error: unknown): ErrorClassification;
  /** The isolation levels of this database, as SQL names them; AUTOCOMMIT, which every database has, is not among them. */
  readonly isolationLevels: readonly string[];
  /** What begins a transaction. Throws ArgumentError for an option that the database does not have. */
  beginStatements(options: TransactionOptions): readonly string[];
  /** What makes the connection as it was before a transaction with these options, run after its end; [] where nothing outlives it. */
  resetStatements(options: TransactionOptions): readonly string[];
  /** The isolation level of the transaction that is under way or would begin: a query for one text. */
  readonly isolationLevelQuery: string;
  /** The level of transactions that ask for none, as `initialize` found it; null before. SQLAlchemy: default_isolation_level. */
  readonly defaultIsolationLevel: string | null;
  /**
   * The schema of tables for which none is named, as `initialize` found it: PostgreSQL's current_schema(), MySQL's DATABASE(), "main" of
   * SQLite. Null before, and where the server has none. SQLAlchemy: default_schema_name.
   */
  readonly defaultSchemaName: string | null;
  /** How transactions are prepared and then committed in two steps; null where the database cannot. */
  readonly twoPhase: TwoPhaseStatements | null;
  /** How one learns whether a replica shows what was committed on the primary; null where the database has no way to say. */
  readonly replication: Replication | null;
  /** The driver codes of errors that say that somebody tried to write where only reading is possible. */
  readonly readOnlyCodes: readonly (string | number)[];
  /** Does the table exist? A SELECT whose first column of the first row says so, with its parameter. */
  hasTableQuery(table: string, schema: string | null): { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** How a transaction is to run. */
export interface TransactionOptions {
  /** One of the dialect's `isolationLevels`; null for the database's own default. */
  readonly isolationLevel: string | null;
  readonly readOnly: boolean;
  /** PostgreSQL: a serializable read-only transaction waits until it can run without ever failing. */
  readonly deferrable: boolean;
}

/** The statements of two-phase commit, each a list to be run in order. */
export interface TwoPhaseStatements {
  begin(xid: string): readonly string[];
  prepare(xid: string): readonly string[];
  commit(xid: string, isPrepared: boolean): readonly string[];
  rollback(xid: string, isPrepared: boolean): readonly string[];
  /** A query for the names of transactions that were prepared and not ended, and the column that has them. */
  readonly recover: { readonly sql: string; readonly column: number };
}

/** Positions in the stream of changes that replicas follow. Each is a text of letters, digits and `/ : , -`. */
export interface Replication {
  /**
   * Asked on the connection that has just committed: a position that includes the commit; "" where it has changed nothing that a replica
   * could lack, null where the server does not say.
   */
  committedPosition(connection: DriverConnection): Io<string | null>;
  /** Asked on a connection of a replica, which answers at once. */
  hasReached(connection: DriverConnection, position: string): Io<boolean>;
  /** The position that includes both; equal to one of them where that includes the other. */
  later(a: string, b: string): string;
  /** Whether the text is a position of this database. */
  isPosition(text: string): boolean;
}

/** A driver: how to open a connection with one npm package. */
export interface Driver {
  /** As in the URL: `better-sqlite3`, `node`, `pg`, `mysql2`. */
  readonly name: string;
  readonly dialectName: string;
  /** Whether its connections answer at once or with promises. */
  readonly colour: "sync" | "async";
  /**
   * Where the driver can be found again by a worker thread, so that a synchronous engine can wait for it: the URL of a module and the
   * name of its export. Only for drivers that answer with promises; without it they serve asynchronous engines alone.
   */
  readonly module?: { readonly url: string; readonly export: string };
  /** Throws NoSuchModuleError naming the `npm install` line where the package is missing. */
  load(): void;
  /**
   * @param deadline as for `DriverConnection.execute`
   * @param signal aborted when nobody waits for the connection any more: what has been opened of it is to be destroyed at once, so that it does
   * not keep the process alive, and the promise rejected. It means nothing once the promise is settled. A driver that takes no notice of it
   * leaves a socket behind for as long as the server is silent; a connection that comes too late is destroyed by whoever asked for it.
   */
  connect(target: ConnectTarget, deadline?: number, signal?: AbortSignal): MaybePromise<DriverConnection>;
  /**
   * True where the database lives in its one connection, so that there cannot be a second: SQLite in memory, for example. Absent: never.
   */
  singleConnection?(target: ConnectTarget): boolean;
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
