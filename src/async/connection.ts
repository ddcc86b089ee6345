/**
 * The asynchronous facade of a connection: every method runs the core's and gives a promise. No logic of its own; `sync/connection.ts`
 * has the same methods.
 */
import type { ConnectionCore } from "../engine/connection.ts";
import type { DriverParameters } from "../engine/driverSql.ts";
import { DISPATCHER, type ConnectionEvents, type Dispatcher, type Listenable } from "../engine/events.ts";
import {
  type ExecuteOptions,
  type ExecutionOptions,
  isStreamed,
  portionsOf,
  stopOf,
} from "../engine/options/executionOptions.ts";
import type { Result, ScalarResult } from "../engine/results/result.ts";
import type { BeginOptions } from "../engine/options/transactionOptions.ts";
import { endPrepared, recoverTwophase } from "../engine/preparedTransactions.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { Executable, RowOf, ScalarOfItems } from "../sql/typing.ts";
import type { Dialect } from "../dialects/contract.ts";
import { InvalidRequestError } from "../errors/base.ts";
import { type AsyncResult, asyncResult, type AsyncScalarResult } from "./result.ts";
import { AsyncTransaction, AsyncTwoPhaseTransaction, withAsyncTransaction } from "./transaction.ts";
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
export class AsyncConnection implements Listenable<ConnectionEvents<AsyncConnection>> {
  readonly core: ConnectionCore;
  readonly engine: AsyncEngine;

  /** Connections are made by `engine.connect()`. */
  constructor(core: ConnectionCore, engine: AsyncEngine) {
    this.core = core;
    this.engine = engine;
    core.facade = this;
  }

  /** Listeners of this connection alone: `event.listen(connection, "commit", …)`. */
  get [DISPATCHER](): Dispatcher<ConnectionEvents<AsyncConnection>> {
    return this.core.ownEvents;
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
    return this.core.transactions.hasBegun;
  }

  inNestedTransaction(): boolean {
    return this.core.transactions.savepoint !== null;
  }

  /** The outermost transaction, begun by `begin` or by itself; null where there is none. */
  getTransaction(): AsyncTransaction | null {
    const core = this.core.transactions.outermost;
    return core === null ? null : new AsyncTransaction(core);
  }

  /** The innermost savepoint; null where there is none. */
  getNestedTransaction(): AsyncTransaction | null {
    const core = this.core.transactions.savepoint;
    return core === null ? null : new AsyncTransaction(core);
  }

  /**
   * Changes how this connection runs its statements, from the next one on; see ExecutionOptions.
   *
   * @throws ArgumentError for what is no option, InvalidRequestError for changing how transactions run while one is open
   */
  async executionOptions(options: ExecutionOptions): Promise<AsyncConnection> {
    await runAsync(this.core.setExecutionOptions(options));
    return this;
  }

  getExecutionOptions(): ExecutionOptions {
    return this.core.executionOptions;
  }

  /** The isolation level of the transaction that is open, or would begin: "READ COMMITTED", "AUTOCOMMIT" … Asks the database where no option says it. */
  getIsolationLevel(): Promise<string> {
    return runAsync(this.core.isolationLevel());
  }

  /**
   * The isolation level of transactions for which no option names one. The database is asked once for each engine, with its first connection.
   */
  get defaultIsolationLevel(): string {
    return this.core.defaultIsolationLevel;
  }

  /**
   * The schema that this connection writes before a table's name, after its `schemaTranslateMap`; null for none. Takes a table or a mapped class.
   *
   * @throws ArgumentError for anything else
   */
  schemaForObject(table: object): string | null {
    return this.core.schemaForObject(table);
  }

  /**
   * Runs a statement; parameters are an object of values by name, or a list of them.
   *
   * @throws DBAPIError's classes for what the database reports, CancelledError and StatementTimeoutError where `signal` or `timeout` stop it
   */
  execute<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<Result<RowOf<A, N>>> {
    return this.#run(statement, parameters, options) as unknown as Promise<Result<RowOf<A, N>>>;
  }

