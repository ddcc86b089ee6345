/**
 * The pools' own view of a pooled connection: what outsiders may only read, the pool writes here.
 */
import type { DriverConnection } from "../io/driver.ts";
import type { PooledConnection } from "./pool.ts";

/** A place in the pool: with a connection to lend, or (null) with the right to open one. */
export type Place = PoolRecord | null;

export class PoolRecord implements PooledConnection {
  readonly id: number;
  readonly connection: DriverConnection;
  readonly info = new Map<unknown, unknown>();
  readonly recordInfo: Map<unknown, unknown>;
  readonly createdAt = Date.now();
  readonly generation: number;
  lentAt: number | null = null;
  isValid = true;
  isDetached = false;
  /** Whether the driver was told to close it. */
  isClosed = false;
  /** Marked to be closed when it comes back. */
  isMarked = false;
  /** True while the pool is told when the present borrower is garbage-collected. */
  isWatched = false;
  /** Where the present borrower took it; kept only while somebody reads the pool's log. */
  lendingTrace: Error | null = null;

  constructor(id: number, connection: DriverConnection, generation: number, recordInfo: Map<unknown, unknown>) {
    this.id = id;
    this.connection = connection;
    this.generation = generation;
    this.recordInfo = recordInfo;
  }
}
