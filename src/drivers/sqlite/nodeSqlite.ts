/**
 * SQLite through the module that Node carries, `node:sqlite` (Node 24 or newer): the driver of `sqlite+node:` URLs. It answers at
 * once. Newer Node can give rows as arrays; where it cannot, the driver refuses, because rows as objects lose columns of the same name. How it keeps a
 * deadline is said in deadline.ts.
 */
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { NoSuchModuleError } from "../../errors/engine.ts";
import type {
  DriverColumn,
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
} from "../../io/driver.ts";
import { bufferedCursor } from "../bufferedCursor.ts";
import { SqliteCursor } from "./cursor.ts";
import { type BusyTimeout, checkDeadline, limitOf, readUntil, withinDeadline } from "./deadline.ts";
import { PreparedStatements } from "./statements.ts";
import { isIdleRollback, isInMemory, rowId, sqliteTarget } from "./target.ts";

// The part of node:sqlite that is used; the types of Node 20 do not have the module.
interface NodeStatement {
  all(...parameters: readonly unknown[]): unknown[];
  get(...parameters: readonly unknown[]): unknown;
  iterate(...parameters: readonly unknown[]): IterableIterator<unknown>;
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
  readonly #cursors = new Set<SqliteCursor>();
  readonly #busyTimeout: BusyTimeout = {
    get: () => (this.#database.prepare("PRAGMA busy_timeout").get() as { readonly timeout: number }).timeout,
    set: (milliseconds) => this.#database.exec(`PRAGMA busy_timeout = ${milliseconds}`),
  };

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

  execute(statement: DriverStatement, deadline?: number): DriverResult {
    const limit = limitOf(deadline);
    return limit === null
      ? this.#run(statement, null)
      : withinDeadline(this.#busyTimeout, limit, () => this.#run(statement, limit));
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[], deadline?: number): DriverManyResult {
    const limit = limitOf(deadline);
    return limit === null
      ? this.#runMany(statement, parameterSets, null)
      : withinDeadline(this.#busyTimeout, limit, () => this.#runMany(statement, parameterSets, limit));
  }

  openCursor(statement: DriverStatement, deadline?: number): DriverCursor {
    // What writes does so with its first row, and would keep its lock for as long as somebody reads on.
    if (!isRead(statement.sql)) return bufferedCursor(this.execute(statement, deadline));
    // Its own, so that the same SQL can be run while it is open.
    const { statement: prepared, columns } = this.#prepare(statement.sql);
    prepared.setReadBigInts(statement.wideIntegers);
    const limit = limitOf(deadline);
    if (limit !== null) checkDeadline(limit);
    const rows = prepared.iterate(...statement.parameters);
    const cursor = new SqliteCursor(columns, rows, (closed) => this.#cursors.delete(closed));
    this.#cursors.add(cursor);
    return cursor;
  }

  destroy(): void {
    if (this.isOpen) this.close();
  }

  close(): void {
    for (const cursor of this.#cursors) cursor.close();
    this.#prepared.clear();
    this.#database.close();
  }

  #run(statement: DriverStatement, limit: number | null): DriverResult {
    if (isIdleRollback(statement.sql, this)) return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
    const prepared = this.#prepared.get(statement);
    if (prepared.columns.length === 0) {
      const info = prepared.statement.run(...statement.parameters);
      this.#prepared.ran(statement.sql);
      return { columns: null, rows: [], rowCount: Number(info.changes), lastInsertId: rowId(info.lastInsertRowid) };
    }
    prepared.statement.setReadBigInts(statement.wideIntegers);
    // What writes has written everything when its first row comes, so there is nothing left to be stopped.
    const rows =
      limit === null || !isRead(statement.sql)
        ? (prepared.statement.all(...statement.parameters) as unknown[][])
        : readUntil(prepared.statement.iterate(...statement.parameters), limit);
    if (rows.length > 0 && rows[0]!.length !== prepared.columns.length) prepared.columns = columnsOf(prepared.statement);
    return { columns: prepared.columns, rows, rowCount: rows.length, lastInsertId: null };
  }

  #runMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[], limit: number | null): DriverManyResult {
    const { statement: prepared } = this.#prepared.get(statement);
    const insertIds: (number | bigint)[] = [];
    let rowCount = 0;
    for (const parameters of parameterSets) {
      if (limit !== null) checkDeadline(limit);
      const info = prepared.run(...parameters);
      rowCount += Number(info.changes);
      insertIds.push(rowId(info.lastInsertRowid));
    }
    return { rowCount, insertIds };
  }

  #prepare(sql: string): Prepared {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    return { statement, columns: columnsOf(statement) };
  }
}

/** True where the statement reads and nothing else; unlike better-sqlite3, the module does not say. */
function isRead(sql: string): boolean {
  return /^\s*(?:select|values|explain|pragma)\b/i.test(sql) || (/^\s*with\b/i.test(sql) && !/\breturning\b/i.test(sql));
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
  singleConnection: isInMemory,
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
