/**
 * The asynchronous facade of a connection: every method runs the core's and gives a promise. No logic of its own; `sync/connection.ts`
 * has the same methods.
 */
import type { ConnectionCore, DriverParameters } from "../engine/connection.ts";
import type { Result, ScalarResult } from "../engine/result.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { Executable, RowOf, ScalarOfItems } from "../sql/typing.ts";
import type { Dialect } from "../dialects/contract.ts";
import { AsyncTransaction, withAsyncTransaction } from "./transaction.ts";
import type { AsyncEngine } from "./engine.ts";

/**
 * A connection of an asynchronous engine. The first statement begins a transaction; `await using` closes the connection and rolls back what was
 * not committed.
 *
 * @example
 * ```ts no-check
 * await using connection = await engine.connect();
 * await connection.execute(text("DELETE FROM users WHERE id = :id"), { id: 1 });
 * await connection.commit();
 * ```
 */
export class AsyncConnection {
  readonly core: ConnectionCore;
  readonly engine: AsyncEngine;

  /** Connections are made by `engine.connect()`. */
  constructor(core: ConnectionCore, engine: AsyncEngine) {
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
  execute<A extends readonly unknown[], N>(statement: Executable<A, N>, parameters?: Parameters): Promise<Result<RowOf<A, N>>> {
    return runAsync(this.core.execute(statement as unknown as Node, parameters)) as unknown as Promise<Result<RowOf<A, N>>>;
  }

  /** The first column of the first row, or null. */
  async scalar<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
  ): Promise<ScalarOfItems<A, N> | null> {
    return (await runAsync(this.core.execute(statement as unknown as Node, parameters))).scalar() as ScalarOfItems<A, N> | null;
  }

  /** The first column of every row. */
  async scalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
  ): Promise<ScalarResult<ScalarOfItems<A, N>>> {
    return (await runAsync(this.core.execute(statement as unknown as Node, parameters))).scalars() as ScalarResult<
      ScalarOfItems<A, N>
    >;
  }

  /** Runs SQL text as it is, with positional parameters in the driver's placeholder style; a list of lists runs it many times. */
  execDriverSql(sql: string, parameters?: DriverParameters): Promise<Result> {
    return runAsync(this.core.execDriverSql(sql, parameters));
  }

  /** Begins a transaction; with a callback, commits when its promise is fulfilled and rolls back when it is rejected. */
  begin(): Promise<AsyncTransaction>;
  begin<T>(work: (connection: AsyncConnection) => T | Promise<T>): Promise<T>;
  async begin<T>(work?: (connection: AsyncConnection) => T | Promise<T>): Promise<AsyncTransaction | T> {
    const transaction = await runAsync(this.core.begin());
    return work === undefined ? new AsyncTransaction(transaction) : withAsyncTransaction(transaction, () => work(this));
  }

  /** Sets a savepoint; with a callback, releases it when its promise is fulfilled and rolls back to it when it is rejected. */
  beginNested(): Promise<AsyncTransaction>;
  beginNested<T>(work: (connection: AsyncConnection) => T | Promise<T>): Promise<T>;
  async beginNested<T>(work?: (connection: AsyncConnection) => T | Promise<T>): Promise<AsyncTransaction | T> {
    const transaction = await runAsync(this.core.beginNested());
    return work === undefined ? new AsyncTransaction(transaction) : withAsyncTransaction(transaction, () => work(this));
  }

  /** Commits; does nothing where no transaction has begun. */
  commit(): Promise<void> {
    return runAsync(this.core.commit());
  }

  /** Rolls back; does nothing where no transaction has begun. */
  rollback(): Promise<void> {
    return runAsync(this.core.rollback());
  }

  /** Rolls back what was not committed and gives the database connection back. */
  close(): Promise<void> {
    return runAsync(this.core.close());
  }

  /** Runs schema work on this connection, in its transaction. For MetaData. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): Promise<void> {
    return runAsync(work(this.core));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
