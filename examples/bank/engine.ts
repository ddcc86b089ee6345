/**
 * Opens the bank's engine, with the options that a service would set. main.ts and the tests call it.
 */
import { type AsyncEngine, createAsyncEngine, type EngineOptions, makeUrl, SingleConnectionPool } from "athanor";

/**
 * An engine for the bank; nothing is connected yet.
 *
 * @param options what the caller wants otherwise, such as `echo`
 */
export function openBank(url: string, options: EngineOptions = {}): AsyncEngine {
  // With one connection writers wait in the pool's line, which is fair, and not for each other's locks. A server can do more: what has
  // been idle is tried before it is lent, and replaced before a firewall forgets it.
  const pool: EngineOptions = isEmbedded(url)
    ? { poolClass: SingleConnectionPool }
    : { poolSize: 5, maxOverflow: 5, poolPrePing: true, poolRecycle: "30m" };
  // Amounts and keys of customers stay out of logs and error messages.
  return createAsyncEngine(url, { ...pool, poolTimeout: "10s", loggingName: "bank", hideParameters: true, ...options });
}

/** True for a database inside of this process: SQLite, and PostgreSQL as PGlite. */
function isEmbedded(url: string): boolean {
  const { drivername } = makeUrl(url);
  return drivername.startsWith("sqlite") || drivername === "postgresql+pglite";
}
