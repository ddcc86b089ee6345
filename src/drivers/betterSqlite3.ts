/**
 * SQLite through the npm package better-sqlite3, the driver of `sqlite:` URLs. It answers at once. Prepared statements are kept per
 * connection, because preparing one costs as much as running a small query.
 */
import type BetterSqlite3 from "better-sqlite3";
import type { ConnectTarget, Driver } from "../dialects/contract.ts";
import type { DriverColumn, DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import { loadPackage } from "./packages.ts";
import { PreparedStatements } from "./sqliteStatements.ts";
import { isIdleRollback, rowId, sqliteTarget } from "./sqliteTarget.ts";

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

  constructor(database: BetterSqlite3.Database) {
    this.#database = database;
  }

  get driverConnection(): unknown {
    return this.#database;
  }

  get isOpen(): boolean {
    return this.#database.open;
  }

  execute(statement: DriverStatement): DriverResult {
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
    const rows = prepared.statement.all(...statement.parameters) as unknown[][];
    // Asking for the columns costs 3 µs, as much as a small query, so the answer is kept; a row of another length shows that
    // another connection has changed the table meanwhile.
    if (prepared.columns === null || (rows.length > 0 && rows[0]!.length !== prepared.columns.length))
      prepared.columns = prepared.statement.columns().map((column) => ({ name: column.name, typeCode: null }));
    return { columns: prepared.columns, rows, rowCount: rows.length, lastInsertId: null };
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): DriverManyResult {
    const prepared = this.#prepared.get(statement).statement;
    const insertIds: (number | bigint)[] = [];
    let rowCount = 0;
    for (const parameters of parameterSets) {
      const info = prepared.run(...parameters);
      rowCount += info.changes;
      insertIds.push(rowId(info.lastInsertRowid));
    }
    return { rowCount, insertIds };
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #prepare(sql: string): Prepared {
    const statement = this.#database.prepare<unknown[]>(sql);
    if (statement.reader) statement.raw(true);
    else statement.safeIntegers(true);
    return { statement, reader: statement.reader, columns: null, isWide: !statement.reader };
  }
}

export const betterSqlite3Driver: Driver = {
  name: "better-sqlite3",
  dialectName: "sqlite",
  colour: "sync",
  load() {
    loadPackage("better-sqlite3");
  },
  connect(target: ConnectTarget): DriverConnection {
    const Database = loadPackage("better-sqlite3") as typeof BetterSqlite3;
    const { file, timeout, options } = sqliteTarget(target);
    return new BetterSqlite3Connection(new Database(file, { ...options, timeout }));
  },
};
