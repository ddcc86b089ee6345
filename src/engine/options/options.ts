/**
 * Reads the options of createEngine and createAsyncEngine: defaults, durations, and a helpful error for what is unknown or not there yet.
 */
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { ArgumentError, NotYetSupportedError } from "../../errors/base.ts";
import type { DriverConnection, MaybePromise } from "../../io/driver.ts";
import { POOL_OPTION_NAMES, type PoolOptions, type ResetOnReturn } from "../../pool/options.ts";
import type { Pool, PoolClass } from "../../pool/pool.ts";
import { type Duration, parseDuration } from "../../util/duration.ts";
import { nearestName } from "../../util/nearest.ts";
import { checkExecutionOptions, type ExecutionOptions, type IsolationLevel } from "./executionOptions.ts";
import { type Echo, type Logger, requireLogger, writeToConsole } from "../logging.ts";
import type { EnginePlugin } from "./plugins.ts";
import type { ReplicaSettings } from "../replicas/replicaSet.ts";
import { makeUrl, type URL } from "../url.ts";

/** Opens a connection in place of the driver; `connect` is what the driver would do with a target. */
export type Creator = (
  target: ConnectTarget,
  connect: (target: ConnectTarget) => MaybePromise<DriverConnection>,
) => MaybePromise<DriverConnection>;

/** The options of an engine. Durations are milliseconds, or strings such as "30s". */
export interface EngineOptions {
  /** Log every statement; "debug" logs rows too. Default false. */
  readonly echo?: Echo;
  /** Log what the pool does; "debug" logs every loan too. Default false. */
  readonly echoPool?: Echo;
  /** Takes the log lines; default: console.info, with time, level and name before each. */
  readonly logger?: Logger;
  /** Put behind the engine's name in log records. */
  readonly loggingName?: string;
  /** Put behind the pool's name in log records. */
  readonly poolLoggingName?: string;
  /** The kind of pool; default QueuePool, and SingleConnectionPool for SQLite databases in memory. */
  readonly poolClass?: PoolClass;
  /** A pool to be used instead of one of the engine's own: that of another engine, for example. */
  readonly pool?: Pool;
  /** Connections kept open; default 5, 0 for no limit. */
  readonly poolSize?: number;
  /** Connections opened beyond poolSize while needed; default 10, -1 for no limit. */
  readonly maxOverflow?: number;
  /** How long to wait for a connection; default "30s". */
  readonly poolTimeout?: Duration;
  /** Age after which a connection is replaced; default -1, never. */
  readonly poolRecycle?: Duration;
  /** Ask the server for a sign of life before lending a connection; default false. */
  readonly poolPrePing?: boolean;
  /** Lend the connection that came back last; default false. */
  readonly poolUseLifo?: boolean;
  /** What ends a transaction that is open when a connection comes back: "rollback" (default), "commit", or null for nothing. */
  readonly poolResetOnReturn?: ResetOnReturn;
  /** Leave out the ROLLBACK that a connection gets when it comes back from AUTOCOMMIT; default false. */
  readonly skipAutocommitRollback?: boolean;
  /** The isolation level of all transactions; short for the execution option. Default: the database's own. */
  readonly isolationLevel?: IsolationLevel;
  /** How statements are run, unless connections and statements say otherwise. */
  readonly executionOptions?: ExecutionOptions;
  /** Handed to the npm package as they are. */
  readonly connectArgs?: Readonly<Record<string, unknown>>;
  /** Opens connections in place of the driver, to change the target for each of them, for example. */
  readonly creator?: Creator;
  /** Compiled statements kept; default 500, 0 for none. */
  readonly queryCacheSize?: number;
  /** Most rows in one INSERT of many; default 1000. */
  readonly insertmanyvaluesPageSize?: number;
  /** Insert many rows with few statements; false: with one each. Default true. */
  readonly useInsertmanyvalues?: boolean;
  /** Keep parameters out of errors and logs; default false. */
  readonly hideParameters?: boolean;
  /** Writes values of JSON columns; default JSON.stringify, with an error for what JSON cannot hold. */
  readonly jsonSerializer?: (value: unknown) => string;
  /** Reads values of JSON columns; default JSON.parse. */
  readonly jsonDeserializer?: (text: string) => unknown;
  /**
   * Read replicas of the database: connections that are only for reading go to them in turn. Each has a pool of its own with these same
   * options. See the guide "Read replicas".
   */
  readonly replicas?: readonly (string | URL)[];
  /** How long a replica that could not be reached is left out; default "10s". */
  readonly replicaRetryAfter?: Duration;
  /** How long a reader of its own writes waits for a replica to catch up before the primary serves; default 0, not at all. */
  readonly replicaWait?: Duration;
  /** How long after a commit its own reader is served by the primary where the database does not number commits; default "1s". */
  readonly stickiness?: Duration;
  /** A driver of one's own, instead of the one that the URL names. */
  readonly driver?: Driver;
  /** What else has a say in making the engine; those that the URL names with `?plugin=` come first. */
  readonly plugins?: readonly EnginePlugin[];
  /** SQLAlchemy's name for this style of engine, the only one there is: true says nothing new. */
  readonly future?: true;
}

