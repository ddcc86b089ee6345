/**
 * The events of engines and connections, and `event`, with which one listens. SQLAlchemy: ConnectionEvents, DialectEvents, PoolEvents.
 */
import {
  DISPATCHER,
  type Dispatcher,
  eventNames,
  type EventNames,
  type Listenable,
  type Listener,
  type ListenOptions,
} from "../io/dispatcher.ts";
import type { DriverConnection } from "../io/driver.ts";
import type { PoolEvents } from "../pool/events.ts";
import { POOL_EVENT_NAMES } from "../pool/events.ts";
import type { ConnectTarget } from "../dialects/contract.ts";
import type { AthanorError } from "../errors/base.ts";
import type { ExecutionOptions } from "./options/executionOptions.ts";
import type { Result } from "./results/result.ts";

export { DISPATCHER, type Dispatcher, type Listenable };

type MaybePromise<T> = T | Promise<T>;

/** What `handleError` is told. SQLAlchemy: ExceptionContext. */
export interface ErrorContext<C = object> {
  /** Null while connecting and for a sign of life. */
  readonly connection: C | null;
  readonly statement: string | null;
  readonly parameters: unknown;
  /** What the driver threw. */
  readonly originalError: unknown;
  /** What will be thrown, unless a listener with `retval` returns another error. */
  readonly error: AthanorError;
  /** True where the error means that the connection is lost; a listener may change it, and the connection is then kept or given up. */
  isDisconnect: boolean;
  /** Whether a lost connection makes the pool give up all others too. */
  invalidatePoolOnDisconnect: boolean;
  /** True while a connection is asked for a sign of life before it is lent. */
  readonly isPrePing: boolean;
}

/** What `beforeCursorExecute` may change. */
export type CursorExecution = readonly [statement: string, parameters: readonly unknown[]];

/** The events of a connection, and of all connections of an engine. `C` is the connection as the user has it. */
export interface ConnectionEvents<C = object> {
  /** Before a statement is compiled. With `retval`: returns `[statement, parameters]` to run instead. */
  beforeExecute: (
    connection: C,
    statement: object,
    parameters: unknown,
    executionOptions: ExecutionOptions,
  ) => MaybePromise<void | readonly [statement: object, parameters: unknown]>;
  /** After a statement has run. */
  afterExecute: (
    connection: C,
    statement: object,
    parameters: unknown,
    executionOptions: ExecutionOptions,
    result: Result,
  ) => MaybePromise<void>;
  /**
   * Before SQL is sent; for several parameter sets `parameters` is their list. With `retval`: returns `[statement, parameters]`, in the
   * driver's terms, to send instead.
   */
  beforeCursorExecute: (
    connection: C,
    cursor: null,
    statement: string,
    parameters: readonly unknown[],
    context: null,
    executemany: boolean,
  ) => MaybePromise<void | CursorExecution>;
  /** After SQL was answered. */
  afterCursorExecute: (
    connection: C,
    cursor: null,
    statement: string,
    parameters: readonly unknown[],
    context: null,
    executemany: boolean,
  ) => MaybePromise<void>;
  begin: (connection: C) => MaybePromise<void>;
  commit: (connection: C) => MaybePromise<void>;
  rollback: (connection: C) => MaybePromise<void>;
  savepoint: (connection: C, name: string) => MaybePromise<void>;
  rollbackSavepoint: (connection: C, name: string, context: null) => MaybePromise<void>;
  releaseSavepoint: (connection: C, name: string, context: null) => MaybePromise<void>;
  beginTwophase: (connection: C, xid: string) => MaybePromise<void>;
  prepareTwophase: (connection: C, xid: string) => MaybePromise<void>;
  rollbackTwophase: (connection: C, xid: string, isPrepared: boolean) => MaybePromise<void>;
  commitTwophase: (connection: C, xid: string, isPrepared: boolean) => MaybePromise<void>;
  /** The connection's options are about to change; the listener may add to them. */
  setConnectionExecutionOptions: (connection: C, options: Record<string, unknown>) => MaybePromise<void>;
  /** An error came from the driver. With `retval`: returns the error to throw instead. */
  handleError: (context: ErrorContext<C>) => MaybePromise<void | Error>;
  /** Before the driver runs a statement. With `retval`: returns true when the listener has run it, without rows. */
  doExecute: (
    driverConnection: unknown,
    statement: string,
    parameters: readonly unknown[],
    context: null,
  ) => MaybePromise<void | boolean>;
  /** The same, for many parameter sets. */
  doExecutemany: (
    driverConnection: unknown,
    statement: string,
    parameters: readonly unknown[],
    context: null,
  ) => MaybePromise<void | boolean>;
}

