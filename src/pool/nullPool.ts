/**
 * The pool that keeps nothing: each borrower gets a connection of its own, which is closed when it comes back. For processes that live
 * shortly, and behind a pool outside, such as PgBouncer. SQLAlchemy: NullPool.
 */
import { BoundedPool } from "./boundedPool.ts";
import type { PoolOptionName, PoolOptions } from "./options.ts";
import type { PoolHost } from "./pool.ts";

/** Opens a connection for each borrower; there is no limit, and nobody waits. */
export class NullPool extends BoundedPool {
  static override readonly optionNames: readonly PoolOptionName[] = ["poolResetOnReturn"];

  constructor(host: PoolHost, options: PoolOptions = {}) {
    super(host, options, { size: 0, overflow: Infinity, timeout: 0 });
  }

  override status(): string {
    return "NullPool";
  }
}