  /** The first column of the first row, or null. */
  async scalar<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<ScalarOfItems<A, N> | null> {
    return (await this.#run(statement, parameters, options)).scalar() as ScalarOfItems<A, N> | null;
  }

  /** The first column of every row. */
  async scalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<ScalarResult<ScalarOfItems<A, N>>> {
    return (await this.#run(statement, parameters, options)).scalars() as ScalarResult<ScalarOfItems<A, N>>;
  }

  /**
   * Runs a statement and gives its rows while they are read, a portion at a time, so that a result of any size takes little memory. `await
   * using`, the end of the rows, and leaving a `for await` close it; until then the connection runs nothing else.
   *
   * @example
   * ```ts no-check
   * for await (const row of await connection.stream(select(users).executionOptions({ yieldPer: 100 }))) console.log(row);
   * ```
   */
  async stream<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<AsyncResult<RowOf<A, N>>> {
    const effective = this.core.optionsFor(statement, options);
    const rows = await runAsync(this.core.stream(statement as unknown as Node, parameters, effective), stopOf(effective));
    return asyncResult(rows, portionsOf(effective)) as unknown as AsyncResult<RowOf<A, N>>;
  }

  /** As `stream`, for the first column of every row. */
  async streamScalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<AsyncScalarResult<ScalarOfItems<A, N>>> {
    return (await this.stream(statement, parameters, options)).scalars() as unknown as AsyncScalarResult<ScalarOfItems<A, N>>;
  }

  /** Runs SQL text as it is, with positional parameters in the driver's placeholder style; a list of lists runs it many times. */
  execDriverSql(sql: string, parameters?: DriverParameters, options?: ExecuteOptions): Promise<Result> {
    return runAsync(this.core.execDriverSql(sql, parameters), stopOf(this.core.optionsFor(null, options)));
  }

  /** Begins a transaction; with a callback, commits when its promise is fulfilled and rolls back when it is rejected. */
  begin(options?: BeginOptions): Promise<AsyncTransaction>;
  begin<T>(work: (connection: AsyncConnection) => T | Promise<T>, options?: BeginOptions): Promise<T>;
  async begin<T>(
    first?: BeginOptions | ((connection: AsyncConnection) => T | Promise<T>),
    options?: BeginOptions,
  ): Promise<AsyncTransaction | T> {
    if (typeof first !== "function") return new AsyncTransaction(await runAsync(this.core.transactions.begin(first)));
    return withAsyncTransaction(await runAsync(this.core.transactions.begin(options)), () => first(this));
  }

  /** Sets a savepoint; with a callback, releases it when its promise is fulfilled and rolls back to it when it is rejected. */
  beginNested(): Promise<AsyncTransaction>;
  beginNested<T>(work: (connection: AsyncConnection) => T | Promise<T>): Promise<T>;
  async beginNested<T>(work?: (connection: AsyncConnection) => T | Promise<T>): Promise<AsyncTransaction | T> {
    const transaction = await runAsync(this.core.transactions.beginNested());
    return work === undefined ? new AsyncTransaction(transaction) : withAsyncTransaction(transaction, () => work(this));
  }

  /**
   * Begins a transaction that can be prepared before it is committed (PostgreSQL, MySQL and MariaDB). SQLAlchemy: begin_twophase.
   *
   * @param xid its name on the server, at most 64 characters; one is made up where none is given
   */
  async beginTwophase(xid?: string): Promise<AsyncTwoPhaseTransaction> {
    return new AsyncTwoPhaseTransaction(await runAsync(this.core.transactions.beginTwophase(xid)));
  }

  /** Commits a transaction that was prepared, on whatever connection, by its name. */
  commitPrepared(xid: string): Promise<void> {
    return runAsync(endPrepared(this.core, xid, "commit"));
  }

  /** Rolls back a transaction that was prepared, on whatever connection, by its name. */
  rollbackPrepared(xid: string): Promise<void> {
    return runAsync(endPrepared(this.core, xid, "rollback"));
  }

  /** The names of the transactions that were prepared and neither committed nor rolled back. */
  recoverTwophase(): Promise<readonly string[]> {
    return runAsync(recoverTwophase(this.core));
  }

  /** Commits; does nothing where no transaction has begun. */
  commit(): Promise<void> {
    return runAsync(this.core.transactions.commit());
  }

  /** Rolls back; does nothing where no transaction has begun. */
  rollback(): Promise<void> {
    return runAsync(this.core.transactions.rollback());
  }

  /** Gives the database connection up and closes it, as if it had been lost; after `rollback` the next statement opens another. */
  invalidate(): Promise<void> {
    return runAsync(this.core.invalidate());
  }

  /** Takes the database connection out of the pool for good: closing this connection closes it. */
  detach(): Promise<void> {
    return runAsync(this.core.detach());
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

  async #run(statement: object, parameters: Parameters | undefined, options: ExecuteOptions | undefined): Promise<Result> {
    const effective = this.core.optionsFor(statement, options);
    if (isStreamed(effective))
      throw new InvalidRequestError(
        "Rows in portions (streamResults, yieldPer) have to be awaited one by one: use stream() or streamScalars() instead of execute(), scalar() or scalars()",
      );
    return await runAsync(this.core.execute(statement as Node, parameters, effective), stopOf(effective));
  }
}
