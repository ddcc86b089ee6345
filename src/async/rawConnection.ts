/**
 * A connection lent by the pool without anything around it: no transactions, no statements, only the npm package's object. Made by
 * `engine.rawConnection()`. SQLAlchemy: PoolProxiedConnection.
 */
import { runAsync } from "../io/runAsync.ts";
import type { InvalidateOptions, Pool, PooledConnection } from "../pool/pool.ts";

export class AsyncRawConnection {
  readonly #record: PooledConnection;
  readonly #pool: Pool;
  #isClosed = false;

  constructor(record: PooledConnection, pool: Pool) {
    this.#record = record;
    this.#pool = pool;
  }

  /** The npm package's connection object. */
  get driverConnection(): unknown {
    return this.#record.connection.driverConnection;
  }

  /** For whatever the application wants to remember with the database connection. */
  get info(): Map<unknown, unknown> {
    return this.#record.info;
  }

  /** The same, but handed on to the connection that takes this one's place in the pool. */
  get recordInfo(): Map<unknown, unknown> {
    return this.#record.recordInfo;
  }

  /** False once the connection was given up as broken. */
  get isValid(): boolean {
    return this.#record.isValid;
  }

  /** True once the connection was taken out of the pool. */
  get isDetached(): boolean {
    return this.#record.isDetached;
  }

  /** Gives the connection up: it is closed at once, or with `soft` when it comes back. */
  invalidate(options: InvalidateOptions = {}): Promise<void> {
    return runAsync(this.#pool.invalidateConnection(this.#record, options));
  }

  /** Takes the connection out of the pool for good; `close` then closes it. */
  detach(): Promise<void> {
    return runAsync(this.#pool.detach(this.#record));
  }

  /** Gives the connection back, rolling back whatever is open on it. Can be called again. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await runAsync(this.#pool.release(this.#record, { dirty: true }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
