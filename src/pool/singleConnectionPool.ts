/**
 * The pool of in-memory SQLite databases: such a database is one connection, so there is exactly one, lent to one borrower at a time.
 * It is never recycled or pinged, because closing it would lose the data.
 */
import { TimeoutError } from "../errors/engine.ts";
import { BoundedPool } from "./boundedPool.ts";
import type { PoolOptionName, PoolOptions } from "./options.ts";
import type { PoolHost } from "./pool.ts";

const TIMEOUT_MS = 30_000;

/** Lends its one connection to one borrower at a time. */
export class SingleConnectionPool extends BoundedPool {
  static override readonly optionNames: readonly PoolOptionName[] = ["poolTimeout", "poolResetOnReturn"];

  protected override readonly isPrecious: boolean = true;

  constructor(host: PoolHost, options: PoolOptions = {}) {
    super(host, options, { size: 1, overflow: 0, timeout: options.poolTimeout ?? TIMEOUT_MS });
  }

  protected override limitError(cannotWait: boolean): Error {
    const waited = cannotWait ? "" : ` It did not become free within ${(this.timeout() / 1000).toFixed(2)} seconds.`;
    return new TimeoutError(
      `This database lives in its one connection (an in-memory SQLite database, or PGlite), and that is in use.${waited} Close the connection that has it (using conn = engine.connect()) before connecting again, or use a database that allows several connections, such as a SQLite file.`,
    );
  }
}
