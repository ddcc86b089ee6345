/**
 * What the connections of both SQLite drivers do alike: statements are run at once, in this thread, with what was prepared before; a deadline is
 * kept as deadline.ts says; cursors that are open end with the connection. The two driver files extend it with what their packages do
 * differently.
 */
import type {
  DriverColumn,
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
} from "../../io/driver.ts";
import { bufferedCursor } from "../bufferedCursor.ts";
import { refuseNul } from "../sqlText.ts";
import { SqliteCursor } from "./cursor.ts";
import { type BusyTimeout, checkDeadline, limitOf, readUntil, withinDeadline } from "./deadline.ts";
import { PreparedStatements } from "./statements.ts";
import { isIdleRollback, rowId } from "./target.ts";

/** What is used of a prepared statement; both packages name it so. */
export interface SqliteStatement {
  run(...parameters: readonly unknown[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  all(...parameters: readonly unknown[]): unknown[];
  iterate(...parameters: readonly unknown[]): IterableIterator<unknown>;
  columns(): readonly { readonly name: string }[];
}

export interface Prepared<S extends SqliteStatement> {
  readonly statement: S;
  readonly givesRows: boolean;
  /** True where it gives rows and writes nothing. What writes has written everything when its first row comes. */
  readonly isRead: boolean;
  /** False where `changes` is of an earlier statement. */
  readonly hasOwnChanges: boolean;
  columns: readonly DriverColumn[] | null;
  /** How the statement reads integers now. */
  isWide: boolean;
}

export abstract class SqliteConnection<S extends SqliteStatement> implements DriverConnection {
  readonly #prepared = new PreparedStatements<Prepared<S>>((sql) => this.#prepare(sql));
  readonly #cursors = new Set<SqliteCursor>();

  abstract readonly driverConnection: unknown;
  abstract readonly isOpen: boolean;
  abstract readonly inTransaction: boolean;
  protected abstract readonly busyTimeout: BusyTimeout;
  protected abstract prepare(sql: string): Prepared<S>;
  /** Lets the statement give integers as bigints, or as numbers. */
  protected abstract readWide(statement: S, isWide: boolean): void;
  /** Closes the database, which nobody reads any more. */
  protected abstract shut(): void;

  execute(statement: DriverStatement, deadline?: number): DriverResult {
    const limit = limitOf(deadline);
    return limit === null
      ? this.#run(statement, null)
      : withinDeadline(this.busyTimeout, limit, () => this.#run(statement, limit));
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[], deadline?: number): DriverManyResult {
    const limit = limitOf(deadline);
    return limit === null
      ? this.#runMany(statement, parameterSets, null)
      : withinDeadline(this.busyTimeout, limit, () => this.#runMany(statement, parameterSets, limit));
  }

  openCursor(statement: DriverStatement, deadline?: number): DriverCursor {
    // Its own, so that the same SQL can be run while it is open.
    const prepared = this.#prepare(statement.sql);
    // What writes would keep its lock for as long as somebody reads on, and what gives no rows would never be run.
    if (!prepared.isRead) return bufferedCursor(this.execute(statement, deadline));
    this.readWide(prepared.statement, statement.wideIntegers);
    const limit = limitOf(deadline);
    if (limit !== null) checkDeadline(limit);
    const rows = prepared.statement.iterate(...statement.parameters);
    const cursor = new SqliteCursor(columnsOf(prepared.statement), rows, (closed) => this.#cursors.delete(closed));
    this.#cursors.add(cursor);
    return cursor;
  }

  close(): void {
    // better-sqlite3 refuses to close while a statement is being read.
    for (const cursor of this.#cursors) cursor.close();
    this.#prepared.clear();
    this.shut();
  }

  destroy(): void {
    try {
      if (this.isOpen) this.close();
    } catch {
      // The application reads a statement of its own on the package's object; the database is closed when both are garbage-collected.
    }
  }

  #run(statement: DriverStatement, limit: number | null): DriverResult {
    if (isIdleRollback(statement.sql, this)) return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
    const prepared = this.#prepared.get(statement);
    if (!prepared.givesRows) {
      const { changes, lastInsertRowid } = prepared.statement.run(...statement.parameters);
      this.#prepared.ran(statement.sql);
      const rowCount = prepared.hasOwnChanges ? Number(changes) : 0;
      return { columns: null, rows: [], rowCount, lastInsertId: rowId(lastInsertRowid) };
    }
    if (prepared.isWide !== statement.wideIntegers) {
      prepared.isWide = statement.wideIntegers;
      this.readWide(prepared.statement, prepared.isWide);
    }
    // What writes has nothing left to be stopped when its first row comes.
    const rows =
      limit === null || !prepared.isRead
        ? (prepared.statement.all(...statement.parameters) as unknown[][])
        : readUntil(prepared.statement.iterate(...statement.parameters), limit);
    // Asking better-sqlite3 for the columns costs 3 µs, as much as a small query, so the answer is kept; a row of another length shows
    // that another connection has changed the table meanwhile.
    if (prepared.columns === null || (rows.length > 0 && rows[0]!.length !== prepared.columns.length))
      prepared.columns = columnsOf(prepared.statement);
    return { columns: prepared.columns, rows, rowCount: rows.length, lastInsertId: null };
  }

  #runMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[], limit: number | null): DriverManyResult {
    const prepared = this.#prepared.get(statement).statement;
    const insertIds: (number | bigint)[] = [];
    let rowCount = 0;
    for (const parameters of parameterSets) {
      if (limit !== null) checkDeadline(limit);
      const { changes, lastInsertRowid } = prepared.run(...parameters);
      rowCount += Number(changes);
      insertIds.push(rowId(lastInsertRowid));
    }
    return { rowCount, insertIds };
  }

  /** Throws ArgumentError for SQL with NUL in it: SQLite would take what stands before it for the whole. */
  #prepare(sql: string): Prepared<S> {
    refuseNul(sql);
    return this.prepare(sql);
  }
}

export function columnsOf(statement: SqliteStatement): readonly DriverColumn[] {
  return statement.columns().map((column) => ({ name: column.name, typeCode: null }));
}
