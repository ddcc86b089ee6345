/**
 * Results of the synchronous colour, and of `execute` in both, because all rows are there when it returns; a streamed result of a synchronous
 * engine is one too. What fetching means is in resultCore.ts; `async/result.ts` has the same methods with promises.
 */
import type { Io } from "../../io/io.ts";
import { runSync } from "../../io/runSync.ts";
import type { Parameters } from "../../sql/compile/execute.ts";
import type { Column } from "../../sql/schema/column.ts";
import { freezeRows, type FrozenResult } from "./frozenResult.ts";
import { MergedFeed } from "./mergedFeed.ts";
import { END, ResultCore } from "./resultCore.ts";
import {
  shapeOfNames,
  type ColumnKey,
  type ColumnValue,
  type MappingOf,
  type PickedRow,
  type Row,
  type RowShape,
  type TupleIn,
} from "./row.ts";
import type { RowFeed } from "./rowFeed.ts";
import { RowSource, type StreamOptions, type Values } from "./rowSource.ts";
import { columnsView, mappingView, scalarView } from "./resultViews.ts";
import {
  insertedPrimaryKey,
  insertedPrimaryKeyRows,
  lastInsertedParams,
  lastrowHasDefaults,
  lastUpdatedParams,
  mergedInfo,
  NO_INFO,
  postfetchCols,
  prefetchCols,
  supportsSaneMultiRowcount,
  supportsSaneRowcount,
  type PrimaryKeyRow,
  type ResultInfo,
} from "./statementFacts.ts";
import type { UniqueStrategy } from "./uniqueness.ts";

export type { PrimaryKeyRow, ResultInfo } from "./statementFacts.ts";
export type { UniqueStrategy } from "./uniqueness.ts";

/** What all results have: T is what one row gives. */
abstract class ItemResult<T> implements Iterable<T> {
  /** What fetching means; for the results of the other colour, and for merging. */
  readonly core: ResultCore<T>;

  protected constructor(core: ResultCore<T>) {
    this.core = core;
  }

  /**
   * Leaves out items that came before. Numbers, strings, dates, bytes, decimals and durations are equal when their values are, lists and plain
   * objects (JSON) when their members are; mapped objects and all others are equal only to themselves. A `strategy` gives what is compared
   * instead of the item.
   */
  unique(strategy?: UniqueStrategy<T>): this {
    this.core.unique(strategy ?? null);
    return this;
  }

  /** How many rows are fetched at a time where they come in portions, and what `partitions()` and `fetchmany()` take by default. */
  yieldPer(count: number): this {
    this.core.yieldPer(count);
    return this;
  }

  /** All remaining rows. */
  all(): T[] {
    const { core } = this;
    return core.source.hasMore() ? this.run(core.all()) : core.takeAll();
  }

  fetchall(): T[] {
    return this.all();
  }

  /** The next row, or null when there is none left. */
  fetchone(): T | null {
    const item = this.core.take();
    return item === END ? this.run(this.core.fetchone()) : item;
  }

  /** The next `size` rows (by default as many as `yieldPer` says, else all that are left); [] when there are none. */
  fetchmany(size?: number): T[] {
    return this.run(this.core.fetchmany(size));
  }

  /** The first row, and closes the result; null where there is none. */
  first(): T | null {
    return this.run(this.core.first());
  }

  /** The only row. Throws NoResultFound where there is none, and MultipleResultsFound where there are more. */
  one(): T {
    return this.run(this.core.one());
  }

  /** The only row, or null. Throws MultipleResultsFound. */
  oneOrNone(): T | null {
    return this.run(this.core.oneOrNone());
  }

  /**
   * The rest of the rows in lists of `size`, the last one shorter. By default of the size that `yieldPer` says, else all in one; 1000 of a
   * streamed result. Leaving the loop early closes a streamed result.
   */
  partitions(size?: number): IterableIterator<T[]> {
    const count = this.core.partitionSize(size);
    return new ItemIterator<T[]>(this, () => {
      const part = this.fetchmany(count);
      return part.length === 0 ? END : part;
    });
  }

  /** The rest of the rows. Leaving the loop early closes a streamed result; others can be read on. */
  [Symbol.iterator](): IterableIterator<T> {
    const { core } = this;
    return new ItemIterator<T>(this, () => {
      const item = core.take();
      return item === END ? this.run(core.next()) : item;
    });
  }

  /** True once the result was closed, or where the statement gives no rows. At the end of its rows a result is not closed: it gives none. */
  get closed(): boolean {
    return this.core.source.isClosed;
  }

