/**
 * What a pool counts. The pool adds to its PoolCounters as things happen; `metrics()` makes a frozen copy of them with the state of the
 * moment. Adding is all that it costs.
 */

/** The counters of a pool at one moment. Times are in milliseconds. */
export interface PoolMetrics {
  /** Connections that the pool keeps; 0 where it keeps none, or has no limit. */
  readonly size: number;
  /** Connections beyond `size`; -1 for no limit. */
  readonly maxOverflow: number;
  /** Connections that are there to be lent. */
  readonly idle: number;
  /** Connections that are lent, or being opened or closed. */
  readonly lent: number;
  /** Callers in line for a connection. */
  readonly waiting: number;
  /** Connections opened so far. */
  readonly opened: number;
  /** Connections closed so far, for whatever reason. */
  readonly closed: number;
  /** Connections given up as broken so far. */
  readonly invalidated: number;
  /** Connections replaced so far because of their age, or because they were marked or the whole pool was. */
  readonly recycled: number;
  /** Callers who got no connection in time so far. */
  readonly timedOut: number;
  /** Connections lent so far. */
  readonly checkouts: number;
  /** Time that callers have spent in line so far, all together. */
  readonly waitingTimeTotal: number;
  /** The longest time that one caller has spent in line. */
  readonly waitingTimeMax: number;
}

/** What is counted up. */
export class PoolCounters {
  opened = 0;
  closed = 0;
  invalidated = 0;
  recycled = 0;
  timedOut = 0;
  checkouts = 0;
  waitingTimeTotal = 0;
  waitingTimeMax = 0;

  /** Somebody has left the line, with a connection or without. */
  waited(milliseconds: number): void {
    this.waitingTimeTotal += milliseconds;
    if (milliseconds > this.waitingTimeMax) this.waitingTimeMax = milliseconds;
  }
}
