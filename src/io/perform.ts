/**
 * Answers one I/O request by calling the driver. Both runners call it; it never waits: what a driver promises is handed back as the
 * promise that it is. Waiting itself (`wait`, `sleep`) belongs to the runners, because they do it differently.
 */
import { AthanorError, InvalidRequestError } from "../errors/base.ts";
import type { DriverConnection } from "./driver.ts";
import type { IoRequest, SleepRequest, WaitRequest } from "./io.ts";
import type { Stop } from "./stop.ts";

/** The answer to a request, or a promise of it. */
export function perform(request: Exclude<IoRequest, WaitRequest | SleepRequest>, stop: Stop | null): unknown {
  const deadline = stop?.deadline;
  switch (request.kind) {
    case "execute":
      return request.connection.execute(
        request.statement,
        request.giveUpAfter === undefined ? deadline : performance.now() + request.giveUpAfter,
      );
    case "executeMany":
      return request.connection.executeMany(request.statement, request.parameterSets, deadline);
    case "openCursor":
      return request.connection.openCursor(request.statement, deadline);
    case "fetch":
      return request.cursor.fetch(request.count, deadline);
    case "closeCursor":
      return request.cursor.close();
    case "connect":
      return request.open(deadline);
    case "close":
      return closeQuietly(request.connection);
    case "call":
      return request.call();
    default:
      return notARequest(request);
  }
}

/** True for what is done even when the caller has given up: it puts things back in order. */
export function isUnstoppable(request: IoRequest): boolean {
  return (
    request.kind === "close" || request.kind === "closeCursor" || (request.kind === "execute" && request.unstoppable === true)
  );
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

function closeQuietly(connection: DriverConnection): unknown {
  try {
    const answer = connection.close();
    // A connection that will not close is abandoned: whoever discards one has nothing left to do about it.
    return isThenable(answer) ? answer.then(nothing, () => abandon(connection)) : undefined;
  } catch {
    return abandon(connection);
  }
}

function abandon(connection: DriverConnection): undefined {
  connection.destroy();
  return undefined;
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
