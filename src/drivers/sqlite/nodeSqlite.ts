/**
 * SQLite through the module that Node carries, `node:sqlite` (Node 24 or newer): the driver of `sqlite+node:` URLs. It answers at
 * once. Newer Node can give rows as arrays; where it cannot, the driver refuses, because rows as objects lose columns of the same name.
 */
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { NoSuchModuleError } from "../../errors/engine.ts";
import type { DriverConnection } from "../../io/driver.ts";
import { beginsWith } from "../sqlText.ts";
import { columnsOf, type Prepared, SqliteConnection, type SqliteStatement } from "./connection.ts";
import type { BusyTimeout } from "./deadline.ts";
import { isInMemory, sqliteTarget } from "./target.ts";

// The part of node:sqlite that is used; the types of Node 20 do not have the module.
interface NodeStatement extends SqliteStatement {
  get(): unknown;
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

class NodeSqliteConnection extends SqliteConnection<NodeStatement> {
  readonly #database: NodeDatabase;
  protected readonly busyTimeout: BusyTimeout = {
    get: () => (this.#database.prepare("PRAGMA busy_timeout").get() as { readonly timeout: number }).timeout,
    set: (milliseconds) => this.#database.exec(`PRAGMA busy_timeout = ${milliseconds}`),
  };

  constructor(database: NodeDatabase) {
    super();
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

  protected prepare(sql: string): Prepared<NodeStatement> {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    const columns = columnsOf(statement);
    const givesRows = columns.length > 0;
    return {
      statement,
      givesRows,
      isRead: givesRows && isRead(sql),
      hasOwnChanges: CHANGES_ROWS.test(sql),
      columns,
      isWide: true,
    };
  }

  protected readWide(statement: NodeStatement, isWide: boolean): void {
    statement.setReadBigInts(isWide);
  }

  protected shut(): void {
    this.#database.close();
  }
}

/** After any other statement the module reports what the last one of these has changed. */
const CHANGES_ROWS = beginsWith("insert", "replace", "update", "delete", "with");
const READS = beginsWith("select", "values", "explain", "pragma");
const MAY_READ = beginsWith("with");

/** True where a statement that gives rows writes nothing; unlike better-sqlite3, the module does not say. */
function isRead(sql: string): boolean {
  return READS.test(sql) || (MAY_READ.test(sql) && !/\breturning\b/i.test(sql));
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
