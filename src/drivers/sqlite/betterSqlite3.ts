/**
 * SQLite through the npm package better-sqlite3, the driver of `sqlite:` URLs. It answers at once. Prepared statements are kept per
 * connection, because preparing one costs as much as running a small query. How it keeps a deadline is said in deadline.ts.
 */
import type BetterSqlite3 from "better-sqlite3";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { InvalidRequestError } from "../../errors/base.ts";
import type {
  DriverColumn,
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
} from "../../io/driver.ts";
import { bufferedCursor } from "../bufferedCursor.ts";
import { loadPackage } from "../packages.ts";
import { SqliteCursor } from "./cursor.ts";
import { type BusyTimeout, checkDeadline, limitOf, readUntil, withinDeadline } from "./deadline.ts";
import { PreparedStatements } from "./statements.ts";
import { isIdleRollback, isInMemory, rowId, sqliteTarget } from "./target.ts";

interface Prepared {
  readonly statement: BetterSqlite3.Statement<unknown[]>;
  readonly reader: boolean;
  columns: readonly DriverColumn[] | null;
  /** How the statement reads integers now. */
  isWide: boolean;
}

class BetterSqlite3Connection implements DriverConnection {
  readonly #database: BetterSqlite3.Database;
  readonly #prepared = new PreparedStatements<Prepared>((sql) => this.#prepare(sql));
  readonly #cursors = new Set<SqliteCursor>();
  readonly #busyTimeout: BusyTimeout = {
    get: () => this.#database.pragma("busy_timeout", { simple: true }) as number,
    set: (milliseconds) => void this.#database.pragma(`busy_timeout = ${milliseconds}`),
  };

  constructor(database: BetterSqlite3.Database) {
    this.#database = database;
  }

  get driverConnection(): unknown {
    return this.#database;
  }

  get isOpen(): boolean {
    return this.#database.open;
  }

  execute(statement: DriverStatement, deadline?: number): DriverResult {
    const limit = limitOf(deadline);
    try {
      return limit === null
        ? this.#run(statement, null)
        : withinDeadline(this.#busyTimeout, limit, () => this.#run(statement, limit));
    } catch (error) {
      throw explained(error);
    }
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[], deadline?: number): DriverManyResult {
    const limit = limitOf(deadline);
    try {
      return limit === null
        ? this.#runMany(statement, parameterSets, null)
        : withinDeadline(this.#busyTimeout, limit, () => this.#runMany(statement, parameterSets, limit));
    } catch (error) {
      throw explained(error);
    }
  }

  openCursor(statement: DriverStatement, deadline?: number): DriverCursor {
    // Its own, so that the same SQL can be run while it is open.
    const { statement: prepared, reader } = this.#prepare(statement.sql);
    // What writes does so with its first row, and would keep its lock for as long as somebody reads on.
    if (!reader || !prepared.readonly) return bufferedCursor(this.execute(statement, deadline));
    prepared.safeIntegers(statement.wideIntegers);
    const limit = limitOf(deadline);
    if (limit !== null) checkDeadline(limit);
    const rows = prepared.iterate(...statement.parameters);
    const cursor = new SqliteCursor(columnsOf(prepared), rows, (closed) => this.#cursors.delete(closed));
    this.#cursors.add(cursor);
    return cursor;
  }

  destroy(): void {
    if (this.isOpen) this.close();
  }

  close(): void {
    // The package refuses to close while a statement is being read.
    for (const cursor of this.#cursors) cursor.close();
    this.#prepared.clear();
    this.#database.close();
  }

  #run(statement: DriverStatement, limit: number | null): DriverResult {
    if (isIdleRollback(statement.sql, this.#database)) return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
    const prepared = this.#prepared.get(statement);
    if (!prepared.reader) {
      const info = prepared.statement.run(...statement.parameters);
      this.#prepared.ran(statement.sql);
      return { columns: null, rows: [], rowCount: info.changes, lastInsertId: rowId(info.lastInsertRowid) };
    }
    if (prepared.isWide !== statement.wideIntegers) {
      prepared.isWide = statement.wideIntegers;
      prepared.statement.safeIntegers(prepared.isWide);
    }
    // What writes has written everything when its first row comes, so there is nothing left to be stopped.
    const rows =
      limit === null || !prepared.statement.readonly
        ? (prepared.statement.all(...statement.parameters) as unknown[][])
        : readUntil(prepared.statement.iterate(...statement.parameters), limit);
    // Asking for the columns costs 3 µs, as much as a small query, so the answer is kept; a row of another length shows that
    // another connection has changed the table meanwhile.
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
      const info = prepared.run(...parameters);
      rowCount += info.changes;
      insertIds.push(rowId(info.lastInsertRowid));
    }
    return { rowCount, insertIds };
  }

  #prepare(sql: string): Prepared {
    const statement = this.#database.prepare<unknown[]>(sql);
    if (statement.reader) statement.raw(true);
    else statement.safeIntegers(true);
    return { statement, reader: statement.reader, columns: null, isWide: !statement.reader };
  }
}

function columnsOf(statement: BetterSqlite3.Statement<unknown[]>): readonly DriverColumn[] {
  return statement.columns().map((column) => ({ name: column.name, typeCode: null }));
}

/** The package's own words do not say what to do. */
function explained(error: unknown): unknown {
  return error instanceof TypeError && error.message.endsWith("is busy executing a query")
    ? new InvalidRequestError(
        "A result is being read row by row on this connection, and better-sqlite3 takes nothing but other reads meanwhile: read it to its end or close it first, or use another connection",
        { cause: error },
      )
    : error;
}

export const betterSqlite3Driver: Driver = {
  name: "better-sqlite3",
  dialectName: "sqlite",
  colour: "sync",
  singleConnection: isInMemory,
  load() {
    loadPackage("better-sqlite3");
  },
  connect(target: ConnectTarget): DriverConnection {
    const Database = loadPackage("better-sqlite3") as typeof BetterSqlite3;
    const { file, timeout, options } = sqliteTarget(target);
    return new BetterSqlite3Connection(new Database(file, { ...options, timeout }));
  },
};
