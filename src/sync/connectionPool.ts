/**
 * The synchronous facade of a pool without an engine. `async/connectionPool.ts` has the same methods.
 */
import { ConnectionPoolCore, poolFromUrl, type PoolFromUrlOptions } from "../engine/connectionPool.ts";
import { DISPATCHER } from "../engine/events.ts";
import type { URL } from "../engine/url.ts";
import { runSync } from "../io/runSync.ts";
import type { DisposeOptions } from "../pool/pool.ts";
import { Engine } from "./engine.ts";
import { RawConnection } from "./rawConnection.ts";

/** A pool without an engine; see `createPoolFromUrl`. */
export class ConnectionPool extends ConnectionPoolCore {
  /** Lends a connection; close it, or declare it with `using`. Throws TimeoutError when there is no room for it. */
  connect(): RawConnection {
    return new RawConnection(runSync(this.core.acquire()), this.core);
  }

  /** Closes the idle connections; with `close: false` only forgets them. The pool can be used again afterwards. */
  dispose(options: DisposeOptions = {}): void {
    runSync(this.core.dispose(options));
  }

  /** A new, empty pool of the same kind and options. */
  recreate(): ConnectionPool {
    return new ConnectionPool(this.core.recreate());
  }
}

/**
 * Makes a pool of raw connections, as an engine has one, for whoever runs no statements of the library. It connects when it is first used. An
 * engine can share it: `createEngine(url, { pool: pool.core })`. SQLAlchemy: create_pool_from_url.
 *
 * @param options those of createEngine that are about pools and connecting
 * @throws ArgumentError for a URL or option that makes no sense, NoSuchModuleError where the driver is not installed
 * @example
 * ```ts no-check
 * const pool = createPoolFromUrl("sqlite:///app.db", { poolSize: 2 });
 * using raw = pool.connect();
 * (raw.driverConnection as Database).pragma("optimize");
 * ```
 */
export function createPoolFromUrl(url: string | URL, options: PoolFromUrlOptions = {}): ConnectionPool {
  return new ConnectionPool(poolFromUrl(url, options, "sync", Engine[DISPATCHER]));
}
