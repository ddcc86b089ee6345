/**
 * A connection as the engine sees it: it begins a transaction by itself, runs planned statements, and gives the driver's connection
 * back to the pool. All its I/O is requests; `sync/` and `async/` hold the facades. One operation at a time.
 */
import { ArgumentError, InvalidRequestError } from "../errors/base.ts";
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
import { commitFailure, lostTransaction } from "./transactionErrors.ts";
import { TransactionCore, type TransactionKind, type TransactionOwner } from "./transaction.ts";
import {
  type BeginOptions,
  isReadOnly,
  readBeginOptions,
  transactionMode,
  type TransactionMode,
} from "./options/transactionOptions.ts";

export class ConnectionCore implements TransactionOwner, SchemaConnection, FeedOwner, PlainSender {
  readonly engine: EngineCore;
  /** What listeners of events are given; the facade sets itself here. */
  facade: object;
  #record: PooledConnection | null;
  /** The pool of the record: the engine's own, or a replica's. */
  #pool: Pool;
  #isReplica: boolean;
  /** Whether it was asked for as a connection for reading alone. */
  readonly #isReadOnly: boolean;
  readonly #mark: CommitMark | null;
  #innermost: TransactionCore | null = null;
  #mode: TransactionMode | null = null;
  #savepoints = 0;
  #isClosed = false;
  /** What is under way, for the message to whoever comes second. */
  #underWay: string | null = null;
  /** The streamed result that is open. */
  #feed: CursorFeed | null = null;
  /** Listeners of this connection alone; made when somebody listens. */
  #events: Dispatcher<ConnectionEvents> | null = null;
  /** The engine's options with this connection's own. */
  #options: ExecutionOptions;
  readonly #log: StatementLog;

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
    this.#log = new StatementLog(engine.log, engine.settings.hideParameters);
    this.#log.token = options.loggingToken ?? null;
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

  get inTransaction(): boolean {
    return this.#innermost !== null;
  }

  get inNestedTransaction(): boolean {
    return this.#innermost?.isNested === true;
  }

