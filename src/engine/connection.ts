/**
 * A connection as the engine sees it: it begins a transaction by itself, runs planned statements, and gives the driver's connection
 * back to the pool. All its I/O is requests; `sync/` and `async/` hold the facades. One operation at a time.
 */
import { InvalidRequestError } from "../errors/base.ts";
import { ConcurrentUseError, ResourceClosedError } from "../errors/engine.ts";
import type { Dialect } from "../dialects/contract.ts";
import { control } from "../dialects/server.ts";
import { Dispatcher } from "../io/dispatcher.ts";
import type { DriverConnection, DriverResult } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import type { Stop } from "../io/stop.ts";
import type { Pool, PooledConnection } from "../pool/pool.ts";
import { planExecution, type Parameters, type PlanOptions } from "../sql/compile/execute.ts";
import type { ExecutionPlan, SinglePlan } from "../sql/compile/plan.ts";
import { translatedNames } from "../sql/compile/schemaNames.ts";
import { dmlTable } from "../sql/nodes/dml.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { collectResult, collectRows, portionReader } from "./results/collect.ts";
import { CursorFeed, type FeedOwner } from "./results/cursorFeed.ts";
import { handleDriverError } from "./driverErrors.ts";
import { type DriverParameters, planDriverSql } from "./driverSql.ts";
import type { EngineCore } from "./engineCore.ts";
import { CONNECTION_EVENTS, type ConnectionEvents } from "./events.ts";
import {
  checkExecutionOptions,
  type ExecuteOptions,
  type ExecutionOptions,
  optionsOfCall,
  schemaMapOf,
  stopOf,
} from "./options/executionOptions.ts";
import type { CommitMark } from "./replicas/commitMark.ts";
import type { Loan } from "./replicas/replicaSet.ts";
import type { Result } from "./results/result.ts";
import type { RowFeed } from "./results/rowFeed.ts";
import { type Collect, PlainSending, type PlainSender } from "./plainSending.ts";
import { givesRows, openCursor, sendPlan } from "./sending.ts";
import { shownParameters } from "./shownParameters.ts";
import { StatementLog } from "./statementLog.ts";
import type { PreparedHost } from "./preparedTransactions.ts";
import { Transactions } from "./transactions.ts";
import { isReadOnly, transactionMode } from "./options/transactionOptions.ts";

export class ConnectionCore implements PreparedHost, SchemaConnection, FeedOwner, PlainSender {
  readonly engine: EngineCore;
  readonly transactions = new Transactions(this);
  readonly log: StatementLog;
  /** What listeners of events are given; the facade sets itself here. */
  facade: object;
  #record: PooledConnection | null;
  /** The pool of the record: the engine's own, or a replica's. */
  #pool: Pool;
  #isReplica: boolean;
  /** Whether it was asked for as a connection for reading alone. */
  readonly #isReadOnly: boolean;
  readonly #mark: CommitMark | null;
  #isClosed = false;
  /** What is under way, for the message to whoever comes second. */
  #underWay: string | null = null;
  /** The streamed result that is open. */
  #feed: CursorFeed | null = null;
  /** Listeners of this connection alone; made when somebody listens. */
  #events: Dispatcher<ConnectionEvents> | null = null;
  /** The engine's options with this connection's own. */
  #options: ExecutionOptions;

  /**
   * @param loan the connection that it begins with
   * @param options the engine's options with those of `connect`
   * @param mark where its commits are noted; null for the mark of the context
   */
  constructor(
    engine: EngineCore,
    loan: Loan,
    options: ExecutionOptions = engine.executionOptions,
    mark: CommitMark | null = null,
  ) {
    this.engine = engine;
    this.facade = this;
    this.#record = loan.record;
    this.#pool = loan.pool;
    this.#isReplica = loan.isReplica;
    this.#isReadOnly = isReadOnly(options);
    this.#mark = mark;
    this.#options = options;
    this.log = new StatementLog(engine.log, engine.settings.hideParameters);
    this.log.token = options.loggingToken ?? null;
  }

