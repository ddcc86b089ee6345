/**
 * The transactions of one connection: the outermost and the savepoints within it, how they begin and end, and what is sent for that. Each is a
 * TransactionCore; ConnectionCore has one of these and is its host. What belongs to no connection's transaction is in preparedTransactions.ts.
 */
import { ArgumentError, InvalidRequestError } from "../errors/base.ts";
import type { Dialect, TwoPhaseStatements } from "../dialects/contract.ts";
import { control } from "../dialects/server.ts";
import type { Dispatcher } from "../io/dispatcher.ts";
import type { DriverConnection } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import type { ConnectionEvents } from "./events.ts";
import type { ExecutionOptions } from "./options/executionOptions.ts";
import { type BeginOptions, readBeginOptions, transactionMode, type TransactionMode } from "./options/transactionOptions.ts";
import type { StatementLog } from "./statementLog.ts";
import { commitFailure, lostTransaction } from "./transactionErrors.ts";
import { TransactionCore, type TransactionKind, type TransactionOwner } from "./transaction.ts";

/** The connection whose transactions they are. */
export interface TransactionHost {
  /** The connection as listeners know it. */
  readonly facade: object;
  readonly dialect: Dialect;
  readonly listeners: Dispatcher<ConnectionEvents>;
  readonly log: StatementLog;
  /** How a transaction runs that begins by itself. */
  readonly executionOptions: ExecutionOptions;
  /** True where only reading is possible. */
  readonly isReplica: boolean;
  /** The driver's connection; null once it was lost. */
  readonly held: DriverConnection | null;
  /** The driver's connection; a new one where it was lost. */
  acquire(): Io<DriverConnection>;
  /** Throws ResourceClosedError once the connection is closed. */
  checkOpen(): void;
  /** Says what is under way; throws ConcurrentUseError where something else is. */
  enter(what: string): void;
  leave(): void;
  /** Closes the streamed result that is open, unless it is being read just now. */
  closeIdleFeed(): Io<void>;
  /** Remembers what was committed, for whoever reads their own writes from a replica. */
  noteCommit(connection: DriverConnection): Io<void>;
  /** The error to throw for a driver's; gives a lost connection up. */
  statementFailed(error: unknown, sql: string): Io<Error>;
}

export class Transactions implements TransactionOwner {
  readonly #host: TransactionHost;
  #innermost: TransactionCore | null = null;
  /** How the outermost transaction runs. */
  #mode: TransactionMode | null = null;
  #savepoints = 0;
  scope: TransactionCore | null = null;

  constructor(host: TransactionHost) {
    this.#host = host;
  }

  /** The outermost transaction, or null. */
  get outermost(): TransactionCore | null {
    let root = this.#innermost;
    while (root?.parent != null) root = root.parent;
    return root;
  }

  /** The innermost savepoint, or null. */
  get savepoint(): TransactionCore | null {
    return this.#innermost?.isNested === true ? this.#innermost : null;
  }

  get hasBegun(): boolean {
    return this.#innermost !== null;
  }

  get isConnected(): boolean {
    return this.#host.held?.isOpen === true;
  }

  /** True while statements can be sent without anything being begun first. */
  get isActive(): boolean {
    return this.#innermost?.state === "active" && (this.scope === null || this.scope.state === "active");
  }

  get isAutocommit(): boolean {
    return this.#mode?.isAutocommit === true;
  }

  get isReadOnly(): boolean {
    return this.#mode?.readOnly === true;
  }

  /** How the transaction that is open runs, or the next would. */
  get mode(): TransactionMode {
    return this.#mode ?? transactionMode(this.#host.dialect, this.#host.executionOptions);
  }

  /** Begins the outermost transaction explicitly. Throws InvalidRequestError when one has begun, by `begin` or by itself. */
  *begin(options: BeginOptions = {}): Io<TransactionCore> {
    const host = this.#host;
    const asked = readBeginOptions(options);
    host.enter("begin()");
    try {
      this.requireNone("begin()");
      return yield* this.#beginRoot(yield* host.acquire(), { ...host.executionOptions, ...asked });
    } finally {
      host.leave();
    }
  }

