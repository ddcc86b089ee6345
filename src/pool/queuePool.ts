/**
 * The pool of engines with a file or a server: `size` connections are kept, `maxOverflow` more are opened when needed, whoever comes
 * later waits in line. A connection that is given back goes straight to the first in line, so nobody can overtake.
 * It knows nothing of transactions or dialects: opening, pinging and resetting are its host's.
 */
import { InvalidRequestError } from "../errors/base.ts";
import { TimeoutError } from "../errors/engine.ts";
import type { Io, Waiter } from "../io/io.ts";
import type { Pool, PooledConnection, PoolHost, ReleaseOptions } from "./pool.ts";

export interface QueuePoolOptions {
  /** Connections kept open; default 5. */
  readonly size?: number;
  /** Connections opened beyond `size` while needed; default 10, -1 for no limit. */
  readonly maxOverflow?: number;
  /** How long to wait for a connection, in milliseconds; default 30,000. */
  readonly timeout?: number;
  /** Age in milliseconds after which a connection is replaced before it is lent; -1 (default) for never. */
  readonly recycle?: number;
  /** Ask the server for a sign of life before lending an idle connection; default false. */
  readonly prePing?: boolean;
  /** Lend the connection that came back last, so that the others age and can be closed by the server; default false. */
  readonly useLifo?: boolean;
}

/** What a waiter is woken with: a connection, or (null) the right to open one. */
type Grant = PooledConnection | null;

export class QueuePool implements Pool {
  readonly #host: PoolHost;
  readonly #size: number;
  readonly #maxOverflow: number;
  readonly #timeout: number;
  readonly #recycle: number;
  readonly #prePing: boolean;
  readonly #useLifo: boolean;
  readonly #idle: PooledConnection[] = [];
  readonly #lent = new Set<PooledConnection>();
  readonly #queue = new Set<PoolWaiter>();
  /** Connections that exist or are being opened, lent or idle. */
  #slots = 0;
  #generation = 0;

  constructor(host: PoolHost, options: QueuePoolOptions = {}) {
    this.#host = host;
    this.#size = options.size ?? 5;
    this.#maxOverflow = options.maxOverflow ?? 10;
    this.#timeout = options.timeout ?? 30_000;
    this.#recycle = options.recycle ?? -1;
    this.#prePing = options.prePing ?? false;
    this.#useLifo = options.useLifo ?? false;
  }

