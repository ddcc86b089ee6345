/**
 * Reads the options of createEngine and createAsyncEngine: defaults, durations, and a helpful error for what is unknown or not there yet.
 */
import type { Driver } from "../dialects/contract.ts";
import { ArgumentError, NotYetSupportedError } from "../errors/base.ts";
import { type Duration, parseDuration } from "../util/duration.ts";
import { nearestName } from "../util/nearest.ts";

/** The options of an engine. Durations are milliseconds, or strings such as "30s". */
export interface EngineOptions {
  /** Log every statement; default false. */
  readonly echo?: boolean;
  /** Takes each log line; default console.info. */
  readonly logger?: (line: string) => void;
  /** Connections kept open; default 5. */
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
  /** Handed to the npm package as they are. */
  readonly connectArgs?: Readonly<Record<string, unknown>>;
  /** Compiled statements kept; default 500, 0 for none. */
  readonly queryCacheSize?: number;
  /** Keep parameters out of errors and logs; default false. */
  readonly hideParameters?: boolean;
  /** A driver of one's own, instead of the one that the URL names. */
  readonly driver?: Driver;
}

export interface EngineSettings {
  readonly echo: boolean;
  readonly logger: (line: string) => void;
  readonly poolSize: number;
  readonly maxOverflow: number;
  readonly poolTimeout: number;
  readonly poolRecycle: number;
  readonly poolPrePing: boolean;
  readonly poolUseLifo: boolean;
  readonly connectArgs: Readonly<Record<string, unknown>>;
  readonly queryCacheSize: number;
  readonly hideParameters: boolean;
  readonly driver: Driver | null;
}

const NAMES = [
  "echo",
  "logger",
  "poolSize",
  "maxOverflow",
  "poolTimeout",
  "poolRecycle",
  "poolPrePing",
  "poolUseLifo",
  "connectArgs",
  "queryCacheSize",
  "hideParameters",
  "driver",
];

/** Options of SQLAlchemy that are not there yet. */
const PLANNED = new Set([
  "creator",
  "echoPool",
  "enableFromLinting",
  "executionOptions",
  "insertmanyvaluesPageSize",
  "isolationLevel",
  "jsonDeserializer",
  "jsonSerializer",
  "labelLength",
  "loggingName",
  "maxIdentifierLength",
  "module",
  "paramstyle",
  "plugins",
  "pool",
  "poolclass",
  "poolClass",
  "poolLoggingName",
  "poolResetOnReturn",
  "skipAutocommitRollback",
  "useInsertmanyvalues",
]);

/** Checks the options and fills in defaults. Throws ArgumentError, or NotYetSupportedError for an option that is planned. */
export function readEngineOptions(options: EngineOptions, caller: string): EngineSettings {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || NAMES.includes(name)) continue;
    if (PLANNED.has(name)) throw new NotYetSupportedError(`${caller}: the option ${name} is not supported yet`);
    const meant = nearestName(name, [...NAMES, ...PLANNED]);
    throw new ArgumentError(`${caller}: there is no option ${name}${meant === null ? "" : `; did you mean ${meant}?`}`);
  }
  const flag = (name: keyof EngineOptions): boolean => {
    const value: unknown = options[name] ?? false;
    if (typeof value !== "boolean") throw new ArgumentError(`${caller}: ${name} must be true or false`);
    return value;
  };
  const count = (name: keyof EngineOptions, standard: number, least: number): number => {
    const value: unknown = options[name] ?? standard;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least)
      throw new ArgumentError(`${caller}: ${name} must be an integer of at least ${least}`);
    return value;
  };
  const duration = (name: keyof EngineOptions, standard: number): number => {
    const value: unknown = options[name] ?? standard;
    const milliseconds = value === -1 && standard === -1 ? -1 : parseDuration(value);
    if (milliseconds === null)
      throw new ArgumentError(`${caller}: ${name} must be a duration: a number of milliseconds, or a string such as "30s"`);
    return milliseconds;
  };
  const logger: unknown = options.logger ?? writeToConsole;
  if (typeof logger !== "function") throw new ArgumentError(`${caller}: logger must be a function that takes a line`);
  const poolSize = count("poolSize", 5, 0);
  const maxOverflow = count("maxOverflow", 10, -1);
  if (poolSize === 0 && maxOverflow === 0)
    throw new ArgumentError(`${caller}: poolSize and maxOverflow are both 0, so there would be no connection at all`);
  return {
    echo: flag("echo"),
    logger: logger as (line: string) => void,
    poolSize,
    maxOverflow,
    poolTimeout: duration("poolTimeout", 30_000),
    poolRecycle: duration("poolRecycle", -1),
    poolPrePing: flag("poolPrePing"),
    poolUseLifo: flag("poolUseLifo"),
    connectArgs: options.connectArgs ?? {},
    queryCacheSize: count("queryCacheSize", 500, 0),
    hideParameters: flag("hideParameters"),
    driver: options.driver ?? null,
  };
}

function writeToConsole(line: string): void {
  console.info(line);
}
