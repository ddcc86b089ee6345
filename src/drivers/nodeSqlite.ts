/**
 * SQLite through the module that Node carries, `node:sqlite` (Node 24 or newer): the driver of `sqlite+node:` URLs. It answers at
 * once. Newer Node can give rows as arrays; where it cannot, the driver refuses, because rows as objects lose columns of the same name.
 */
import type { ConnectTarget, Driver } from "../dialects/contract.ts";
import { NoSuchModuleError } from "../errors/engine.ts";
import type { DriverColumn, DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import { Lru } from "../util/lru.ts";
import { changesSchema, isIdleRollback, rowId, sqliteTarget } from "./sqliteTarget.ts";

const STATEMENTS_KEPT = 256;

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
  readonly #prepared = new Lru<string, Prepared>(STATEMENTS_KEPT);

  constructor(database: NodeDatabase) {
    this.#database = database;
  }

  get driverConnection(): unknown {
    return this.#database;
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  execute(statement: DriverStatement): DriverResult {
    if (isIdleRollback(statement.sql, this.#database.isTransaction))
      return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
    const prepared = this.#prepare(statement);
    if (prepared.columns.length === 0) {
      const info = prepared.statement.run(...statement.parameters);
      if (changesSchema(statement.sql)) this.#prepared.clear();
      return { columns: null, rows: [], rowCount: Number(info.changes), lastInsertId: rowId(info.lastInsertRowid) };
    }
    prepared.statement.setReadBigInts(statement.wideIntegers);
    const rows = prepared.statement.all(...statement.parameters) as unknown[][];
    if (rows.length > 0 && rows[0]!.length !== prepared.columns.length) prepared.columns = columnsOf(prepared.statement);
    return { columns: prepared.columns, rows, rowCount: rows.length, lastInsertId: null };
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): DriverManyResult {
    const { statement: prepared } = this.#prepare(statement);
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

  #prepare(statement: DriverStatement): Prepared {
    let prepared = statement.reusable ? this.#prepared.get(statement.sql) : undefined;
    if (prepared === undefined) {
      const made = this.#database.prepare(statement.sql);
      made.setReturnArrays(true);
      made.setReadBigInts(true);
      prepared = { statement: made, columns: columnsOf(made) };
      if (statement.reusable) this.#prepared.set(statement.sql, prepared);
    }
    return prepared;
  }
}

function columnsOf(statement: NodeStatement): readonly DriverColumn[] {
  return statement.columns().map((column) => ({ name: column.name, typeCode: null }));
}

function loadNodeSqlite(): NodeSqlite {
  const builtin = process.getBuiltinModule as ((name: string) => unknown) | undefined;
  const sqlite = builtin?.("node:sqlite") as NodeSqlite | undefined;
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
