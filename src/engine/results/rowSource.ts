/**
 * The rows of one result and how far they have been fetched: all there from the start, or coming in portions from a RowFeed. All views of a
 * result share its source. How large a portion is, is decided here and nowhere else. Used by ResultCore.
 */
import { ArgumentError } from "../../errors/base.ts";
import { ConcurrentUseError, ResourceClosedError } from "../../errors/engine.ts";
import type { Io } from "../../io/io.ts";
import type { Stop } from "../../io/stop.ts";
import type { RowFeed } from "./rowFeed.ts";

export type Values = readonly unknown[];

/** How rows are fetched in portions. */
export interface StreamOptions {
  /** Rows in each portion. Default: 5, then 25, 125 … up to `maxRowBuffer`, so that neither a first row nor a million take long. */
  readonly yieldPer?: number | undefined;
  /** Most rows fetched ahead; default 1000. */
  readonly maxRowBuffer?: number | undefined;
}

const FIRST_PORTION = 5;
const GROWTH = 5;
const MAX_ROW_BUFFER = 1000;
const NO_ROWS: readonly Values[] = [];

export class RowSource {
  /** The column names; null where the statement gives no rows. */
  readonly names: readonly string[] | null;
  /** True where rows come in portions, so that something on the server has to be closed. */
  readonly isStreamed: boolean;
  readonly stop: Stop | null;
  readonly maxRowBuffer: number;
  /** Rows fetched and not yet taken: those from `#position` on. */
  #rows: readonly Values[];
  #position = 0;
  /** What gives more rows; null at the end. */
  #feed: RowFeed | null;
  #yieldPer: number | null;
  #nextPortion: number;
  #isFetching = false;
  #isClosed = false;

  constructor(
    rows: readonly Values[],
    names: readonly string[] | null,
    feed: RowFeed | null = null,
    options: StreamOptions = {},
  ) {
    this.#rows = rows;
    this.names = names;
    this.#feed = feed;
    this.isStreamed = feed !== null;
    this.stop = feed?.stop ?? null;
    this.maxRowBuffer = options.maxRowBuffer ?? MAX_ROW_BUFFER;
    this.#yieldPer = options.yieldPer ?? null;
    this.#nextPortion = Math.min(FIRST_PORTION, this.maxRowBuffer);
  }

  /** A source that pulls from a feed. */
  static of(feed: RowFeed, options: StreamOptions = {}): RowSource {
    for (const [name, value] of Object.entries(options)) if (value !== undefined) checkCount(name, value);
    return new RowSource(NO_ROWS, feed.names, feed, options);
  }

  /** True once it was closed by somebody, or where the statement gives no rows; not at the end of the rows. */
  get isClosed(): boolean {
    return this.#isClosed || this.names === null;
  }

  get yieldPer(): number | null {
    return this.#yieldPer;
  }

  set yieldPer(count: number | null) {
    this.#yieldPer = count;
  }

  /** The next row of those that are there; undefined when `refill` has to be called. */
  take(): Values | undefined {
    const row = this.#rows[this.#position];
    if (row !== undefined) this.#position++;
    return row;
  }

  /** All rows that are there. The caller does not change the list. */
  takeAll(): readonly Values[] {
    const rows = this.#position === 0 ? this.#rows : this.#rows.slice(this.#position);
    this.#rows = NO_ROWS;
    this.#position = 0;
    return rows;
  }

  /** False where all rows have been fetched, so that there is no need to `refill`. Throws ResourceClosedError once the source is closed. */
  hasMore(): boolean {
    this.check();
    return this.#feed !== null;
  }

  /**
   * Fetches more rows when none are there; false when there are no more. Throws ResourceClosedError once the source is closed.
   *
   * @param wanted how many rows the caller is going to take
   */
  *refill(wanted: number): Io<boolean> {
    this.check();
    const feed = this.#feed;
    if (feed === null) return false;
    if (this.#isFetching)
      throw new ConcurrentUseError("Rows are asked for while others are being fetched. Await one before starting the other.");
    const count = this.#portion(wanted);
    this.#isFetching = true;
    let rows: readonly Values[];
    try {
      rows = yield* feed.next(count);
    } catch (error) {
      yield* this.abandon();
      throw error;
    } finally {
      this.#isFetching = false;
    }
    if (rows.length < count) yield* this.#endFeed();
    // Somebody closed the result while the rows were on their way.
    this.check();
    this.#rows = rows;
    this.#position = 0;
    return rows.length > 0;
  }

  /** Throws ResourceClosedError where no rows can be fetched any more. */
  check(): void {
    if (this.names === null)
      throw new ResourceClosedError("This result does not return rows; it was closed when the statement had run.");
    if (this.#isClosed) throw new ResourceClosedError("This result is closed.");
  }

  /** Gives no more rows from here on. What is open on the server is still to be closed. */
  shut(): void {
    this.#isClosed = true;
    this.#rows = NO_ROWS;
    this.#position = 0;
  }

  /** Gives the rows up and frees the connection. Can be called again. */
  *close(): Io<void> {
    if (this.#isFetching)
      throw new ConcurrentUseError("A result cannot be closed by what is called while its rows are being fetched.");
    this.shut();
    yield* this.#endFeed();
  }

  /** As `close`, after an error: that is what the caller has to hear of, not what closing says. */
  *abandon(): Io<void> {
    this.shut();
    try {
      yield* this.#endFeed();
    } catch {
      return;
    }
  }

  #portion(wanted: number): number {
    if (this.#yieldPer !== null) return Math.max(this.#yieldPer, wanted);
    const portion = this.#nextPortion;
    this.#nextPortion = Math.min(portion * GROWTH, this.maxRowBuffer);
    return Math.max(portion, wanted);
  }

  *#endFeed(): Io<void> {
    const feed = this.#feed;
    this.#feed = null;
    if (feed !== null) yield* feed.close();
  }
}

/** Throws ArgumentError for what is no number of rows. */
export function checkCount(what: string, count: unknown): void {
  if (!Number.isSafeInteger(count) || (count as number) < 1)
    throw new ArgumentError(`${what} takes a positive number of rows, got ${String(count)}`);
}
