/**
 * Results: what `execute` gives, in both colours, because all rows are there when it returns. `scalars()` and `mappings()` are views of
 * the same rows: what one has fetched, the other does not see again.
 */
import { ArgumentError, InvalidRequestError } from "../errors/base.ts";
import { MultipleResultsFound, NoResultFound, ResourceClosedError } from "../errors/engine.ts";
import { mappingOf, type MappingOf, positionOf, type Row } from "./row.ts";

/** The rows of one result, and how far they have been fetched. */
class RowBuffer {
  readonly names: readonly string[] | null;
  #rows: readonly (readonly unknown[])[];
  #position = 0;
  isClosed = false;

  constructor(rows: readonly (readonly unknown[])[], names: readonly string[] | null) {
    this.#rows = rows;
    this.names = names;
    this.isClosed = names === null;
  }

  next(): readonly unknown[] | undefined {
    this.check();
    return this.#rows[this.#position++];
  }

  rest(): readonly (readonly unknown[])[] {
    this.check();
    const rest = this.#position === 0 ? this.#rows : this.#rows.slice(this.#position);
    this.#position = this.#rows.length;
    return rest;
  }

  check(): void {
    if (this.names === null)
      throw new ResourceClosedError("This result does not return rows; it was closed when the statement had run.");
    if (this.isClosed) throw new ResourceClosedError("This result is closed.");
  }

  close(): void {
    this.isClosed = true;
    this.#rows = [];
  }
}

/** What makes two rows the same to `unique`; default: equal values, objects by identity. */
export type UniqueStrategy<T> = (item: T) => unknown;

/** What all results have: T is what one row gives. */
abstract class ResultView<T> implements Iterable<T> {
  protected readonly buffer: RowBuffer;
  #seen: Set<unknown> | null = null;
  #strategy: UniqueStrategy<T> | null = null;

  protected constructor(buffer: RowBuffer) {
    this.buffer = buffer;
  }

  protected abstract itemOf(row: readonly unknown[]): T;

  /** Leaves out rows that came before. `strategy` gives what is compared; by default values, and objects by identity. */
  unique(strategy?: UniqueStrategy<T>): this {
    this.#seen = new Set();
    this.#strategy = strategy ?? null;
    return this;
  }

  protected get isUnique(): boolean {
    return this.#seen !== null;
  }

  /** All remaining rows. */
  all(): T[] {
    const items: T[] = [];
    for (const row of this.buffer.rest()) {
      const item = this.itemOf(row);
      if (this.#isNew(item)) items.push(item);
    }
    return items;
  }

  fetchall(): T[] {
    return this.all();
  }

  /** The next row, or null when there is none left. */
  fetchone(): T | null {
    const item = this.#next();
    return item === END ? null : item;
  }

  /** The next `size` rows (all that are left by default); [] when there are none. */
  fetchmany(size?: number): T[] {
    if (size === undefined) return this.all();
    if (!Number.isInteger(size) || size < 1) throw new ArgumentError(`fetchmany() takes a positive number of rows, got ${size}`);
    const items: T[] = [];
    while (items.length < size) {
      const item = this.#next();
      if (item === END) break;
      items.push(item);
    }
    return items;
  }

  /** The first row, or null; closes the result. */
  first(): T | null {
    const item = this.#next();
    this.close();
    return item === END ? null : item;
  }

  /** The only row. Throws NoResultFound or MultipleResultsFound; closes the result. */
  one(): T {
    const item = this.#only();
    if (item === END) throw new NoResultFound("No row was found when one was required");
    return item;
  }

  /** The only row, or null. Throws MultipleResultsFound; closes the result. */
  oneOrNone(): T | null {
    const item = this.#only();
    return item === END ? null : item;
  }

  /** The rest of the rows in lists of `size`, the last one shorter. */
  *partitions(size?: number): Generator<T[], void, undefined> {
    for (;;) {
      const part = this.fetchmany(size);
      if (part.length === 0) return;
      yield part;
    }
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let item = this.#next(); item !== END; item = this.#next()) yield item;
  }

  /** True once the result was closed, or where the statement gives no rows. */
  get closed(): boolean {
    return this.buffer.isClosed;
  }

  /** Gives the rows up; fetching afterwards throws ResourceClosedError. */
  close(): void {
    this.buffer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #next(): T | typeof END {
    for (let row = this.buffer.next(); row !== undefined; row = this.buffer.next()) {
      const item = this.itemOf(row);
      if (this.#isNew(item)) return item;
    }
    return END;
  }

  #only(): T | typeof END {
    const item = this.#next();
    const more = item === END ? END : this.#next();
    this.close();
    if (more !== END) throw new MultipleResultsFound("Several rows were found when exactly one was required");
    return item;
  }

  #isNew(item: T): boolean {
    const seen = this.#seen;
    if (seen === null) return true;
    const key = this.#strategy === null ? uniqueKey(item) : this.#strategy(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  }
}

const END: unique symbol = Symbol("end of the result");

/** The values of one column. SQLAlchemy: ScalarResult. */
export class ScalarResult<T> extends ResultView<T> {
  readonly #column: number;

