/**
 * Answers one I/O request by calling the driver. Both runners call it; it never waits: what a driver promises is handed back as the
 * promise that it is. Waiting itself (`wait`) belongs to the runners, because only one of them can.
 */
import { AthanorError, InvalidRequestError } from "../errors/base.ts";
import type { IoRequest, WaitRequest } from "./io.ts";

/** The answer to a request, or a promise of it. */
export function perform(request: Exclude<IoRequest, WaitRequest>): unknown {
  switch (request.kind) {
    case "execute":
      return request.connection.execute(request.statement);
    case "executeMany":
      return request.connection.executeMany(request.statement, request.parameterSets);
    case "connect":
      return request.open();
    case "close":
      return closeQuietly(request.connection);
    default:
      return notARequest(request);
  }
}

/** True for whatever has to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/**
 * Lets an error that leaves a runner start its stack at the caller: the frames of the generators in between would fill the ten that are
 * shown, and the line that somebody looks for is in their own code. The driver's stack is on the `cause`.
 *
 * @param runner the function whose frame, and all above it, are left out
 */
export function startStackAtCaller(error: unknown, runner: (...args: never[]) => unknown): void {
  if (error instanceof AthanorError) Error.captureStackTrace(error, runner);
}

function closeQuietly(connection: { close(): unknown }): unknown {
  try {
    const answer = connection.close();
    // A connection that will not close is abandoned: whoever discards one has nothing left to do about it.
    return isThenable(answer) ? answer.then(nothing, nothing) : undefined;
  } catch {
    return undefined;
  }
}

function nothing(): undefined {
  return undefined;
}

function notARequest(value: never): never {
  const what = value as unknown;
  const hint =
    typeof what === "object" && what !== null && "next" in what ? " (a generator: `yield*` was meant, not `yield`)" : "";
  throw new InvalidRequestError(`An I/O function yielded something that is not an I/O request${hint}`);
}
