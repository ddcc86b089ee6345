/**
 * One read replica: its pool, and whether it can be reached. ReplicaSet asks it for its turn and tells it how that went. No I/O.
 */
import type { Pool } from "../../pool/pool.ts";
import type { URL } from "../url.ts";

/** How a replica is doing, as of now. */
export interface ReplicaStatus {
  /** Prints with `***` for the password. */
  readonly url: URL;
  readonly pool: Pool;
  /** False while the replica is left out because it could not be reached. */
  readonly isAvailable: boolean;
  /** When it is tried again, in milliseconds since the epoch; null while it is available. */
  readonly retryAt: number | null;
  /** Why it was left out the last time; null where it never was. */
  readonly lastError: Error | null;
}

export class Replica {
  readonly url: URL;
  readonly pool: Pool;
  #retryAt: number | null = null;
  #isBeingTried = false;
  #lastError: Error | null = null;
  #reached: string | null = null;

  constructor(url: URL, pool: Pool) {
    this.url = url;
    this.pool = pool;
  }

  get status(): ReplicaStatus {
    const { url, pool } = this;
    return { url, pool, isAvailable: this.#retryAt === null, retryAt: this.#retryAt, lastError: this.#lastError };
  }

  /**
   * Whether it may be asked for a connection. One that was left out is tried by one caller alone when its time has come: were it still
   * silent, all the others would wait for it too.
   */
  takeTurn(): boolean {
    if (this.#retryAt === null) return true;
    if (this.#isBeingTried || Date.now() < this.#retryAt) return false;
    this.#isBeingTried = true;
    return true;
  }

  /** It has answered, or the caller has given up: the others may ask again. */
  endTurn(hasAnswered: boolean): void {
    this.#isBeingTried = false;
    if (hasAnswered) this.#retryAt = null;
  }

  leaveOut(error: Error, until: number): void {
    this.#lastError = error;
    this.#retryAt = until;
    // Who comes back under this address may be another server, and further behind.
    this.#reached = null;
  }

  /** Whether it was seen to have got there before; positions are never gone back. */
  hasReached(position: string, later: (a: string, b: string) => string): boolean {
    return this.#reached !== null && later(this.#reached, position) === this.#reached;
  }

  noteReached(position: string, later: (a: string, b: string) => string): void {
    this.#reached = this.#reached === null ? position : later(this.#reached, position);
  }
}
