/**
 * Where a connection was lent: the caller's own stack, for the messages of AssertionPool and of leaked connections. Taking one is not
 * cheap, so a pool takes it only where somebody asked for it.
 */
import { runAsync } from "../io/runAsync.ts";
import { runSync } from "../io/runSync.ts";

/** The ten frames that are usual would be spent on frameworks. */
const FRAMES = 50;

/** An error whose stack begins where the application asked for a connection. To be called before the pool has waited for anything. */
export function takeLendingTrace(): Error {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  try {
    const trace = new Error("The connection was lent here");
    const whole = trace.stack;
    // The frames of the core's generators end at the runner; a runner that is not on the stack leaves none.
    for (const runner of [runSync, runAsync]) {
      Error.captureStackTrace(trace, runner);
      if (framesOf(trace) !== "") return trace;
    }
    trace.stack = whole ?? "";
    return trace;
  } finally {
    Error.stackTraceLimit = usual;
  }
}

/** The frames alone, one a line. */
export function framesOf(trace: Error): string {
  return (trace.stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .join("\n");
}
