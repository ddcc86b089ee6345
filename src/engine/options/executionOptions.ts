/**
 * Reads and checks execution options (sql/executionOptions.ts says what they are). Engines, connections and calls use it, so that a
 * misspelt option is an error wherever it stands.
 */
import { ArgumentError } from "../../errors/base.ts";
import { Stop } from "../../io/stop.ts";
import type { StreamOptions } from "../results/rowSource.ts";
import { Node } from "../../sql/nodes/node.ts";
import type { ExecuteOptions, ExecutionOptions, SchemaTranslateMap } from "../../sql/executionOptions.ts";
import { type Duration, parseDuration } from "../../util/duration.ts";
import { nearestName } from "../../util/nearest.ts";
import { type CommitMark, requireMark } from "../replicas/commitMark.ts";

export type { ExecuteOptions, ExecutionOptions, IsolationLevel, SchemaTranslateMap } from "../../sql/executionOptions.ts";

const LEVELS: readonly string[] = ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"];

type Check = (value: unknown) => string | null;

const flag: Check = (value) => (typeof value === "boolean" ? null : "must be true or false");
const count: Check = (value) => (Number.isInteger(value) && (value as number) > 0 ? null : "must be a positive integer");
const anObject: Check = (value) => (typeof value === "object" && value !== null ? null : "must be an object");

/** What each option must be; the answer is what is wrong with a value. */
const CHECKS: Readonly<Record<keyof ExecutionOptions, Check>> = {
  isolationLevel: (value) => (typeof value === "string" && LEVELS.includes(value) ? null : `must be one of ${LEVELS.join(", ")}`),
  readOnly: flag,
  postgresqlReadonly: flag,
  postgresqlDeferrable: flag,
  streamResults: flag,
  yieldPer: count,
  maxRowBuffer: count,
  schemaTranslateMap: anObject,
  insertmanyvaluesPageSize: count,
  compiledCache: (value) => (value === null ? null : anObject(value)),
  loggingToken: (value) => (typeof value === "string" ? null : "must be a string"),
  signal: (value) => (value instanceof AbortSignal ? null : "must be an AbortSignal"),
  timeout: (value) =>
    parseDuration(value) === null ? 'must be a duration: a number of milliseconds, or a string such as "30s"' : null,
  info: anObject,
};

/** Throws ArgumentError for an option that does not exist, or a value that it cannot have. What is undefined counts as absent. */
export function checkExecutionOptions(options: ExecutionOptions, where: string): ExecutionOptions {
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof ExecutionOptions] : undefined;
    if (check === undefined) {
      const meant = nearestName(name, Object.keys(CHECKS));
      throw new ArgumentError(
        `${where}: there is no execution option ${name}${meant === null ? `; there are ${Object.keys(CHECKS).join(", ")}` : `; did you mean ${meant}?`} (data of your own goes into info)`,
      );
    }
    const problem = check(value);
    if (problem !== null) throw new ArgumentError(`${where}: the execution option ${name} ${problem}`);
    given[name] = value;
  }
  return given;
}

const CALL_OPTIONS = ["signal", "timeout", "executionOptions"];

/** The execution options of one call. Throws ArgumentError for what is none. */
function readExecuteOptions(options: ExecuteOptions, where: string): ExecutionOptions {
  for (const name of Object.keys(options))
    if (!CALL_OPTIONS.includes(name))
      throw new ArgumentError(`${where}: there is no option ${name}; there are ${CALL_OPTIONS.join(", ")}`);
  const { executionOptions, ...stop } = options;
  return checkExecutionOptions({ ...executionOptions, ...stop }, where);
}

/** What a call runs with: its own options, before the statement's, before those of the connection or engine. */
export function optionsOfCall(
  base: ExecutionOptions,
  statement: unknown,
  call: ExecuteOptions | undefined,
  where: string,
): ExecutionOptions {
  const own = statement instanceof Node ? statement.ownExecutionOptions : null;
  if (own === null && call === undefined) return base;
  return {
    ...base,
    ...(own === null ? {} : checkExecutionOptions(own, where)),
    ...(call === undefined ? {} : readExecuteOptions(call, where)),
  };
}

/** True where the options ask for rows in portions. */
export function isStreamed({ streamResults, yieldPer }: ExecutionOptions): boolean {
  return streamResults ?? yieldPer !== undefined;
}

/** How rows in portions are to be fetched. */
export function portionsOf({ yieldPer, maxRowBuffer }: ExecutionOptions): StreamOptions {
  return { yieldPer, maxRowBuffer };
}

/** When to stop what is run with these options, counted from now; null for never. */
export function stopOf(options: ExecutionOptions): Stop | null {
  const { signal, timeout } = options;
  if (signal === undefined && timeout === undefined) return null;
  return new Stop(signal ?? null, timeout === undefined ? null : parseDuration(timeout));
}

const mapOfObject = new WeakMap<object, ReadonlyMap<string | null, string | null>>();

/** The map in one form; the same object gives the same map, by which plans remember what they have translated. */
export function schemaMapOf(given: SchemaTranslateMap): ReadonlyMap<string | null, string | null> {
  if (given instanceof Map) return given as ReadonlyMap<string | null, string | null>;
  let map = mapOfObject.get(given);
  if (map === undefined) mapOfObject.set(given, (map = new Map<string | null, string | null>(Object.entries(given))));
  return map;
}

/** The options of `engine.connect()`. */
export interface ConnectOptions {
  /** Ends the waiting for a connection. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for a connection, opening one included; the pool's own timeout counts too. */
  readonly timeout?: Duration | undefined;
  /** The connection is only for reading, and may be one of a replica; short for the execution option. */
  readonly readOnly?: boolean;
  /** What a reader must see, and where a writer's commits are noted; default: the mark of `readYourWrites` around it, if any. */
  readonly mark?: CommitMark;
}

/** Throws ArgumentError for an option that does not exist. */
export function readConnectOptions(options: ConnectOptions): ExecutionOptions {
  const { signal, timeout, readOnly, mark, ...rest } = options;
  for (const name of Object.keys(rest))
    throw new ArgumentError(`connect() has no option ${name}; it has signal, timeout, readOnly and mark`);
  requireMark(mark, "connect()");
  const given = { signal, timeout, readOnly };
  return checkExecutionOptions(given as ExecutionOptions, "connect()");
}