  /** The driver's connection, in a transaction: begins one where there is none. The caller has entered. */
  *begun(): Io<DriverConnection> {
    if (this.#innermost?.state === "invalid") throw lostTransaction();
    this.#checkScope();
    const connection = this.#host.held ?? (yield* this.#host.acquire());
    if (this.#innermost === null) yield* this.#beginRoot(connection, this.#host.executionOptions);
    return connection;
  }

  /** Sets a savepoint, beginning the outermost transaction where there is none. */
  *beginNested(): Io<TransactionCore> {
    const host = this.#host;
    host.enter("beginNested()");
    try {
      const connection = yield* this.begun();
      if (this.isAutocommit)
        throw new InvalidRequestError(
          "There are no savepoints in AUTOCOMMIT, because there is no transaction that they could be in",
        );
      const name = `athanor_savepoint_${++this.#savepoints}`;
      if (host.listeners.has("savepoint")) yield* host.listeners.emit("savepoint", host.facade, name);
      yield* this.#send(connection, `SAVEPOINT ${name}`);
      return (this.#innermost = new TransactionCore(this, this.#innermost, { kind: "savepoint", name }));
    } finally {
      host.leave();
    }
  }

  /** Begins a transaction that can be prepared before it is committed; `xid` names it on the server. */
  *beginTwophase(xid: string = `athanor_${globalThis.crypto.randomUUID()}`): Io<TransactionCore> {
    const host = this.#host;
    const twoPhase = requireTwoPhase(host.dialect, xid);
    host.enter("beginTwophase()");
    try {
      this.requireNone("beginTwophase()");
      const connection = yield* host.acquire();
      if (host.listeners.has("beginTwophase")) yield* host.listeners.emit("beginTwophase", host.facade, xid);
      for (const sql of twoPhase.begin(xid)) yield* this.#send(connection, sql, { logged: `${sql} (two-phase)` });
      this.#savepoints = 0;
      return (this.#innermost = new TransactionCore(this, null, { kind: "twoPhase", xid }));
    } finally {
      host.leave();
    }
  }

  *prepareTransaction(transaction: TransactionCore): Io<void> {
    const host = this.#host;
    if (transaction.what.kind !== "twoPhase")
      throw new InvalidRequestError("Only a transaction of beginTwophase() can be prepared");
    const { xid } = transaction.what;
    host.enter("prepare()");
    try {
      if (host.listeners.has("prepareTwophase")) yield* host.listeners.emit("prepareTwophase", host.facade, xid);
      for (const sql of host.dialect.twoPhase!.prepare(xid)) yield* this.#send(host.held!, sql, { unstoppable: true });
      transaction.isPrepared = true;
    } finally {
      host.leave();
    }
  }

  /** Commits the outermost transaction; does nothing where there is none. */
  *commit(): Io<void> {
    this.#host.checkOpen();
    const root = this.outermost;
    if (root !== null) yield* root.commit();
  }

  /** Rolls the outermost transaction back; does nothing where there is none. */
  *rollback(): Io<void> {
    this.#host.checkOpen();
    const root = this.outermost;
    if (root !== null) yield* root.rollback();
  }

  *endTransaction(transaction: TransactionCore, how: "commit" | "rollback"): Io<void> {
    const host = this.#host;
    if (how === "rollback") yield* host.closeIdleFeed();
    host.enter(`${how}()`);
    let hasEnded = true;
    const connection = host.held;
    const wasOpen = connection?.isOpen === true;
    try {
      if (connection === null || transaction.state !== "active") return;
      yield* this.#sendEnd(connection, transaction, how);
      if (how === "commit" && !transaction.isNested) yield* host.noteCommit(connection);
    } catch (error) {
      // A savepoint that could not be released can still be rolled back to, and a prepared transaction be ended by its name.
      if (transaction.isNested || transaction.isPrepared) hasEnded = how === "rollback" && transaction.isNested;
      // What a failed COMMIT leaves open (SQLite's deferred constraints, for example) must not be committed later with other work.
      else if (how === "commit" && host.held !== null) yield* this.#abandon(host.held, transaction);
      throw how === "commit" && wasOpen && !transaction.isNested ? commitFailure(error) : error;
    } finally {
      if (hasEnded) this.#markEnded(transaction);
      host.leave();
    }
    if (this.#innermost === null) yield* this.#restoreMode();
  }

  /** Throws InvalidRequestError where a transaction has begun. */
  requireNone(what: string): void {
    if (this.#innermost?.state === "invalid") throw lostTransaction();
    this.#checkScope();
    if (this.#innermost !== null)
      throw new InvalidRequestError(
        `This connection has a transaction already, from begin() or because a statement was executed; ${what} cannot be called until commit() or rollback()`,
      );
  }

  /** The connection was lost, and what was not committed with it. */
  markLost(): void {
    for (let transaction = this.#innermost; transaction !== null; transaction = transaction.parent) transaction.state = "invalid";
  }

  /** The connection is closed: no transaction goes on. */
  markAllEnded(): void {
    const root = this.outermost;
    if (root !== null) this.#markEnded(root);
  }

  #checkScope(): void {
    if (this.scope !== null && this.scope.state !== "active")
      throw new InvalidRequestError(
        "The transaction of this callback has ended, by commit() or rollback() within it. Leave the callback before doing more on its connection, or let the callback end the transaction by returning.",
      );
  }

  *#beginRoot(connection: DriverConnection, options: ExecutionOptions): Io<TransactionCore> {
    const host = this.#host;
    const mode = transactionMode(host.dialect, options);
    if (host.isReplica && !mode.readOnly)
      throw new InvalidRequestError(
        "This connection was asked for as one for reading alone, and is one of a replica: write on another, from connect() without readOnly",
      );
    if (host.listeners.has("begin")) yield* host.listeners.emit("begin", host.facade);
    this.#mode = mode;
    let what: TransactionKind = { kind: "root" };
    if (mode.isAutocommit) {
      host.log.info("BEGIN (implicit; nothing is sent in AUTOCOMMIT)");
      what = { kind: "autocommit" };
    } else {
      const statements = host.dialect.beginStatements(mode);
      for (const sql of statements) yield* this.#send(connection, sql, { logged: `${sql} (implicit)` });
    }
    this.#savepoints = 0;
    return (this.#innermost = new TransactionCore(this, null, what));
  }

  *#sendEnd(connection: DriverConnection, { what, isPrepared }: TransactionCore, how: "commit" | "rollback"): Io<void> {
    const { listeners, facade, dialect, log } = this.#host;
    switch (what.kind) {
      case "savepoint": {
        const event = how === "commit" ? "releaseSavepoint" : "rollbackSavepoint";
        if (listeners.has(event)) yield* listeners.emit(event, facade, what.name, null);
        const sql = how === "commit" ? `RELEASE SAVEPOINT ${what.name}` : `ROLLBACK TO SAVEPOINT ${what.name}`;
        yield* this.#send(connection, sql, { unstoppable: true });
        return;
      }
      case "twoPhase": {
        const event = how === "commit" ? "commitTwophase" : "rollbackTwophase";
        if (listeners.has(event)) yield* listeners.emit(event, facade, what.xid, isPrepared);
        for (const sql of dialect.twoPhase![how](what.xid, isPrepared)) yield* this.#send(connection, sql, { unstoppable: true });
        return;
      }
      default: {
        if (listeners.has(how)) yield* listeners.emit(how, facade);
        const sql = how.toUpperCase();
        if (what.kind === "autocommit") log.info(`${sql} (nothing is sent: every statement was saved by itself)`);
        else yield* this.#send(connection, sql, { unstoppable: true });
      }
    }
  }

  /** Undoes what the transaction's options have set on the connection. */
  *#restoreMode(): Io<void> {
    const mode = this.#mode;
    this.#mode = null;
    const { held, dialect } = this.#host;
    if (mode === null || mode.isAutocommit || held === null) return;
    for (const sql of dialect.resetStatements(mode)) yield* this.#send(held, sql, { unstoppable: true });
  }

  *#send(
    connection: DriverConnection,
    sql: string,
    { logged = sql, unstoppable = false }: { readonly logged?: string; readonly unstoppable?: boolean } = {},
  ): Io<void> {
    this.#host.log.info(logged);
    try {
      yield control(connection, sql, false, { unstoppable });
    } catch (error) {
      throw yield* this.#host.statementFailed(error, sql);
    }
  }

  *#abandon(connection: DriverConnection, { what }: TransactionCore): Io<void> {
    const { dialect, log } = this.#host;
    const statements = what.kind === "twoPhase" ? dialect.twoPhase!.rollback(what.xid, false) : ["ROLLBACK"];
    for (const sql of statements) {
      log.info(sql);
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

/** MySQL and MariaDB take no longer names; PostgreSQL would. */
const LONGEST_NAME = 64;

/** Throws InvalidRequestError where the database has no two-phase transactions, ArgumentError for what cannot name one. */
export function requireTwoPhase({ name, twoPhase }: Dialect, xid: string): TwoPhaseStatements {
  if (twoPhase === null) throw new InvalidRequestError(`${name} has no two-phase transactions`);
  if (typeof xid !== "string" || xid.length > LONGEST_NAME)
    throw new ArgumentError(`The name of a two-phase transaction is a string of at most ${LONGEST_NAME} characters`);
  return twoPhase;
}
