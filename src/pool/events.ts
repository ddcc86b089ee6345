/**
 * What happens in a pool, for whoever listens. SQLAlchemy: PoolEvents. `driverConnection` is the npm package's object, `record` the pool's
 * entry with its `info`. A listener may give a promise where the engine is asynchronous.
 */
import { eventNames, type EventNames } from "../io/dispatcher.ts";
import type { PooledConnection } from "./pool.ts";

/** How a connection came to be reset. SQLAlchemy: PoolResetState. */
export interface PoolResetState {
  /** True where the transaction was ended already, so that there is nothing to roll back. */
  readonly transactionWasReset: boolean;
  /** True where the connection is given up and will be closed without a reset. */
  readonly terminateOnly: boolean;
}

export interface PoolEvents {
  /** A connection was opened. */
  connect: (driverConnection: unknown, record: PooledConnection) => void | Promise<void>;
  /** The pool's first connection was opened; before `connect`. */
  firstConnect: (driverConnection: unknown, record: PooledConnection) => void | Promise<void>;
  /** A connection is about to be lent. Throwing DisconnectionError makes the pool replace it and try again. */
  checkout: (driverConnection: unknown, record: PooledConnection) => void | Promise<void>;
  /** A connection came back; `driverConnection` is null where it was given up meanwhile. */
  checkin: (driverConnection: unknown, record: PooledConnection) => void | Promise<void>;
  /** A connection that came back is put in order; before the rollback, if there is one. */
  reset: (driverConnection: unknown, record: PooledConnection, state: PoolResetState) => void | Promise<void>;
  /** A connection was given up as broken; `error` is why, where there is one. */
  invalidate: (driverConnection: unknown, record: PooledConnection, error: unknown) => void | Promise<void>;
  /** A connection was marked to be closed when it comes back. */
  softInvalidate: (driverConnection: unknown, record: PooledConnection, error: unknown) => void | Promise<void>;
  /** A connection is about to be closed. */
  close: (driverConnection: unknown, record: PooledConnection) => void | Promise<void>;
  /** A connection was taken out of the pool for good. */
  detach: (driverConnection: unknown, record: PooledConnection) => void | Promise<void>;
  /** A detached connection is about to be closed. */
  closeDetached: (driverConnection: unknown) => void | Promise<void>;
}

export const POOL_EVENT_NAMES: readonly (keyof PoolEvents)[] = [
  "connect",
  "firstConnect",
  "checkout",
  "checkin",
  "reset",
  "invalidate",
  "softInvalidate",
  "close",
  "detach",
  "closeDetached",
];

export const POOL_EVENTS: EventNames = eventNames<PoolEvents>(POOL_EVENT_NAMES);
