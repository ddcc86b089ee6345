/**
 * Runs an I/O function to its end without ever waiting. The facades in `sync/` call it; drivers that answer with promises are
 * refused, and so is waiting in a queue, because nobody else can run meanwhile.
 */
import { SyncWaitError } from "../errors/engine.ts";
import type { Io } from "./io.ts";
import { isThenable, perform, startStackAtCaller } from "./perform.ts";

/**
 * Runs the generator and returns what it returns; an error of a request is thrown into it, so that its `finally` blocks run.
 * Throws SyncWaitError when a request can only be answered later.
 */
export function runSync<T>(io: Io<T>): T {
  try {
    let step = io.next();
    while (step.done !== true) {
      const request = step.value;
      let answer: unknown;
      try {
        if (request.kind === "wait") throw request.waiter.refuse();
        answer = perform(request);
        if (isThenable(answer)) {
          answer.then(undefined, () => undefined);
          throw new SyncWaitError(
            `A synchronous engine cannot wait for its driver (${request.kind} was answered with a promise). Use createAsyncEngine, or a driver that answers at once such as better-sqlite3.`,
          );
        }
      } catch (error) {
        step = io.throw(error);
        continue;
      }
      step = io.next(answer);
    }
    return step.value;
  } catch (error) {
    startStackAtCaller(error, runSync);
    throw error;
  }
}