  *acquire(): Io<PooledConnection> {
    let candidate = this.#takeNow();
    if (candidate === undefined) {
      const waiter = new PoolWaiter(this.#queue, this.#timeout, (cannotWait) => this.limitError(cannotWait));
      candidate = (yield { kind: "wait", waiter }) as Grant;
    }
    // From here on this caller owns a slot, which it must either turn into a lent connection or give back.
    let owned = false;
    try {
      if (candidate !== null) {
        if (yield* this.#isUsable(candidate)) {
          this.#lent.add(candidate);
          owned = true;
          return candidate;
        }
        yield { kind: "close", connection: candidate.connection };
      }
      const generation = this.#generation;
      const connection = yield* this.#host.open();
      const record: PooledConnection = { connection, info: new Map(), createdAt: Date.now(), generation };
      yield* this.#announce(record);
      this.#lent.add(record);
      owned = true;
      return record;
    } finally {
      if (!owned) this.#giveBackSlot();
    }
  }

  *release(record: PooledConnection, options: ReleaseOptions = {}): Io<void> {
    if (!this.#lent.has(record)) throw new InvalidRequestError("The connection was given back to the pool already");
    let discard = options.discard === true;
    let kept = false;
    try {
      if (!discard && options.dirty === true) {
        try {
          yield* this.#host.reset(record.connection);
        } catch {
          // What state the connection is in is not known, so nobody may have it again.
          discard = true;
        }
      }
      const next = this.#firstWaiter();
      const surplus = next === undefined && this.#idle.length >= this.#size;
      if (discard || surplus || this.#isStale(record)) {
        yield { kind: "close", connection: record.connection };
      } else if (next !== undefined) {
        this.#queue.delete(next);
        kept = true;
        next.grant(record);
      } else {
        kept = true;
        this.#idle.push(record);
      }
    } finally {
      this.#lent.delete(record);
      if (!kept) this.#giveBackSlot();
    }
  }

  invalidate(): void {
    this.#generation++;
  }

  *dispose(): Io<void> {
    this.#generation++;
    for (let record = this.#idle.pop(); record !== undefined; record = this.#idle.pop()) {
      try {
        yield { kind: "close", connection: record.connection };
      } finally {
        this.#giveBackSlot();
      }
    }
  }

  status(): string {
    return `Pool size: ${this.size()}  Connections in pool: ${this.checkedin()} Current Overflow: ${this.overflow()} Current Checked out connections: ${this.checkedout()}`;
  }

  size(): number {
    return this.#size;
  }

  checkedin(): number {
    return this.#idle.length;
  }

  checkedout(): number {
    return this.#slots - this.#idle.length;
  }

  overflow(): number {
    return this.#slots - this.#size;
  }

  timeout(): number {
    return this.#timeout;
  }

  /** The error of somebody who got no connection. `cannotWait`: a synchronous caller, who was not even put in line. */
  protected limitError(cannotWait: boolean): Error {
    const limit = `QueuePool limit of size ${this.#size} overflow ${this.#maxOverflow} reached`;
    return new TimeoutError(
      cannotWait
        ? `${limit}, and a synchronous caller cannot wait for a connection, because nothing else runs meanwhile. Close a connection first (using conn = engine.connect()), or raise poolSize or maxOverflow.`
        : `${limit}, connection timed out, timeout ${(this.#timeout / 1000).toFixed(2)}. Close connections when done with them, or raise poolSize, maxOverflow or poolTimeout.`,
    );
  }

  /** An idle connection, or null for the right to open one, or undefined when one has to wait. */
  #takeNow(): Grant | undefined {
    const idle = this.#useLifo ? this.#idle.pop() : this.#idle.shift();
    if (idle !== undefined) return idle;
    if (this.#maxOverflow !== -1 && this.#slots >= this.#size + this.#maxOverflow) return undefined;
    this.#slots++;
    return null;
  }

  *#isUsable(record: PooledConnection): Io<boolean> {
    if (this.#isStale(record)) return false;
    if (!this.#prePing) return true;
    const alive = yield* this.#host.ping(record.connection);
    // One dead connection means that the server was restarted or the network was cut: the others are dead too.
    if (!alive) this.#generation++;
    return alive;
  }

  #isStale(record: PooledConnection): boolean {
    return (
      record.generation !== this.#generation ||
      !record.connection.isOpen ||
      (this.#recycle >= 0 && Date.now() - record.createdAt > this.#recycle)
    );
  }

  *#announce(record: PooledConnection): Io<void> {
    try {
      this.#host.onConnect?.(record);
    } catch (error) {
      yield { kind: "close", connection: record.connection };
      throw error;
    }
  }

  #firstWaiter(): PoolWaiter | undefined {
    const [first] = this.#queue;
    return first;
  }

  /** A connection is gone, or could not be opened: the next in line may open one. */
  #giveBackSlot(): void {
    const next = this.#firstWaiter();
    if (next === undefined) {
      this.#slots--;
      return;
    }
    this.#queue.delete(next);
    next.grant(null);
  }
}

/** One caller in line. It stands in the queue from `start` until it is granted something or its time is up. */
class PoolWaiter implements Waiter {
  readonly #queue: Set<PoolWaiter>;
  readonly #timeout: number;
  readonly #limitError: (cannotWait: boolean) => Error;
  #resolve: ((grant: Grant) => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(queue: Set<PoolWaiter>, timeout: number, limitError: (cannotWait: boolean) => Error) {
    this.#queue = queue;
    this.#timeout = timeout;
    this.#limitError = limitError;
  }

  start(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#queue.add(this);
    // Not unref'd: a process whose last activity is waiting for a connection must end with this error, not silently.
    this.#timer = setTimeout(() => {
      this.#queue.delete(this);
      reject(this.#limitError(false));
    }, this.#timeout);
  }

  refuse(): Error {
    return this.#limitError(true);
  }

  grant(grant: Grant): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#resolve?.(grant);
  }
}
