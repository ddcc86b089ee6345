/**
 * The common base of the pools that lend a connection to one borrower at a time: so many are kept, so many may exist, whoever comes later
 * waits in line. A connection that comes back goes straight to the first in line, so nobody can overtake.
 */
import { TimeoutError } from "../errors/engine.ts";
import { BasePool } from "./basePool.ts";
import type { PoolOptions } from "./options.ts";
import type { PoolHost } from "./pool.ts";
import type { Place, PoolRecord } from "./record.ts";
import { LineWaiter, WaitingLine } from "./waitingLine.ts";

export interface Bounds {
  /** Connections kept; Infinity for all. */
  readonly size: number;
  /** Connections beyond `size`; Infinity for no limit. */
  readonly overflow: number;
  /** How long to wait in line, in milliseconds. */
  readonly timeout: number;
  /** Lend the connection that came back last. */
  readonly useLifo?: boolean;
}

export abstract class BoundedPool extends BasePool {
  readonly #bounds: Bounds;
  readonly #idle: PoolRecord[] = [];
  readonly #lent = new Set<PoolRecord>();
  readonly #line = new WaitingLine();
  /** Places that are taken: by connections lent or idle, or being opened or closed. */
  #places = 0;

  constructor(host: PoolHost, options: PoolOptions, bounds: Bounds) {
    super(host, options);
    this.#bounds = bounds;
  }

  size(): number {
    return finite(this.#bounds.size, 0);
  }

  maxOverflow(): number {
    return finite(this.#bounds.overflow, -1);
  }

  checkedin(): number {
    return this.#idle.length;
  }

  checkedout(): number {
    return this.#places - this.#idle.length;
  }

  overflow(): number {
    return this.#places - this.size();
  }

  timeout(): number {
    return this.#bounds.timeout;
  }

  /** The error of somebody who got no connection. `cannotWait`: a synchronous caller, who was not even put in line. */
  protected limitError(cannotWait: boolean): Error {
    const limit = `${this.constructor.name} limit of size ${this.size()} overflow ${this.maxOverflow()} reached`;
    return new TimeoutError(
      cannotWait
        ? `${limit}, and a synchronous caller cannot wait for a connection, because nothing else runs meanwhile. Close a connection first (using conn = engine.connect()), or raise poolSize or maxOverflow.`
        : `${limit}, connection timed out, timeout ${(this.timeout() / 1000).toFixed(2)}. Close connections when done with them, or raise poolSize, maxOverflow or poolTimeout.`,
    );
  }

  protected waiting(): number {
    return this.#line.length;
  }

  protected takePlace(): Place | LineWaiter {
    const idle = this.#bounds.useLifo === true ? this.#idle.pop() : this.#idle.shift();
    if (idle !== undefined) return wakened(idle);
    if (this.#places < this.#bounds.size + this.#bounds.overflow) {
      this.#places++;
      return null;
    }
    if (this.timeout() === 0) {
      this.counters.timedOut++;
      throw this.limitError(false);
    }
    return new LineWaiter(this.#line, this.timeout(), this.counters, (cannotWait) => this.limitError(cannotWait));
  }

  protected markLent(record: PoolRecord): void {
    this.#lent.add(record);
  }

  protected unmarkLent(record: PoolRecord): boolean {
    return this.#lent.delete(record);
  }

  protected keep(record: PoolRecord, isFit: boolean): boolean {
    if (!isFit) return false;
    if (this.#line.serve(record)) return true;
    if (this.#idle.length >= this.#bounds.size) return false;
    this.#idle.push(record);
    // Nothing is asked of it and nobody waits for it, so that the process may end.
    record.connection.unref?.();
    return true;
  }

  protected freePlace(): void {
    if (!this.#line.serve(null)) this.#places--;
  }

  protected takeIdle(): readonly PoolRecord[] {
    return this.#idle.splice(0).map(wakened);
  }
}

/** No more idle: whoever asks something of it, if only to close, is to hear the answer before the process ends. */
function wakened(record: PoolRecord): PoolRecord {
  record.connection.ref?.();
  return record;
}

function finite(limit: number, standsForNone: number): number {
  return limit === Infinity ? standsForNone : limit;
}
