/**
 * What fetching means, once for all results and both colours: what a row becomes, which items are left out as known, and how many are taken.
 * The facades (result.ts here, result.ts in async/) run its I/O. Views of a result are further cores over the same source.
 */
import { MultipleResultsFound, NoResultFound } from "../../errors/engine.ts";
import type { Io } from "../../io/io.ts";
import type { RowSource, Values } from "./rowSource.ts";
import { checkCount } from "./rowSource.ts";
import { Uniqueness, type UniqueStrategy } from "./uniqueness.ts";

/** There is nothing more where the caller looked. */
export const END: unique symbol = Symbol("end");
/** The row is left out. */
const SKIPPED: unique symbol = Symbol("skipped");

type Step = (row: Values) => Values | typeof SKIPPED;

/** @typeParam T what one row gives */
export class ResultCore<T> {
  readonly source: RowSource;
  /** What the results that this is a view of make of a row; null for the row itself. */
  readonly #before: Step | null;
  /** What this view makes of that; null for the row itself. */
  readonly #map: ((row: Values) => T) | null;
  /** True where items are new objects each time, so that the rows behind them are compared. */
  readonly #comparesRows: boolean;
  #unique: Uniqueness<unknown> | null = null;

  constructor(source: RowSource, before: Step | null = null, map: ((row: Values) => T) | null = null, comparesRows = false) {
    this.source = source;
    this.#before = before;
    this.#map = map;
    this.#comparesRows = comparesRows;
  }

  /** A view in which each row is something else. What was left out as known stays out. */
  view<U>(map: ((row: Values) => U) | null, comparesRows = false): ResultCore<U> {
    const core = new ResultCore<U>(this.source, this.#rowsForViews(), map, comparesRows);
    // Without a strategy a view compares its own items; with one, rows are compared as the strategy says before they are viewed.
    if (this.#unique?.strategy === null) core.#unique = this.#unique;
    return core;
  }

  unique(strategy: UniqueStrategy<T> | null): void {
    this.#unique = new Uniqueness(strategy as UniqueStrategy<unknown> | null);
  }

  /** Leaves out what came before, as the other does, and forgets what the other has seen. */
  uniqueLike(other: ResultCore<T>): void {
    if (other.#unique !== null) this.#unique = new Uniqueness(other.#unique.strategy);
  }

  /** The next item of the rows that are there. */
  take(): T | typeof END {
    const { source } = this;
    const unique = this.#unique;
    for (;;) {
      let row: Values | undefined | typeof SKIPPED = source.take();
      if (row === undefined) return END;
      if (this.#before !== null && (row = this.#before(row)) === SKIPPED) continue;
      if (unique === null) return this.#itemOf(row);
      const item = this.#newItemOf(row, unique);
      if (item !== SKIPPED) return item;
    }
  }

  /** The next item, fetching rows if need be. */
  *next(): Io<T | typeof END> {
    for (;;) {
      const item = this.take();
      if (item !== END || !this.source.hasMore() || !(yield* this.source.refill(1))) return item;
    }
  }

  *fetchone(): Io<T | null> {
    const item = yield* this.next();
    return item === END ? null : item;
  }

  *fetchmany(size: number | undefined): Io<T[]> {
    const { source } = this;
    if (size !== undefined) checkCount("fetchmany()", size);
    const count = size ?? source.yieldPer;
    if (count === null) return yield* this.all();
    const items: T[] = [];
    for (;;) {
      while (items.length < count) {
        const item = this.take();
        if (item === END) break;
        items.push(item);
      }
      if (items.length === count || !source.hasMore() || !(yield* source.refill(count - items.length))) return items;
    }
  }

  *all(): Io<T[]> {
    const { source } = this;
    let items = this.takeAll();
    while (source.hasMore() && (yield* source.refill(source.maxRowBuffer)))
      items = items.length === 0 ? this.takeAll() : appended(items, this.takeAll());
    return items;
  }

  /** The first item, and closes the result; null where there is none. */
  *first(): Io<T | null> {
    let item = this.take();
    if (item === END) item = yield* this.next();
    if (item === END) return null;
    yield* this.source.close();
    return item;
  }

  /** The only item, or END. Throws MultipleResultsFound, and closes the result then. */
  *only(): Io<T | typeof END> {
    const item = yield* this.next();
    if (item === END || (yield* this.next()) === END) return item;
    yield* this.source.close();
    throw new MultipleResultsFound("Several rows were found when exactly one was required");
  }

  *one(): Io<T> {
    const item = yield* this.only();
    if (item === END) throw new NoResultFound("No row was found when one was required");
    return item;
  }

  *oneOrNone(): Io<T | null> {
    const item = yield* this.only();
    return item === END ? null : item;
  }

  /** How many items a partition has; undefined for all that are left. Throws ArgumentError for what is no number of rows. */
  partitionSize(size: number | undefined): number | undefined {
    if (size !== undefined) checkCount("partitions()", size);
    const { source } = this;
    return size ?? source.yieldPer ?? (source.isStreamed ? source.maxRowBuffer : undefined);
  }

  yieldPer(count: number): void {
    checkCount("yieldPer()", count);
    this.source.yieldPer = count;
  }

  #itemOf(row: Values): T {
    return this.#map === null ? (row as T) : this.#map(row);
  }

  #newItemOf(row: Values, unique: Uniqueness<unknown>): T | typeof SKIPPED {
    // A strategy is given what the user sees.
    if (this.#comparesRows && unique.strategy === null) return unique.isNew(row) ? this.#itemOf(row) : SKIPPED;
    const item = this.#itemOf(row);
    return unique.isNew(item) ? item : SKIPPED;
  }

  /** The items of the rows that are there. */
  takeAll(): T[] {
    const rows = this.source.takeAll();
    const items: T[] = [];
    const before = this.#before;
    const unique = this.#unique;
    const map = this.#map;
    if (before === null && unique === null) return map === null ? (rows.slice() as T[]) : rows.map((row) => map(row));
    for (const each of rows) {
      const row = before === null ? each : before(each);
      if (row === SKIPPED) continue;
      const item = unique === null ? this.#itemOf(row) : this.#newItemOf(row, unique);
      if (item !== SKIPPED) items.push(item);
    }
    return items;
  }

  /** The rows that a view sees: what this one makes of them where that is a row too, without those that its strategy leaves out. */
  #rowsForViews(): Step | null {
    const before = this.#before;
    const map = this.#map;
    const unique = this.#unique?.strategy === null ? null : this.#unique;
    if (unique === null && (map === null || this.#comparesRows)) return before;
    return (each) => {
      const row = before === null ? each : before(each);
      if (row === SKIPPED) return SKIPPED;
      const item = this.#itemOf(row);
      if (unique !== null && !unique.isNew(item)) return SKIPPED;
      return this.#comparesRows ? row : (item as Values);
    };
  }
}

function appended<T>(items: T[], more: readonly T[]): T[] {
  for (const item of more) items.push(item);
  return items;
}
