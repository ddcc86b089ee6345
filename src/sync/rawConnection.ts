/**
 * The synchronous facade of a raw connection. Made by `engine.rawConnection()` and `pool.connect()`.
 */
import { RawConnectionCore } from "../engine/rawConnection.ts";
import { runSync } from "../io/runSync.ts";
import type { InvalidateOptions } from "../pool/pool.ts";

/** A connection lent by the pool, for what only the npm package can do. SQLAlchemy: PoolProxiedConnection. */
export class RawConnection extends RawConnectionCore {
  /** Gives the connection up: it is closed at once, or with `soft` when it comes back. Throws ResourceClosedError once this was closed. */
  invalidate(options: InvalidateOptions = {}): void {
    runSync(this.giveUp(options));
  }

  /** Takes the connection out of the pool for good; `close` then closes it. Throws ResourceClosedError once this was closed. */
  detach(): void {
    runSync(this.takeOut());
  }

  /** Gives the connection back, rolling back whatever is open on it. Can be called again. */
  close(): void {
    runSync(this.giveBack());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
