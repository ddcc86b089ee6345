/**
 * The synchronous facade of a connection: every method runs the core's and returns. No logic of its own; `async/connection.ts`
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
import { Result, type ScalarResult, streamedResult } from "../engine/results/result.ts";
import type { BeginOptions } from "../engine/options/transactionOptions.ts";
import { endPrepared, recoverTwophase } from "../engine/preparedTransactions.ts";
import type { Io } from "../io/io.ts";
import { runSync } from "../io/runSync.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { Executable, RowOf, ScalarOfItems } from "../sql/typing.ts";
import type { Dialect } from "../dialects/contract.ts";
import { Transaction, TwoPhaseTransaction, withTransaction } from "./transaction.ts";
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
export class Connection implements Listenable<ConnectionEvents<Connection>> {
  readonly core: ConnectionCore;
  readonly engine: Engine;

  /** Connections are made by `engine.connect()`. */
  constructor(core: ConnectionCore, engine: Engine) {
    this.core = core;
    this.engine = engine;
    core.facade = this;
  }

  /** Listeners of this connection alone: `event.listen(connection, "commit", …)`. */
  get [DISPATCHER](): Dispatcher<ConnectionEvents<Connection>> {
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
  getTransaction(): Transaction | null {
    const core = this.core.transactions.outermost;
    return core === null ? null : new Transaction(core);
  }

  /** The innermost savepoint; null where there is none. */
  getNestedTransaction(): Transaction | null {
    const core = this.core.transactions.savepoint;
    return core === null ? null : new Transaction(core);
  }

  /**
   * Changes how this connection runs its statements, from the next one on; see ExecutionOptions.
   *
   * @throws ArgumentError for what is no option, InvalidRequestError for changing how transactions run while one is open
   */
  executionOptions(options: ExecutionOptions): Connection {
    runSync(this.core.setExecutionOptions(options));
    return this;
  }

  getExecutionOptions(): ExecutionOptions {
    return this.core.executionOptions;
  }

  /** The isolation level of the transaction that is open, or would begin: "READ COMMITTED", "AUTOCOMMIT" … Asks the database where no option says it. */
  getIsolationLevel(): string {
    return runSync(this.core.isolationLevel());
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
  ): Result<RowOf<A, N>> {
    return this.#run(statement, parameters, options) as unknown as Result<RowOf<A, N>>;
  }

  /** The first column of the first row, or null. */
  scalar<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): ScalarOfItems<A, N> | null {
    return this.#run(statement, parameters, options).scalar() as ScalarOfItems<A, N> | null;
  }

  /** The first column of every row. */
  scalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): ScalarResult<ScalarOfItems<A, N>> {
    return this.#run(statement, parameters, options).scalars() as ScalarResult<ScalarOfItems<A, N>>;
  }

  /**
   * Runs a statement and gives its rows while they are read, a portion at a time, so that a result of any size takes little memory: what
   * `execute` does with the option `streamResults` or `yieldPer`. `using`, the end of the rows, and leaving a `for` loop close it; until then
   * the connection runs nothing else.
   *
   * @example
   * ```ts no-check
   * for (const row of connection.stream(select(users).executionOptions({ yieldPer: 100 }))) console.log(row);
   * ```
   */
  stream<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Result<RowOf<A, N>> {
    return this.#stream(statement, parameters, options) as unknown as Result<RowOf<A, N>>;
  }

  /** As `stream`, for the first column of every row. */
  streamScalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): ScalarResult<ScalarOfItems<A, N>> {
    return this.#stream(statement, parameters, options).scalars() as ScalarResult<ScalarOfItems<A, N>>;
  }

  /** Runs SQL text as it is, with positional parameters in the driver's placeholder style; a list of lists runs it many times. */
  execDriverSql(sql: string, parameters?: DriverParameters, options?: ExecuteOptions): Result {
    return runSync(this.core.execDriverSql(sql, parameters), stopOf(this.core.optionsFor(null, options)));
  }

  /** Begins a transaction; with a callback, commits when it returns and rolls back when it throws. */
  begin(options?: BeginOptions): Transaction;
  begin<T>(work: (connection: Connection) => T, options?: BeginOptions): T;
  begin<T>(first?: BeginOptions | ((connection: Connection) => T), options?: BeginOptions): Transaction | T {
    if (typeof first !== "function") return new Transaction(runSync(this.core.transactions.begin(first)));
    return withTransaction(runSync(this.core.transactions.begin(options)), () => first(this));
  }

  /** Sets a savepoint; with a callback, releases it when it returns and rolls back to it when it throws. */
  beginNested(): Transaction;
  beginNested<T>(work: (connection: Connection) => T): T;
  beginNested<T>(work?: (connection: Connection) => T): Transaction | T {
    const transaction = runSync(this.core.transactions.beginNested());
    return work === undefined ? new Transaction(transaction) : withTransaction(transaction, () => work(this));
  }

  /**
   * Begins a transaction that can be prepared before it is committed (PostgreSQL, MySQL and MariaDB). SQLAlchemy: begin_twophase.
   *
   * @param xid its name on the server, at most 64 characters; one is made up where none is given
   */
  beginTwophase(xid?: string): TwoPhaseTransaction {
    return new TwoPhaseTransaction(runSync(this.core.transactions.beginTwophase(xid)));
  }

  /** Commits a transaction that was prepared, on whatever connection, by its name. */
  commitPrepared(xid: string): void {
    runSync(endPrepared(this.core, xid, "commit"));
  }

  /** Rolls back a transaction that was prepared, on whatever connection, by its name. */
  rollbackPrepared(xid: string): void {
    runSync(endPrepared(this.core, xid, "rollback"));
  }

  /** The names of the transactions that were prepared and neither committed nor rolled back. */
  recoverTwophase(): readonly string[] {
    return runSync(recoverTwophase(this.core));
  }

  /** Commits; does nothing where no transaction has begun. */
  commit(): void {
    runSync(this.core.transactions.commit());
  }

  /** Rolls back; does nothing where no transaction has begun. */
  rollback(): void {
    runSync(this.core.transactions.rollback());
  }

  /** Gives the database connection up and closes it, as if it had been lost; after `rollback` the next statement opens another. */
  invalidate(): void {
    runSync(this.core.invalidate());
  }

  /** Takes the database connection out of the pool for good: closing this connection closes it. */
  detach(): void {
    runSync(this.core.detach());
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

  #run(statement: object, parameters: Parameters | undefined, options: ExecuteOptions | undefined): Result {
    const effective = this.core.optionsFor(statement, options);
    if (isStreamed(effective)) return this.#stream(statement, parameters, options);
    return runSync(this.core.execute(statement as Node, parameters, effective), stopOf(effective));
  }

  #stream(statement: object, parameters: Parameters | undefined, options: ExecuteOptions | undefined): Result {
    const effective = this.core.optionsFor(statement, options);
    const rows = runSync(this.core.stream(statement as Node, parameters, effective), stopOf(effective));
    return rows instanceof Result ? rows : streamedResult(rows, portionsOf(effective));
  }
}
