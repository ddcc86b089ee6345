/**
 * A connection as the engine sees it: it begins a transaction by itself, runs planned statements, and gives the driver's connection
 * back to the pool. All its I/O is requests; `sync/` and `async/` hold the facades. One operation at a time.
 */
import { formatParameters } from "../errors/dbapi.ts";
import { ArgumentError, type AthanorError, InvalidRequestError } from "../errors/base.ts";
import { ConcurrentUseError, PendingRollbackError, ResourceClosedError } from "../errors/engine.ts";
import type { Dialect } from "../dialects/contract.ts";
import { control } from "../dialects/server.ts";
import type { DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import type { PooledConnection } from "../pool/pool.ts";
import { planExecution, type Parameters } from "../sql/compile/execute.ts";
import type { ExecutionPlan } from "../sql/compile/plan.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { NULL_TYPE } from "../types/sqlType.ts";
import { collectResult, collectRows, type Outcome } from "./collect.ts";
import { wrapDriverError } from "./driverErrors.ts";
import type { EngineCore } from "./engineCore.ts";
import type { Result } from "./result.ts";
import { shownParameters } from "./shownParameters.ts";
import { TransactionCore, type TransactionOwner } from "./transaction.ts";

/** Positional parameters of `execDriverSql`: one set, or a list of sets. */
export type DriverParameters = readonly unknown[] | readonly (readonly unknown[])[];

const UNNUMBERED: readonly unknown[] = [];

export class ConnectionCore implements TransactionOwner, SchemaConnection {
  readonly engine: EngineCore;
  /** What listeners of events are given; the facade sets itself here. */
  facade: object;
  #record: PooledConnection | null;
  #innermost: TransactionCore | null = null;
  #savepoints = 0;
  #isClosed = false;
  /** What is under way, for the message to whoever comes second. */
  #underWay: string | null = null;

  constructor(engine: EngineCore, record: PooledConnection) {
    this.engine = engine;
    this.facade = this;
    this.#record = record;
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
    return this.#innermost !== null && this.#innermost.parent !== null;
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

  /** Runs a statement, with one parameter set or a list of them. Begins a transaction where there is none. */
  *execute(statement: Node, parameters?: Parameters): Io<Result> {
    const started = this.engine.settings.echo ? performance.now() : 0;
    const plan = planExecution(this.dialect, this.engine.statementCache, statement, parameters);
    return yield* this.run(plan, started);
  }

  /** Runs SQL text as it is, with positional parameters in the driver's placeholder style. */
  *execDriverSql(sql: string, parameters: DriverParameters = UNNUMBERED): Io<Result> {
    if (typeof sql !== "string") throw new ArgumentError("execDriverSql() takes SQL text");
    if (!Array.isArray(parameters))
      throw new ArgumentError("execDriverSql() takes parameters as an array, or an array of arrays");
    const convert = this.dialect.bindConverter(NULL_TYPE);
    const converted = (set: readonly unknown[]): unknown[] =>
      set.map((value) => (value === null || convert === null ? value : convert(value)));
    const isMany = parameters.length > 0 && parameters.every((set) => Array.isArray(set));
    const sets = isMany ? (parameters as readonly (readonly unknown[])[]).map(converted) : [];
    const statement: DriverStatement = {
      sql,
      parameters: isMany ? [] : converted(parameters as readonly unknown[]),
      reusable: isMany,
      wideIntegers: true,
      returnsRows: !isMany,
    };
    const common = { kind: "text", columns: null, cached: false, insertedKeys: null } as const;
    return yield* this.run(
      isMany ? { ...common, mode: "many", statement, parameterSets: sets } : { ...common, mode: "single", statement },
      null,
    );
  }

  /**
   * Runs a plan, for statements that were planned elsewhere.
   *
   * @param started when planning began, by `performance.now()`; null for raw SQL
   */
  *run(plan: ExecutionPlan, started: number | null = null): Io<Result> {
    this.#enter("a statement");
    try {
      const connection = yield* this.#begun();
      if (this.engine.settings.echo) this.#logPlan(plan, started);
      return collectResult(this.dialect, plan, yield* this.#send(connection, plan));
    } finally {
      this.#underWay = null;
    }
  }

  /** Runs a plan and gives its rows as plain arrays with converted values, for the ORM, which makes objects of them. */
  *runRows(plan: ExecutionPlan, started: number | null = null): Io<readonly (readonly unknown[])[]> {
    this.#enter("a statement");
    try {
      const connection = yield* this.#begun();
      if (this.engine.settings.echo) this.#logPlan(plan, started);
      return collectRows(this.dialect, plan, yield* this.#send(connection, plan));
    } finally {
      this.#underWay = null;
    }
  }

  *executeDdl(statement: Node): Io<void> {
    yield* this.execute(statement);
  }

  *hasTable(name: string, schema: string | null = null): Io<boolean> {
    const { sql, parameters } = this.dialect.hasTableQuery(name, schema);
    const result = yield* this.execDriverSql(sql, parameters);
    return Boolean(result.scalar());
  }

  /** Begins the outermost transaction explicitly. Throws InvalidRequestError when one has begun, by `begin` or by itself. */
  *begin(): Io<TransactionCore> {
    this.#enter("begin()");
    try {
      if (this.#innermost !== null)
        throw new InvalidRequestError(
          "This connection has a transaction already, from begin() or because a statement was executed; begin() cannot be called until commit() or rollback()",
        );
      yield* this.#begun();
      return this.#innermost!;
    } finally {
      this.#underWay = null;
    }
  }

  /** Sets a savepoint, beginning the outermost transaction where there is none. */
  *beginNested(): Io<TransactionCore> {
    this.#enter("beginNested()");
    try {
      const connection = yield* this.#begun();
      const name = `athanor_savepoint_${++this.#savepoints}`;
      yield* this.#control(connection, `SAVEPOINT ${name}`, `SAVEPOINT ${name}`);
      return (this.#innermost = new TransactionCore(this, this.#innermost, name));
    } finally {
      this.#underWay = null;
    }
  }

  /** Commits the outermost transaction; does nothing where there is none. */
  *commit(): Io<void> {
    this.#checkOpen();
    const root = this.#root();
    if (root !== null) yield* root.commit();
  }

  /** Rolls the outermost transaction back; does nothing where there is none. */
  *rollback(): Io<void> {
    this.#checkOpen();
    const root = this.#root();
    if (root !== null) yield* root.rollback();
  }

  *endTransaction(transaction: TransactionCore, how: "commit" | "rollback"): Io<void> {
    this.#enter(`${how}()`);
    let hasEnded = true;
    try {
      const connection = this.#record?.connection;
      if (connection === undefined || transaction.state !== "active") return;
      if (transaction.savepoint !== null) {
        const sql =
          how === "commit" ? `RELEASE SAVEPOINT ${transaction.savepoint}` : `ROLLBACK TO SAVEPOINT ${transaction.savepoint}`;
        yield* this.#control(connection, sql, sql);
      } else {
        this.engine.events.emit(how, this.facade);
        const sql = how === "commit" ? "COMMIT" : "ROLLBACK";
        yield* this.#control(connection, sql, sql);
      }
    } catch (error) {
      // A savepoint that could not be released can still be rolled back to. What a failed COMMIT leaves open (SQLite's deferred
      // constraints, for example) must not be committed later together with other work.
      if (transaction.savepoint !== null) hasEnded = how === "rollback";
      else if (how === "commit" && this.#record !== null) yield* this.#abandon(this.#record.connection);
      throw error;
    } finally {
      if (hasEnded) this.#leave(transaction);
      this.#underWay = null;
    }
  }

  /** Gives the connection back to the pool, rolling back what was not committed. Can be called again. */
  *close(): Io<void> {
    if (this.#isClosed) return;
    const underWay = this.#underWay;
    this.#isClosed = true;
    const record = this.#record;
    const dirty = this.#innermost !== null;
    this.#record = null;
    const root = this.#root();
    if (root !== null) this.#leave(root);
    if (record === null) return;
    if (dirty && underWay === null) {
      this.engine.events.emit("rollback", this.facade);
      this.engine.log("ROLLBACK");
    }
    // Nobody may be lent a connection whose answer is still to come.
    yield* this.engine.pool.release(record, { dirty, discard: underWay !== null });
    if (underWay !== null)
      throw new ConcurrentUseError(`The connection was closed while ${underWay} was still under way on it; is an await missing?`);
  }

  #enter(what: string): void {
    this.#checkOpen();
    if (this.#underWay !== null)
      throw new ConcurrentUseError(
        `The connection is asked for ${what} while ${this.#underWay} is still under way on it. Await one before starting the other, or use a connection for each.`,
      );
    this.#underWay = what;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new ResourceClosedError("This connection is closed");
  }

  #root(): TransactionCore | null {
    let root = this.#innermost;
    while (root?.parent != null) root = root.parent;
    return root;
  }

  /** The driver's connection, with a transaction begun. */
  *#begun(): Io<DriverConnection> {
    if (this.#innermost?.state === "invalid")
      throw new PendingRollbackError(
        "The connection was lost in the middle of a transaction. Call rollback() before going on; nothing of the transaction was saved.",
      );
    const { connection } = this.#record ?? (yield* this.#reconnect());
    if (this.#innermost === null) {
      this.engine.events.emit("begin", this.facade);
      yield* this.#control(connection, this.dialect.beginStatement, "BEGIN (implicit)");
      this.#innermost = new TransactionCore(this, null, null);
      this.#savepoints = 0;
    }
    return connection;
  }

  *#reconnect(): Io<PooledConnection> {
    const record = yield* this.engine.pool.acquire();
    if (this.#isClosed) {
      yield* this.engine.pool.release(record);
      this.#checkOpen();
    }
    return (this.#record = record);
  }

  *#send(connection: DriverConnection, plan: ExecutionPlan): Io<Outcome> {
    const { events } = this.engine;
    const isObserved = events.has("beforeCursorExecute");
    if (plan.mode === "many") {
      const { statement, parameterSets } = plan;
      if (isObserved)
        events.emit("beforeCursorExecute", this.facade, null, statement.sql, shownParameters(parameterSets), null, true);
      try {
        return { many: (yield { kind: "executeMany", connection, statement, parameterSets }) as DriverManyResult };
      } catch (error) {
        throw yield* this.#failed(error, statement.sql, parameterSets);
      }
    }
    const results: DriverResult[] = [];
    for (const statement of plan.mode === "single" ? [plan.statement] : plan.statements) {
      if (isObserved)
        events.emit("beforeCursorExecute", this.facade, null, statement.sql, shownParameters(statement.parameters), null, false);
      try {
        results.push((yield { kind: "execute", connection, statement }) as DriverResult);
      } catch (error) {
        throw yield* this.#failed(error, statement.sql, statement.parameters);
      }
    }
    return { results };
  }

  *#control(connection: DriverConnection, sql: string, logged: string): Io<void> {
    this.engine.log(logged);
    try {
      yield control(connection, sql);
    } catch (error) {
      throw yield* this.#failed(error, sql);
    }
  }

  /** The error to throw; a lost connection is given up first, and with it the pool's others. */
  *#failed(error: unknown, sql: string, parameters?: readonly unknown[]): Io<AthanorError> {
    const shown = parameters === undefined ? undefined : shownParameters(parameters);
    const wrapped = wrapDriverError(this.dialect, error, {
      sql,
      parameters: shown,
      hideParameters: this.engine.settings.hideParameters,
    });
    const record = this.#record;
    const isLost = (wrapped as { isDisconnect?: unknown }).isDisconnect === true || record?.connection.isOpen === false;
    if (isLost && record !== null) {
      this.#record = null;
      for (let transaction = this.#innermost; transaction !== null; transaction = transaction.parent)
        transaction.state = "invalid";
      this.engine.pool.invalidate();
      yield* this.engine.pool.release(record, { discard: true });
    }
    return wrapped;
  }

  *#abandon(connection: DriverConnection): Io<void> {
    this.engine.log("ROLLBACK");
    try {
      yield control(connection, "ROLLBACK");
    } catch {
      // The server has rolled back by itself.
    }
  }

  /** The transaction and the savepoints within it have ended. */
  #leave(transaction: TransactionCore): void {
    let inner = this.#innermost;
    while (inner !== null) {
      const parent = inner.parent;
      inner.state = "closed";
      this.#innermost = parent;
      if (inner === transaction) return;
      inner = parent;
    }
  }

  #logPlan(plan: ExecutionPlan, started: number | null): void {
    const { log, settings } = this.engine;
    const how =
      started === null
        ? "[raw sql]"
        : plan.cached
          ? "[cached]"
          : `[generated in ${((performance.now() - started) / 1000).toFixed(5)}s]`;
    const show = (parameters: readonly unknown[]): string =>
      `${how} ${settings.hideParameters ? "[parameters hidden by hideParameters]" : formatParameters(shownParameters(parameters))}`;
    const lines: [string, readonly unknown[]][] =
      plan.mode === "many"
        ? [[plan.statement.sql, plan.parameterSets]]
        : (plan.mode === "single" ? [plan.statement] : plan.statements).map((statement) => [statement.sql, statement.parameters]);
    for (const [sql, parameters] of lines) {
      log(sql);
      log(show(parameters));
    }
  }
}
