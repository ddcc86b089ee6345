/**
 * The core's only door to the outside: `Io<T>` is a generator that yields requests and ends with a T; `runSync` and `runAsync`
 * answer the requests. Whoever writes an I/O function writes `function* f(): Io<T>` and calls others with `yield*`.
 * The union of requests is closed: a new kind of I/O is a new member here and a case in `perform.ts`.
 */
import type { DriverConnection, DriverStatement, MaybePromise } from "./driver.ts";

export type Io<T> = Generator<IoRequest, T, unknown>;

export type IoRequest = ConnectRequest | CloseRequest | ExecuteRequest | ExecuteManyRequest | WaitRequest;

/** Opens a connection; answered with a DriverConnection. */
export interface ConnectRequest {
  readonly kind: "connect";
  readonly open: () => MaybePromise<DriverConnection>;
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
}

/** Runs one statement with many parameter sets; answered with a DriverManyResult. */
export interface ExecuteManyRequest {
  readonly kind: "executeMany";
  readonly connection: DriverConnection;
  readonly statement: DriverStatement;
  readonly parameterSets: readonly (readonly unknown[])[];
}

/** Waits until somebody wakes the waiter or its time is up; answered with whatever it is woken with. */
export interface WaitRequest {
  readonly kind: "wait";
  readonly waiter: Waiter;
}

/** Somebody who waits in a queue, such as a pool's. Only the asynchronous runner can wait; the synchronous one asks for `refuse`. */
export interface Waiter {
  /** Called once by the runner: hand over the callbacks that end the wait. */
  start(resolve: (value: unknown) => void, reject: (error: unknown) => void): void;
  /** The error of a caller that cannot wait, because nobody else can run meanwhile. Takes the waiter out of its queue. */
  refuse(): Error;
}
