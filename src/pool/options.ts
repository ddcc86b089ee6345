/**
 * The options of pools, by the names that createEngine has for them, and `makePool`, with which the engine makes the pool that was asked
 * for. An option that this kind of pool has no use for is refused here, so that nobody relies on what does nothing.
 */
import { ArgumentError } from "../errors/base.ts";
import type { Pool, PoolClass, PoolHost, ResetWay } from "./pool.ts";

/** What `poolResetOnReturn` takes: true is "rollback", false and "none" are null. */
export type ResetOnReturn = ResetWay | "none" | boolean | null;

/** Times are in milliseconds. */
export interface PoolOptions {
  /** Connections kept open; default 5. 0 for no limit, as in SQLAlchemy: as many as are needed are opened, and kept. */
  readonly poolSize?: number;
  /** Connections opened beyond `poolSize` while needed; default 10, -1 for no limit. */
  readonly maxOverflow?: number;
  /** How long to wait for a connection; default 30,000, 0 for not at all. */
  readonly poolTimeout?: number;
  /** Age after which a connection is replaced before it is lent; default -1, never. */
  readonly poolRecycle?: number;
  /** Ask the server for a sign of life before lending an idle connection; default false. */
  readonly poolPrePing?: boolean;
  /** Lend the connection that came back last, so that the others age and can be closed by the server; default false. */
  readonly poolUseLifo?: boolean;
  /** How a connection that comes back with a transaction open is put in order; default "rollback", null for not at all. */
  readonly poolResetOnReturn?: ResetOnReturn;
}

export type PoolOptionName = keyof PoolOptions;

export const POOL_OPTION_NAMES: readonly PoolOptionName[] = [
  "poolSize",
  "maxOverflow",
  "poolTimeout",
  "poolRecycle",
  "poolPrePing",
  "poolUseLifo",
  "poolResetOnReturn",
];

/**
 * Makes a pool. Throws ArgumentError where `poolClass` is no class of pools, or has no use for an option.
 *
 * @param options those that were given, and no others; undefined counts as not given
 * @param caller whose option it is, for the message: "createEngine"
 */
export function makePool(poolClass: PoolClass, host: PoolHost, options: PoolOptions, caller: string): Pool {
  if (typeof poolClass !== "function" || !Array.isArray(poolClass.optionNames))
    throw new ArgumentError(
      `${caller}: poolClass must be a class of pools, such as QueuePool or NullPool, or one of your own with a static list optionNames`,
    );
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (poolClass.optionNames as readonly string[]).includes(name)) continue;
    const taken = poolClass.optionNames.length === 0 ? "no options" : poolClass.optionNames.join(", ");
    throw new ArgumentError(
      `${caller}: ${poolClass.name} has no use for ${name}; it takes ${taken}. Leave ${name} away, or choose another poolClass.`,
    );
  }
  return new poolClass(host, options);
}

/** What is to be done with a connection that comes back. Throws ArgumentError for what `poolResetOnReturn` does not take. */
export function resetWay(option: ResetOnReturn | undefined): ResetWay | null {
  switch (option) {
    case undefined:
    case true:
    case "rollback":
      return "rollback";
    case "commit":
      return "commit";
    case null:
    case false:
    case "none":
      return null;
    default:
      throw new ArgumentError(`poolResetOnReturn must be "rollback", "commit" or null, and not ${JSON.stringify(option)}`);
  }
}
