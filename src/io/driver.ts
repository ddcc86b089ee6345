/**
 * What a driver file must offer: a connection that runs SQL text with positional parameters and gives rows as arrays.
 * The runners call it, the pool keeps it, `drivers/` implements it once for every npm package.
 * A method may answer with a value or with a promise of it; a synchronous engine takes only values.
 */

export type MaybePromise<T> = T | Promise<T>;

/** One statement as it goes to the driver. */
export interface DriverStatement {
  readonly sql: string;
  /** Already converted by the dialect; in the order of the placeholders. */
  readonly parameters: readonly unknown[];
  /** True when the text will come again, so that preparing it and keeping it on the connection pays. */
  readonly reusable: boolean;
  /**
   * True when an integer of the result may exceed 2^53: the driver must then not round it, whatever representation it uses (bigint
   * or decimal string).
   */
  readonly wideIntegers: boolean;
  /** False when the statement gives no rows (INSERT without RETURNING, DDL); saves some drivers a look. */
  readonly returnsRows: boolean;
}

/** A column of a result as the driver describes it. `typeCode` is the driver's own code for the column's type, where it has one. */
export interface DriverColumn {
  readonly name: string;
  readonly typeCode: number | string | null;
}

/** What a driver answers: rows as arrays in column order, values as the wire gave them (see the dialect's converters). */
export interface DriverResult {
  /** Null when the statement gives no rows. */
  readonly columns: readonly DriverColumn[] | null;
  readonly rows: unknown[][];
  /** Rows matched by an UPDATE or DELETE, inserted by an INSERT; -1 where the driver cannot say. */
  readonly rowCount: number;
  /** The key that the database generated for the last inserted row, where the protocol reports one. */
  readonly lastInsertId: number | bigint | null;
}

/** The answer to one statement run with many parameter sets. */
export interface DriverManyResult {
  readonly rowCount: number;
  /** One per parameter set, in their order; null where the protocol does not report them. */
  readonly insertIds: readonly (number | bigint)[] | null;
}

/** Rows of one statement, a portion at a time. While it is open its connection runs nothing else. */
export interface DriverCursor {
  readonly columns: readonly DriverColumn[];
  /**
   * The next rows: `count` of them, fewer only at the end, [] when there are none left.
   *
   * @param deadline as for `DriverConnection.execute`
   */
  fetch(count: number, deadline?: number): MaybePromise<unknown[][]>;
  /** Ends the statement on the server too, however many rows are left; the connection is free afterwards. Can be called again. */
  close(): MaybePromise<void>;
}

/**
 * One connection to a database. It is used by one statement at a time; the core sees to that.
 *
 * A `deadline`, in the milliseconds of `performance.now()`, is for drivers that answer at once: nobody else runs while they work, so they
 * have to stop by themselves when it has passed (by throwing, with the connection usable), as soon as they can. Drivers that answer with
 * promises need not look at it: the runner calls `cancel` in time.
 */
export interface DriverConnection {
  /** The object of the npm package, for what only it can do. */
  readonly driverConnection: unknown;
  /** False once the socket is known to be gone or `close` or `destroy` was called. */
  readonly isOpen: boolean;
  execute(statement: DriverStatement, deadline?: number): MaybePromise<DriverResult>;
  /** Runs one statement (never one that returns rows) with each parameter set, in order; stops at the first error. */
  executeMany(
    statement: DriverStatement,
    parameterSets: readonly (readonly unknown[])[],
    deadline?: number,
  ): MaybePromise<DriverManyResult>;
  /** Runs a statement that gives rows without taking them all at once. */
  openCursor(statement: DriverStatement, deadline?: number): MaybePromise<DriverCursor>;
  /**
   * Tells the server, over a connection of its own, to stop what runs here; absent where there is no way.
   * It is fulfilled when nothing of the request is on its way any more, so that it cannot hit a later statement, and rejected when the
   * server could not be told. The statement itself is then answered with the driver's error, or normally when it was faster.
   *
   * @param running settled when the statement has been answered
   */
  cancel?(running: Promise<unknown>): Promise<void>;
  /**
   * Lets the process end while the connection is open, as `unref` of a socket does; `ref` makes it keep the process alive again, as it does
   * from the start. The pool calls `unref` when the connection becomes idle, and `ref` before anything is asked of it again. Either can be
   * called twice, and on a lost connection. Absent where a connection never keeps the process alive, or where that cannot be changed.
   */
  unref?(): void;
  ref?(): void;
  /** Takes leave of the server and closes. */
  close(): MaybePromise<void>;
  /** Closes at once, without a word to a server that may never answer. Statements under way are rejected. Never throws. */
  destroy(): void;
}
