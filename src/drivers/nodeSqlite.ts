/**
 * SQLite through the module that Node carries, `node:sqlite` (Node 24 or newer): the driver of `sqlite+node:` URLs. It answers at
 * once. Newer Node can give rows as arrays; where it cannot, the driver refuses, because rows as objects lose columns of the same name.
 */
import type { ConnectTarget, Driver } from "../dialects/contract.ts";
import { NoSuchModuleError } from "../errors/engine.ts";
import type { DriverColumn, DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import { PreparedStatements } from "./sqliteStatements.ts";
import { isIdleRollback, rowId, sqliteTarget } from "./sqliteTarget.ts";

// The part of node:sqlite that is used; the types of Node 20 do not have the module.
interface NodeStatement {
  all(...parameters: readonly unknown[]): unknown[];
  run(...parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  columns(): { name: string }[];
  setReadBigInts(enabled: boolean): void;
  setReturnArrays(enabled: boolean): void;
}

interface NodeDatabase {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  close(): void;
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string, options?: Readonly<Record<string, unknown>>) => NodeDatabase;
  readonly StatementSync: { readonly prototype: object };
}

interface Prepared {
  readonly statement: NodeStatement;
  columns: readonly DriverColumn[];
}

class NodeSqliteConnection implements DriverConnection {
  readonly #database: NodeDatabase;
  readonly #prepared = new PreparedStatements<Prepared>((sql) => this.#prepare(sql));

  constructor(database: NodeDatabase) {
    this.#database = database;
  }

  get driverConnection(): unknown {
    return this.#database;
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  execute(statement: DriverStatement): DriverResult {
    if (isIdleRollback(statement.sql, this)) return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
    const prepared = this.#prepared.get(statement);
    if (prepared.columns.length === 0) {
      const info = prepared.statement.run(...statement.parameters);
      this.#prepared.ran(statement.sql);
      return { columns: null, rows: [], rowCount: Number(info.changes), lastInsertId: rowId(info.lastInsertRowid) };
    }
    prepared.statement.setReadBigInts(statement.wideIntegers);
    const rows = prepared.statement.all(...statement.parameters) as unknown[][];
    if (rows.length > 0 && rows[0]!.length !== prepared.columns.length) prepared.columns = columnsOf(prepared.statement);
    return { columns: prepared.columns, rows, rowCount: rows.length, lastInsertId: null };
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): DriverManyResult {
    const { statement: prepared } = this.#prepared.get(statement);
    const insertIds: (number | bigint)[] = [];
    let rowCount = 0;
    for (const parameters of parameterSets) {
      const info = prepared.run(...parameters);
      rowCount += Number(info.changes);
      insertIds.push(rowId(info.lastInsertRowid));
    }
    return { rowCount, insertIds };
  }

  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #prepare(sql: string): Prepared {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    return { statement, columns: columnsOf(statement) };
  }
}

function columnsOf(statement: NodeStatement): readonly DriverColumn[] {
  return statement.columns().map((column) => ({ name: column.name, typeCode: null }));
}

function loadNodeSqlite(): NodeSqlite {
  const sqlite = process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined;
  if (sqlite === undefined || !("setReturnArrays" in sqlite.StatementSync.prototype))
    throw new NoSuchModuleError(
      `The driver sqlite+node needs Node 24 or newer (this is ${process.version}); with an older one use better-sqlite3: npm install better-sqlite3`,
    );
  return sqlite;
}

export const nodeSqliteDriver: Driver = {
  name: "node",
  dialectName: "sqlite",
  colour: "sync",
  load() {
    loadNodeSqlite();
  },
  connect(target: ConnectTarget): DriverConnection {
    const { DatabaseSync } = loadNodeSqlite();
    const { file, timeout, options } = sqliteTarget(target);
    const database = new DatabaseSync(file, options);
    database.exec(`PRAGMA busy_timeout = ${timeout}`);
    return new NodeSqliteConnection(database);
  },
};
