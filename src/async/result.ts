/**
 * Results of the asynchronous colour whose rows come in portions: what `stream()` gives. What fetching means is in engine/resultCore.ts;
 * `engine/results/result.ts` has the same methods without promises. Views, uniqueness and column names need no waiting and give no promises.
 */
import { ConcurrentUseError } from "../errors/engine.ts";
import { freezeRows, type FrozenResult } from "../engine/results/frozenResult.ts";
import { MergedFeed } from "../engine/results/mergedFeed.ts";
import { Result, type UniqueStrategy } from "../engine/results/result.ts";
import { END, ResultCore } from "../engine/results/resultCore.ts";
import { columnsView, mappingView, scalarView } from "../engine/results/resultViews.ts";
import {
  shapeOfNames,
  type ColumnKey,
  type ColumnValue,
  type MappingOf,
  type PickedRow,
  type Row,
  type RowShape,
  type TupleIn,
} from "../engine/results/row.ts";
import type { RowFeed } from "../engine/results/rowFeed.ts";
import { RowSource, type StreamOptions } from "../engine/results/rowSource.ts";
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
} from "../engine/results/statementFacts.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import type { Column } from "../sql/schema/column.ts";

/** One fetch at a time from the rows that a result shares with its views, and one close, which waits for the fetch. */
class Turns {
  readonly #source: RowSource;
  #fetch: Promise<unknown> | null = null;
  #closing: Promise<void> | null = null;

  constructor(source: RowSource) {
    this.#source = source;
  }

  get isFetching(): boolean {
    return this.#fetch !== null;
  }

