/**
 * Runs an I/O function to its end without ever giving way. The facades in `sync/` call it; drivers that answer with promises are
 * refused, and so is waiting in a queue, because nobody else can run meanwhile.
 */
import { SyncWaitError } from "../errors/engine.ts";
import type { Io, IoRequest } from "./io.ts";
import { isThenable, isUnstoppable, perform, startStackAtCaller } from "./perform.ts";
import type { Stop } from "./stop.ts";

/**
 * Runs the generator and returns what it returns; an error of a request is thrown into it, so that its `finally` blocks run.
 * Throws SyncWaitError when a request can only be answered later.
 *
 * @param stop asked before each request; its deadline is handed to the driver, which has to keep it by itself
 */
export function runSync<T>(io: Io<T>, stop: Stop | null = null): T {
  try {
    stop?.check();
    let step = io.next();
    while (step.done !== true) {
      let answer: unknown;
      try {
        answer = answerTo(step.value, stop);
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

function answerTo(request: IoRequest, stop: Stop | null): unknown {
  const limit = stop === null || isUnstoppable(request) ? null : stop;
  limit?.check();
  if (request.kind === "wait") throw request.waiter.refuse();
  if (request.kind === "sleep") return sleep(request.milliseconds);
  let answer: unknown;
  try {
    answer = perform(request, limit);
  } catch (error) {
    throw limit?.isDue === true ? limit.error(error) : error;
  }
  if (!isThenable(answer)) return answer;
  answer.then(undefined, () => undefined);
  if (request.kind === "call")
    throw new SyncWaitError(
      `A synchronous engine cannot wait for ${request.what}, which gave a promise. Use a function that returns when it is done, or an asynchronous engine.`,
    );
  throw new SyncWaitError(
    `A synchronous engine cannot wait for its driver (${request.kind} was answered with a promise). Use createAsyncEngine, or a driver that answers at once such as better-sqlite3.`,
  );
}

/** Blocks the thread, which is what a synchronous caller asks for. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
