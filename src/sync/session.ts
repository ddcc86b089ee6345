/**
 * The synchronous session: a facade over SessionCore. Every method runs the core's and returns; `async/session.ts` has the same methods.
 */
import { ArgumentError, InvalidRequestError } from "../errors/base.ts";
import type { ExecuteOptions } from "../engine/options/executionOptions.ts";
import type { Result, ScalarResult } from "../engine/results/result.ts";
import { runSync } from "../io/runSync.ts";
import { SessionCore, type SessionOptions } from "../orm/session/sessionCore.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { EntityClass, Executable, RowOf, ScalarOfItems } from "../sql/typing.ts";
import { Connection } from "./connection.ts";
import { Engine } from "./engine.ts";

/**
 * A unit of work: it holds the objects it has loaded, one per row, notes what is changed, and writes it in one flush. `using` closes it
 * and rolls back what was not committed.
 *
 * @example
 * ```ts no-check
 * using session = new Session(engine);
 * session.add(new User({ name: "Alice" }));
 * session.commit();
 * ```
 */
export class Session {
  readonly core: SessionCore;

  constructor(engine: Engine, options: SessionOptions = {}) {
    if (!(engine instanceof Engine))
      throw new ArgumentError(
        "new Session() takes an engine made by createEngine(); for createAsyncEngine() there is AsyncSession.",
      );
    this.core = new SessionCore(engine.core, options, runSync, (connection) => void new Connection(connection, engine));
  }

  /** Takes an object in, with what it is related to; the next flush inserts what has no row. */
  add(entity: object): void {
    this.core.add(entity);
  }
  addAll(entities: Iterable<object>): void {
    for (const entity of entities) this.core.add(entity);
  }
  /** Marks an object to be deleted by the next flush, and those its cascades lead to. */
  delete(entity: object): void {
    runSync(this.core.delete(entity), this.core.stopFor(null));
  }
  /** Takes an object out of the session; its row stays as it is. */
  expunge(entity: object): void {
    this.core.expunge(entity);
  }
  expungeAll(): void {
    this.core.expungeAll();
  }
  /** Forgets the loaded values of an object, or of the attributes named: the next read loads them. */
  expire(entity: object, attributeNames?: readonly string[]): void {
    this.core.expire(entity, attributeNames);
  }
  expireAll(): void {
    this.core.expireAll();
  }
  /** Loads an object's row again. Changes are flushed first; with autoflush off, those of this object are lost. */
  refresh(entity: object): void {
    runSync(this.core.refresh(entity), this.core.stopFor(null));
  }
  /** Loads attributes that are not loaded. */
  load<T extends object>(entity: T, ...names: readonly (keyof T & string)[]): void {
    runSync(this.core.load(entity, ...names), this.core.stopFor(null));
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
  execute<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): Result<RowOf<A, N>> {
    return runSync(
      this.core.execute(statement as unknown as Node, parameters, options),
      this.core.stopFor(statement, options),
    ) as unknown as Result<RowOf<A, N>>;
  }
  /** The first item of every row: the objects, for a select of one mapped class. */
  scalars<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): ScalarResult<ScalarOfItems<A, N>> {
    return this.execute(statement, parameters, options).scalars() as unknown as ScalarResult<ScalarOfItems<A, N>>;
  }
  /** The first item of the first row, or null. */
  scalar<A extends readonly unknown[], N>(
    statement: Executable<A, N>,
    parameters?: Parameters,
    options?: ExecuteOptions,
  ): ScalarOfItems<A, N> | null {
    return this.execute(statement, parameters, options).scalar() as ScalarOfItems<A, N> | null;
  }
  /** The object with this primary key, or null; without a statement where the session has it. A key of several parts is a list or an object. */
  get<C extends EntityClass>(entity: C, key: unknown): C["prototype"] | null {
    return runSync(this.core.get(entity, key), this.core.stopFor(null));
  }
  /** As `get`, but throws NoResultFound where there is no row. */
  getOne<C extends EntityClass>(entity: C, key: unknown): C["prototype"] {
    return runSync(this.core.getOne(entity, key), this.core.stopFor(null));
  }

  /** Sends the changes to the database, within the transaction. */
  flush(): void {
    runSync(this.core.flush(), this.core.stopFor(null));
  }
  /** Runs the callback in a transaction: commits when it returns, rolls back when it throws. Without one, begins a transaction. */
  begin(): void;
  begin<T>(work: (session: Session) => T): T;
  begin<T>(work?: (session: Session) => T): T | undefined {
    this.core.begin();
    if (work === undefined) return undefined;
    try {
      const value = work(this);
      if (isThenable(value)) {
        value.then(undefined, () => undefined);
        throw new InvalidRequestError(
          "begin(): the callback of a synchronous session returned a promise; its work would come after the commit. Use AsyncSession.",
        );
      }
      this.commit();
      return value;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }
  /** Flushes and commits. */
  commit(): void {
    runSync(this.core.commit(), this.core.stopFor(null));
  }
  /** Rolls back: new objects have no row again, all others are read anew. */
  rollback(): void {
    runSync(this.core.rollback());
  }
  /** Rolls back what was not committed and lets all objects go. The session can be used again. */
  close(): void {
    runSync(this.core.close());
  }
  /** The connection of the session's transaction, begun if need be. The session closes it. */
  connection(): Connection {
    return runSync(this.core.connection()).facade as Connection;
  }
  inTransaction(): boolean {
    return this.core.inTransaction;
  }
  /** The objects of the session. */
  [Symbol.iterator](): Iterator<object> {
    return this.core.entities()[Symbol.iterator]();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Makes sessions with the same engine and options. */
export interface SessionFactory {
  (options?: SessionOptions): Session;
  /** Runs the callback with a new session, in a transaction: commits when it returns, rolls back when it throws, and closes the session. */
  begin<T>(work: (session: Session) => T): T;
}

/**
 * A factory of sessions.
 *
 * @example
 * ```ts no-check
 * const SessionFactory = sessionmaker(engine, { expireOnCommit: false });
 * SessionFactory.begin((session) => { session.add(new User({ name: "Alice" })); });
 * ```
 */
export function sessionmaker(engine: Engine, options: SessionOptions = {}): SessionFactory {
  const make = (more: SessionOptions = {}): Session => new Session(engine, { ...options, ...more });
  return Object.assign(make, {
    begin<T>(work: (session: Session) => T): T {
      const session = make();
      try {
        return session.begin(work);
      } finally {
        session.close();
      }
    },
  });
}
