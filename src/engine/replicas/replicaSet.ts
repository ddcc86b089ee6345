/**
 * The read replicas of an engine: which of them serves a read-only connection, and which have caught up with what its caller has committed.
 * The engine asks it before it asks its own pool, and tells it of commits. Opening and closing connections is the pools' work.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Dialect } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import { DBAPIError } from "../../errors/dbapi.ts";
import type { DriverConnection } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { DisposeOptions, Pool, PooledConnection } from "../../pool/pool.ts";
import { wrapDriverError } from "../driverErrors.ts";
import { CommitMark } from "./commitMark.ts";
import type { Replica, ReplicaStatus } from "./replica.ts";

/** Times are in milliseconds. */
export interface ReplicaSettings {
  /** How long a replica that could not be reached is left out. */
  readonly retryAfter: number;
  /** How long a reader waits for a replica to catch up before the primary serves. */
  readonly wait: number;
  /** How long reads go to the primary after a commit for which the database gives no position. */
  readonly stickiness: number;
}

/** A borrowed connection, and the pool to which it goes back. */
export interface Loan {
  readonly pool: Pool;
  readonly record: PooledConnection;
  readonly isReplica: boolean;
}

/** Between two rounds of asking whether a replica has caught up. */
const PAUSE_MS = 10;

export class ReplicaSet {
  readonly #replicas: readonly Replica[];
  readonly #dialect: Dialect;
  readonly #settings: ReplicaSettings;
  /** Takes a line about replicas that come and go. */
  readonly #log: (line: string) => void;
  readonly #contexts = new AsyncLocalStorage<CommitMark>();
  #next = 0;

  constructor(replicas: readonly Replica[], dialect: Dialect, settings: ReplicaSettings, log: (line: string) => void) {
    this.#replicas = replicas;
    this.#dialect = dialect;
    this.#settings = settings;
    this.#log = log;
  }

  get status(): readonly ReplicaStatus[] {
    return this.#replicas.map((replica) => replica.status);
  }

  /** The mark of the context in which the caller runs; null outside. */
  get contextMark(): CommitMark | null {
    return this.#contexts.getStore() ?? null;
  }

  /** Runs the work with a mark for its commits: the one given, that of the context around it, or a new one. */
  runWithMark<T>(mark: CommitMark | null, work: (mark: CommitMark) => T): T {
    const itsMark = mark ?? this.contextMark ?? new CommitMark();
    return this.#contexts.run(itsMark, () => work(itsMark));
  }

  /**
   * A connection of a replica that shows what the mark holds; null when the primary has to serve.
   *
   * @throws TimeoutError when all connections of a replica are in use for too long: the primary is not there to take an overload
   */
  *lend(mark: CommitMark | null): Io<Loan | null> {
    if (mark !== null && mark.primaryUntil > Date.now()) return null;
    const position = mark?.position ?? null;
    if (position !== null && this.#dialect.replication?.isPosition(position) !== true)
      throw new ArgumentError(
        `The commit mark was made with another database: "${position}" is no position of ${this.#dialect.name}`,
      );
    const deadline = performance.now() + this.#settings.wait;
    for (;;) {
      let isAnyBehind = false;
      for (const replica of this.#inTurn()) {
        const record = yield* this.#borrow(replica, position);
        if (record === "behind") isAnyBehind = true;
        else if (record !== "unreachable") return { pool: replica.pool, record, isReplica: true };
      }
      const left = deadline - performance.now();
      if (!isAnyBehind || left <= 0) return null;
      yield { kind: "sleep", milliseconds: Math.min(PAUSE_MS, left) };
    }
  }

  /** Notes what a connection of the primary has just committed. Never throws, because the commit has succeeded. */
  *noteCommit(mark: CommitMark, connection: DriverConnection): Io<void> {
    const { replication } = this.#dialect;
    let position: string | null = null;
    if (replication !== null) {
      try {
        position = yield* replication.committedPosition(connection);
      } catch {
        // The next use of the connection shows what is the matter with it.
      }
    }
    if (position === null) this.noteUnnumbered(mark);
    else if (position !== "") mark.noteCommit(position, (a, b) => replication!.later(a, b));
  }

  /** Notes a commit whose position nobody knows. */
  noteUnnumbered(mark: CommitMark): void {
    mark.noteUnknown(Date.now() + this.#settings.stickiness);
  }

  *dispose(options: DisposeOptions): Io<void> {
    for (const { pool } of this.#replicas) yield* pool.dispose(options);
  }

  /** All replicas, beginning with the one after that which began the last time. */
  #inTurn(): readonly Replica[] {
    const first = this.#next++ % this.#replicas.length;
    return [...this.#replicas.slice(first), ...this.#replicas.slice(0, first)];
  }

  *#borrow(replica: Replica, position: string | null): Io<PooledConnection | "behind" | "unreachable"> {
    if (!replica.takeTurn()) return "unreachable";
    let hasAnswered = false;
    try {
      for (let attempt = 1; ; attempt++) {
        const record = yield* replica.pool.acquire();
        try {
          const isCaughtUp = position === null || (yield* this.#hasReached(replica, record.connection, position));
          hasAnswered = true;
          if (isCaughtUp) return record;
        } catch (error) {
          const wrapped = wrapDriverError(this.#dialect, error, { sql: null, parameters: undefined, hideParameters: true });
          const isLost = !record.connection.isOpen || (wrapped instanceof DBAPIError && wrapped.isDisconnect);
          if (isLost) replica.pool.invalidate(record);
          yield* replica.pool.release(record, isLost ? { discard: true, error: wrapped } : {});
          if (!(wrapped instanceof DBAPIError)) throw wrapped;
          if (!isLost) {
            // It answers, and cannot say how far it is: it may be anything but caught up.
            hasAnswered = true;
            return "behind";
          }
          // An idle connection may be left from before the replica was restarted; a new one tells. But an error that is not the driver's
          // is the runner's, who has waited in vain for an answer, and would only do so again.
          if (attempt > 1 || error instanceof DBAPIError) throw wrapped;
          continue;
        }
        yield* replica.pool.release(record);
        return "behind";
      }
    } catch (error) {
      // A pool without a free connection and a caller who gives up say nothing about the replica.
      if (!(error instanceof DBAPIError)) throw error;
      replica.leaveOut(error, Date.now() + this.#settings.retryAfter);
      // What idles in its pool is lost with it, and must not be taken for a sign of life later.
      replica.pool.invalidate();
      this.#log(`replica ${replica.url.toString()} is left out for ${this.#settings.retryAfter} ms: ${error.message}`);
      return "unreachable";
    } finally {
      replica.endTurn(hasAnswered);
    }
  }

  *#hasReached(replica: Replica, connection: DriverConnection, position: string): Io<boolean> {
    const { replication } = this.#dialect;
    if (replication === null) return false;
    const later = (a: string, b: string): string => replication.later(a, b);
    if (replica.hasReached(position, later)) return true;
    if (!(yield* replication.hasReached(connection, position))) return false;
    replica.noteReached(position, later);
    return true;
  }
}