export interface EngineSettings {
  readonly echo: Echo;
  readonly echoPool: Echo;
  readonly logger: Logger;
  readonly loggingName: string | null;
  readonly poolLoggingName: string | null;
  readonly poolClass: PoolClass | null;
  readonly pool: Pool | null;
  /** Those that were given, durations in milliseconds. */
  readonly poolOptions: PoolOptions;
  readonly skipAutocommitRollback: boolean;
  readonly executionOptions: ExecutionOptions;
  readonly connectArgs: Readonly<Record<string, unknown>>;
  readonly creator: Creator | null;
  readonly queryCacheSize: number;
  readonly insertmanyvaluesPageSize: number;
  readonly hideParameters: boolean;
  readonly jsonSerializer: ((value: unknown) => string) | null;
  readonly jsonDeserializer: ((text: string) => unknown) | null;
  /** Null where there are none. */
  readonly replicas: (ReplicaSettings & { readonly urls: readonly URL[] }) | null;
  readonly driver: Driver | null;
}

/** Every option; a record, so that the compiler misses none. */
const NAMES: Readonly<Record<keyof EngineOptions, true>> = {
  echo: true,
  echoPool: true,
  logger: true,
  loggingName: true,
  poolLoggingName: true,
  poolClass: true,
  pool: true,
  poolSize: true,
  maxOverflow: true,
  poolTimeout: true,
  poolRecycle: true,
  poolPrePing: true,
  poolUseLifo: true,
  poolResetOnReturn: true,
  skipAutocommitRollback: true,
  isolationLevel: true,
  executionOptions: true,
  connectArgs: true,
  creator: true,
  queryCacheSize: true,
  insertmanyvaluesPageSize: true,
  useInsertmanyvalues: true,
  hideParameters: true,
  jsonSerializer: true,
  jsonDeserializer: true,
  replicas: true,
  replicaRetryAfter: true,
  replicaWait: true,
  stickiness: true,
  driver: true,
  plugins: true,
  future: true,
};

/** Options of SQLAlchemy that are not there yet: they belong to the compiler. */
const PLANNED: readonly string[] = ["enableFromLinting", "labelLength", "maxIdentifierLength"];

/** Options of SQLAlchemy that have another name here, or no meaning, and what to do instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  poolclass: "it is called poolClass",
  module: "give a driver of your own as the option driver",
  paramstyle: "the placeholders are those of the driver",
  implicitReturning: "RETURNING is used wherever the database has it",
  emptyInStrategy: "an empty list finds nothing, on every database",
  serverSideCursors: "stream() asks for one, and so does the execution option streamResults",
};

/** Checks the options and fills in defaults. Throws ArgumentError, or NotYetSupportedError for an option that is planned. */
export function readEngineOptions(options: EngineOptions, caller: string): EngineSettings {
  for (const [name, value] of Object.entries(options)) if (value !== undefined) requireKnown(name, caller);
  const read = new OptionReader(options as Readonly<Record<string, unknown>>, caller);
  if (options.future !== undefined && (options.future as unknown) !== true)
    throw new ArgumentError(`${caller}: there is no other style of engine; leave future away, or set it to true`);
  if (options.pool !== undefined)
    for (const name of ["poolClass", ...POOL_OPTION_NAMES] as const)
      if (options[name] !== undefined) throw new ArgumentError(`${caller}: ${name} has no effect on a pool that exists already`);
  const isolation = options.isolationLevel === undefined ? {} : { isolationLevel: options.isolationLevel };
  const pageSize = read.count("insertmanyvaluesPageSize", 1000, 1);
  return {
    echo: read.echo("echo"),
    echoPool: read.echo("echoPool"),
    logger: requireLogger(options.logger ?? writeToConsole, caller),
    loggingName: read.text("loggingName"),
    poolLoggingName: read.text("poolLoggingName"),
    poolClass: options.poolClass ?? null,
    pool: options.pool ?? null,
    poolOptions: readPoolOptions(options, read),
    skipAutocommitRollback: read.flag("skipAutocommitRollback", false),
    executionOptions: checkExecutionOptions({ ...options.executionOptions, ...isolation }, caller),
    connectArgs: options.connectArgs ?? {},
    creator: read.function("creator"),
    queryCacheSize: read.count("queryCacheSize", 500, 0),
    insertmanyvaluesPageSize: read.flag("useInsertmanyvalues", true) ? pageSize : 1,
    hideParameters: read.flag("hideParameters", false),
    jsonSerializer: read.function("jsonSerializer"),
    jsonDeserializer: read.function("jsonDeserializer"),
    replicas: readReplicas(options, read, caller),
    driver: options.driver ?? null,
  };
}

