/**
 * The asynchronous session: a facade over SessionCore. Every method runs the core's; `sync/session.ts` has the same methods. It does one
 * thing at a time: a second operation while one is under way is an error.
 */
import { ArgumentError } from "../errors/base.ts";
import { ConcurrentUseError } from "../errors/engine.ts";
import type { ExecuteOptions } from "../engine/options/executionOptions.ts";
import type { Result, ScalarResult } from "../engine/results/result.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { Stop } from "../io/stop.ts";
import { SessionCore, type SessionOptions } from "../orm/session/sessionCore.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { EntityClass, Executable, RowOf, ScalarOfItems } from "../sql/typing.ts";
import { AsyncConnection } from "./connection.ts";
import { AsyncEngine } from "./engine.ts";

/**
 * A unit of work over an asynchronous engine. Attributes that are not loaded cannot be loaded by reading them: load them with the
 * query's options, or with `await session.load(object, "attribute")`.
 *
 * @example
 * ```ts no-check
 * await using session = new AsyncSession(engine);
 * session.add(new User({ name: "Alice" }));
 * await session.commit();
 * ```
 */
export class AsyncSession {
  readonly core: SessionCore;
  #underWay: string | null = null;

  constructor(engine: AsyncEngine, options: SessionOptions = {}) {
    if (!(engine instanceof AsyncEngine))
      throw new ArgumentError(
        "new AsyncSession() takes an engine made by createAsyncEngine(); for createEngine() there is Session.",
      );
    this.core = new SessionCore(engine.core, options, null, (connection) => void new AsyncConnection(connection, engine));
  }