  get #isInTransaction(): boolean {
    return this.#innermost?.state === "active";
  }

  /** The outermost transaction, or null. */
  get transaction(): TransactionCore | null {
    let root = this.#innermost;
    while (root?.parent != null) root = root.parent;
    return root;
  }

  /** The innermost savepoint, or null. */
  get nestedTransaction(): TransactionCore | null {
    return this.#innermost?.isNested === true ? this.#innermost : null;
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
    this.#checkOpen();
    const added: Record<string, unknown> = { ...checkExecutionOptions(options, "executionOptions()") };
    if (this.listeners.has("setConnectionExecutionOptions")) {
      yield* this.listeners.emit("setConnectionExecutionOptions", this.facade, added);
      checkExecutionOptions(added, "setConnectionExecutionOptions");
    }
    const merged: ExecutionOptions = { ...this.#options, ...added };
    transactionMode(this.dialect, merged);
    if (
      this.#innermost !== null &&
      ["isolationLevel", "readOnly", "postgresqlReadonly", "postgresqlDeferrable"].some((name) => name in added)
    )
      throw new InvalidRequestError(
        "This connection has a transaction already, from begin() or because a statement was executed; how transactions run can only be changed before one begins, or after commit() or rollback()",
      );
    this.#options = merged;
    this.#log.token = merged.loggingToken ?? null;
  }

  /** What a call with these options runs with. */
  optionsFor(statement: unknown, call?: ExecuteOptions): ExecutionOptions {
    return optionsOfCall(this.#options, statement, call, "execute()");
  }

  /** The level of the transaction that is under way, or that would begin. */
  *isolationLevel(): Io<string> {
    const mode = this.#mode ?? transactionMode(this.dialect, this.#options);
    if (mode.isAutocommit) return "AUTOCOMMIT";
    return mode.isolationLevel ?? (yield* this.#askIsolationLevel());
  }

  *#askIsolationLevel(): Io<string> {
    this.enter("getIsolationLevel()");
    try {
      const { connection } = this.#record ?? (yield* this.#reconnect());
      const result = (yield control(connection, this.dialect.isolationLevelQuery, true)) as DriverResult;
      return String(result.rows[0]?.[0]).toUpperCase();
    } catch (error) {
      throw yield* this.statementFailed(error, this.dialect.isolationLevelQuery);
    } finally {
      this.leave();
    }
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
    const started = this.#log.isOn ? performance.now() : 0;
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
    const started = this.#log.isOn ? performance.now() : 0;
    const plan = this.#plan(what, values, options);
    if (plan.mode !== "single" || !givesRows(plan) || plan.insertedKeys?.hidden === true)
      return yield* this.#logged(options, this.#send(plan, what, started, collectResult));
    return yield* this.#logged(options, this.#openFeed(plan, what, started, stopOf(options)));
  }

  /** Does the work with the token of these options before its log lines; the connection's own comes back afterwards. */
  *#logged<T>({ loggingToken }: ExecutionOptions, work: Io<T>): Io<T> {
    const own = this.#log.token;
    this.#log.token = loggingToken ?? null;
    try {
      return yield* work;
    } finally {
      this.#log.token = own;
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
    return this.#record !== null && this.#isInTransaction && !this.#isAutocommit && !this.#log.isOn && this.listeners.isSilent;
  }

  get #isAutocommit(): boolean {
    return this.#mode?.isAutocommit === true;
  }

  #send<T>(plan: ExecutionPlan, statement: Node | null, started: number | null, collect: Collect<T>): Io<T> {
    return plan.mode === "single" && this.#isPlain
      ? new PlainSending(this, this.#record!.connection, plan, statement, collect)
      : this.#sendObserved(plan, statement, started, collect);
  }

  *#sendObserved<T>(plan: ExecutionPlan, statement: Node | null, started: number | null, collect: Collect<T>): Io<T> {
    this.enter("a statement");
    try {
      const connection = yield* this.#begun();
      if (this.#log.isOn) this.#log.plan(plan, started);
      const outcome = yield* sendPlan(this, connection, plan);
      if (this.#isAutocommit) yield* this.#noteCommit(null);
      const collected = collect(this.dialect, plan, outcome, statement);
      if (this.#log.isDebug) this.#log.rows(plan, outcome);
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
      const connection = yield* this.#begun();
      if (this.#log.isOn) this.#log.plan(plan, started);
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
    if (this.#feed === feed) this.#feed = null;
  }

  // ---- transactions

  /** Begins the outermost transaction explicitly. Throws InvalidRequestError when one has begun, by `begin` or by itself. */
  *begin(options: BeginOptions = {}): Io<TransactionCore> {
    const asked = readBeginOptions(options);
    this.enter("begin()");
    try {
      this.#requireNoTransaction("begin()");
      const { connection } = this.#record ?? (yield* this.#reconnect());
      return yield* this.#beginRoot(connection, { ...this.#options, ...asked });
    } finally {
      this.leave();
    }
  }

  /** Sets a savepoint, beginning the outermost transaction where there is none. */
  *beginNested(): Io<TransactionCore> {
    this.enter("beginNested()");
    try {
      const connection = yield* this.#begun();
      if (this.transaction?.what.kind === "autocommit")
        throw new InvalidRequestError(
          "There are no savepoints in AUTOCOMMIT, because there is no transaction that they could be in",
        );
      const name = `athanor_savepoint_${++this.#savepoints}`;
      if (this.listeners.has("savepoint")) yield* this.listeners.emit("savepoint", this.facade, name);
      yield* this.#control(connection, `SAVEPOINT ${name}`);
      return (this.#innermost = new TransactionCore(this, this.#innermost, { kind: "savepoint", name }));
    } finally {
      this.leave();
    }
  }

  /** Begins a transaction that can be prepared before it is committed; `xid` names it on the server. */
  *beginTwophase(xid: string = `athanor_${globalThis.crypto.randomUUID()}`): Io<TransactionCore> {
    const { twoPhase } = this.#requireTwoPhase(xid);
    this.enter("beginTwophase()");
    try {
      this.#requireNoTransaction("beginTwophase()");
      const { connection } = this.#record ?? (yield* this.#reconnect());
      if (this.listeners.has("beginTwophase")) yield* this.listeners.emit("beginTwophase", this.facade, xid);
      for (const sql of twoPhase.begin(xid)) yield* this.#control(connection, sql, `${sql} (two-phase)`);
      this.#savepoints = 0;
      return (this.#innermost = new TransactionCore(this, null, { kind: "twoPhase", xid }));
    } finally {
      this.leave();
    }
  }

  *prepareTransaction(transaction: TransactionCore): Io<void> {
    if (transaction.what.kind !== "twoPhase")
      throw new InvalidRequestError("Only a transaction of beginTwophase() can be prepared");
    const { xid } = transaction.what;
    const { twoPhase } = this.#requireTwoPhase(xid);
    this.enter("prepare()");
    try {
      const { connection } = this.#record!;
      if (this.listeners.has("prepareTwophase")) yield* this.listeners.emit("prepareTwophase", this.facade, xid);
      for (const sql of twoPhase.prepare(xid)) yield* this.#control(connection, sql, sql, true);
      transaction.isPrepared = true;
    } finally {
      this.leave();
    }
  }

  /** Commits or rolls back a prepared transaction of any connection, by its name. */
  *endPrepared(xid: string, how: "commit" | "rollback"): Io<void> {
    const { twoPhase } = this.#requireTwoPhase(xid);
    const what = how === "commit" ? "commitPrepared()" : "rollbackPrepared()";
    this.enter(what);
    try {
      this.#requireNoTransaction(what);
      const { connection } = this.#record ?? (yield* this.#reconnect());
      const name = how === "commit" ? "commitTwophase" : "rollbackTwophase";
      if (this.listeners.has(name)) yield* this.listeners.emit(name, this.facade, xid, true);
      for (const sql of twoPhase[how](xid, true)) yield* this.#control(connection, sql, sql, true);
    } finally {
      this.leave();
    }
  }

  /** The names of the transactions that were prepared and not ended, on the whole server. */
  *recoverTwophase(): Io<readonly string[]> {
    const { twoPhase } = this.#requireTwoPhase("");
    this.enter("recoverTwophase()");
    try {
      const { connection } = this.#record ?? (yield* this.#reconnect());
      const { sql, column } = twoPhase.recover;
      this.engine.log.info(sql);
      try {
        const result = (yield control(connection, sql, true)) as DriverResult;
        return result.rows.map((row) => textOf(row[column]));
      } catch (error) {
        throw yield* this.statementFailed(error, sql);
      }
    } finally {
      this.leave();
    }
  }

  #requireTwoPhase(xid: string): { readonly twoPhase: NonNullable<Dialect["twoPhase"]> } {
    const { twoPhase } = this.dialect;
    if (twoPhase === null) throw new InvalidRequestError(`${this.dialect.name} has no two-phase transactions`);
    if (typeof xid !== "string" || xid.length > 64)
      throw new ArgumentError("The name of a two-phase transaction is a string of at most 64 characters");
    return { twoPhase };
  }

  /** Commits the outermost transaction; does nothing where there is none. */
  *commit(): Io<void> {
    this.#checkOpen();
    const root = this.transaction;
    if (root !== null) yield* root.commit();
  }

  /** Rolls the outermost transaction back; does nothing where there is none. */
  *rollback(): Io<void> {
    this.#checkOpen();
    const root = this.transaction;
    if (root !== null) yield* root.rollback();
  }

  *endTransaction(transaction: TransactionCore, how: "commit" | "rollback"): Io<void> {
    if (how === "rollback" && this.#feed !== null && this.#underWay === null) yield* this.#feed.close();
    this.enter(`${how}()`);
    let hasEnded = true;
    const connection = this.#record?.connection;
    const wasOpen = connection?.isOpen === true;
    try {
      if (connection === undefined || transaction.state !== "active") return;
      yield* this.#sendEnd(connection, transaction, how);
      if (how === "commit" && !transaction.isNested && this.engine.replicas !== null) yield* this.#noteCommit(connection);
    } catch (error) {
      // A savepoint that could not be released can still be rolled back to, and a prepared transaction be ended by its name.
      if (transaction.isNested || transaction.isPrepared) hasEnded = how === "rollback" && transaction.isNested;
      // What a failed COMMIT leaves open (SQLite's deferred constraints, for example) must not be committed later with other work.
      else if (how === "commit" && this.#record !== null) yield* this.#abandon(this.#record.connection, transaction);
      throw how === "commit" && wasOpen && !transaction.isNested ? commitFailure(error) : error;
    } finally {
      if (hasEnded) this.#markEnded(transaction);
      this.leave();
    }
    if (this.#innermost === null) yield* this.#restoreMode();
  }

  /** Remembers a commit for the reader of its own writes, where there is one. */
  *#noteCommit(connection: DriverConnection | null): Io<void> {
    const { replicas } = this.engine;
    const mark = this.#mark ?? replicas?.contextMark ?? null;
    if (replicas !== null && mark !== null && !this.#isReplica && this.#mode?.readOnly !== true)
      yield* replicas.noteCommit(mark, connection);
  }

  *#sendEnd(connection: DriverConnection, { what, isPrepared }: TransactionCore, how: "commit" | "rollback"): Io<void> {
    const listeners = this.listeners;
    switch (what.kind) {
      case "savepoint": {
        const event = how === "commit" ? "releaseSavepoint" : "rollbackSavepoint";
        if (listeners.has(event)) yield* listeners.emit(event, this.facade, what.name, null);
        const sql = how === "commit" ? `RELEASE SAVEPOINT ${what.name}` : `ROLLBACK TO SAVEPOINT ${what.name}`;
        yield* this.#control(connection, sql, sql, true);
        return;
      }
      case "twoPhase": {
        const event = how === "commit" ? "commitTwophase" : "rollbackTwophase";
        if (listeners.has(event)) yield* listeners.emit(event, this.facade, what.xid, isPrepared);
        for (const sql of this.dialect.twoPhase![how](what.xid, isPrepared)) yield* this.#control(connection, sql, sql, true);
        return;
      }
      default: {
        if (listeners.has(how)) yield* listeners.emit(how, this.facade);
        const sql = how.toUpperCase();
        if (what.kind === "autocommit") this.#log.info(`${sql} (nothing is sent: every statement was saved by itself)`);
        else yield* this.#control(connection, sql, sql, true);
      }
    }
  }

  /** Gives the connection back to the pool, rolling back what was not committed. Can be called again. */
  *close(): Io<void> {
    if (this.#isClosed) return;
    const underWay = this.#underWay;
    let discard = underWay !== null;
    const usedAutocommit = this.#mode?.isAutocommit === true && !this.engine.settings.skipAutocommitRollback;
    if (!discard) {
      try {
        if (this.#feed !== null) yield* this.#feed.close();
        yield* this.rollback();
      } catch {
        // Whatever is wrong with the connection, nobody else may have it.
        discard = true;
      }
    }
    this.#isClosed = true;
    const record = this.#record;
    this.#record = null;
    const root = this.transaction;
    if (root !== null) this.#markEnded(root);
    if (record === null) return;
    // Nobody may be lent a connection whose answer is still to come.
    yield* this.#pool.release(record, { discard, dirty: usedAutocommit });
    if (underWay !== null)
      throw new ConcurrentUseError(`The connection was closed while ${underWay} was still under way on it; is an await missing?`);
  }

  /** Gives the database connection up, closing it; the next use opens another. The transaction is lost. */
  *invalidate(): Io<void> {
    this.#checkOpen();
    if (this.#record !== null) yield* this.#lose(this.#record);
  }

  /** Takes the database connection out of the pool for good: closing this connection closes it. */
  *detach(): Io<void> {
    this.#checkOpen();
    if (this.#record === null) throw new InvalidRequestError("The connection was lost; there is nothing to detach");
    yield* this.#pool.detach(this.#record);
  }

  /** Says what is under way. Throws ConcurrentUseError where something else is, ResourceClosedError once the connection is closed. */
  enter(what: string): void {
    this.#checkOpen();
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

  #checkOpen(): void {
    if (this.#isClosed) throw new ResourceClosedError("This connection is closed");
  }

  #requireNoTransaction(what: string): void {
    if (this.#innermost?.state === "invalid") throw lostTransaction();
    if (this.#innermost !== null)
      throw new InvalidRequestError(
        `This connection has a transaction already, from begin() or because a statement was executed; ${what} cannot be called until commit() or rollback()`,
      );
  }

  /** The driver's connection, with a transaction begun. */
  *#begun(): Io<DriverConnection> {
    if (this.#innermost?.state === "invalid") throw lostTransaction();
    const { connection } = this.#record ?? (yield* this.#reconnect());
    if (this.#innermost === null) yield* this.#beginRoot(connection, this.#options);
    return connection;
  }

  *#beginRoot(connection: DriverConnection, options: ExecutionOptions): Io<TransactionCore> {
    const mode = transactionMode(this.dialect, options);
    if (this.#isReplica && !mode.readOnly)
      throw new InvalidRequestError(
        "This connection was asked for as one for reading alone, and is one of a replica: write on another, from connect() without readOnly",
      );
    if (this.listeners.has("begin")) yield* this.listeners.emit("begin", this.facade);
    this.#mode = mode;
    let what: TransactionKind = { kind: "root" };
    if (mode.isAutocommit) {
      this.#log.info("BEGIN (implicit; nothing is sent in AUTOCOMMIT)");
      what = { kind: "autocommit" };
    } else {
      const statements = this.dialect.beginStatements(mode);
      for (const sql of statements) yield* this.#control(connection, sql, `${sql} (implicit)`);
    }
    this.#savepoints = 0;
    return (this.#innermost = new TransactionCore(this, null, what));
  }

  /** Undoes what the transaction's options have set on the connection. */
  *#restoreMode(): Io<void> {
    const mode = this.#mode;
    this.#mode = null;
    if (mode === null || mode.isAutocommit || this.#record === null) return;
    for (const sql of this.dialect.resetStatements(mode)) yield* this.#control(this.#record.connection, sql, sql, true);
  }

  *#reconnect(): Io<PooledConnection> {
    const { pool, record, isReplica } = yield* this.engine.lend(this.#isReadOnly, this.#mark);
    if (this.#isClosed) {
      yield* pool.release(record);
      this.#checkOpen();
    }
    this.#pool = pool;
    this.#isReplica = isReplica;
    return (this.#record = record);
  }

  *#control(connection: DriverConnection, sql: string, logged: string = sql, unstoppable = false): Io<void> {
    this.#log.info(logged);
    try {
      yield control(connection, sql, false, { unstoppable });
    } catch (error) {
      throw yield* this.statementFailed(error, sql);
    }
  }

  /** The error to throw; a lost connection is given up first, and with it the pool's others. */
  *statementFailed(error: unknown, sql: string, parameters?: readonly unknown[]): Io<Error> {
    const failed = {
      sql,
      parameters: parameters === undefined ? undefined : shownParameters(parameters),
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
    for (let transaction = this.#innermost; transaction !== null; transaction = transaction.parent) transaction.state = "invalid";
    yield* this.#pool.release(record, { discard: true, error });
  }

  *#abandon(connection: DriverConnection, { what }: TransactionCore): Io<void> {
    const statements = what.kind === "twoPhase" ? this.dialect.twoPhase!.rollback(what.xid, false) : ["ROLLBACK"];
    for (const sql of statements) {
      this.#log.info(sql);
      try {
        yield control(connection, sql, false, { unstoppable: true });
      } catch {
        // The server has rolled back by itself.
      }
    }
  }

  /** The transaction and the savepoints within it have ended. */
  #markEnded(transaction: TransactionCore): void {
    let inner = this.#innermost;
    while (inner !== null) {
      const parent = inner.parent;
      inner.state = "closed";
      this.#innermost = parent;
      if (inner === transaction) return;
      inner = parent;
    }
  }
}

/** Fails where it is run, which is where the caller of a facade looks for the error. */
function* failed(error: unknown): Io<never> {
  throw error;
}

/** Keeps nothing. */
const NO_CACHE = { get: () => undefined, set: () => undefined };

/** Some drivers give binary text as bytes. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value);
}
