/**
 * The line in which callers wait for a connection: strictly first come, first served. Whoever is woken has left the line before its
 * caller goes on, so that nothing is ever granted to somebody who has gone.
 */
import type { Waiter } from "../io/io.ts";
import type { PoolCounters } from "./metrics.ts";
import type { Place } from "./record.ts";

/** What somebody in line is woken with: a place, or undefined to look for one again. */
export type Grant = Place | undefined;

/** Node takes a longer delay for 1 ms. */
const MAX_DELAY = 2 ** 31 - 1;

export class WaitingLine {
  readonly #waiters = new Set<LineWaiter>();

  get length(): number {
    return this.#waiters.size;
  }

  /** Wakes the first in line with what it waits for; false where nobody waits. */
  serve(grant: Grant): boolean {
    for (const first of this.#waiters) {
      first.grant(grant);
      return true;
    }
    return false;
  }

  /** Wakes all who are in line now. */
  serveAll(grant: Grant): void {
    for (const waiter of [...this.#waiters]) waiter.grant(grant);
  }

  join(waiter: LineWaiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: LineWaiter): boolean {
    return this.#waiters.delete(waiter);
  }
}

/** One caller in line. It stands there from `start` until it is granted something, gives up, or its time is up. */
export class LineWaiter implements Waiter {
  readonly #line: WaitingLine;
  readonly #timeout: number;
  readonly #counters: PoolCounters;
  readonly #error: (cannotWait: boolean) => Error;
  #since = 0;
  #resolve: ((grant: Grant) => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /**
   * @param timeout in milliseconds
   * @param error the error of a caller who gets nothing; `cannotWait`: a synchronous one, who was not even put in line
   */
  constructor(line: WaitingLine, timeout: number, counters: PoolCounters, error: (cannotWait: boolean) => Error) {
    this.#line = line;
    this.#timeout = timeout;
    this.#counters = counters;
    this.#error = error;
  }

  start(resolve: (value: unknown) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#since = performance.now();
    this.#line.join(this);
    // Not unref'd: a process whose last activity is waiting for a connection must end with this error, not silently.
    this.#timer = setTimeout(
      () => {
        this.#leave();
        this.#counters.timedOut++;
        reject(this.#error(false));
      },
      Math.min(this.#timeout, MAX_DELAY),
    );
  }

  abandon(): void {
    this.#leave();
  }

  refuse(): Error {
    this.#counters.timedOut++;
    return this.#error(true);
  }

  grant(grant: Grant): void {
    this.#leave();
    this.#resolve?.(grant);
  }

  #leave(): void {
    if (!this.#line.leave(this)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#counters.waited(performance.now() - this.#since);
  }
}
