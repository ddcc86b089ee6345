/**
 * What is special to the SQLite drivers: cursors that compute a row when it is fetched, and deadlines that are kept in this very thread.
 * Runs with every SQLite that this Node has.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Driver } from "../../../src/dialects/contract.ts";
import { betterSqlite3Driver } from "../../../src/drivers/sqlite/betterSqlite3.ts";
import { nodeSqliteDriver } from "../../../src/drivers/sqlite/nodeSqlite.ts";
import { ArgumentError, InvalidRequestError, StatementTimeoutError } from "../../../src/errors/index.ts";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../../src/io/driver.ts";
import { runSync } from "../../../src/io/runSync.ts";
import { Stop } from "../../../src/io/stop.ts";
import type { Io } from "../../../src/io/io.ts";

const DRIVERS = [betterSqlite3Driver, nodeSqliteDriver].filter(isUsable);
const ENDLESS = "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";

const folder = mkdtempSync(join(tmpdir(), "athanor-sqlite-drivers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The drivers answer at once. */
interface SyncConnection extends DriverConnection {
  execute(statement: DriverStatement, deadline?: number): DriverResult;
  executeMany(statement: DriverStatement, sets: readonly (readonly unknown[])[], deadline?: number): DriverManyResult;
  openCursor(statement: DriverStatement, deadline?: number): SyncCursor;
}

interface SyncCursor extends DriverCursor {
  fetch(count: number, deadline?: number): unknown[][];
  close(): void;
}

function isUsable(driver: Driver): boolean {
  try {
    driver.load();
    // better-sqlite3 is compiled for one version of Node, which shows when a database is opened.
    void (driver.connect(target(":memory:")) as DriverConnection).close();
    return true;
  } catch {
    return false;
  }
}

function target(database: string, timeout?: number) {
  const connectArgs = timeout === undefined ? {} : { timeout };
  return { host: null, port: null, username: null, password: null, database, query: {}, connectArgs };
}

function statement(sql: string, parameters: readonly unknown[] = []): DriverStatement {
  return { sql, parameters, reusable: true, wideIntegers: false, returnsRows: true };
}

const inFuture = (milliseconds: number): number => performance.now() + milliseconds;

test("there is a SQLite to be tested", () => {
  expect(DRIVERS.length).toBeGreaterThan(0);
});