  /** Gives the rows up and frees the connection; fetching afterwards throws ResourceClosedError. */
  close(): void {
    runSync(this.core.source.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected run<V>(io: Io<V>): V {
    const { source } = this.core;
    try {
      return runSync(io, source.stop);
    } catch (error) {
      // A caller who has given up is refused before anything is done, and then nobody else would close.
      if (source.stop?.isDue === true) runSync(source.abandon());
      throw error;
    }
  }
}

/** Iterates without a generator, which took about twice as long per row. */
class ItemIterator<T> implements IterableIterator<T> {
  readonly #result: { close(): void; readonly core: ResultCore<unknown> };
  readonly #take: () => T | typeof END;

  constructor(result: { close(): void; readonly core: ResultCore<unknown> }, take: () => T | typeof END) {
    this.#result = result;
    this.#take = take;
  }

  next(): IteratorResult<T, undefined> {
    const value = this.#take();
    return value === END ? { value: undefined, done: true } : { value, done: false };
  }

  return(): IteratorResult<T, undefined> {
    if (this.#result.core.source.isStreamed) this.#result.close();
    return { value: undefined, done: true };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/** The values of one column. SQLAlchemy: ScalarResult. */
export class ScalarResult<T> extends ItemResult<T> {
  constructor(core: ResultCore<T>) {
    super(core);
  }
}

/** The rows as plain objects. SQLAlchemy: MappingResult. */
export class MappingResult<T> extends ItemResult<T> {
  readonly #shape: RowShape;

  constructor(core: ResultCore<T>, shape: RowShape) {
    super(core);
    this.#shape = shape;
  }

  /** The column names, in order. */
  keys(): readonly string[] {
    return this.#shape.names;
  }

  /** A view with some of the columns, by name, position or expression, in that order. */
  columns<const K extends readonly ColumnKey<T>[]>(...keys: K): MappingResult<MappingOf<PickedRow<T, K>>> {
    const { core, shape } = columnsView<PickedRow<T, K>>(this.core, this.#shape, keys);
    return new MappingResult(mappingView(core, shape), shape);
  }
}

/** What results have whose items are rows of R. */
abstract class RowResult<R extends readonly unknown[], T extends readonly unknown[]> extends ItemResult<T> {
  /** The first column of the first row, and closes the result; null where there is no row. */
  scalar(): R[0] | null {
    const row = this.first();
    return row === null ? null : row[0];
  }

  /** The first column of the only row. Throws NoResultFound or MultipleResultsFound. */
  scalarOne(): R[0] {
    return this.one()[0];
  }

  /** The first column of the only row, or null where there is none. Throws MultipleResultsFound. */
  scalarOneOrNone(): R[0] | null {
    const row = this.oneOrNone();
    return row === null ? null : row[0];
  }
}

/** The rows, typed as tuples without names. SQLAlchemy: TupleResult. */
export class TupleResult<T extends readonly unknown[]> extends RowResult<T, T> {
  constructor(core: ResultCore<T>) {
    super(core);
  }
}

/**
 * The result of one `execute`. Iterate it, or take `all()`, `first()`, `one()`, `scalars()` …
 *
 * @example
 * ```ts no-check
 * for (const { id, name } of connection.execute(select(users.c.id, users.c.name))) console.log(id, name);
 * ```
 */
export class Result<R extends readonly unknown[] = readonly unknown[]> extends RowResult<R, Row<R>> {
  /** As `keys()`, but null where the statement gives no rows; with `info`, for the other colour and for merging. */
  readonly names: readonly string[] | null;
  /** What the statement reported besides rows. */
  readonly info: ResultInfo;

  /**
   * @param rows rows already given their shape (see `asRow`), or a view of them
   * @param names the column names; null where the statement gives no rows
   */
  constructor(rows: readonly Values[] | ResultCore<Row<R>>, names: readonly string[] | null, info: ResultInfo = NO_INFO) {
    super(rows instanceof ResultCore ? rows : new ResultCore(new RowSource(rows, names)));
    this.names = names;
    this.info = info;
  }

  /** The column names, in order. Throws ResourceClosedError where the statement gives no rows. */
  keys(): readonly string[] {
    return this.#shape.names;
  }

  /**
   * A view with some of the columns, by name, position or expression, in that order. It fetches from the same rows; the result itself keeps
   * its columns. Throws NoSuchColumnError.
   */
  columns<const K extends readonly ColumnKey<R>[]>(...keys: K): Result<PickedRow<R, K>> {
    const { core, shape } = columnsView<PickedRow<R, K>>(this.core, this.#shape, keys);
    return new Result(core, shape.names, this.info);
  }

  /** A view of one column, by position (default the first), name or expression. Throws NoSuchColumnError. */
  scalars(): ScalarResult<R[0]>;
  scalars<const K extends ColumnKey<R>>(column: K): ScalarResult<ColumnValue<R, K>>;
  scalars(column: unknown = 0): ScalarResult<unknown> {
    return new ScalarResult(scalarView(this.core, this.#shape, column));
  }

  /** A view of the rows as plain objects. */
  mappings(): MappingResult<MappingOf<R>> {
    return new MappingResult(mappingView(this.core, this.#shape), this.#shape);
  }

  /** The same rows, typed as tuples without names. */
  tuples(): TupleResult<TupleIn<R>> {
    return new TupleResult(this.core as unknown as ResultCore<TupleIn<R>>);
  }

  get t(): TupleResult<TupleIn<R>> {
    return this.tuples();
  }

  /** Fetches the remaining rows and keeps them, to be read any number of times. */
  freeze(): FrozenResult<R> {
    return freezeRows<R>(this.all(), this.#shape, (rows) => new Result<R>(rows, this.names));
  }

  /**
   * The rows of this result and then those of others with the same columns, as one; they are fetched when they are needed. Rows are unique
   * where this result's are, and the row counts are added up. Throws ArgumentError where columns differ.
   */
  merge(...others: readonly Result<R>[]): Result<R> {
    const results = [this, ...others];
    const feed = new MergedFeed(results);
    const info = mergedInfo(results.map((result) => result.info));
    const merged = results.some(({ core }) => core.source.isStreamed)
      ? new ResultCore<Row<R>>(RowSource.of(feed))
      : new ResultCore<Row<R>>(
          new RowSource(
            results.flatMap((result) => result.all()),
            this.names,
          ),
        );
    merged.uniqueLike(this.core);
    return new Result(merged, this.names, info);
  }

  /** False for statements without rows, such as an INSERT without RETURNING. */
  get returnsRows(): boolean {
    return this.names !== null;
  }

  /** Rows matched by an UPDATE or DELETE, or inserted; -1 where the driver does not say. */
  get rowcount(): number {
    return this.info.rowcount;
  }

  /** The key that the database generated last, where the protocol reports one (SQLite, MySQL); else null. */
  get lastrowid(): number | bigint | null {
    return this.info.lastrowid;
  }

  /** True for the result of an `insert()`. */
  get isInsert(): boolean {
    return this.info.isInsert;
  }

  /**
   * The primary key of the one inserted row: `key[0]`, or by the key of a column, `key.id`. Throws InvalidRequestError after anything else than
   * one INSERT of one row.
   */
  get insertedPrimaryKey(): PrimaryKeyRow {
    return insertedPrimaryKey(this.info);
  }

  /** The primary key of every inserted row; null stands for a part that the database does not report. Throws InvalidRequestError after no INSERT. */
  get insertedPrimaryKeyRows(): readonly PrimaryKeyRow[] {
    return insertedPrimaryKeyRows(this.info);
  }

  /**
   * The values that the INSERT was sent with, by the keys of columns and the names of parameters, as they were before conversion and with the
   * defaults that were worked out for them; a list where a list was given, of which they are read: do not change it before. Throws
   * InvalidRequestError after no INSERT.
   */
  lastInsertedParams(): Parameters {
    return lastInsertedParams(this.info);
  }

  /** The values that the UPDATE was sent with, as `lastInsertedParams()` gives those of an INSERT. Throws InvalidRequestError after no UPDATE. */
  lastUpdatedParams(): Parameters {
    return lastUpdatedParams(this.info);
  }

  /**
   * The columns that the INSERT or UPDATE got a value for from their `default()` or `onupdate()`, a value or a function, before it was sent.
   * Throws InvalidRequestError after anything else.
   */
  prefetchCols(): readonly Column[] {
    return prefetchCols(this.info);
  }

  /**
   * The columns that got a value from the database which is not known here: by a default of the table or an SQL expression, unless the
   * statement returns it. Throws InvalidRequestError after anything else than an INSERT or UPDATE.
   */
  postfetchCols(): readonly Column[] {
    return postfetchCols(this.info);
  }

  /** True where `postfetchCols()` has any; false after anything else than an INSERT or UPDATE. */
  lastrowHasDefaults(): boolean {
    return lastrowHasDefaults(this.info);
  }

  /** True where `rowcount` tells how many rows an UPDATE or DELETE matched, changed or not. False of rows that were selected. */
  supportsSaneRowcount(): boolean {
    return supportsSaneRowcount(this.info);
  }

  /** The same for a list of parameters, whose counts are added up. */
  supportsSaneMultiRowcount(): boolean {
    return supportsSaneMultiRowcount(this.info);
  }

  get #shape(): RowShape {
    if (this.names === null) this.core.source.check();
    return shapeOfNames(this.names!);
  }
}

/** A result whose rows are fetched in portions while it is read. The synchronous colour's; `AsyncResult` is the other's. */
export function streamedResult(feed: RowFeed, options: StreamOptions = {}): Result {
  return new Result(new ResultCore(RowSource.of(feed, options)), feed.names);
}