  async fetch<V>(io: Io<V>): Promise<V> {
    if (this.#fetch !== null)
      throw new ConcurrentUseError(
        "Rows of this result are asked for while a fetch is still under way. Await one before starting the other.",
      );
    const fetch = this.#run(io);
    this.#fetch = fetch;
    try {
      return await fetch;
    } finally {
      this.#fetch = null;
    }
  }

  async #run<V>(io: Io<V>): Promise<V> {
    const { stop } = this.#source;
    try {
      return await runAsync(io, stop);
    } catch (error) {
      // A caller who has given up is refused before anything is done, and then nobody else would close.
      if (stop?.isDue === true) await runAsync(this.#source.abandon());
      throw error;
    }
  }

  /** Whoever closes while somebody else does waits for the same end. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    // The fetch under way ends with its portion, and then finds that there is no more for it.
    this.#source.shut();
    await this.#fetch?.catch(ignore);
    await runAsync(this.#source.close());
  }
}

function ignore(): void {
  // Whoever fetches hears of the error.
}

/** What all results have: T is what one row gives. */
abstract class AsyncItemResult<T> implements AsyncIterable<T>, AsyncDisposable {
  readonly core: ResultCore<T>;
  protected readonly turns: Turns;

  protected constructor(core: ResultCore<T>, turns: Turns) {
    this.core = core;
    this.turns = turns;
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

  /** How many rows are fetched at a time, and what `partitions()` and `fetchmany()` take by default. */
  yieldPer(count: number): this {
    this.core.yieldPer(count);
    return this;
  }

  /** All remaining rows. */
  all(): Promise<T[]> {
    return this.turns.fetch(this.core.all());
  }

  fetchall(): Promise<T[]> {
    return this.all();
  }

  /** The next row, or null when there is none left. */
  fetchone(): Promise<T | null> {
    return this.turns.fetch(this.core.fetchone());
  }

  /** The next `size` rows (by default as many as `yieldPer` says, else all that are left); [] when there are none. */
  fetchmany(size?: number): Promise<T[]> {
    return this.turns.fetch(this.core.fetchmany(size));
  }

  /** The first row, and closes the result; null where there is none. */
  first(): Promise<T | null> {
    return this.turns.fetch(this.core.first());
  }

  /** The only row. Throws NoResultFound where there is none, and MultipleResultsFound where there are more. */
  one(): Promise<T> {
    return this.turns.fetch(this.core.one());
  }

  /** The only row, or null. Throws MultipleResultsFound. */
  oneOrNone(): Promise<T | null> {
    return this.turns.fetch(this.core.oneOrNone());
  }

  /**
   * The rest of the rows in lists of `size`, the last one shorter; by default of the size that `yieldPer` says, else 1000. Leaving the loop
   * early closes the result.
   *
   * @example
   * ```ts no-check
   * for await (const part of (await connection.stream(statement)).partitions(100)) await send(part);
   * ```
   */
  partitions(size?: number): AsyncIterableIterator<T[]> {
    const count = this.core.partitionSize(size);
    return new AsyncItemIterator<T[]>(
      () => END,
      async () => {
        const part = await this.fetchmany(count);
        return part.length === 0 ? END : part;
      },
      () => this.close(),
    );
  }

  /** The rest of the rows. Leaving the loop early closes the result. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    const { core, turns } = this;
    return new AsyncItemIterator<T>(
      () => (turns.isFetching ? END : core.take()),
      () => turns.fetch(core.next()),
      () => this.close(),
    );
  }

  /** True once the result was closed, or where the statement gives no rows. At the end of its rows a result is not closed: it gives none. */
  get closed(): boolean {
    return this.core.source.isClosed;
  }

  /**
   * Gives the rows up and frees the connection; fetching afterwards is rejected with ResourceClosedError. A fetch under way is waited for; one
   * that needs more than the rows on their way is rejected.
   */
  close(): Promise<void> {
    return this.turns.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Gives what is there without a fetch; written by hand because an async generator took about three times as long per row. */
class AsyncItemIterator<T> implements AsyncIterableIterator<T> {
  readonly #take: () => T | typeof END;
  readonly #fetch: () => Promise<T | typeof END>;
  readonly #close: () => Promise<void>;

  constructor(take: () => T | typeof END, fetch: () => Promise<T | typeof END>, close: () => Promise<void>) {
    this.#take = take;
    this.#fetch = fetch;
    this.#close = close;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const value = this.#take();
    return value === END ? this.#fetch().then(iteration) : Promise.resolve({ value, done: false });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.#close();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function iteration<T>(value: T | typeof END): IteratorResult<T, undefined> {
  return value === END ? { value: undefined, done: true } : { value, done: false };
}

/** The values of one column. SQLAlchemy: AsyncScalarResult. */
export class AsyncScalarResult<T> extends AsyncItemResult<T> {
  constructor(core: ResultCore<T>, turns: Turns) {
    super(core, turns);
  }
}

/** The rows as plain objects. SQLAlchemy: AsyncMappingResult. */
export class AsyncMappingResult<T> extends AsyncItemResult<T> {
  readonly #shape: RowShape;

  constructor(core: ResultCore<T>, turns: Turns, shape: RowShape) {
    super(core, turns);
    this.#shape = shape;
  }

  /** The column names, in order. */
  keys(): readonly string[] {
    return this.#shape.names;
  }

  /** A view with some of the columns, by name, position or expression, in that order. */
  columns<const K extends readonly ColumnKey<T>[]>(...keys: K): AsyncMappingResult<MappingOf<PickedRow<T, K>>> {
    const { core, shape } = columnsView<PickedRow<T, K>>(this.core, this.#shape, keys);
    return new AsyncMappingResult(mappingView(core, shape), this.turns, shape);
  }
}

/** What results have whose items are rows of R. */
abstract class AsyncRowResult<R extends readonly unknown[], T extends readonly unknown[]> extends AsyncItemResult<T> {
  /** The first column of the first row, and closes the result; null where there is no row. */
  async scalar(): Promise<R[0] | null> {
    const row = await this.first();
    return row === null ? null : row[0];
  }

  /** The first column of the only row. Throws NoResultFound or MultipleResultsFound. */
  async scalarOne(): Promise<R[0]> {
    return (await this.one())[0];
  }

  /** The first column of the only row, or null where there is none. Throws MultipleResultsFound. */
  async scalarOneOrNone(): Promise<R[0] | null> {
    const row = await this.oneOrNone();
    return row === null ? null : row[0];
  }
}

/** The rows, typed as tuples without names. SQLAlchemy: AsyncTupleResult. */
export class AsyncTupleResult<T extends readonly unknown[]> extends AsyncRowResult<T, T> {
  constructor(core: ResultCore<T>, turns: Turns) {
    super(core, turns);
  }
}

/**
 * A result whose rows are fetched in portions while it is read. Until it is read to its end or closed, its connection runs nothing else.
 * SQLAlchemy: AsyncResult.
 *
 * @example
 * ```ts no-check
 * await using result = await connection.stream(select(users.c.id, users.c.name));
 * for await (const { id, name } of result) console.log(id, name);
 * ```
 */
export class AsyncResult<R extends readonly unknown[] = readonly unknown[]> extends AsyncRowResult<R, Row<R>> {
  /** As `keys()`, but null where the statement gives no rows. */
  readonly names: readonly string[] | null;
  /** What the statement reported besides rows. */
  readonly info: ResultInfo;

  /** Results are made by `stream()`; see `asyncResult`. */
  constructor(core: ResultCore<Row<R>>, turns: Turns, names: readonly string[] | null, info: ResultInfo) {
    super(core, turns);
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
  columns<const K extends readonly ColumnKey<R>[]>(...keys: K): AsyncResult<PickedRow<R, K>> {
    const { core, shape } = columnsView<PickedRow<R, K>>(this.core, this.#shape, keys);
    return new AsyncResult(core, this.turns, shape.names, this.info);
  }

  /** A view of one column, by position (default the first), name or expression. Throws NoSuchColumnError. */
  scalars(): AsyncScalarResult<R[0]>;
  scalars<const K extends ColumnKey<R>>(column: K): AsyncScalarResult<ColumnValue<R, K>>;
  scalars(column: unknown = 0): AsyncScalarResult<unknown> {
    return new AsyncScalarResult(scalarView(this.core, this.#shape, column), this.turns);
  }

  /** A view of the rows as plain objects. */
  mappings(): AsyncMappingResult<MappingOf<R>> {
    return new AsyncMappingResult(mappingView(this.core, this.#shape), this.turns, this.#shape);
  }

  /** The same rows, typed as tuples without names. */
  tuples(): AsyncTupleResult<TupleIn<R>> {
    return new AsyncTupleResult(this.core as unknown as ResultCore<TupleIn<R>>, this.turns);
  }

  get t(): AsyncTupleResult<TupleIn<R>> {
    return this.tuples();
  }

  /** Fetches the remaining rows and keeps them, to be read any number of times, without waiting. */
  async freeze(): Promise<FrozenResult<R>> {
    return freezeRows<R>(await this.all(), this.#shape, (rows) => new Result<R>(rows, this.names));
  }

  /**
   * The rows of this result and then those of others with the same columns, as one; they are fetched when they are needed. Rows are unique
   * where this result's are, and the row counts are added up. Throws ArgumentError where columns differ.
   */
  merge(...others: readonly AsyncResult<R>[]): AsyncResult<R> {
    const results = [this, ...others];
    const source = RowSource.of(new MergedFeed(results));
    const core = new ResultCore<Row<R>>(source);
    core.uniqueLike(this.core);
    return new AsyncResult(core, new Turns(source), this.names, mergedInfo(results.map((result) => result.info)));
  }

  /** False for statements without rows, such as an INSERT without RETURNING. */
  get returnsRows(): boolean {
    return this.names !== null;
  }

  /** Rows matched by an UPDATE or DELETE, or inserted; -1 where the driver does not say, as for rows that are still being fetched. */
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

/**
 * The asynchronous result of what `ConnectionCore.stream` gives.
 *
 * @param rows a feed, or the result of a statement that was run at once
 */
export function asyncResult(rows: RowFeed | Result, options: StreamOptions = {}): AsyncResult {
  if (rows instanceof Result) return new AsyncResult(rows.core, new Turns(rows.core.source), rows.names, rows.info);
  const source = RowSource.of(rows, options);
  return new AsyncResult(new ResultCore(source), new Turns(source), rows.names, NO_INFO);
}