function requireKnown(name: string, caller: string): void {
  if (Object.hasOwn(NAMES, name)) return;
  if (PLANNED.includes(name)) throw new NotYetSupportedError(`${caller}: the option ${name} is not supported yet`);
  const advice = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
  if (advice !== undefined) throw new ArgumentError(`${caller}: there is no option ${name}; ${advice}`);
  const meant = nearestName(name, [...Object.keys(NAMES), ...PLANNED]);
  throw new ArgumentError(`${caller}: there is no option ${name}${meant === null ? "" : `; did you mean ${meant}?`}`);
}

/** What the pool is to be told: only what was given, so that the pool can refuse what it has no use for. */
function readPoolOptions(options: EngineOptions, read: OptionReader): PoolOptions {
  return {
    ...(options.poolSize === undefined ? {} : { poolSize: read.count("poolSize", 5, 0) }),
    ...(options.maxOverflow === undefined ? {} : { maxOverflow: read.count("maxOverflow", 10, -1) }),
    ...(options.poolTimeout === undefined ? {} : { poolTimeout: read.duration("poolTimeout") }),
    ...(options.poolRecycle === undefined ? {} : { poolRecycle: options.poolRecycle === -1 ? -1 : read.duration("poolRecycle") }),
    ...(options.poolPrePing === undefined ? {} : { poolPrePing: read.flag("poolPrePing", false) }),
    ...(options.poolUseLifo === undefined ? {} : { poolUseLifo: read.flag("poolUseLifo", false) }),
    ...(options.poolResetOnReturn === undefined ? {} : { poolResetOnReturn: options.poolResetOnReturn }),
  };
}

const REPLICA_OPTIONS = ["replicaRetryAfter", "replicaWait", "stickiness"] as const;

function readReplicas(options: EngineOptions, read: OptionReader, caller: string): EngineSettings["replicas"] {
  const { replicas, pool } = options;
  if (replicas !== undefined && !Array.isArray(replicas)) throw new ArgumentError(`${caller}: replicas must be a list of URLs`);
  if (replicas === undefined) {
    for (const name of REPLICA_OPTIONS)
      if (options[name] !== undefined) throw new ArgumentError(`${caller}: ${name} has no effect without replicas`);
    return null;
  }
  if (pool !== undefined)
    throw new ArgumentError(
      `${caller}: replicas have pools like the primary's, so its pool must be described by options, not given`,
    );
  const duration = (name: (typeof REPLICA_OPTIONS)[number], standard: number): number =>
    options[name] === undefined ? standard : read.duration(name);
  const settings = {
    urls: (replicas as readonly (string | URL)[]).map((url) => makeUrl(url)),
    retryAfter: duration("replicaRetryAfter", 10_000),
    wait: duration("replicaWait", 0),
    stickiness: duration("stickiness", 1000),
  };
  // A list that is empty for now, in a configuration that is ready for more.
  return settings.urls.length === 0 ? null : settings;
}

/** Reads single options, with an error that names the option and the function it was given to. */
class OptionReader {
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #caller: string;

  constructor(options: Readonly<Record<string, unknown>>, caller: string) {
    this.#options = options;
    this.#caller = caller;
  }

  flag(name: keyof EngineOptions, standard: boolean): boolean {
    const value = this.#options[name] ?? standard;
    if (typeof value !== "boolean") throw this.#error(name, "true or false");
    return value;
  }

  echo(name: keyof EngineOptions): Echo {
    const value = this.#options[name] ?? false;
    if (typeof value !== "boolean" && value !== "debug") throw this.#error(name, 'true, false or "debug"');
    return value;
  }

  count(name: keyof EngineOptions, standard: number, least: number): number {
    const value = this.#options[name] ?? standard;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least)
      throw this.#error(name, `an integer of at least ${least}`);
    return value;
  }

  duration(name: keyof EngineOptions): number {
    const milliseconds = parseDuration(this.#options[name]);
    if (milliseconds === null) throw this.#error(name, 'a duration: a number of milliseconds, or a string such as "30s"');
    return milliseconds;
  }

  text(name: keyof EngineOptions): string | null {
    const value = this.#options[name] ?? null;
    if (value !== null && typeof value !== "string") throw this.#error(name, "a string");
    return value;
  }

  function<F extends (...args: never[]) => unknown>(name: keyof EngineOptions): F | null {
    const value = this.#options[name] ?? null;
    if (value !== null && typeof value !== "function") throw this.#error(name, "a function");
    return value as F | null;
  }

  #error(name: string, what: string): ArgumentError {
    return new ArgumentError(`${this.#caller}: ${name} must be ${what}`);
  }
}
