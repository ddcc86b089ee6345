/**
 * The pool of engines with a file or a server: `poolSize` connections are kept, `maxOverflow` more are opened when needed, whoever comes
 * later waits in line. SQLAlchemy: QueuePool.
 */
import { BoundedPool } from "./boundedPool.ts";
import { POOL_OPTION_NAMES, type PoolOptionName, type PoolOptions } from "./options.ts";
import type { PoolHost } from "./pool.ts";

const SIZE = 5;
const OVERFLOW = 10;
const TIMEOUT_MS = 30_000;

/** Keeps connections in a queue. All options of pools are its own; `PoolOptions` has their defaults. */
export class QueuePool extends BoundedPool {
  static override readonly optionNames: readonly PoolOptionName[] = POOL_OPTION_NAMES;

  constructor(host: PoolHost, options: PoolOptions = {}) {
    const { poolSize = SIZE, maxOverflow = OVERFLOW, poolTimeout = TIMEOUT_MS, poolUseLifo = false } = options;
    super(host, options, {
      size: poolSize === 0 ? Infinity : poolSize,
      overflow: maxOverflow === -1 || poolSize === 0 ? Infinity : maxOverflow,
      timeout: poolTimeout,
      useLifo: poolUseLifo,
    });
  }
}
