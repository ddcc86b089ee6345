/**
 * Runs an I/O function to its end, awaiting what has to be awaited. The facades in `async/` call it. Answers that are there at once
 * are not awaited, so that SQLite under an async engine takes no turn of the event loop per statement.
 */
import { abandonableConnect, abandonableWait, closeInTime, giveUpAfter, stoppable } from "./interrupt.ts";
import type { Io, IoRequest } from "./io.ts";
import { isThenable, isUnstoppable, perform, startStackAtCaller } from "./perform.ts";
import type { Stop } from "./stop.ts";

/**
 * Runs the generator; the promise is fulfilled with what it returns. An error of a request is thrown into it, so that its `finally`
 * blocks run.
 *
 * @param stop when to stop: it is asked before each request, and stops the one that is under way; what puts things back in order is
 * done all the same
 */
export async function runAsync<T>(io: Io<T>, stop: Stop | null = null): Promise<T> {
  try {
    stop?.check();
    let step = io.next();
    while (step.done !== true) {
      let answer: unknown;
      try {
        answer = answerTo(step.value, stop);
        if (isThenable(answer)) answer = await answer;
      } catch (error) {
        step = io.throw(error);
        continue;
      }
      step = io.next(answer);
    }
    return step.value;
  } catch (error) {
    startStackAtCaller(error, runAsync);
    throw error;
  }
}

function answerTo(request: IoRequest, stop: Stop | null): unknown {
  const limit = stop === null || isUnstoppable(request) ? null : stop;
  limit?.check();
  if (request.kind === "wait" || request.kind === "sleep") return abandonableWait(request, limit);
  let answer: unknown;
  try {
    answer = request.kind === "connect" && limit !== null ? abandonableConnect(request, limit) : perform(request, limit);
  } catch (error) {
    throw limit?.isDue === true ? limit.error(error) : error;
  }
  if (!isThenable(answer)) return answer;
  if (request.kind === "close") return closeInTime(request.connection, answer);
  if (request.kind === "execute" && request.giveUpAfter !== undefined)
    return giveUpAfter(request.giveUpAfter, request.connection, answer);
  return limit === null ? answer : stoppable(request, answer, limit);
}