describe.each(DRIVERS)("$name", (driver) => {
  let connection: SyncConnection;
  let file: string;
  const open = (timeout?: number): SyncConnection => driver.connect(target(file, timeout)) as SyncConnection;
  const rows = (sql: string, parameters: readonly unknown[] = []): unknown[][] =>
    connection.execute(statement(sql, parameters)).rows;

  beforeEach(() => {
    file = join(folder, `${driver.name}-${Math.random().toString(36).slice(2)}.db`);
    connection = open();
    connection.execute(statement("CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT)"));
    connection.execute(statement("BEGIN"));
    connection.executeMany(
      statement("INSERT INTO t VALUES (?, ?)"),
      Array.from({ length: 100 }, (_, n) => [BigInt(n), `row ${n}`]),
    );
    connection.execute(statement("COMMIT"));
  });
  afterEach(() => connection.destroy());

  describe("statements", () => {
    test("a LIMIT means what it means in SQLite, whatever is bound", () => {
      const numbers = (limit: unknown, offset?: unknown): unknown[] =>
        offset === undefined
          ? rows("SELECT n FROM t ORDER BY n LIMIT ?", [limit]).map(([n]) => n)
          : rows("SELECT n FROM t ORDER BY n LIMIT ? OFFSET ?", [limit, offset]).map(([n]) => n);
      expect(numbers(3n)).toEqual([0, 1, 2]);
      expect(numbers(2n)).toEqual([0, 1]);
      expect(numbers(2, 5n)).toEqual([5, 6]);
      expect(numbers("2", "1")).toEqual([1, 2]);
      expect(numbers(0n)).toEqual([]);
      for (const all of [-1n, 2n ** 63n - 1n, -(2n ** 63n)]) expect(numbers(all)).toHaveLength(100);
      for (const wrong of [null, 1.5, "two"]) expect(() => numbers(wrong), String(wrong)).toThrow(/datatype mismatch/);
      expect(numbers(1n)).toEqual([0]);
      expect(rows("SELECT ' LIMIT ?'")).toEqual([[" LIMIT ?"]]);
    });

    test("with NUL in their text are refused, instead of run up to there", () => {
      const cut = statement("DELETE FROM t\0 WHERE n = 1");
      for (const attempt of [
        () => connection.execute(cut),
        () => connection.executeMany(cut, [[]]),
        () => connection.openCursor(statement("SELECT 1\0 FROM nowhere")),
      ]) {
        expect(attempt).toThrow(ArgumentError);
        expect(attempt).toThrow(/NUL at position \d+/);
      }
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[100]]);
      expect(rows("SELECT ?", ["a\0b"])).toEqual([["a\0b"]]);
    });

    test("that change the schema are seen behind a comment, and so is a rollback however it is written", () => {
      const names = (): unknown => connection.execute(statement("SELECT * FROM t")).columns?.map(({ name }) => name);
      expect(names()).toEqual(["n", "s"]);
      connection.execute(statement("-- first\n/* then * this */ ALTER TABLE t RENAME COLUMN s TO renamed"));
      expect(names()).toEqual(["n", "renamed"]);
      for (const back of ["rollback to a", "/* back */ ROLLBACK TO a"]) {
        connection.execute(statement("BEGIN"));
        connection.execute(statement("SAVEPOINT a"));
        connection.execute(statement("ALTER TABLE t RENAME COLUMN renamed TO other"));
        expect(names()).toEqual(["n", "other"]);
        connection.execute(statement(back));
        expect(names()).toEqual(["n", "renamed"]);
        connection.execute(statement("COMMIT"));
      }
    });

    test("that change no rows count none, whatever the one before has changed", () => {
      expect(connection.execute(statement("UPDATE t SET s = 'x' WHERE n < 7")).rowCount).toBe(7);
      for (const sql of ["CREATE TABLE u (a)", "CREATE INDEX i ON u (a)", "BEGIN", "SAVEPOINT a", "RELEASE a", "COMMIT"])
        expect([sql, connection.execute(statement(sql)).rowCount]).toEqual([sql, 0]);
      expect(connection.execute(statement("/* all */ WITH x AS (SELECT 1) DELETE FROM t WHERE n < 3")).rowCount).toBe(3);
      expect(connection.execute(statement("REPLACE INTO t VALUES (99, 'y')")).rowCount).toBe(1);
    });

    test("of a URL's parameters there is one", () => {
      const connect = (query: Record<string, string>) => () => driver.connect({ ...target(file), query });
      expect(connect({ mode: "ro" })).toThrow(/parameter timeout alone, and not mode/);
      const patient = connect({ timeout: "17" })() as SyncConnection;
      expect(patient.execute(statement("PRAGMA busy_timeout")).rows).toEqual([[17]]);
      void patient.close();
    });

    test("of the application's own do not keep a connection from being destroyed", () => {
      const own = (connection.driverConnection as { prepare(sql: string): { iterate(): Iterator<unknown> } })
        .prepare("SELECT n FROM t")
        .iterate();
      own.next();
      expect(() => connection.destroy()).not.toThrow();
    });
  });

  describe("cursors", () => {
    test("over statements that write without giving rows run them", () => {
      for (const sql of ["DELETE FROM t WHERE n = 1", "WITH x AS (SELECT 2 AS n) DELETE FROM t WHERE n IN (SELECT n FROM x)"]) {
        const cursor = connection.openCursor(statement(sql));
        expect([cursor.columns, cursor.fetch(1)]).toEqual([[], []]);
        cursor.close();
      }
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[98]]);
    });

    test("give exactly what is asked for", () => {
      const cursor = connection.openCursor(statement("SELECT n, s FROM t WHERE n >= ? ORDER BY n", [90n]));
      expect(cursor.columns.map(({ name }) => name)).toEqual(["n", "s"]);
      expect(cursor.fetch(1)).toEqual([[90, "row 90"]]);
      expect(cursor.fetch(4)).toHaveLength(4);
      expect(cursor.fetch(5).at(-1)).toEqual([99, "row 99"]);
      expect(cursor.fetch(5)).toEqual([]);
      expect(cursor.fetch(5)).toEqual([]);
      cursor.close();
    });

    test("compute no row that nobody fetches, and leave the connection usable", () => {
      const cursor = connection.openCursor(statement(ENDLESS));
      expect(cursor.fetch(3)).toEqual([[1], [2], [3]]);
      cursor.close();
      cursor.close();
      expect(cursor.fetch(3)).toEqual([]);
      connection.execute(statement("INSERT INTO t VALUES (1000, 'x')"));
    });

    test("read wide integers exactly", () => {
      const wide = connection.openCursor({ ...statement("SELECT 9007199254740993"), wideIntegers: true });
      expect(wide.fetch(2)).toEqual([[9007199254740993n]]);
    });

    test("let other reads go on, the same statement included", () => {
      const sql = "SELECT n FROM t ORDER BY n";
      rows(sql);
      const cursor = connection.openCursor(statement(sql));
      const other = connection.openCursor(statement(sql));
      expect(cursor.fetch(2)).toEqual([[0], [1]]);
      expect(rows(sql)).toHaveLength(100);
      expect(other.fetch(1)).toEqual([[0]]);
      expect(cursor.fetch(1)).toEqual([[2]]);
      cursor.close();
      other.close();
    });

    test.runIf(driver.name === "better-sqlite3")("refuse writes meanwhile, with what to do", () => {
      const cursor = connection.openCursor(statement("SELECT n FROM t"));
      cursor.fetch(1);
      for (const write of [
        () => connection.execute(statement("DELETE FROM t")),
        () => connection.execute(statement("BEGIN")),
        () => connection.executeMany(statement("DELETE FROM t WHERE n = ?"), [[1n]]),
      ]) {
        expect(write).toThrow(InvalidRequestError);
        expect(write).toThrow(/close it first/);
      }
      cursor.close();
      expect(connection.execute(statement("DELETE FROM t")).rowCount).toBe(100);
    });

    test("of a statement that writes have written when they are open", () => {
      const cursor = connection.openCursor(statement("DELETE FROM t WHERE n < 3 RETURNING n"));
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[97]]);
      expect(cursor.fetch(2)).toHaveLength(2);
      expect(cursor.fetch(2)).toHaveLength(1);
      expect(connection.openCursor(statement("DELETE FROM t")).fetch(1)).toEqual([]);
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[0]]);
    });

    test("are closed with the connection", () => {
      connection.openCursor(statement(ENDLESS)).fetch(1);
      connection.openCursor(statement(ENDLESS)).fetch(1);
      connection.destroy();
      expect(connection.isOpen).toBe(false);
      connection.destroy();
    });
  });

  describe("deadlines", () => {
    test("stop rows without end, and leave the connection usable", () => {
      const start = performance.now();
      expect(() => connection.execute(statement(ENDLESS), inFuture(50))).toThrow(/deadline/);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(connection.execute(statement("SELECT n FROM t"), inFuture(10_000)).rows).toHaveLength(100);
      expect(connection.execute(statement("SELECT n FROM t"), Infinity).rows).toHaveLength(100);
      expect(connection.execute(statement("DELETE FROM t")).rowCount).toBe(100);
    });

    test("stop a cursor while it fetches", () => {
      const cursor = connection.openCursor(statement(ENDLESS), inFuture(10_000));
      expect(cursor.fetch(10, inFuture(10_000))).toHaveLength(10);
      expect(() => cursor.fetch(1e9, inFuture(30))).toThrow(/deadline/);
      cursor.close();
      expect(connection.execute(statement("DELETE FROM t")).rowCount).toBe(100);
    });

    test("stop many parameter sets between two of them", () => {
      const sets = Array.from({ length: 200_000 }, (_, n) => [BigInt(n + 1000), "x"]);
      connection.execute(statement("BEGIN"));
      expect(() => connection.executeMany(statement("INSERT INTO t VALUES (?, ?)"), sets, inFuture(5))).toThrow(/deadline/);
      connection.execute(statement("ROLLBACK"));
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[100]]);
    });

    test("that have passed stop a statement before it begins", () => {
      const past = performance.now() - 1;
      expect(() => connection.execute(statement("DELETE FROM t"), past)).toThrow(/deadline/);
      expect(() => connection.executeMany(statement("DELETE FROM t WHERE n = ?"), [[1n]], past)).toThrow(/deadline/);
      expect(() => connection.openCursor(statement("DELETE FROM t RETURNING n"), past)).toThrow(/deadline/);
      expect(() => connection.openCursor(statement("SELECT 1"), past)).toThrow(/deadline/);
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[100]]);
    });

    test("shorten the wait for a lock, for their statement alone", () => {
      const other = open();
      other.execute(statement("BEGIN IMMEDIATE"));
      const start = performance.now();
      expect(() => connection.execute(statement("DELETE FROM t"), inFuture(60))).toThrow(/locked/);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(performance.now() - start).toBeGreaterThan(50);
      expect(rows("PRAGMA busy_timeout")).toEqual([[5000]]);
      other.execute(statement("ROLLBACK"));
      connection.execute(statement("PRAGMA busy_timeout = 20"));
      connection.execute(statement("DELETE FROM t WHERE n = 1"), inFuture(10));
      expect(rows("PRAGMA busy_timeout")).toEqual([[20]]);
      other.destroy();
    });

    test("become StatementTimeoutError", () => {
      function* endless(): Io<unknown> {
        return yield { kind: "execute", connection, statement: statement(ENDLESS) };
      }
      expect(() => runSync(endless(), new Stop(null, 30))).toThrow(StatementTimeoutError);
      expect(rows("SELECT 1")).toEqual([[1]]);
    });

    test("let a writing statement that gives rows finish", () => {
      const insert =
        "WITH RECURSIVE c(x) AS (VALUES (1000) UNION ALL SELECT x + 1 FROM c WHERE x < 2000) INSERT INTO t SELECT x, 'y' FROM c RETURNING n";
      expect(connection.execute(statement(insert), inFuture(5_000)).rows).toHaveLength(1001);
      expect(rows("SELECT COUNT(*) FROM t")).toEqual([[1101]]);
    });
  });
});
