/**
 * The asynchronous facade of a pool without an engine. `sync/connectionPool.ts` has the same methods.
 */
import { ConnectionPoolCore, poolFromUrl, type PoolFromUrlOptions } from "../engine/connectionPool.ts";
import { DISPATCHER } from "../engine/events.ts";
import type { URL } from "../engine/url.ts";
import { runAsync } from "../io/runAsync.ts";
import type { DisposeOptions } from "../pool/pool.ts";
import { AsyncEngine } from "./engine.ts";
import { AsyncRawConnection } from "./rawConnection.ts";

/** A pool without an engine; see `createAsyncPoolFromUrl`. */
export class AsyncConnectionPool extends ConnectionPoolCore {
  /** Lends a connection; close it, or declare it with `await using`. Throws TimeoutError when none becomes free in time. */
  async connect(): Promise<AsyncRawConnection> {
    return new AsyncRawConnection(await runAsync(this.core.acquire()), this.core);
  }

  /** Closes the idle connections; with `close: false` only forgets them. The pool can be used again afterwards. */
  dispose(options: DisposeOptions = {}): Promise<void> {
    return runAsync(this.core.dispose(options));
  }

  /** A new, empty pool of the same kind and options. */
  recreate(): AsyncConnectionPool {
    return new AsyncConnectionPool(this.core.recreate());
  }
}

/**
 * Makes a pool of raw connections, as an engine has one, for whoever runs no statements of the library. It connects when it is first used. An
 * engine can share it: `createAsyncEngine(url, { pool: pool.core })`. SQLAlchemy: create_async_pool_from_url.
 *
 * @param options those of createAsyncEngine that are about pools and connecting
 * @throws ArgumentError for a URL or option that makes no sense, NoSuchModuleError where the driver is not installed
 * @example
 * ```ts no-check
 * const pool = createAsyncPoolFromUrl("postgresql://app@db-1/shop", { poolSize: 2 });
 * await using raw = await pool.connect();
 * await (raw.driverConnection as Client).query("LISTEN orders");
 * ```
 */
export function createAsyncPoolFromUrl(url: string | URL, options: PoolFromUrlOptions = {}): AsyncConnectionPool {
  return new AsyncConnectionPool(poolFromUrl(url, options, "async", AsyncEngine[DISPATCHER]));
}
