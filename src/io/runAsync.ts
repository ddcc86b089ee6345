/**
 * Runs an I/O function to its end, awaiting what has to be awaited. The facades in `async/` call it. Answers that are there at once
 * are not awaited, so that SQLite under an async engine takes no turn of the event loop per statement.
 */
import type { Io } from "./io.ts";
import { isThenable, perform, startStackAtCaller } from "./perform.ts";

/** Runs the generator; the promise is fulfilled with what it returns. An error of a request is thrown into it, so that its `finally` blocks run. */
export async function runAsync<T>(io: Io<T>): Promise<T> {
  try {
    let step = io.next();
    while (step.done !== true) {
      const request = step.value;
      let answer: unknown;
      try {
        if (request.kind === "wait") {
          const waiter = request.waiter;
          answer = await new Promise((resolve, reject) => waiter.start(resolve, reject));
        } else {
          answer = perform(request);
          if (isThenable(answer)) answer = await answer;
        }
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
