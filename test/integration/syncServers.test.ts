/** What every driver that answers with promises must do behind a synchronous engine's worker thread, on real servers. */
import { afterEach, describe, expect, test } from "vitest";
import type { ConnectTarget, Driver } from "../../src/dialects/contract.ts";
import { builtInDrivers } from "../../src/drivers/index.ts";
import { makeDialect } from "../../src/dialects/index.ts";
import { bridgedDriver } from "../../src/engine/bridge/bridge.ts";
import { caught, NOWHERE, pause, statement, type SyncConnection } from "../support/bridged.ts";
import { placeholder } from "../support/colours.ts";
import { forEachDatabase, type TestDatabase } from "../support/databases.ts";

/** Those of the database's drivers that talk to a server. */
function drivers(db: TestDatabase): readonly Driver[] {
  return builtInDrivers.filter(
    (driver) => driver.dialectName === db.name && driver.module !== undefined && driver.name !== "pglite",
  );
}

function targetOf(url: string): ConnectTarget {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    ...NOWHERE,
    host: hostname,
    port: port === "" ? null : Number(port),
    username: decodeURIComponent(username) || null,
    password: decodeURIComponent(password) || null,
    database: pathname.slice(1),
  };
}

forEachDatabase("bridged drivers", { requires: ["killConnection"] }, (db) => {
  describe.each(drivers(db))("$name", (asynchronous) => {
    const open: SyncConnection[] = [];
    const connect = (changes: Partial<ConnectTarget> = {}): SyncConnection => {
      const connection = bridgedDriver(asynchronous).connect({ ...targetOf(db.url), ...changes }) as SyncConnection;
      open.push(connection);
      return connection;
    };
    afterEach(() => {
      for (const connection of open.splice(0)) connection.close();
    });
    const p = (position: number): string => placeholder(db, position);
    const isPostgresql = db.name === "postgresql";
    const one = (connection: SyncConnection, sql: string): unknown => connection.execute(statement(sql)).rows[0]![0];
    const idOf = (connection: SyncConnection): unknown =>
      one(connection, isPostgresql ? "SELECT pg_backend_pid()" : "SELECT CONNECTION_ID()");
    const sleep = (seconds: number): string => `SELECT ${isPostgresql ? "pg_sleep" : "SLEEP"}(${seconds})`;

    test("values are those of the driver itself", async () => {
      const types = isPostgresql ? ["bigint", "bytea", "text", "text"] : ["SIGNED", "BINARY(3)", "CHAR", "CHAR"];
      const sql = `SELECT ${types.map((type, index) => `CAST(${p(index + 1)} AS ${type})`).join(", ")}, 9223372036854775807, 0.1`;
      const wire = [-9_007_199_254_740_993n, Uint8Array.of(0, 1, 255), "é😀'\\", null];
      const asked = statement(sql, ...(isPostgresql ? [String(wire[0]), ...wire.slice(1)] : wire));
      const direct = await asynchronous.connect(targetOf(db.url));
      const expected = await direct.execute(asked);
      await direct.close();
      const answer = connect().execute(asked);
      const plain = (rows: unknown[][]): unknown[][] =>
        rows.map((row) => row.map((value) => (value instanceof Uint8Array ? [...value] : value)));
      expect(plain(answer.rows)).toEqual(plain(expected.rows));
      expect(answer.columns).toEqual(expected.columns);
      expect(answer.rows[0]).toContain("é😀'\\");
      expect(String(answer.rows[0]![0])).toBe("-9007199254740993");
      expect(answer.rows[0]![1]).toBeInstanceOf(Uint8Array);
    });

    test("errors are sorted as the driver's own are", async () => {
      const connection = connect();
      connection.execute(statement("CREATE TEMPORARY TABLE keyed (id INTEGER PRIMARY KEY)"));
      connection.execute(statement("INSERT INTO keyed VALUES (1)"));
      const dialect = makeDialect(db.name);
      const duplicate = caught(() => connection.execute(statement("INSERT INTO keyed VALUES (1)")));
      expect(dialect.classifyError(duplicate)).toMatchObject({ errorClass: "integrity", isDisconnect: false });
      expect(duplicate).toMatchObject(
        isPostgresql ? { code: "23505", severity: "ERROR" } : { errno: 1062, sqlState: "23000", code: "ER_DUP_ENTRY" },
      );
      const wrong = caught(() => connection.execute(statement("SELECT no_such_column")));
      expect(dialect.classifyError(wrong)).toMatchObject({ errorClass: "programming" });
      const refused = caught(() => connect({ port: 1 }));
      expect(dialect.classifyError(refused)).toMatchObject({ errorClass: "operational", isDisconnect: true });
      expect(one(connection, "SELECT count(*) FROM keyed")).toSatisfy((count) => Number(count) === 1);
    });

    test("many parameter sets, and a cursor", () => {
      const connection = connect();
      connection.execute(statement("CREATE TEMPORARY TABLE numbers (n INTEGER)"));
      const sets = Array.from({ length: 1_000 }, (_, index) => [index]);
      const many = { ...statement(`INSERT INTO numbers VALUES (${p(1)})`), returnsRows: false };
      expect(connection.executeMany(many, sets).rowCount).toBe(1_000);
      connection.execute({ ...statement(isPostgresql ? "BEGIN" : "START TRANSACTION"), returnsRows: false });
      const cursor = connection.openCursor(statement("SELECT n FROM numbers ORDER BY n"));
      expect(cursor.columns.map((column) => column.name)).toEqual(["n"]);
      expect(cursor.fetch(300)).toHaveLength(300);
      expect(cursor.fetch(300)[0]).toEqual([300]);
      cursor.close();
      cursor.close();
      expect(one(connection, "SELECT max(n) FROM numbers")).toBe(999);
      const whole = connection.openCursor(statement("SELECT n FROM numbers"));
      const sizes = Array.from({ length: 4 }, () => whole.fetch(400).length);
      expect(sizes).toEqual([400, 400, 200, 0]);
      whole.close();
      connection.execute({ ...statement("ROLLBACK"), returnsRows: false });
    });

    test("a deadline stops the statement on the server", () => {
      const [connection, observer] = [connect(), connect()];
      const id = idOf(connection);
      const start = performance.now();
      // MariaDB's SLEEP may end early without an error.
      const error = caught(() => {
        connection.execute(
          statement(isPostgresql ? sleep(10) : `${sleep(10)} FROM (SELECT 1 UNION SELECT 2) AS twice`),
          start + 200,
        );
        throw new Error("stopped");
      });
      expect(performance.now() - start).toBeLessThan(1_200);
      expect(error.message).toMatch(/cancel|interrupted|stopped/);
      const running = isPostgresql
        ? `SELECT count(*) FROM pg_stat_activity WHERE pid = ${String(id)} AND state = 'active'`
        : `SELECT count(*) FROM information_schema.processlist WHERE id = ${String(id)} AND command <> 'Sleep'`;
      expect(Number(one(observer, running))).toBe(0);
      expect(connection.isOpen).toBe(true);
      expect(Number(one(connection, "SELECT 2"))).toBe(2);
      expect(idOf(connection)).toBe(id);
    });

    test("a connection that was killed", () => {
      const [busy, idle, killer] = [connect(), connect(), connect()];
      for (const connection of [busy, idle]) {
        const id = String(idOf(connection));
        killer.execute(statement(isPostgresql ? `SELECT pg_terminate_backend(${id})` : `KILL ${id}`));
      }
      const dialect = makeDialect(db.name);
      const error = caught(() => busy.execute(statement("SELECT 1")));
      expect(dialect.classifyError(error)).toMatchObject({ isDisconnect: true });
      pause(300);
      expect([busy.isOpen, idle.isOpen, killer.isOpen]).toEqual([false, false, true]);
      busy.close();
      expect(Number(one(killer, "SELECT 3"))).toBe(3);
    });

    test("two connections side by side", () => {
      const [first, second] = [connect(), connect()];
      expect(idOf(first)).not.toBe(idOf(second));
      first.destroy();
      expect(Number(one(second, "SELECT 4"))).toBe(4);
    });

    test("20,000 rows arrive whole", () => {
      const sql = isPostgresql
        ? "SELECT i, 'name ' || i FROM generate_series(1, 20000) AS i"
        : "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 900) SELECT a.i, CONCAT('name ', b.i) FROM s AS a CROSS JOIN s AS b LIMIT 20000";
      const { rows, rowCount } = connect().execute(statement(sql));
      expect([rows.length, rowCount]).toEqual([20_000, 20_000]);
      expect(rows.every((row) => row.length === 2 && String(row[1]).startsWith("name "))).toBe(true);
    });

    test("hundreds of statements a second", () => {
      const connection = connect();
      const prepared = { ...statement("SELECT 1"), reusable: true };
      for (let count = 0; count < 100; count++) connection.execute(prepared);
      const start = performance.now();
      for (let count = 0; count < 500; count++) connection.execute(prepared);
      expect(500 / ((performance.now() - start) / 1_000)).toBeGreaterThan(200);
    });
  });
});
