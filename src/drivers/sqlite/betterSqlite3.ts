/**
 * SQLite through the npm package better-sqlite3, the driver of `sqlite:` URLs. It answers at once. Prepared statements are kept per
 * connection, because preparing one costs as much as running a small query.
 */
import type BetterSqlite3 from "better-sqlite3";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { InvalidRequestError } from "../../errors/base.ts";
import type { DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../../io/driver.ts";
import { loadPackage } from "../packages.ts";
import { type Prepared, SqliteConnection } from "./connection.ts";
import type { BusyTimeout } from "./deadline.ts";
import { isInMemory, sqliteTarget } from "./target.ts";

type Statement = BetterSqlite3.Statement<unknown[]>;

class BetterSqlite3Connection extends SqliteConnection<Statement> {
  readonly #database: BetterSqlite3.Database;
  protected readonly busyTimeout: BusyTimeout = {
    get: () => this.#database.pragma("busy_timeout", { simple: true }) as number,
    set: (milliseconds) => void this.#database.pragma(`busy_timeout = ${milliseconds}`),
  };

  constructor(database: BetterSqlite3.Database) {
    super();
    this.#database = database;
  }

  get driverConnection(): unknown {
    return this.#database;
  }

  get isOpen(): boolean {
    return this.#database.open;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  override execute(statement: DriverStatement, deadline?: number): DriverResult {
    try {
      return super.execute(statement, deadline);
    } catch (error) {
      throw explained(error);
    }
  }

  override executeMany(
    statement: DriverStatement,
    parameterSets: readonly (readonly unknown[])[],
    deadline?: number,
  ): DriverManyResult {
    try {
      return super.executeMany(statement, parameterSets, deadline);
    } catch (error) {
      throw explained(error);
    }
  }

  protected prepare(sql: string): Prepared<Statement> {
    const statement = this.#database.prepare<unknown[]>(sql);
    const { reader } = statement;
    if (reader) statement.raw(true);
    else statement.safeIntegers(true);
    const isRead = reader && statement.readonly;
    return { statement, givesRows: reader, isRead, hasOwnChanges: true, columns: null, isWide: !reader };
  }

  protected readWide(statement: Statement, isWide: boolean): void {
    statement.safeIntegers(isWide);
  }

  protected shut(): void {
    this.#database.close();
  }
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
