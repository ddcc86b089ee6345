/**
 * The core's only door to the outside: `Io<T>` is a generator that yields requests and ends with a T; `runSync` and `runAsync`
 * answer the requests. Whoever writes an I/O function writes `function* f(): Io<T>` and calls others with `yield*`.
 * The union of requests is closed: a new kind of I/O is a new member here and a case in `perform.ts`.
 */
import type { DriverConnection, DriverCursor, DriverStatement, MaybePromise } from "./driver.ts";

/** What generators of requests are, said without naming generators: `OneRequest` is one that is written as an object. */
export interface Io<T> {
  next(answer?: unknown): IteratorResult<IoRequest, T>;
  throw(error: unknown): IteratorResult<IoRequest, T>;
  return(value: T): IteratorResult<IoRequest, T>;
  [Symbol.iterator](): Io<T>;
}

export type IoRequest =
  | ConnectRequest
  | CloseRequest
  | ExecuteRequest
  | ExecuteManyRequest
  | OpenCursorRequest
  | FetchRequest
  | CloseCursorRequest
  | WaitRequest
  | SleepRequest
  | CallRequest;

/** Opens a connection; answered with a DriverConnection. */
export interface ConnectRequest {
  readonly kind: "connect";
  /**
   * @param deadline as for `DriverConnection.execute`
   * @param signal as for `Driver.connect`
   */
  readonly open: (deadline?: number, signal?: AbortSignal) => MaybePromise<DriverConnection>;
}

/** Closes a connection; answered with undefined, and never with an error (a connection that will not close is abandoned). */
export interface CloseRequest {
  readonly kind: "close";
  readonly connection: DriverConnection;
}

/** Runs one statement; answered with a DriverResult. */
export interface ExecuteRequest {
  readonly kind: "execute";
  readonly connection: DriverConnection;
  readonly statement: DriverStatement;
  /** True for what has to be done however the caller's time runs out: ROLLBACK, and COMMIT, whose outcome would be in doubt. */
  readonly unstoppable?: boolean;
  /** After so many milliseconds without an answer the connection is destroyed: for a sign of life, which a lost server never gives. */
  readonly giveUpAfter?: number;
}

/** Runs one statement with many parameter sets; answered with a DriverManyResult. */
export interface ExecuteManyRequest {
  readonly kind: "executeMany";
  readonly connection: DriverConnection;
  readonly statement: DriverStatement;
  readonly parameterSets: readonly (readonly unknown[])[];
}

/** Opens a cursor; answered with a DriverCursor. */
export interface OpenCursorRequest {
  readonly kind: "openCursor";
  readonly connection: DriverConnection;
  readonly statement: DriverStatement;
}

/** Fetches rows of a cursor; answered with them. */
export interface FetchRequest {
  readonly kind: "fetch";
  readonly connection: DriverConnection;
  readonly cursor: DriverCursor;
  readonly count: number;
}

/** Closes a cursor; answered with undefined. */
export interface CloseCursorRequest {
  readonly kind: "closeCursor";
  readonly cursor: DriverCursor;
}

/** Waits until somebody wakes the waiter or its time is up; answered with whatever it is woken with. */
export interface WaitRequest {
  readonly kind: "wait";
  readonly waiter: Waiter;
}

/** Lets time pass; answered with undefined. */
export interface SleepRequest {
  readonly kind: "sleep";
  readonly milliseconds: number;
}

/** Calls a function of the user's, such as a listener, and awaits its promise if it gives one; answered with what it gives. */
export interface CallRequest {
  readonly kind: "call";
  readonly call: () => unknown;
  /** For the error of a synchronous caller, who cannot wait for a promise: "a listener of connect". */
  readonly what: string;
}

/** Somebody who waits in a queue, such as a pool's. Only the asynchronous runner can wait; the synchronous one asks for `refuse`. */
export interface Waiter {
  /** Called once by the runner: hand over the callbacks that end the wait. */
  start(resolve: (value: unknown) => void, reject: (error: unknown) => void): void;
  /** The caller no longer wants what it waits for: the waiter leaves its queue. Nothing happens when it was woken already. */
  abandon(): void;
  /** The error of a caller that cannot wait, because nobody else can run meanwhile. Takes the waiter out of its queue. */
  refuse(): Error;
}
