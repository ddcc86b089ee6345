/**
 * What a connection pool offers the engine, and what it needs from it. The pools beside this file are state machines: all their I/O
 * is requests, so that one implementation serves both colours and is tested without a database.
 */
import type { DriverConnection } from "../io/driver.ts";
import type { Io } from "../io/io.ts";

/** A connection with what the pool knows of it. Lives as long as the driver's connection. SQLAlchemy: ConnectionPoolEntry. */
export interface PooledConnection {
  readonly connection: DriverConnection;
  /** For whatever the application wants to remember with the connection. */
  readonly info: Map<unknown, unknown>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Connections of an older generation than the pool's are closed instead of being lent again. */
  readonly generation: number;
}

/** What the pool asks of its engine. */
export interface PoolHost {
  /** Opens and prepares a connection. Closes it again by itself when preparing fails. */
  open(): Io<DriverConnection>;
  /** True when the server answers. */
  ping(connection: DriverConnection): Io<boolean>;
  /** Rolls back what the last borrower left open. */
  reset(connection: DriverConnection): Io<void>;
  /** Told of every new connection before it is lent. */
  onConnect?(record: PooledConnection): void;
}

export interface ReleaseOptions {
  /** The connection is broken or not wanted any more: close it. */
  readonly discard?: boolean;
  /** A transaction may be open: roll back before the connection is lent again. */
  readonly dirty?: boolean;
}

export interface Pool {
  /** Lends a connection, opening one where there is room. Throws TimeoutError when none becomes free in time. */
  acquire(): Io<PooledConnection>;
  /** Takes a connection back; never throws. */
  release(record: PooledConnection, options?: ReleaseOptions): Io<void>;
  /** Makes every connection that exists now stale: it is closed when it is next touched. */
  invalidate(): void;
  /** Closes the idle connections; those that are lent are closed on return. The pool can be used again afterwards. */
  dispose(): Io<void>;
  /** The counters, for people. */
  status(): string;
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
