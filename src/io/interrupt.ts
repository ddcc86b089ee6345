/**
 * How the asynchronous runner ends a request before its answer: a wait is left, a connection that comes too late is closed, a statement
 * is stopped on the server. What it must never do is give a connection back while a request for it is on its way.
 */
import { OperationalError } from "../errors/dbapi.ts";
import type { DriverConnection } from "./driver.ts";
import type { ConnectRequest, IoRequest, SleepRequest, WaitRequest } from "./io.ts";
import { isThenable } from "./perform.ts";
import type { Stop } from "./stop.ts";

/** How long a server has to answer a statement that it was told to stop, and to take that message, before its connection is destroyed. */
const GRACE_MS = 5_000;

/** Waits in a queue, or lets time pass; when the caller gives up, its place in the queue is free at once. */
export function abandonableWait(request: WaitRequest | SleepRequest, stop: Stop | null): Promise<unknown> {
  if (request.kind === "wait") {
    const { waiter } = request;
    const woken = new Promise((resolve, reject) => waiter.start(resolve, reject));
    return unlessStopped(woken, stop, () => waiter.abandon());
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, request.milliseconds);
  });
  return unlessStopped(passed, stop, () => clearTimeout(timer));
}

/** What the promise gives, unless the caller gives up first. */
async function unlessStopped<T>(promise: Promise<T>, stop: Stop | null, giveUp: () => void): Promise<T> {
  if (stop === null) return await promise;
  let unlisten = doNothing;
  const stopped = new Promise<never>((_resolve, reject) => {
    unlisten = stop.listen(() => {
      giveUp();
      reject(stop.error());
    });
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    unlisten();
  }
}

/** The answer to a request, unless the caller gives up first. */
export function stoppable(request: IoRequest, answer: PromiseLike<unknown>, stop: Stop): PromiseLike<unknown> {
  // A function of the user's is not ours to end.
  return "connection" in request ? answerUnlessStopped(request.connection, answer, stop) : answer;
}

/**
 * Opens a connection. When the caller gives up, the driver is told, which destroys what it has opened: to a server that never answers, a socket
 * would keep the process alive for ever. A connection that comes all the same is destroyed here.
 */
export function abandonableConnect(request: ConnectRequest, stop: Stop): unknown {
  const abandonment = new AbortController();
  const opening = request.open(stop.deadline, abandonment.signal);
  if (!isThenable(opening)) return opening;
  const arriving = Promise.resolve(opening);
  return unlessStopped(arriving, stop, () => {
    arriving.then((connection) => connection.destroy(), doNothing);
    abandonment.abort(stop.error());
  });
}

/**
 * The answer to a statement. When the caller gives up, the server is told, and the answer is awaited all the same, because until then
 * the connection is busy: an answer that was faster is given, an error is the end that was asked for.
 */
async function answerUnlessStopped(connection: DriverConnection, answer: PromiseLike<unknown>, stop: Stop): Promise<unknown> {
  const running = Promise.resolve(answer);
  let halted: Promise<void> | null = null;
  const unlisten = stop.listen(() => {
    halted ??= halt(connection, running);
  });
  try {
    return await running;
  } catch (error) {
    throw halted === null ? error : stop.error(error);
  } finally {
    unlisten();
    // Only now is it certain that nothing on its way can hit the next statement.
    await (halted as Promise<void> | null);
  }
}

/**
 * Tells the server to stop; a connection for which that fails, or which stays silent, is destroyed, and then whatever is still on its way
 * has nothing left to hit. Never throws.
 */
async function halt(connection: DriverConnection, running: Promise<unknown>): Promise<void> {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    patience = setTimeout(() => reject(new Error("the server stays silent")), GRACE_MS);
  });
  try {
    await Promise.race([tellToStop(connection, running), silence]);
  } catch {
    connection.destroy();
  } finally {
    clearTimeout(patience);
  }
}

async function tellToStop(connection: DriverConnection, running: Promise<unknown>): Promise<void> {
  if (connection.cancel === undefined) throw new Error("there is no way to tell the server");
  await connection.cancel(running);
  await running.catch(doNothing);
}

/** A server that does not take leave is left without. */
export async function closeInTime(connection: DriverConnection, closing: PromiseLike<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      connection.destroy();
      resolve();
    }, GRACE_MS);
  });
  try {
    await Promise.race([closing, patience]);
  } finally {
    clearTimeout(timer);
  }
}

/** Destroys a connection that does not answer in time, which ends its statement with an error. */
export async function giveUpAfter(
  milliseconds: number,
  connection: DriverConnection,
  answer: PromiseLike<unknown>,
): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      connection.destroy();
      reject(new OperationalError(`The server did not answer within ${milliseconds} ms`, { isDisconnect: true }));
    }, milliseconds);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function doNothing(): void {
  // Whoever asked for the answer hears of its error.
}