  constructor(buffer: RowBuffer, column: number) {
    super(buffer);
    this.#column = column;
  }

  protected itemOf(row: readonly unknown[]): T {
    return row[this.#column] as T;
  }
}

/** The rows as plain objects. SQLAlchemy: MappingResult. */
export class MappingResult<T> extends ResultView<T> {
  constructor(buffer: RowBuffer) {
    super(buffer);
  }

  keys(): readonly string[] {
    this.buffer.check();
    return this.buffer.names!;
  }

  protected itemOf(row: readonly unknown[]): T {
    return mappingOf(this.buffer.names!, row) as T;
  }
}

/** What a statement reported besides rows. */
export interface ResultInfo {
  readonly rowcount: number;
  readonly lastrowid: number | bigint | null;
  readonly isInsert: boolean;
  /** True where a list of parameter sets was given. */
  readonly isMany: boolean;
  /** The primary keys of the inserted rows; null where they are not known. Called when somebody asks. */
  readonly insertedKeys: (() => readonly (readonly unknown[])[]) | null;
}

const NO_INFO: ResultInfo = { rowcount: -1, lastrowid: null, isInsert: false, isMany: false, insertedKeys: null };

/**
 * The result of one `execute`. Iterate it, or take `all()`, `first()`, `one()`, `scalars()` …
 *
 * @example
 * ```ts no-check
 * for (const { id, name } of connection.execute(select(users.c.id, users.c.name))) console.log(id, name);
 * ```
 */
export class Result<R extends readonly unknown[] = readonly unknown[]> extends ResultView<Row<R>> {
  readonly #info: ResultInfo;

  /**
   * @param rows rows already given their shape (see `asRow`), or none
   * @param names the column names; null where the statement gives no rows
   */
  constructor(rows: readonly (readonly unknown[])[], names: readonly string[] | null, info: ResultInfo = NO_INFO) {
    super(new RowBuffer(rows, names));
    this.#info = info;
  }

  protected itemOf(row: readonly unknown[]): Row<R> {
    return row as Row<R>;
  }

  /** The first column of the first row, or null where there is no row; closes the result. */
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

  /** A view of one column, by position (default the first) or name. */
  scalars(): ScalarResult<R[0]>;
  scalars<T = unknown>(column: number | string): ScalarResult<T>;
  scalars(column: number | string = 0): ScalarResult<unknown> {
    this.buffer.check();
    const names = this.buffer.names!;
    const position = typeof column === "number" ? column : positionOf(names, column);
    if (!Number.isInteger(position) || position < 0 || position >= names.length)
      throw new ArgumentError(`The result has ${names.length} columns, and none at position ${position}`);
    const view = new ScalarResult<unknown>(this.buffer, position);
    return this.isUnique ? view.unique() : view;
  }

  /** A view of the rows as plain objects. */
  mappings(): MappingResult<MappingOf<R>> {
    this.buffer.check();
    const view = new MappingResult<MappingOf<R>>(this.buffer);
    return this.isUnique ? view.unique((item) => uniqueKey(Object.values(item))) : view;
  }

  /** The column names, in order. */
  keys(): readonly string[] {
    if (this.buffer.names === null) this.buffer.check();
    return this.buffer.names!;
  }

  /** False for statements without rows, such as an INSERT without RETURNING. */
  get returnsRows(): boolean {
    return this.buffer.names !== null;
  }

  /** Rows matched by an UPDATE or DELETE, or inserted; -1 where the driver does not say. */
  get rowcount(): number {
    return this.#info.rowcount;
  }

  /** The key that the database generated last, where the protocol reports one (SQLite, MySQL); else null. */
  get lastrowid(): number | bigint | null {
    return this.#info.lastrowid;
  }

  /** The primary key of the one inserted row. Throws InvalidRequestError after anything else than one INSERT of one row. */
  get insertedPrimaryKey(): readonly unknown[] {
    if (this.#info.isMany) throw new InvalidRequestError("Several rows were inserted; read insertedPrimaryKeyRows");
    return this.insertedPrimaryKeyRows[0] ?? [];
  }

  /** The primary key of every inserted row; null stands for a part that the database does not report. */
  get insertedPrimaryKeyRows(): readonly (readonly unknown[])[] {
    if (!this.#info.isInsert) throw new InvalidRequestError("Only an insert() has inserted primary keys");
    return this.#info.insertedKeys?.() ?? [];
  }
}

let identities = 0;
const identityOf = new WeakMap<object, number>();

/** A primitive that is equal for equal items: lists by their members, other objects by identity unless they are values. */
function uniqueKey(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return typeof item === "string" ? `s${item}` : item;
  if (Array.isArray(item))
    return JSON.stringify(item.map((value: unknown) => (typeof value === "bigint" ? `n${value}` : (uniqueKey(value) ?? null))));
  if (item instanceof Date) return `d${item.getTime()}`;
  if (item instanceof Uint8Array) return `b${Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString("hex")}`;
  if ("toFixed" in item) return `m${String(item)}`;
  let identity = identityOf.get(item);
  if (identity === undefined) identityOf.set(item, (identity = ++identities));
  return `o${identity}`;
}
