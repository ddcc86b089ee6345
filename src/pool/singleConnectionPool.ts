/**
 * The pool of in-memory SQLite databases: such a database is one connection, so there is exactly one, lent to one borrower at a time.
 * It is never recycled or pinged, because closing it would lose the data.
 */
import { TimeoutError } from "../errors/engine.ts";
import type { PoolHost } from "./pool.ts";
import { QueuePool } from "./queuePool.ts";

export class SingleConnectionPool extends QueuePool {
  constructor(host: PoolHost, options: { readonly timeout?: number } = {}) {
    super(host, { size: 1, maxOverflow: 0, ...options });
  }

  protected override limitError(cannotWait: boolean): Error {
    const waited = cannotWait ? "" : ` It did not become free within ${(this.timeout() / 1000).toFixed(2)} seconds.`;
    return new TimeoutError(
      `An in-memory SQLite database has one connection, and it is in use.${waited} Close the connection that has it (using conn = engine.connect()) before connecting again, or use a database file, which allows several connections.`,
    );
  }
}
