/**
 * A pool without an engine: it lends raw connections to whoever runs no statements of the library. It is the pool that an engine would have made,
 * and no other. The facades in `sync/` and `async/` extend it with what does I/O.
 */
import { ArgumentError } from "../errors/base.ts";
import type { PoolEvents } from "../pool/events.ts";
import type { PoolMetrics } from "../pool/metrics.ts";
import { POOL_OPTION_NAMES, type PoolOptionName } from "../pool/options.ts";
import type { Pool } from "../pool/pool.ts";
import { nearestName } from "../util/nearest.ts";
import { type Colour, EngineCore } from "./engineCore.ts";
import { DISPATCHER, type Dispatcher, type EngineEvents, type Listenable } from "./events.ts";
import type { EngineOptions } from "./options/options.ts";
import type { URL } from "./url.ts";

/** The options of engines that are about pools and connecting. */
export type PoolFromUrlOptions = Pick<
  EngineOptions,
  PoolOptionName | "poolClass" | "echoPool" | "logger" | "poolLoggingName" | "connectArgs" | "creator" | "driver"
>;

const NAMES: readonly (keyof PoolFromUrlOptions)[] = [
  ...POOL_OPTION_NAMES,
  "poolClass",
  "echoPool",
  "logger",
  "poolLoggingName",
  "connectArgs",
  "creator",
  "driver",
];

/**
 * The pool of an engine that nobody gets to see.
 *
 * @throws ArgumentError for a URL or option that makes no sense, NoSuchModuleError where the driver is not installed
 */
export function poolFromUrl(
  url: string | URL,
  options: PoolFromUrlOptions,
  colour: Colour,
  allEngines: Dispatcher<EngineEvents>,
): Pool {
  const caller = colour === "sync" ? "createPoolFromUrl" : "createAsyncPoolFromUrl";
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (NAMES as readonly string[]).includes(name)) continue;
    const meant = nearestName(name, NAMES);
    throw new ArgumentError(
      `${caller}: there is no option ${name}${meant === null ? `; it has ${NAMES.join(", ")}` : `; did you mean ${meant}?`}`,
    );
  }
  return EngineCore.create(url, options, colour, allEngines, [], caller).pool;
}

export abstract class ConnectionPoolCore implements Listenable<PoolEvents> {
  /** What the option `pool` of an engine takes. */
  readonly core: Pool;

  constructor(core: Pool) {
    this.core = core;
  }

  get [DISPATCHER](): Dispatcher<PoolEvents> {
    return this.core[DISPATCHER];
  }

  /** The counters, for people. */
  status(): string {
    return this.core.status();
  }

  /** The counters, for programs: a frozen object of numbers as they are now. */
  metrics(): PoolMetrics {
    return this.core.metrics();
  }

  /** The counters in the text format of Prometheus, labelled `pool="<name>"`. */
  prometheus(options: { readonly name: string }): string {
    return this.core.prometheus(options);
  }

  size(): number {
    return this.core.size();
  }

  /** Idle connections. */
  checkedin(): number {
    return this.core.checkedin();
  }

  /** Lent connections. */
  checkedout(): number {
    return this.core.checkedout();
  }

  /** Connections beyond `size`; negative while fewer than `size` exist, as in SQLAlchemy. */
  overflow(): number {
    return this.core.overflow();
  }

  /** How long `connect` waits, in milliseconds. */
  timeout(): number {
    return this.core.timeout();
  }
}
