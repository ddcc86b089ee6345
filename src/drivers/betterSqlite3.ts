/**
 * SQLite through the npm package better-sqlite3, the driver of `sqlite:` URLs. It answers at once. Prepared statements are kept per
 * connection, because preparing one costs as much as running a small query.
 */
import type BetterSqlite3 from "better-sqlite3";
import type { ConnectTarget, Driver } from "../dialects/contract.ts";
import type { DriverColumn, DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import { Lru } from "../util/lru.ts";
import { loadPackage } from "./packages.ts";
import { changesSchema, isIdleRollback, rowId, sqliteTarget } from "./sqliteTarget.ts";

const STATEMENTS_KEPT = 256;

interface Prepared {
  readonly statement: BetterSqlite3.Statement<unknown[]>;
  readonly reader: boolean;
  columns: readonly DriverColumn[] | null;
}

class BetterSqlite3Connection implements DriverConnection {
  readonly #database: BetterSqlite3.Database;
  readonly #prepared = new Lru<string, Prepared>(STATEMENTS_KEPT);

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
    if (isIdleRollback(statement.sql, this.#database.inTransaction))
      return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
    const prepared = this.#prepare(statement);
    if (!prepared.reader) {
      const info = prepared.statement.run(...statement.parameters);
      if (changesSchema(statement.sql)) this.#prepared.clear();
      return { columns: null, rows: [], rowCount: info.changes, lastInsertId: rowId(info.lastInsertRowid) };
    }
    prepared.statement.safeIntegers(statement.wideIntegers);
    const rows = prepared.statement.all(...statement.parameters) as unknown[][];
    // Asking for the columns costs 3 µs, as much as a small query, so the answer is kept; a row of another length shows that
    // another connection has changed the table meanwhile.
    if (prepared.columns === null || (rows.length > 0 && rows[0]!.length !== prepared.columns.length))
      prepared.columns = prepared.statement.columns().map((column) => ({ name: column.name, typeCode: null }));
    return { columns: prepared.columns, rows, rowCount: rows.length, lastInsertId: null };
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): DriverManyResult {
    const prepared = this.#prepare(statement).statement;
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

  #prepare(statement: DriverStatement): Prepared {
    let prepared = statement.reusable ? this.#prepared.get(statement.sql) : undefined;
    if (prepared === undefined) {
      const made = this.#database.prepare<unknown[]>(statement.sql);
      if (made.reader) made.raw(true);
      else made.safeIntegers(true);
      prepared = { statement: made, reader: made.reader, columns: null };
      if (statement.reusable) this.#prepared.set(statement.sql, prepared);
    }
    return prepared;
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