  get dialect(): Dialect {
    return this.engine.dialect;
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  /** True after the database connection was lost; the next use after a rollback opens another. */
  get invalidated(): boolean {
    return this.#record === null && !this.#isClosed;
  }

  get isReplica(): boolean {
    return this.#isReplica;
  }

  /** The driver's connection; null once it was lost or given back. */
  get held(): DriverConnection | null {
    return this.#record?.connection ?? null;
  }

  /** For whatever the application wants to remember with the database connection. */
  get info(): Map<unknown, unknown> {
    if (this.#record === null) throw new ResourceClosedError("This connection is closed or was lost");
    return this.#record.info;
  }

  /** The npm package's connection object. */
  get driverConnection(): unknown {
    return this.#record?.connection.driverConnection ?? null;
  }

  /** Where listeners of this connection alone are kept. */
  get ownEvents(): Dispatcher<ConnectionEvents> {
    return (this.#events ??= new Dispatcher<ConnectionEvents>(CONNECTION_EVENTS, this.engine.events));
  }

  /** The engine's listeners with this connection's own. */
  get listeners(): Dispatcher<ConnectionEvents> {
    return this.#events ?? this.engine.events;
  }

  /** Gives the connection back when the facade is garbage-collected without having been closed. */
  watch(facade: object): void {
    if (this.#record !== null) this.#pool.watch(this.#record, facade);
  }

  // ---- options

  get executionOptions(): ExecutionOptions {
    return this.#options;
  }

  /** Changes the options of this connection, from the next statement on. */
  *setExecutionOptions(options: ExecutionOptions): Io<void> {
    this.checkOpen();
    const added: Record<string, unknown> = { ...checkExecutionOptions(options, "executionOptions()") };
    if (this.listeners.has("setConnectionExecutionOptions")) {
      yield* this.listeners.emit("setConnectionExecutionOptions", this.facade, added);
      checkExecutionOptions(added, "setConnectionExecutionOptions");
    }
    const merged: ExecutionOptions = { ...this.#options, ...added };
    transactionMode(this.dialect, merged);
    if (
      this.transactions.hasBegun &&
      ["isolationLevel", "readOnly", "postgresqlReadonly", "postgresqlDeferrable"].some((name) => name in added)
    )
      throw new InvalidRequestError(
        "This connection has a transaction already, from begin() or because a statement was executed; how transactions run can only be changed before one begins, or after commit() or rollback()",
      );
    this.#options = merged;
    this.log.token = merged.loggingToken ?? null;
  }

  /** What a call with these options runs with. */
  optionsFor(statement: unknown, call?: ExecuteOptions): ExecutionOptions {
    return optionsOfCall(this.#options, statement, call, "execute()");
  }

  /** The level of the transaction that is under way, or that would begin. */
  *isolationLevel(): Io<string> {
    const { mode } = this.transactions;
    if (mode.isAutocommit) return "AUTOCOMMIT";
    return mode.isolationLevel ?? (yield* this.#askIsolationLevel());
  }

  *#askIsolationLevel(): Io<string> {
    this.enter("getIsolationLevel()");
    try {
      const connection = yield* this.acquire();
      const result = (yield control(connection, this.dialect.isolationLevelQuery, true)) as DriverResult;
      return String(result.rows[0]?.[0]).toUpperCase();
    } catch (error) {
      throw yield* this.statementFailed(error, this.dialect.isolationLevelQuery);
    } finally {
      this.leave();
    }
  }

  /** The level of transactions that ask for none. */
  get defaultIsolationLevel(): string {
    // Known before the first connection is lent.
    return this.dialect.defaultIsolationLevel!;
  }

  /** The schema that this connection writes for a table, null for none. Throws ArgumentError for what is neither table nor mapped class. */
  schemaForObject(table: object): string | null {
    const map = this.planOptions(this.#options).schemaTranslateMap ?? null;
    return translatedNames([dmlTable(table, "schemaForObject").schema], map)[0]!;
  }

  // ---- statements

  /** Runs a statement, with one parameter set or a list of them. Begins a transaction where there is none. */
  execute(statement: Node, parameters?: Parameters, options = this.optionsFor(statement)): Io<Result> {
    if (options !== this.#options || !this.#isPlain) return this.#executeObserved(statement, parameters, options);
    let plan: ExecutionPlan;
    try {
      plan = this.#plan(statement, parameters, options);
    } catch (error) {
      return failed(error);
    }
    return this.#send(plan, statement, null, collectResult);
  }

  *#executeObserved(statement: Node, parameters: Parameters | undefined, options: ExecutionOptions): Io<Result> {
    const listeners = this.listeners;
    let what = statement;
    let values = parameters;
    if (listeners.has("beforeExecute")) [what, values] = yield* this.#beforeExecute(statement, parameters, options);
    const started = this.log.isOn ? performance.now() : 0;
    const plan = this.#plan(what, values, options);
    const result = yield* this.#logged(options, this.#send(plan, what, started, collectResult));
    if (listeners.has("afterExecute")) yield* listeners.emit("afterExecute", this.facade, what, values, options, result);
    return result;
  }

  /**
   * Runs a statement and gives its rows in portions. Only the rows of one statement can be fetched so; what runs many times, or gives no
   * rows, is run at once.
   */
  *stream(statement: Node, parameters?: Parameters, options = this.optionsFor(statement)): Io<RowFeed | Result> {
    let what = statement;
    let values = parameters;
    if (this.listeners.has("beforeExecute")) [what, values] = yield* this.#beforeExecute(statement, parameters, options);
    const started = this.log.isOn ? performance.now() : 0;
    const plan = this.#plan(what, values, options);
    if (plan.mode !== "single" || !givesRows(plan) || plan.insertedKeys?.hidden === true)
      return yield* this.#logged(options, this.#send(plan, what, started, collectResult));
    return yield* this.#logged(options, this.#openFeed(plan, what, started, stopOf(options)));
  }

  /** Does the work with the token of these options before its log lines; the connection's own comes back afterwards. */
  *#logged<T>({ loggingToken }: ExecutionOptions, work: Io<T>): Io<T> {
    const own = this.log.token;
    this.log.token = loggingToken ?? null;
    try {
      return yield* work;
    } finally {
      this.log.token = own;
    }
  }

  #plan(statement: Node, parameters: Parameters | undefined, options: ExecutionOptions): ExecutionPlan {
    const cache = options.compiledCache === undefined ? this.engine.statementCache : (options.compiledCache ?? NO_CACHE);
    return planExecution(this.dialect, cache, statement, parameters, this.planOptions(options));
  }

  /** What execution options say about plans. */
  planOptions({ insertmanyvaluesPageSize, schemaTranslateMap }: ExecutionOptions): PlanOptions {
    const { planOptions } = this.engine;
    if (insertmanyvaluesPageSize === undefined && schemaTranslateMap === undefined) return planOptions;
    return {
      pageSize: insertmanyvaluesPageSize ?? planOptions.pageSize!,
      schemaTranslateMap: schemaTranslateMap === undefined ? null : schemaMapOf(schemaTranslateMap),
    };
  }

  *#beforeExecute(
    statement: Node,
    parameters: Parameters | undefined,
    options: ExecutionOptions,
  ): Io<readonly [Node, Parameters | undefined]> {
    const current = [statement, parameters] as const;
    return yield* this.listeners.transform("beforeExecute", current, ([what, values]) => [this.facade, what, values, options]);
  }

  /** Runs SQL text as it is, with positional parameters in the driver's placeholder style. */
  *execDriverSql(sql: string, parameters?: DriverParameters): Io<Result> {
    return yield* this.run(planDriverSql(this.dialect, sql, parameters), null);
  }

  /**
   * Runs a plan, for statements that were planned elsewhere.
   *
   * @param started when planning began, by `performance.now()`; null for raw SQL
   */
  run(plan: ExecutionPlan, started: number | null = null): Io<Result> {
    return this.#send(plan, null, started, collectResult);
  }

  /** Runs a plan and gives its rows as plain arrays with converted values, for the ORM, which makes objects of them. */
  runRows(plan: ExecutionPlan, started: number | null = null): Io<readonly (readonly unknown[])[]> {
    return this.#send(plan, null, started, collectRows);
  }

  /** True where a statement can be sent without anything else being done: see plainSending.ts. */
  get #isPlain(): boolean {
    const { transactions } = this;
    return (
      this.#record !== null && transactions.isActive && !transactions.isAutocommit && !this.log.isOn && this.listeners.isSilent
    );
  }

  #send<T>(plan: ExecutionPlan, statement: Node | null, started: number | null, collect: Collect<T>): Io<T> {
    return plan.mode === "single" && this.#isPlain
      ? new PlainSending(this, this.#record!.connection, plan, statement, collect)
      : this.#sendObserved(plan, statement, started, collect);
  }

  *#sendObserved<T>(plan: ExecutionPlan, statement: Node | null, started: number | null, collect: Collect<T>): Io<T> {
    this.enter("a statement");
    try {
      const connection = yield* this.transactions.begun();
      if (this.log.isOn) this.log.plan(plan, started);
      const outcome = yield* sendPlan(this, connection, plan);
      this.#noteSaved();
      const collected = collect(this.dialect, plan, outcome, statement);
      if (this.log.isDebug) this.log.rows(plan, outcome);
      return collected;
    } finally {
      this.leave();
    }
  }

  *executeDdl(statement: Node): Io<void> {
    yield* this.execute(statement);
  }

  *hasTable(name: string, schema: string | null = null): Io<boolean> {
    const names = this.planOptions(this.#options).schemaTranslateMap;
    const translated = names?.get(schema) ?? (names?.has(schema) === true ? null : schema);
    const { sql, parameters } = this.dialect.hasTableQuery(name, translated);
    const result = yield* this.execDriverSql(sql, parameters);
    return Boolean(result.scalar());
  }

  *#openFeed(plan: ExecutionPlan & SinglePlan, what: Node, started: number, stop: Stop | null): Io<RowFeed> {
    this.enter("a streamed statement");
    try {
      const connection = yield* this.transactions.begun();
      if (this.log.isOn) this.log.plan(plan, started);
      const { cursor, statement } = yield* openCursor(this, connection, plan.statement);
      try {
        const { names, read } = portionReader(this.dialect, plan, cursor.columns, what);
        return (this.#feed = new CursorFeed(this, { connection, cursor, names, read, stop, statement }));
      } catch (error) {
        yield { kind: "closeCursor", cursor };
        throw error;
      }
    } finally {
      this.leave();
    }
  }

  enterFetch(feed: CursorFeed): void {
    if (this.#feed !== feed) throw new ResourceClosedError("This result is closed");
    if (this.#underWay !== null)
      throw new ConcurrentUseError(
        `Rows are asked for while ${this.#underWay} is still under way on their connection. Await one before starting the other.`,
      );
    this.#underWay = "fetching rows";
  }

  leaveFetch(): void {
    this.leave();
  }

  feedEnded(feed: CursorFeed): void {
    if (this.#feed !== feed) return;
    this.#feed = null;
    this.#noteSaved();
  }

  /** Closes the streamed result that is open, unless it is being read just now. */
  *closeIdleFeed(): Io<void> {
    if (this.#feed !== null && this.#underWay === null) yield* this.#feed.close();
  }

  // ---- the database connection

  /** Remembers a commit for the reader of its own writes, where there is one. */
  *noteCommit(connection: DriverConnection): Io<void> {
    const mark = this.#readersMark;
    if (mark !== null) yield* this.engine.replicas!.noteCommit(mark, connection);
  }

  /** The same in AUTOCOMMIT, where a statement is saved without anybody hearing of it. */
  #noteSaved(): void {
    if (!this.transactions.isAutocommit) return;
    const mark = this.#readersMark;
    if (mark !== null) this.engine.replicas!.noteUnnumbered(mark);
  }

  /** Where what this connection writes is to be noted; null where nobody reads it from a replica. */
  get #readersMark(): CommitMark | null {
    const { replicas } = this.engine;
    if (replicas === null || this.#isReplica || this.transactions.isReadOnly) return null;
    return this.#mark ?? replicas.contextMark;
  }

  /** Gives the connection back to the pool, rolling back what was not committed. Can be called again. */
  *close(): Io<void> {
    if (this.#isClosed) return;
    const underWay = this.#underWay;
    let discard = underWay !== null;
    const usedAutocommit = this.transactions.isAutocommit && !this.engine.settings.skipAutocommitRollback;
    if (!discard) {
      try {
        if (this.#feed !== null) yield* this.#feed.close();
        yield* this.transactions.rollback();
      } catch {
        // Whatever is wrong with the connection, nobody else may have it.
        discard = true;
      }
    }
    this.#isClosed = true;
    const record = this.#record;
    this.#record = null;
    this.transactions.markAllEnded();
    if (record === null) return;
    // Nobody may be lent a connection whose answer is still to come.
    yield* this.#pool.release(record, { discard, dirty: usedAutocommit });
    if (underWay !== null)
      throw new ConcurrentUseError(`The connection was closed while ${underWay} was still under way on it; is an await missing?`);
  }

  /** Gives the database connection up, closing it; the next use opens another. The transaction is lost. */
  *invalidate(): Io<void> {
    this.checkOpen();
    if (this.#record !== null) yield* this.#lose(this.#record);
  }

  /** Takes the database connection out of the pool for good: closing this connection closes it. */
  *detach(): Io<void> {
    this.checkOpen();
    if (this.#record === null) throw new InvalidRequestError("The connection was lost; there is nothing to detach");
    yield* this.#pool.detach(this.#record);
  }

  /** Says what is under way. Throws ConcurrentUseError where something else is, ResourceClosedError once the connection is closed. */
  enter(what: string): void {
    this.checkOpen();
    if (this.#underWay !== null)
      throw new ConcurrentUseError(
        `The connection is asked for ${what} while ${this.#underWay} is still under way on it. Await one before starting the other, or use a connection for each.`,
      );
    if (this.#feed !== null)
      throw new ConcurrentUseError(
        `The connection is asked for ${what} while a streamed result is open on it. Read the result to its end or close it first, or use a connection for each.`,
      );
    this.#underWay = what;
  }

  leave(): void {
    this.#underWay = null;
  }

  /** Throws ResourceClosedError once the connection is closed. */
  checkOpen(): void {
    if (this.#isClosed) throw new ResourceClosedError("This connection is closed");
  }

  *acquire(): Io<DriverConnection> {
    return this.held ?? (yield* this.#reconnect()).connection;
  }

  *#reconnect(): Io<PooledConnection> {
    const { pool, record, isReplica } = yield* this.engine.lend(this.#isReadOnly, this.#mark);
    if (this.#isClosed) {
      yield* pool.release(record);
      this.checkOpen();
    }
    this.#pool = pool;
    this.#isReplica = isReplica;
    return (this.#record = record);
  }

  /** The error to throw; a lost connection is given up first, and with it the pool's others. */
  *statementFailed(error: unknown, sql: string, parameters?: readonly unknown[], isMulti = false): Io<Error> {
    const failed = {
      sql,
      parameters: parameters === undefined ? undefined : shownParameters(parameters),
      isMulti,
      hideParameters: this.engine.settings.hideParameters,
      isReplica: this.#isReplica,
    };
    const record = this.#record;
    const source = { facade: this.facade };
    const handled = yield* handleDriverError(this.dialect, this.listeners, error, failed, source);
    if (record !== null && (handled.isDisconnect || !record.connection.isOpen)) {
      if (handled.spoilsPool) this.#pool.invalidate(record);
      yield* this.#lose(record, handled.error);
    }
    return handled.error;
  }

  *#lose(record: PooledConnection, error?: unknown): Io<void> {
    this.#record = null;
    this.#feed?.abandon();
    this.transactions.markLost();
    yield* this.#pool.release(record, { discard: true, error });
  }
}

/** Fails where it is run, which is where the caller of a facade looks for the error. */
function* failed(error: unknown): Io<never> {
  throw error;
}

/** Keeps nothing. */
const NO_CACHE = { get: () => undefined, set: () => undefined };
