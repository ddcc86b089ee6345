/**
 * What is special to the drivers of MySQL and MariaDB, which the acceptance suite of all drivers does not ask: the bytes of the protocol,
 * streams that the server pushes, KILL QUERY over a second connection, and that both packages mean the same.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MysqlDialect } from "../../../src/dialects/mysql/dialect.ts";
import type { ConnectTarget, Driver } from "../../../src/dialects/contract.ts";
import { mariadbDriver } from "../../../src/drivers/mysql/mariadb.ts";
import { mysql2Driver } from "../../../src/drivers/mysql/mysql2.ts";
import { makeUrl } from "../../../src/engine/url.ts";
import { ArgumentError, StatementTimeoutError } from "../../../src/errors/index.ts";
import { text } from "../../../src/sql/index.ts";
import type { DriverConnection, DriverResult, DriverStatement } from "../../../src/io/driver.ts";
import { openEngine } from "../../support/colours.ts";
import { databases } from "../../support/databases.ts";
import type { RawConnection } from "../../support/raw-connections.ts";

const db = databases.find(({ name }) => name === "mysql");
const DRIVERS: readonly Driver[] = [mysql2Driver, mariadbDriver];
/** More rows than anybody reads to the end. */
const ENDLESS = "SELECT a.seq, REPEAT('x', 100) FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b";

function target(parts: Partial<ConnectTarget> = {}): ConnectTarget {
  const { host, port, username, password, database } = makeUrl(db!.url);
  return { host, port, username, password, database, query: {}, connectArgs: {}, ...parts };
}

function statement(sql: string, parameters: readonly unknown[] = [], returnsRows = true): DriverStatement {
  return { sql, parameters, reusable: true, wideIntegers: true, returnsRows };
}

async function query(connection: DriverConnection, sql: string, parameters: readonly unknown[] = []): Promise<unknown[][]> {
  return (await connection.execute(statement(sql, parameters))).rows;
}

async function run(connection: DriverConnection, sql: string, parameters: readonly unknown[] = []): Promise<DriverResult> {
  return connection.execute(statement(sql, parameters, false));
}

async function failure(work: unknown): Promise<Error & { errno?: number; code?: string }> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error("It did not fail");
}

/** Wide integers in one form: the packages give strings and bigints. */
function exact(value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : Buffer.isBuffer(value) ? value.toString("hex") : value;
}

