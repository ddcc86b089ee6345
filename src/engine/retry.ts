/**
 * `run`: a callback in a transaction of its own, done again from the start when the database asks for that (a serialization failure or a
 * deadlock). Only whole transactions can be repeated, which is why there is no such thing for single statements.
 */
import { ArgumentError, AthanorError } from "../errors/base.ts";
import { DBAPIError } from "../errors/dbapi.ts";
import type { Io } from "../io/io.ts";
import { type Duration, parseDuration } from "../util/duration.ts";
import type { ConnectionCore } from "./connection.ts";
import type { EngineCore } from "./engineCore.ts";
import { type BeginOptions, connectOptionsOf } from "./options/transactionOptions.ts";

/** The options of `run`. */
export interface RunOptions extends BeginOptions {
  /** How often the work is done again after a failure that allows it; default 5, 0 for never. */
  readonly retries?: number;
  /** The pause before the first repetition; it doubles each time, with some chance in it. Default "20ms". */
  readonly backoff?: Duration;
  /** The longest pause; default "2s". */
  readonly maxBackoff?: Duration;
  /** Ends the waiting for a connection, the pauses, and the repeating; statements under way are the callback's own affair. */
  readonly signal?: AbortSignal | undefined;
}

interface RetrySettings {
  readonly retries: number;
  readonly backoff: number;
  readonly maxBackoff: number;
  readonly begin: BeginOptions;
}

/**
 * @param openFacade gives a connection the face that the callback is called with
 * @param work called with that face
 */
export function* runWithRetry<C extends object, T>(
  engine: EngineCore,
  options: RunOptions,
  openFacade: (connection: ConnectionCore) => C,
  work: (connection: C) => T | Promise<T>,
): Io<T> {
  const settings = readRunOptions(options);
  for (let attempt = 0; ; attempt++) {
    try {
      return yield* runOnce(engine, settings.begin, openFacade, work);
    } catch (error) {
      if (attempt >= settings.retries || !mayBeRepeated(error)) throw error;
    }
    yield { kind: "sleep", milliseconds: pause(attempt, settings) };
  }
}

function* runOnce<C extends object, T>(
  engine: EngineCore,
  begin: BeginOptions,
  openFacade: (connection: ConnectionCore) => C,
  work: (connection: C) => T | Promise<T>,
): Io<T> {
  const connection = yield* engine.connect(connectOptionsOf(begin));
  try {
    const facade = openFacade(connection);
    yield* engine.announce(connection);
    const transaction = yield* connection.transactions.begin(begin);
    const leave = transaction.enterScope();
    let result: T;
    try {
      result = (yield { kind: "call", call: () => work(facade), what: "the callback of run()" }) as T;
    } catch (error) {
      yield* transaction.rollbackQuietly();
      throw error;
    } finally {
      leave();
    }
    yield* transaction.commitIfOpen();
    return result;
  } finally {
    yield* connection.close();
  }
}

/** Half of the pause is left to chance, so that two that have collided do not meet again. */
function pause(attempt: number, { backoff, maxBackoff }: RetrySettings): number {
  const longest = Math.min(maxBackoff, backoff * 2 ** attempt);
  return longest / 2 + (Math.random() * longest) / 2;
}

/** The database's word counts, also where the callback has wrapped it into an error of its own. */
function mayBeRepeated(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if (cause instanceof DBAPIError) return cause.isRetryable && !cause.isDisconnect;
    if (cause instanceof AthanorError && cause.isRetryable) return false;
  }
  return false;
}

function readRunOptions(options: RunOptions): RetrySettings {
  const { retries = 5, backoff = 20, maxBackoff = 2000, signal: _signal, ...begin } = options;
  if (!Number.isInteger(retries) || retries < 0) throw new ArgumentError("run(): retries must be an integer of at least 0");
  const duration = (name: string, value: unknown): number => {
    const milliseconds = parseDuration(value);
    if (milliseconds === null)
      throw new ArgumentError(`run(): ${name} must be a duration: a number of milliseconds, or a string such as "20ms"`);
    return milliseconds;
  };
  return { retries, backoff: duration("backoff", backoff), maxBackoff: duration("maxBackoff", maxBackoff), begin };
}
