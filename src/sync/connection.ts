/**
 * The synchronous facade of a connection: every method runs the core's and returns. No logic of its own; `async/connection.ts` has the
 * same methods.
 */
import type { ConnectionCore, DriverParameters } from "../engine/connection.ts";
import type { Result, ScalarResult } from "../engine/result.ts";
import type { Io } from "../io/io.ts";
import { runSync } from "../io/runSync.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { Executable, RowOf, ScalarOfItems } from "../sql/typing.ts";
import type { Dialect } from "../dialects/contract.ts";
import { Transaction, withTransaction } from "./transaction.ts";
import type { Engine } from "./engine.ts";

/**
 * A connection of a synchronous engine. The first statement begins a transaction; `using` closes the connection and rolls back what was
 * not committed.
 *
 * @example
 * ```ts no-check
 * using connection = engine.connect();
 * connection.execute(text("DELETE FROM users WHERE id = :id"), { id: 1 });
 * connection.commit();
 * ```
 */
export class Connection {
  readonly core: ConnectionCore;
  readonly engine: Engine;

  /** Connections are made by `engine.connect()`. */
  constructor(core: ConnectionCore, engine: Engine) {
    this.core = core;
    this.engine = engine;
    core.facade = this;
  }

  get dialect(): Dialect {
    return this.core.dialect;
  }

  get closed(): boolean {
    return this.core.closed;
  }

  /** True after the database connection was lost. */
  get invalidated(): boolean {
    return this.core.invalidated;
  }

  /** The npm package's connection object, for what only it can do; null while none is held. */
  get driverConnection(): unknown {
    return this.core.driverConnection;
  }

  /** For whatever the application wants to remember with the database connection. */
  get info(): Map<unknown, unknown> {
    return this.core.info;
  }

  inTransaction(): boolean {
    return this.core.inTransaction;
  }

  inNestedTransaction(): boolean {
    return this.core.inNestedTransaction;
  }

  /** Runs a statement; parameters are an object of values by name, or a list of them. Throws DBAPIError's classes. */
  execute<A extends readonly unknown[], N>(statement: Executable<A, N>, parameters?: Parameters): Result<RowOf<A, N>> {
    return runSync(this.core.execute(statement as unknown as Node, parameters)) as unknown as Result<RowOf<A, N>>;
  }

  /** The first column of the first row, or null. */
  scalar<A extends readonly unknown[], N>(statement: Executable<A, N>, parameters?: Parameters): ScalarOfItems<A, N> | null {
    return runSync(this.core.execute(statement as unknown as Node, parameters)).scalar() as ScalarOfItems<A, N> | null;
  }

  /** The first column of every row. */
  scalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
  ): ScalarResult<ScalarOfItems<A, N>> {
    return runSync(this.core.execute(statement as unknown as Node, parameters)).scalars() as ScalarResult<ScalarOfItems<A, N>>;
  }

  /** Runs SQL text as it is, with positional parameters in the driver's placeholder style; a list of lists runs it many times. */
  execDriverSql(sql: string, parameters?: DriverParameters): Result {
    return runSync(this.core.execDriverSql(sql, parameters));
  }

  /** Begins a transaction; with a callback, commits when it returns and rolls back when it throws. */
  begin(): Transaction;
  begin<T>(work: (connection: Connection) => T): T;
  begin<T>(work?: (connection: Connection) => T): Transaction | T {
    const transaction = runSync(this.core.begin());
    return work === undefined ? new Transaction(transaction) : withTransaction(transaction, () => work(this));
  }

  /** Sets a savepoint; with a callback, releases it when it returns and rolls back to it when it throws. */
  beginNested(): Transaction;
  beginNested<T>(work: (connection: Connection) => T): T;
  beginNested<T>(work?: (connection: Connection) => T): Transaction | T {
    const transaction = runSync(this.core.beginNested());
    return work === undefined ? new Transaction(transaction) : withTransaction(transaction, () => work(this));
  }

  /** Commits; does nothing where no transaction has begun. */
  commit(): void {
    runSync(this.core.commit());
  }

  /** Rolls back; does nothing where no transaction has begun. */
  rollback(): void {
    runSync(this.core.rollback());
  }

  /** Rolls back what was not committed and gives the database connection back. */
  close(): void {
    runSync(this.core.close());
  }

  /** Runs schema work on this connection, in its transaction. For MetaData. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): void {
    runSync(work(this.core));
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