  async #run<T>(what: string, io: () => Io<T>, stop: Stop | null = this.core.stopFor(null)): Promise<T> {
    if (this.#underWay !== null) {
      throw new ConcurrentUseError(
        `The session is asked for ${what} while ${this.#underWay} is still under way. A session does one thing at a time: await one before starting the other, or use a session for each.`,
      );
    }
    this.#underWay = what;
    try {
      return await runAsync(io(), stop);
    } finally {
      this.#underWay = null;
    }
  }

  /** Takes an object in, with what it is related to; the next flush inserts what has no row. */
  add(entity: object): void {
    this.core.add(entity);
  }
  addAll(entities: Iterable<object>): void {
    for (const entity of entities) this.core.add(entity);
  }
  /** Marks an object to be deleted by the next flush, and those its cascades lead to. */
  async delete(entity: object): Promise<void> {
    await this.#run("delete()", () => this.core.delete(entity));
  }
  /** Takes an object out of the session; its row stays as it is. */
  expunge(entity: object): void {
    this.core.expunge(entity);
  }
  expungeAll(): void {
    this.core.expungeAll();
  }
  /** Forgets the loaded values of an object, or of the attributes named. */
  expire(entity: object, attributeNames?: readonly string[]): void {
    this.core.expire(entity, attributeNames);
  }
  expireAll(): void {
    this.core.expireAll();
  }
  /** Loads an object's row again. Changes are flushed first; with autoflush off, those of this object are lost. */
  async refresh(entity: object): Promise<void> {
    await this.#run("refresh()", () => this.core.refresh(entity));
  }
  /** Loads attributes that are not loaded. */
  async load<T extends object>(entity: T, ...names: readonly (keyof T & string)[]): Promise<void> {
    await this.#run("load()", () => this.core.load(entity, ...names));
  }
  /** True when the object is in this session. */
  has(entity: object): boolean {
    return this.core.has(entity);
  }
  /** Objects that the next flush inserts. */
  get new(): readonly object[] {
    return this.core.new;
  }
  /** Objects with changes. */
  get dirty(): readonly object[] {
    return this.core.dirty;
  }
  /** Objects that the next flush deletes. */
  get deleted(): readonly object[] {
    return this.core.deleted;
  }

  /**
   * Runs a statement; a select of mapped classes gives rows of objects. Flushes first, unless autoflush is off. `signal` and `timeout` stop
   * all of it.
   */
  async execute<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<Result<RowOf<A, N>>> {
    const result = await this.#run(
      "execute()",
      () => this.core.execute(statement as unknown as Node, parameters, options),
      this.core.stopFor(statement, options),
    );
    return result as unknown as Result<RowOf<A, N>>;
  }
  /** The first item of every row: the objects, for a select of one mapped class. */
  async scalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<ScalarResult<ScalarOfItems<A, N>>> {
    return (await this.execute(statement, parameters, options)).scalars() as unknown as ScalarResult<ScalarOfItems<A, N>>;
  }
  /** The first item of the first row, or null. */
  async scalar<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Promise<ScalarOfItems<A, N> | null> {
    return (await this.execute(statement, parameters, options)).scalar() as ScalarOfItems<A, N> | null;
  }
  /** The object with this primary key, or null; without a statement where the session has it. A key of several parts is a list or an object. */
  async get<C extends EntityClass>(entity: C, key: unknown): Promise<C["prototype"] | null> {
    return await this.#run("get()", () => this.core.get(entity, key));
  }
  /** As `get`, but throws NoResultFound where there is no row. */
  async getOne<C extends EntityClass>(entity: C, key: unknown): Promise<C["prototype"]> {
    return await this.#run("getOne()", () => this.core.getOne(entity, key));
  }

  /** Sends the changes to the database, within the transaction. */
  async flush(): Promise<void> {
    await this.#run("flush()", () => this.core.flush());
  }
  /** Runs the callback in a transaction: commits when its promise is fulfilled, rolls back when it is rejected. Without one, begins a transaction. */
  begin(): Promise<void>;
  begin<T>(work: (session: AsyncSession) => Promise<T> | T): Promise<T>;
  async begin<T>(work?: (session: AsyncSession) => Promise<T> | T): Promise<T | undefined> {
    this.core.begin();
    if (work === undefined) return undefined;
    try {
      const value = await work(this);
      await this.commit();
      return value;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }
  /** Flushes and commits. */
  async commit(): Promise<void> {
    await this.#run("commit()", () => this.core.commit());
  }
  /** Rolls back: new objects have no row again, all others are read anew. */
  async rollback(): Promise<void> {
    await this.#run("rollback()", () => this.core.rollback(), null);
  }
  /** Rolls back what was not committed and lets all objects go. The session can be used again. */
  async close(): Promise<void> {
    // Even while something is under way: the connection is then discarded, not kept, and the error says what was not awaited.
    await runAsync(this.core.close());
  }
  /** The connection of the session's transaction, begun if need be. The session closes it. */
  async connection(): Promise<AsyncConnection> {
    return (await this.#run("connection()", () => this.core.connection())).facade as AsyncConnection;
  }
  inTransaction(): boolean {
    return this.core.inTransaction;
  }
  /** The objects of the session. */
  [Symbol.iterator](): Iterator<object> {
    return this.core.entities()[Symbol.iterator]();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Makes sessions with the same engine and options. */
export interface AsyncSessionFactory {
  (options?: SessionOptions): AsyncSession;
  /** Runs the callback with a new session, in a transaction: commits on fulfilment, rolls back on rejection, and closes the session. */
  begin<T>(work: (session: AsyncSession) => Promise<T> | T): Promise<T>;
}

/**
 * A factory of asynchronous sessions.
 *
 * @example
 * ```ts no-check
 * const asyncSession = asyncSessionmaker(engine, { expireOnCommit: false });
 * await using session = asyncSession();
 * ```
 */
export function asyncSessionmaker(engine: AsyncEngine, options: SessionOptions = {}): AsyncSessionFactory {
  const make = (more: SessionOptions = {}): AsyncSession => new AsyncSession(engine, { ...options, ...more });
  return Object.assign(make, {
    async begin<T>(work: (session: AsyncSession) => Promise<T> | T): Promise<T> {
      const session = make();
      try {
        return await session.begin(work);
      } finally {
        await session.close();
      }
    },
  });
}
