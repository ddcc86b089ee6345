/**
 * A row feed over a list, for tests of results: it notes what is asked of it, can wait before each portion as a server makes one wait, and can
 * fail in the middle.
 */
import { asRow, rowShape, type RowShape } from "../../src/engine/results/row.ts";
import type { RowFeed } from "../../src/engine/results/rowFeed.ts";
import type { Io } from "../../src/io/io.ts";
import type { Stop } from "../../src/io/stop.ts";

export interface ListFeedOptions {
  /** Answers with promises, so that somebody else runs meanwhile. */
  readonly waits?: boolean;
  /** Throws `error` instead of giving the row at this position. */
  readonly failsAt?: number;
  readonly error?: Error;
  /** Thrown by `close`. */
  readonly closeError?: Error;
  readonly stop?: Stop | null;
  readonly shape?: RowShape;
}

export class ListFeed implements RowFeed {
  readonly names: readonly string[];
  readonly stop: Stop | null;
  /** How many rows were asked for, each time. */
  readonly asked: number[] = [];
  /** How often it was closed. */
  closed = 0;
  /** True from when a portion is asked for until it is there. */
  isFetching = false;
  readonly #rows: readonly unknown[][];
  readonly #shape: RowShape;
  readonly #options: ListFeedOptions;
  #position = 0;

  constructor(names: readonly string[], rows: readonly unknown[][], options: ListFeedOptions = {}) {
    this.#shape = options.shape ?? rowShape(names);
    this.names = this.#shape.names;
    this.stop = options.stop ?? null;
    this.#rows = rows;
    this.#options = options;
  }

  *next(count: number): Io<readonly (readonly unknown[])[]> {
    this.asked.push(count);
    this.isFetching = true;
    try {
      yield* this.#wait("next()");
      const end = this.#position + count;
      const { failsAt, error } = this.#options;
      if (failsAt !== undefined && failsAt < end) throw error ?? new Error("the feed failed");
      const rows = this.#rows.slice(this.#position, end).map((row) => asRow([...row], this.#shape));
      this.#position = end;
      return rows;
    } finally {
      this.isFetching = false;
    }
  }

  *close(): Io<void> {
    this.closed++;
    if (this.isFetching) throw new Error("the feed is closed while it fetches");
    yield* this.#wait("close()");
    if (this.#options.closeError !== undefined) throw this.#options.closeError;
  }

  *#wait(what: string): Io<void> {
    const waits = this.#options.waits === true;
    yield { kind: "call", call: () => (waits ? new Promise((resolve) => setImmediate(resolve)) : undefined), what };
  }
}
