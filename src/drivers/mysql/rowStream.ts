/**
 * A cursor over the rows that a MySQL server sends on its own account: it lets the socket run until the rows that were asked for are there,
 * and then holds it up, so that no more than a packet of the network waits in memory. The drivers of MySQL and MariaDB feed it; how an
 * unfinished statement is ended is the connection's business.
 */
import type { DriverColumn, DriverCursor } from "../../io/driver.ts";
import { StoppedError } from "./cancel.ts";

/** Holds the rows up and lets them run. */
export interface RowFlow {
  pause(): void;
  resume(): void;
}

export class RowStream implements DriverCursor {
  columns: readonly DriverColumn[] = [];
  /** Fulfilled when the columns are known. */
  readonly opened: Promise<void>;
  /** Fulfilled when the server has sent everything, or an error. */
  readonly ended: Promise<void>;
  readonly #finish: (stream: RowStream) => Promise<void>;
  #flow: RowFlow | null = null;
  #rows: unknown[][] = [];
  #wanted = 0;
  #isOver = false;
  #isDiscarding = false;
  #error: Error | null = null;
  #open!: () => void;
  #refuse!: (error: Error) => void;
  #end!: () => void;
  #answer: (() => void) | null = null;

  /** @param finish ends a statement that has more to send */
  constructor(finish: (stream: RowStream) => Promise<void>) {
    this.#finish = finish;
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#refuse = reject;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    // Who waits for the stream to open hears of it; once it is open, `fetch` tells.
    this.opened.catch(() => undefined);
  }

  /** The driver's: the columns have come. */
  describe(columns: readonly DriverColumn[], flow: RowFlow): void {
    this.columns = columns;
    this.#flow = flow;
    if (!this.#isDiscarding) flow.pause();
    this.#open();
  }

  /** The driver's: a row has come. */
  push(row: unknown[]): void {
    if (this.#isDiscarding) return;
    this.#rows.push(row);
    if (this.#rows.length < this.#wanted) return;
    this.#flow!.pause();
    this.#settle();
  }

  /** The driver's: there are no more rows. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#open();
    this.#end();
    this.#settle();
  }

  /** The driver's: the statement has failed. Rows that were not fetched yet are dropped. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#error = error;
    this.#rows = [];
    this.#refuse(error);
    this.end();
  }

  /** The columns are known. */
  get isOpen(): boolean {
    return this.#flow !== null;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async fetch(count: number): Promise<unknown[][]> {
    if (this.#rows.length < count && !this.#isOver && !this.#isDiscarding)
      await new Promise<void>((resolve) => {
        this.#answer = resolve;
        this.#wanted = count;
        this.#flow!.resume();
      });
    this.#wanted = 0;
    if (this.#error !== null) throw this.#error;
    if (this.#isDiscarding) throw new StoppedError("before its next rows came");
    if (this.#rows.length > count) return this.#rows.splice(0, count);
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  async close(): Promise<void> {
    if (!this.#isOver) await this.#finish(this);
    this.#rows = [];
  }

  /** Lets what is left run past. */
  discard(): void {
    this.#isDiscarding = true;
    this.#rows = [];
    this.#flow?.resume();
  }

  /** Holds up what is left. */
  hold(): void {
    if (!this.#isOver) this.#flow?.pause();
  }

  #settle(): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.();
  }
}
