/**
 * Engines from flat configuration, such as environment variables or a file: `{ "athanor.url": "…", "athanor.pool_size": "5" }`. Values are
 * strings and become what each option wants. SQLAlchemy: engine_from_config.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { EngineOptions } from "./options.ts";

export interface EngineConfigOptions {
  /** What the keys that are meant begin with; others are left alone. Default "athanor." */
  readonly prefix?: string;
}

type Reader = (text: string, key: string) => unknown;

const flag: Reader = (text, key) => {
  const word = text.trim().toLowerCase();
  if (["true", "yes", "on", "1", "t", "y"].includes(word)) return true;
  if (["false", "no", "off", "0", "f", "n"].includes(word)) return false;
  throw new ArgumentError(`${key} must be true or false, and not "${text}"`);
};

const echo: Reader = (text, key) => (text.trim().toLowerCase() === "debug" ? "debug" : flag(text, key));

const integer: Reader = (text, key) => {
  if (!/^\s*-?\d+\s*$/.test(text)) throw new ArgumentError(`${key} must be an integer, and not "${text}"`);
  return Number(text);
};

/** Plain numbers are seconds in SQLAlchemy's configuration and milliseconds here, so a time must have its unit. */
const time: Reader = (text, key) => {
  if (/^\s*-1\s*$/.test(text)) return -1;
  if (/^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$/.test(text)) return text;
  throw new ArgumentError(`${key} must be a time with its unit, such as "30s" or "500ms", and not "${text}"`);
};

const words: Reader = (text) => text;

const json: Reader = (text, key) => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The error below says what is wanted.
  }
  throw new ArgumentError(`${key} must be a JSON object`);
};

/** URLs may hold commas, but no spaces. */
const list: Reader = (text) => text.split(/\s+/).filter((word) => word !== "");

const READERS: Readonly<Record<string, Reader>> = {
  echo,
  echoPool: echo,
  loggingName: words,
  poolLoggingName: words,
  poolSize: integer,
  maxOverflow: integer,
  poolTimeout: time,
  poolRecycle: time,
  poolPrePing: flag,
  poolUseLifo: flag,
  poolResetOnReturn: words,
  skipAutocommitRollback: flag,
  isolationLevel: words,
  executionOptions: json,
  connectArgs: json,
  queryCacheSize: integer,
  insertmanyvaluesPageSize: integer,
  useInsertmanyvalues: flag,
  hideParameters: flag,
  replicas: list,
  replicaRetryAfter: time,
  replicaWait: time,
  stickiness: time,
  future: flag,
};

/**
 * The URL and options in a configuration. Keys may be in camelCase or, as in SQLAlchemy's files, with underscores. A value that is not a
 * string is taken as it is.
 *
 * @throws ArgumentError where there is no URL, for a key that configuration cannot hold, and for a value that is not of its kind
 */
export function readEngineConfig(
  config: Readonly<Record<string, unknown>>,
  { prefix = "athanor." }: EngineConfigOptions,
): { readonly url: string; readonly options: EngineOptions } {
  const options: Record<string, unknown> = {};
  let url: unknown;
  for (const [key, value] of Object.entries(config)) {
    if (!key.startsWith(prefix) || value === undefined) continue;
    const name = key.slice(prefix.length).replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
    if (name === "url") {
      url = value;
      continue;
    }
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    // An option that does not exist is left for createEngine to refuse, which suggests the right name.
    options[name] = typeof value === "string" && reader !== undefined ? reader(value, key) : value;
  }
  if (typeof url !== "string") throw new ArgumentError(`The configuration has no ${prefix}url`);
  return { url, options };
}