/** The events of an engine: its own, its connections' and its pool's. */
export interface EngineEvents<C = object> extends ConnectionEvents<C>, PoolEvents {
  /** A connection was given to the application. */
  engineConnect: (connection: C) => MaybePromise<void>;
  /** A copy of the engine with other execution options was made. Always synchronous. */
  setEngineExecutionOptions: (engine: object, options: Record<string, unknown>) => void;
  engineDisposed: (engine: object) => MaybePromise<void>;
  /**
   * Before the driver connects; the listener may change the target, for a password that expires for example. With `retval`: returns a
   * driver connection to use instead.
   */
  doConnect: (target: { -readonly [K in keyof ConnectTarget]: ConnectTarget[K] }) => MaybePromise<void | DriverConnection>;
}

const CONNECTION_EVENT_NAMES: readonly (keyof ConnectionEvents)[] = [
  "beforeExecute",
  "afterExecute",
  "beforeCursorExecute",
  "afterCursorExecute",
  "begin",
  "commit",
  "rollback",
  "savepoint",
  "rollbackSavepoint",
  "releaseSavepoint",
  "beginTwophase",
  "prepareTwophase",
  "rollbackTwophase",
  "commitTwophase",
  "setConnectionExecutionOptions",
  "handleError",
  "doExecute",
  "doExecutemany",
];

const RETURNING: readonly (keyof ConnectionEvents)[] = [
  "beforeExecute",
  "beforeCursorExecute",
  "handleError",
  "doExecute",
  "doExecutemany",
];

export const CONNECTION_EVENTS: EventNames = eventNames<ConnectionEvents>(CONNECTION_EVENT_NAMES, RETURNING);

export const ENGINE_EVENTS: EventNames = eventNames<EngineEvents>(
  [...CONNECTION_EVENT_NAMES, ...POOL_EVENT_NAMES, "engineConnect", "setEngineExecutionOptions", "engineDisposed", "doConnect"],
  [...RETURNING, "doConnect"],
);

/**
 * Adds and removes listeners, as SQLAlchemy's `event`. Targets are engines, connections, pools, and the classes Engine and AsyncEngine,
 * which stand for all their engines.
 */
export const event = {
  /**
   * Calls the listener whenever the event happens. Throws ArgumentError for a name or option that the target does not have.
   *
   * @param options `once`: only the first time; `insert`: before the listeners that are there; `retval`: what it returns counts
   */
  listen<E, N extends keyof E & string>(target: Listenable<E>, name: N, listener: E[N], options?: ListenOptions): void {
    target[DISPATCHER].add(name, listener as Listener, options);
  },
  /**
   * The same the other way round, for a listener that is declared where it is added; gives the listener back. Also a decorator of static methods.
   * SQLAlchemy: listens_for.
   *
   * @example
   * ```ts no-check
   * const count = event.listensFor(engine, "commit")(() => void commits++);
   * ```
   */
  listensFor<E, N extends keyof E & string>(
    target: Listenable<E>,
    name: N,
    options?: ListenOptions,
  ): <L extends E[N]>(listener: L) => L {
    return (listener) => {
      target[DISPATCHER].add(name, listener as Listener, options);
      return listener;
    };
  },
  /** Takes away a listener that was added; nothing happens where it was not. */
  remove<E, N extends keyof E & string>(target: Listenable<E>, name: N, listener: E[N]): void {
    target[DISPATCHER].remove(name, listener as Listener);
  },
  /** Whether this very listener was added to this very target. */
  contains<E, N extends keyof E & string>(target: Listenable<E>, name: N, listener: E[N]): boolean {
    return target[DISPATCHER].contains(name, listener as Listener);
  },
};