describe.skipIf(db === undefined)("drivers of MySQL", () => {
  let raw: RawConnection;
  beforeAll(async () => {
    raw = await db!.raw();
    await raw.query("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, n INT, s TEXT, d DOUBLE, b LONGBLOB, UNIQUE (n))");
    await raw.query("CREATE TABLE parent (id INT PRIMARY KEY)");
    await raw.query("CREATE TABLE child (id INT, p INT NOT NULL REFERENCES parent (id), c INT CHECK (c > 0))");
    await raw.query("INSERT INTO parent VALUES (1)");
    await raw.query("INSERT INTO child VALUES (1, 1, 1)");
    await raw.query("CREATE PROCEDURE two() BEGIN SELECT 1 AS a UNION ALL SELECT 2; SELECT 'x' AS b; END");
    await raw.query("CREATE PROCEDURE none() BEGIN UPDATE parent SET id = id; END");
  });
  afterAll(async () => {
    await raw?.close();
  });

  describe.each(DRIVERS)("$name", (driver) => {
    let connection: DriverConnection;
    beforeAll(async () => {
      connection = await driver.connect(target());
    });
    afterAll(async () => {
      await connection?.close();
    });

    const connect = async (parts: Partial<ConnectTarget> = {}): Promise<DriverConnection> => driver.connect(target(parts));
    const threadOf = async (one: DriverConnection): Promise<unknown> =>
      exact((await query(one, "SELECT CONNECTION_ID()"))[0]![0]);

    test("integers are integers", async () => {
      expect(await query(connection, "SELECT 10 DIV ?, CONCAT(?), ? / 2", [3, 7, 1])).toEqual([
        [3, "7", expect.stringMatching(/^0\.50*$/)],
      ]);
      expect(await query(connection, "SELECT 5 LIMIT ?", [1])).toEqual([[5]]);
      const edges = [0, -1, 127, -32_768, 2_147_483_646, 2_147_483_647, 2_147_483_648, -2_147_483_648, -2_147_483_649];
      const wide = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n];
      const all = [...edges, ...wide];
      const [row] = await query(connection, `SELECT ${all.map(() => "CONCAT(?)").join(", ")}`, all);
      expect(row).toEqual(all.map(String));
    });

    test("texts and bytes of every length arrive", async () => {
      for (const length of [0, 1, 62, 63, 83, 84, 85, 250, 251, 65_535, 65_536, 300_000]) {
        const text = "é€x".repeat(Math.ceil(length / 3)).slice(0, length) + "😀";
        const bytes = Buffer.from(Array.from({ length }, (_, index) => index % 256));
        const [row] = await query(connection, "SELECT ? AS a, ? AS b, ? AS c, ? AS d", [text, bytes, null, 0.1]);
        expect(row![0] === text).toBe(true);
        expect(Buffer.compare(Buffer.from(row![1] as Uint8Array), bytes)).toBe(0);
        expect(row!.slice(2)).toEqual([null, 0.1]);
      }
    });

    test("1,000 rows go in with one statement", async () => {
      const rows = Array.from({ length: 1000 }, (_, index) => [
        index,
        index % 3 === 0 ? null : `row ${index} é`,
        index / 7,
        Buffer.of(index % 256),
      ]);
      const values = rows.map(() => "(?, ?, ?, ?)").join(", ");
      const result = await run(connection, `INSERT INTO t (n, s, d, b) VALUES ${values}`, rows.flat());
      expect(result.rowCount).toBe(1000);
      const stored = await query(connection, "SELECT n, s, d, b FROM t ORDER BY n");
      expect(stored.map((row) => row.map(exact))).toEqual(rows.map((row) => row.map(exact)));
      await run(connection, "TRUNCATE TABLE t");
    });

    test("a wrong number of parameters is refused", async () => {
      for (const parameters of [[], [1], [1, 2, 3]])
        for (let time = 0; time < 2; time++) {
          const error = await failure(connection.execute(statement("SELECT ?, ?", parameters)));
          expect(error.message).toContain("2 placeholders");
          expect(new MysqlDialect().classifyError(error).errorClass).toBe("programming");
        }
      expect(await query(connection, "SELECT ?, ?", [1, 2])).toEqual([[1, 2]]);
    });

    test("what cannot be sent is refused, and the connection goes on", async () => {
      for (const wrong of [undefined, { a: 1 }, [1, 2], () => 1, new Map()]) {
        expect(await failure(connection.execute(statement("SELECT ?", [wrong])))).toBeInstanceOf(ArgumentError);
        const sets = [[1], [wrong]];
        expect(await failure(connection.executeMany(statement("UPDATE t SET n = ?", [], false), sets))).toBeInstanceOf(
          ArgumentError,
        );
      }
      expect(await query(connection, "SELECT ?", [1])).toEqual([[1]]);
    });

    test("parameters of a statement that failed are not another's", async () => {
      for (const failed of [
        () => connection.execute(statement("SELECT ? FROM no_such_table", [111])),
        () => connection.openCursor(statement("SELECT ? FROM no_such_table", [111])),
      ]) {
        expect((await failure(failed())).errno).toBe(1146);
        const own = connection.driverConnection as {
          execute(sql: string, values: unknown[], done?: (error: unknown, rows: unknown) => void): unknown;
        };
        const rows = await (driver.name === "mariadb"
          ? own.execute("SELECT ? AS x", [42])
          : new Promise((done) => own.execute("SELECT ? AS x", [42], (_error, answer) => done(answer))));
        expect(Object.values((rows as object[])[0]!).map(Number)).toEqual([42]);
      }
    });

    test("the message of an error is the server's alone, also of what cannot be prepared", async () => {
      for (const returnsRows of [true, false]) {
        const error = await failure(connection.execute(statement("EXECUTE no_such_statement", [], returnsRows)));
        expect(error.message).toBe("Unknown prepared statement handler (no_such_statement) given to EXECUTE");
      }
    });

    test("options that would have no effect, or another one than its own, are refused", async () => {
      for (const option of ["timezone", "dateStrings", "multipleStatements", "nestTables", "typeCast", "host", "socketPath"]) {
        const error = await failure(connect({ connectArgs: { [option]: "x" } }));
        expect(error).toBeInstanceOf(ArgumentError);
        expect(error.message).toMatch(new RegExp(`^The option ${option} cannot be given`));
      }
      expect((await failure(connect({ query: { timezone: "+05:00" } }))).message).toMatch(/The option timezone cannot be given/);
      expect((await failure(connect({ query: { unix_socket: ["/a", "/b"] } }))).message).toMatch(/stands several times/);
    });

    test("no multiple statements, no files of ours", async () => {
      expect((await failure(query(connection, "SELECT 1; SELECT 2"))).errno).toBe(1064);
      expect((await failure(run(connection, "SELECT 1; SELECT 2"))).errno).toBe(1064);
      await failure(run(connection, `LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t (s)`));
      expect(await query(connection, "SELECT 1")).toEqual([[1]]);
    });

    test("a procedure gives its first result", async () => {
      expect(await query(connection, "CALL two()")).toEqual([[1], [2]]);
      expect((await connection.execute(statement("CALL none()"))).columns).toBeNull();
      const cursor = await connection.openCursor(statement("CALL two()"));
      expect(cursor.columns.map(({ name }) => name)).toEqual(["a"]);
      expect(await cursor.fetch(10)).toEqual([[1], [2]]);
      await cursor.close();
      expect(await query(connection, "SELECT 1")).toEqual([[1]]);
    });

    test("what cannot be prepared runs all the same", async () => {
      await run(connection, "CREATE OR REPLACE TABLE lockable (id INT)");
      await connection.execute(statement("LOCK TABLES lockable READ"));
      await connection.execute(statement("UNLOCK TABLES"));
      const cursor = await connection.openCursor(statement("SHOW TABLES LIKE 'lockable'"));
      expect(await cursor.fetch(5)).toEqual([["lockable"]]);
      await cursor.close();
    });

    test("the number of prepared statements is bounded", async () => {
      const one = await connect();
      for (let index = 0; index < 300; index++) await query(one, `SELECT ${index} + ?`, [1]);
      const [[, closed]] = (await query(one, "SHOW SESSION STATUS LIKE 'Com_stmt_close'")) as [[unknown, string]];
      expect(Number(closed)).toBeGreaterThanOrEqual(44);
      await one.close();
    });

    test("a prepared statement means the database that is in use", async () => {
      const other = makeUrl(await db!.freshUrl()).database!;
      await raw.query(`CREATE TABLE \`${other}\`.parent (id INT) SELECT 2 AS id`);
      const one = await connect();
      expect(await query(one, "SELECT id FROM parent")).toEqual([[1]]);
      await run(one, `USE \`${other}\``);
      expect(await query(one, "SELECT id FROM parent")).toEqual([[2]]);
      await one.close();
    });

    describe("many parameter sets", () => {
      test("each inserted row has its key, and the first failing set is the last", async () => {
        const result = await connection.executeMany(statement("INSERT INTO t (n, s) VALUES (?, ?)", [], false), [
          [1, "a"],
          [2, null],
          [3, "c"],
        ]);
        expect(result).toEqual({ rowCount: 3, insertIds: [1, 2, 3] });
        const error = await failure(
          connection.executeMany(statement("INSERT INTO t (n) VALUES (?)", [], false), [[4], [1], [5]]),
        );
        expect(error.errno).toBe(1062);
        expect(await query(connection, "SELECT n FROM t ORDER BY n")).toEqual([[1], [2], [3], [4]]);
        await run(connection, "TRUNCATE TABLE t");
      });

      test("updates count the rows they match", async () => {
        await run(connection, "INSERT INTO t (n) SELECT seq FROM seq_1_to_2500");
        const sets = Array.from({ length: 2500 }, (_, index) => {
          const text = index % 5 === 0 ? null : `text ${index}`;
          return [text, index % 7 === 0 ? index : index / 7, index + 1];
        });
        const update = statement("UPDATE t SET s = ?, d = ? WHERE n = ?", [], false);
        await run(connection, "BEGIN");
        expect((await connection.executeMany(update, sets)).rowCount).toBe(2500);
        // Once more: nothing changes, everything is matched; one set matches nothing.
        expect((await connection.executeMany(update, [...sets, ["x", 1, -1]])).rowCount).toBe(2500);
        await run(connection, "COMMIT");
        const stored = await query(connection, "SELECT s, d, n FROM t ORDER BY n");
        expect(stored).toEqual(sets);
      });

      test("an update that fails stops there", async () => {
        const sets = [
          [3001, 1],
          [3002, 2],
          [4, 3],
          [3004, 4],
        ];
        expect((await failure(connection.executeMany(statement("UPDATE t SET n = ? WHERE n = ?", [], false), sets))).errno).toBe(
          1062,
        );
        expect(await query(connection, "SELECT COUNT(*) FROM t WHERE n = 3004")).toSatisfy(
          (rows: unknown[][]) => Number(rows[0]![0]) === 0,
        );
        await run(connection, "TRUNCATE TABLE t");
      });
    });

    describe("cursors", () => {
      test("give exactly what is asked for", async () => {
        const cursor = await connection.openCursor(statement("SELECT seq + 0e0 FROM seq_1_to_10 WHERE seq > ?", [0]));
        expect(cursor.columns).toHaveLength(1);
        expect(await cursor.fetch(1)).toEqual([[1]]);
        expect(await cursor.fetch(4)).toEqual([[2], [3], [4], [5]]);
        expect(await cursor.fetch(5)).toEqual([[6], [7], [8], [9], [10]]);
        expect(await cursor.fetch(5)).toEqual([]);
        expect(await cursor.fetch(5)).toEqual([]);
        await cursor.close();
        await cursor.close();
        expect(await query(connection, "SELECT 1")).toEqual([[1]]);
      });

      test("are empty for a statement without rows, and tell of errors", async () => {
        const cursor = await connection.openCursor(statement("UPDATE parent SET id = id"));
        expect([cursor.columns, await cursor.fetch(1)]).toEqual([[], []]);
        await cursor.close();
        expect((await failure(connection.openCursor(statement("SELECT * FROM nowhere")))).errno).toBe(1146);
        const late = await connection.openCursor(
          statement("SELECT IF(seq < 5000, seq, (SELECT 1 UNION SELECT 2)) FROM seq_1_to_10000"),
        );
        expect((await failure(drain(late, 100))).errno).toBe(1242);
        await late.close();
        expect(await query(connection, "SELECT 1")).toEqual([[1]]);
      });

      test("hold no more than a portion in memory", async () => {
        const cursor = await connection.openCursor(statement("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_200000"));
        const start = memory();
        let [most, count] = [0, 0];
        for (;;) {
          const rows = await cursor.fetch(1000);
          count += rows.length;
          if (count % 10_000 === 0) most = Math.max(most, memory() - start);
          if (rows.length < 1000) break;
        }
        await cursor.close();
        expect(count).toBe(200_000);
        expect(most).toBeLessThan(80e6);
      });

      test("can be left in the middle of rows without end", async () => {
        const one = await connect();
        const thread = await threadOf(one);
        for (let time = 0; time < 3; time++) {
          const cursor = await one.openCursor(statement(ENDLESS));
          expect(await cursor.fetch(10)).toHaveLength(10);
          const start = performance.now();
          await cursor.close();
          expect(performance.now() - start).toBeLessThan(8_000);
          expect(await failure(cursor.fetch(1))).toBeInstanceOf(Error);
          expect(await threadOf(one)).toBe(thread);
        }
        await one.close();
      });

      test("wait for a reader who is slow", async () => {
        const one = await connect();
        await run(one, "SET SESSION net_write_timeout = 1");
        const cursor = await one.openCursor(statement("SELECT REPEAT('x', 1000) FROM seq_1_to_50000"));
        await cursor.fetch(1);
        await sleep(3_000);
        expect(await drain(cursor, 1000)).toBe(49_999);
        await one.close();
      });
    });

    describe("stopping", () => {
      /** Cancels as the runner does. */
      const stop = async (one: DriverConnection, running: Promise<unknown>): Promise<void> => {
        running.catch(() => undefined);
        await one.cancel!(running);
      };

      test("a statement that sleeps", async () => {
        const start = performance.now();
        const running = query(connection, "SELECT SLEEP(?)", [30]);
        await sleep(20);
        await stop(connection, running);
        expect(performance.now() - start).toBeLessThan(5_000);
        await running.catch((error: { errno: number }) => expect(error.errno).toBe(1317));
        expect(await query(connection, "SELECT SLEEP(0.01)")).toEqual([[0]]);
      });

      test("a statement in a transaction leaves the transaction", async () => {
        await run(connection, "BEGIN");
        await run(connection, "INSERT INTO t (n) VALUES (1)");
        const running = query(connection, "SELECT COUNT(*) FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b");
        await sleep(50);
        await stop(connection, running);
        expect((await failure(running)).errno).toBe(1317);
        expect(await query(connection, "SELECT n FROM t")).toEqual([[1]]);
        await run(connection, "ROLLBACK");
        expect(await query(connection, "SELECT n FROM t")).toEqual([]);
      });

      test("200 times at any moment never hits the next statement", async () => {
        const one = await connect();
        const thread = await threadOf(one);
        let stopped = 0;
        for (let time = 0; time < 200; time++) {
          const running = query(one, "SELECT SLEEP(?)", [0.004]);
          running.catch(() => undefined);
          await sleep(Math.random() * 8);
          await stop(one, running);
          const answer = await running.then(
            ([row]) => row![0],
            (error: { errno: number }) => error.errno,
          );
          if (answer !== 0) stopped++;
          expect(await query(one, "SELECT SLEEP(0.001)")).toEqual([[0]]);
        }
        expect(stopped).toBeGreaterThan(5);
        expect(await threadOf(one)).toBe(thread);
        await one.close();
      });

      test("many parameter sets, between two of them or within one", async () => {
        const sets = Array.from({ length: 100_000 }, (_, index) => [index + 1]);
        const running = Promise.resolve(connection.executeMany(statement("INSERT INTO t (n) VALUES (?)", [], false), sets));
        await sleep(100);
        await stop(connection, running);
        expect(await failure(running)).toMatchObject({ code: "ER_QUERY_INTERRUPTED", errno: 1317, sqlState: "70100" });
        const [[count]] = (await query(connection, "SELECT COUNT(*) FROM t")) as [[unknown]];
        expect(Number(count)).toBeGreaterThan(0);
        expect(Number(count)).toBeLessThan(100_000);
        await run(connection, "TRUNCATE TABLE t");
      });

      test("between two parameter sets is what the server's own end is to callers", async () => {
        const engine = openEngine("async", db!.url.replace(/^[^:]+/, `mysql+${driver.name}`));
        try {
          await using lent = await engine.connect();
          const sets = Array.from({ length: 3_000 }, (_, index) => [index]);
          const slow = "UPDATE parent SET id = id WHERE SLEEP(0.001) + ? < 0";
          const many = lent.execDriverSql(slow, sets, { timeout: 500 });
          const error = (await failure(many)) as StatementTimeoutError;
          expect(error).toBeInstanceOf(StatementTimeoutError);
          expect(error.cause).toMatchObject({ code: "ER_QUERY_INTERRUPTED", errno: 1317 });
          expect(new MysqlDialect().classifyError(error.cause)).toMatchObject({
            errorClass: "operational",
            driverCode: 1317,
            isDisconnect: false,
          });
          await lent.rollback();
          expect((await lent.execute(text("SELECT 1"))).scalar()).toBe(1);
        } finally {
          await engine.dispose();
        }
      });

      test("a cursor: while it opens, while it fetches", async () => {
        const slow = "SELECT SLEEP(30) UNION ALL SELECT 1";
        const opening = Promise.resolve(connection.openCursor(statement(slow)));
        await sleep(50);
        await stop(connection, opening);
        const opened = await opening.catch(() => null);
        if (opened !== null) await opened.close();
        expect(await query(connection, "SELECT 1")).toEqual([[1]]);

        const cursor = await connection.openCursor(
          statement("SELECT IF(seq < 1000, seq, SLEEP(30)), REPEAT('x', 1000) FROM seq_1_to_2000"),
        );
        const fetching = Promise.resolve(cursor.fetch(5000));
        await sleep(50);
        await stop(connection, fetching);
        await failure(fetching);
        await cursor.close();
        expect(await query(connection, "SELECT 1")).toEqual([[1]]);

        const endless = await connection.openCursor(statement(ENDLESS));
        const answered = Promise.resolve(endless.fetch(5));
        await answered;
        await stop(connection, answered);
        await endless.close();
        expect(await query(connection, "SELECT 1")).toEqual([[1]]);
      });

      test("by a user without any rights over others", async () => {
        const user = `u_${process.env["VITEST_POOL_ID"] ?? 0}_${process.pid}_${driver.name}`;
        await raw.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret' WITH MAX_USER_CONNECTIONS 2`);
        try {
          const account = { username: user, password: "secret", database: null };
          const one = await connect(account);
          const running = query(one, "SELECT SLEEP(30)");
          await sleep(20);
          await stop(one, running);
          expect(await query(one, "SELECT SLEEP(0)")).toEqual([[0]]);

          // No room for a second connection: whoever asks is told, and can destroy the connection.
          const other = await connect(account);
          const second = query(one, "SELECT SLEEP(30)");
          const error = await failure(stop(one, second));
          expect(error.errno).toBe(1226);
          one.destroy();
          expect((await failure(second)).code).toBe("PROTOCOL_CONNECTION_LOST");
          await other.close();
        } finally {
          await raw.query(`DROP USER '${user}'@'%'`);
        }
      });
    });

    describe("ending", () => {
      test("destroy rejects at once what is under way", async () => {
        const one = await connect();
        const running = query(one, "SELECT SLEEP(2)");
        await sleep(20);
        const start = performance.now();
        one.destroy();
        one.destroy();
        const error = await failure(running);
        expect(performance.now() - start).toBeLessThan(500);
        expect(new MysqlDialect().classifyError(error).isDisconnect).toBe(true);
        expect(one.isOpen).toBe(false);
        expect(new MysqlDialect().classifyError(await failure(query(one, "SELECT 1"))).isDisconnect).toBe(true);

        const two = await connect();
        const cursor = await two.openCursor(
          statement("SELECT IF(seq < 1000, seq, SLEEP(2)), REPEAT('x', 1000) FROM seq_1_to_1001"),
        );
        const fetching = cursor.fetch(2000);
        two.destroy();
        expect(new MysqlDialect().classifyError(await failure(fetching)).isDisconnect).toBe(true);
      });

      test("close does not wait for a statement or a cursor", async () => {
        const one = await connect();
        const running = query(one, "SELECT SLEEP(5)");
        const start = performance.now();
        await Promise.all([one.close(), failure(running)]);
        const two = await connect();
        await two.openCursor(statement(ENDLESS));
        await two.close();
        await two.close();
        expect(performance.now() - start).toBeLessThan(2_000);
        expect([one.isOpen, two.isOpen]).toEqual([false, false]);
      });

      test("a connection that is killed says so, busy, idle or streaming", async () => {
        for (const state of ["busy", "idle", "streaming"] as const) {
          const one = await connect();
          const thread = Number(await threadOf(one));
          const cursor = state === "streaming" ? await one.openCursor(statement(ENDLESS)) : null;
          const running = state === "busy" ? query(one, "SELECT SLEEP(30)") : null;
          running?.catch(() => undefined);
          await sleep(20);
          await raw.query(`KILL ${thread}`);
          await sleep(50);
          const error = await failure(cursor !== null ? drain(cursor, 1000) : (running ?? query(one, "SELECT 1")));
          expect(new MysqlDialect().classifyError(error)).toMatchObject({ errorClass: "operational", isDisconnect: true });
          await sleep(20);
          expect(one.isOpen).toBe(false);
          await one.close();
        }
      });
    });

    test("through an engine, by either name", async () => {
      for (const scheme of ["mysql", "mariadb"]) {
        const url = db!.url.replace(/^\w+:/, `${scheme}+${driver.name}:`);
        const engine = openEngine("async", `${url}?charset=utf8mb4`);
        await using opened = await engine.connect();
        expect((await opened.execDriverSql("SELECT ?, 'é'", [5])).one()).toEqual([5, "é"]);
        await opened.close();
        await engine.dispose();
      }
      expect(await failure(connect({ query: { charset: "latin1" } }))).toBeInstanceOf(ArgumentError);
      expect(await failure(connect({ query: { connect_timeout: "soon" } }))).toBeInstanceOf(ArgumentError);
    });
  });

  test("both packages give the same values", async () => {
    await raw.query(
      "CREATE TABLE v (id INT PRIMARY KEY, ti TINYINT, us SMALLINT UNSIGNED, mi MEDIUMINT, bu BIGINT UNSIGNED, de DECIMAL(30, 10), f FLOAT, d DOUBLE, da DATE, dt DATETIME(6), d0 DATETIME, ts TIMESTAMP(3) NULL, y YEAR, js JSON, bl BLOB, bi BIT(10), b1 BIT(1), en ENUM('a', 'b'), se SET('x', 'y', 'z'), tx TEXT, ch CHAR(5) CHARACTER SET latin1, vb VARBINARY(5))",
    );
    const rows = [
      [
        1,
        -5,
        65_535,
        -8_388_608,
        "18446744073709551615",
        "12345678901234567890.0123456789",
        0.1,
        1e300,
        "2024-02-29",
        "2024-02-29 01:02:03.120000",
        "2024-02-29 01:02:03",
        "2024-02-29 01:02:03.5",
        2024,
        '{"a": [1]}',
        Buffer.of(0, 255),
        513,
        1,
        "b",
        "x,z",
        "é😀",
        "é",
        Buffer.of(1),
      ],
      [
        2,
        0,
        0,
        0,
        0,
        "0",
        0,
        0,
        "1000-01-01",
        "1000-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "1970-01-02 00:00:00",
        1901,
        "[]",
        Buffer.of(),
        0,
        0,
        "a",
        "",
        "",
        "",
        Buffer.of(),
      ],
      [3, ...Array.from({ length: 21 }, () => null)],
    ];
    const answers: unknown[] = [];
    for (const driver of DRIVERS) {
      const one = await driver.connect(target());
      await run(one, "DELETE FROM v");
      await run(one, "SET time_zone = '+00:00'");
      for (const row of rows) await run(one, `INSERT INTO v VALUES (${row.map(() => "?").join(", ")})`, row);
      const { columns, rows: stored } = await one.execute(statement("SELECT * FROM v ORDER BY id"));
      const cursor = await one.openCursor(statement("SELECT * FROM v ORDER BY id"));
      const streamed = await cursor.fetch(10);
      await cursor.close();
      expect(streamed).toEqual(stored);
      answers.push({ columns, rows: stored.map((row) => row.map(exact)) });
      await one.close();
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  test("both packages give the same errors", async () => {
    const statements = [
      "INSERT INTO parent VALUES (1)",
      "INSERT INTO child VALUES (2, 77, 1)",
      "DELETE FROM parent",
      "INSERT INTO child VALUES (2, NULL, 1)",
      "INSERT INTO child VALUES (2, 1, -1)",
      "INSERT INTO child VALUES ('2x', 1, 1)",
      "INSERT INTO child VALUES (99999999999, 1, 1)",
      "SELEC 1",
      "SELECT * FROM nowhere",
      "SELECT nothing FROM parent",
      "SELECT nofunction(1)",
      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'connection is closed', MYSQL_ERRNO = 45013",
      "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'server has gone away'",
    ];
    const dialect = new MysqlDialect();
    const classes: unknown[] = [];
    for (const driver of DRIVERS) {
      const one = await driver.connect(target());
      const found: unknown[] = [];
      for (const sql of statements) {
        const error = await failure(one.execute(statement(sql, [], false)));
        found.push([sql, error.message, dialect.classifyError(error)]);
        expect(dialect.classifyError(error).isDisconnect).toBe(false);
      }
      await run(one, "SET innodb_lock_wait_timeout = 1");
      await raw.query("BEGIN");
      await raw.query("UPDATE parent SET id = 1");
      const waited = await failure(one.execute(statement("UPDATE parent SET id = ?", [1], false)));
      await raw.query("ROLLBACK");
      found.push(["lock wait", waited.message, dialect.classifyError(waited)]);
      expect(dialect.classifyError(waited).isRetryable).toBe(true);
      for (const parts of [
        { username: "nobody", password: "wrong" },
        { database: "no_such_database" },
        { host: "127.0.0.1", port: 1 },
      ]) {
        const error = await failure(driver.connect(target(parts)));
        found.push([error.message, dialect.classifyError(error)]);
      }
      classes.push(found);
      await one.close();
    }
    expect(classes[1]).toEqual(classes[0]);
    const sorted = (classes[0] as [string, string, { errorClass: string }][])
      .slice(0, 14)
      .map(([, , { errorClass }]) => errorClass);
    expect(sorted).toEqual([
      ...Array.from({ length: 5 }, () => "integrity"),
      "data",
      "data",
      ...Array.from({ length: 4 }, () => "programming"),
      ...Array.from({ length: 3 }, () => "operational"),
    ]);
  });
});

test.each([
  [{ errno: 1205 }, "operational", false, true],
  [{ errno: 1213 }, "operational", false, true],
  [{ errno: 1020 }, "operational", false, true],
  [{ errno: 1317 }, "operational", false, false],
  [{ errno: 1040 }, "operational", false, false],
  [{ errno: 1045 }, "operational", false, false],
  [{ errno: 1053 }, "operational", true, false],
  [{ errno: 1927 }, "operational", true, false],
  [{ errno: 1047, message: "WSREP has not yet prepared node for application use" }, "operational", true, false],
  [{ errno: 1047, message: "Unknown command" }, "operational", false, false],
  [{ errno: 1062, message: "Duplicate entry 'the connection is closed' for key 'x'" }, "integrity", false, false],
  [{ errno: 3819 }, "integrity", false, false],
  [{ code: "PROTOCOL_CONNECTION_LOST" }, "operational", true, false],
  [{ code: "ECONNREFUSED", errno: -111 }, "operational", true, false],
  [{ errno: 45009, fatal: true }, "operational", true, false],
  [{ errno: 45012, fatal: true }, "operational", true, false],
  [{ errno: 45016, fatal: false }, "interface", false, false],
  [{ errno: 45046, fatal: false }, "operational", false, false],
])("the error %o is %s, disconnect %s, retryable %s", (fields, errorClass, isDisconnect, isRetryable) => {
  const error = Object.assign(new Error(), fields);
  expect(new MysqlDialect().classifyError(error)).toMatchObject({ errorClass, isDisconnect, isRetryable });
});

async function drain(cursor: { fetch(count: number): unknown }, portion: number): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = (await cursor.fetch(portion)) as unknown[];
    count += rows.length;
    if (rows.length < portion) return count;
  }
}

/** Bytes that are held, in the heap and in buffers. */
function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
