/**
 * What a connection pool offers the engine, and what it needs from it. The pools beside this file are state machines: all their I/O
 * is requests, so that one implementation serves both colours and is tested without a database.
 */
import type { Dispatcher, Listenable } from "../io/dispatcher.ts";
import type { DriverConnection } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import type { PoolEvents } from "./events.ts";
import type { PoolMetrics } from "./metrics.ts";
import type { PoolOptionName, PoolOptions } from "./options.ts";

/** A connection with what the pool knows of it. Lives as long as the driver's connection. SQLAlchemy: ConnectionPoolEntry. */
export interface PooledConnection {
  /** Counts the pool's connections from 1; log lines name it. */
  readonly id: number;
  readonly connection: DriverConnection;
  /** For whatever the application wants to remember with the connection. */
  readonly info: Map<unknown, unknown>;
  /** The same, but handed on to the connection that takes this one's place. */
  readonly recordInfo: Map<unknown, unknown>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When it was lent to the present borrower, in milliseconds since the epoch; null while it is idle. */
  readonly lentAt: number | null;
  /** Connections of an older generation than the pool's are closed instead of being lent again. */
  readonly generation: number;
  /** False once the connection was given up as broken. */
  readonly isValid: boolean;
  /** True once the connection was taken out of the pool for good. */
  readonly isDetached: boolean;
}

/** How a connection that comes back is put in order. */
export type ResetWay = "rollback" | "commit";

/** Takes a line about what a pool does; `level` is "debug" for each loan and its end, "info" for all else. */
export type PoolLog = (line: string, level: "info" | "debug") => void;

/** What the pool asks of its engine. */
export interface PoolHost {
  /** Who is told of what happens in the pool. */
  readonly events: Dispatcher<PoolEvents>;
  /** Takes lines about what the pool does; null where nobody wants them, and nothing is put together then. */
  readonly log: PoolLog | null;
  /** Opens and prepares a connection. Closes it again by itself when preparing fails. */
  open(): Io<DriverConnection>;
  /** True when the server answers. Throws only when the caller gave up meanwhile. */
  ping(connection: DriverConnection): Io<boolean>;
  /** Ends the transaction that the last borrower left open. */
  reset(connection: DriverConnection, way: ResetWay): Io<void>;
}

export interface ReleaseOptions {
  /** The connection is broken, or in a state that nobody knows: give it up. */
  readonly discard?: boolean;
  /** Why it is given up; for the `invalidate` event. */
  readonly error?: unknown;
  /** A transaction may be open: end it before the connection is lent again. */
  readonly dirty?: boolean;
}

export interface InvalidateOptions {
  /** Why; for the event. */
  readonly error?: unknown;
  /** Let the borrower go on with it, and close it when it comes back; default false: it is closed at once. */
  readonly soft?: boolean;
}

export interface DisposeOptions {
  /** False: forget the idle connections without closing them, where they belong to somebody else now; default true. */
  readonly close?: boolean;
}

export interface Pool extends Listenable<PoolEvents> {
  /** Lends a connection, opening one where there is room. Throws TimeoutError when none becomes free in time. */
  acquire(): Io<PooledConnection>;
  /**
   * Takes a connection back, also one that was given up or detached meanwhile. Where it cannot be reset, by the database or by a listener of
   * `reset`, it is closed, and nothing is thrown. What another listener throws is thrown once the connection and its place are in order.
   */
  release(record: PooledConnection, options?: ReleaseOptions): Io<void>;
  /**
   * Lends another connection for one that was given up, without leaving the place to somebody else in between. The lost one is taken
   * back whatever happens: when this throws, the borrower has nothing to give back.
   */
  replace(record: PooledConnection): Io<PooledConnection>;
  /** Gives up one borrowed connection, which stays borrowed until `release` or `replace`. Nothing happens where it was given up already. */
  invalidateConnection(record: PooledConnection, options?: InvalidateOptions): Io<void>;
  /** Takes a borrowed connection out of the pool for good; its place is free at once. `release` closes it. */
  detach(record: PooledConnection): Io<void>;
  /**
   * Gives the connection back by itself when the borrower is garbage-collected without having done so, and warns of it, the first time.
   *
   * @param borrower whatever lives as long as the connection is in use; `record` must not lead to it
   */
  watch(record: PooledConnection, borrower: object): void;
  /**
   * Makes every connection that exists now stale: it is closed when it is next touched.
   *
   * @param because the connection whose loss showed that the others are lost too: where it was stale already, they are known to be
   */
  invalidate(because?: PooledConnection): void;
  /** Closes the idle connections; those that are lent are closed on return. The pool can be used again afterwards. */
  dispose(options?: DisposeOptions): Io<void>;
  /** A new, empty pool of the same kind and options. */
  recreate(): Pool;
  /** The counters, for people. */
  status(): string;
  /** The counters, for programs: a frozen object of numbers as they are now. */
  metrics(): PoolMetrics;
  /** The counters in the text format of Prometheus, labelled `pool="<name>"`. */
  prometheus(options: { readonly name: string }): string;
  size(): number;
  /** Idle connections. */
  checkedin(): number;
  /** Lent connections. */
  checkedout(): number;
  /** Connections beyond `size`; negative while fewer than `size` exist, as in SQLAlchemy. */
  overflow(): number;
  /** How long `acquire` waits, in milliseconds. */
  timeout(): number;
}

/** A class of pools, as the option `poolClass` takes it. */
export interface PoolClass {
  new (host: PoolHost, options: PoolOptions): Pool;
  readonly name: string;
  /** The options that this kind of pool has a use for; others are refused. */
  readonly optionNames: readonly PoolOptionName[];
}
