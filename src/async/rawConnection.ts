/**
 * The asynchronous facade of a raw connection. Made by `engine.rawConnection()` and `pool.connect()`.
 */
import { RawConnectionCore } from "../engine/rawConnection.ts";
import { runAsync } from "../io/runAsync.ts";
import type { InvalidateOptions } from "../pool/pool.ts";

/** A connection lent by the pool, for what only the npm package can do. SQLAlchemy: PoolProxiedConnection. */
export class AsyncRawConnection extends RawConnectionCore {
  /** Gives the connection up: it is closed at once, or with `soft` when it comes back. Throws ResourceClosedError once this was closed. */
  invalidate(options: InvalidateOptions = {}): Promise<void> {
    return runAsync(this.giveUp(options));
  }

  /** Takes the connection out of the pool for good; `close` then closes it. Throws ResourceClosedError once this was closed. */
  detach(): Promise<void> {
    return runAsync(this.takeOut());
  }

  /** Gives the connection back, rolling back whatever is open on it. Can be called again. */
  close(): Promise<void> {
    return runAsync(this.giveBack());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
