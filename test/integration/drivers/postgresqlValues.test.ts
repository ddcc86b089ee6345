/** What every PostgreSQL driver must give alike: the wire's own values, results, cursors, and statements in bulk. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pgDriver } from "../../../src/drivers/postgresql/pg.ts";
import { pgliteDriver } from "../../../src/drivers/postgresql/pglite.ts";
import { postgresDriver } from "../../../src/drivers/postgresql/postgres.ts";
import { ArgumentError } from "../../../src/errors/index.ts";
import { databases } from "../../support/databases.ts";
import { failureOf, Session, statement } from "../../support/postgresqlDrivers.ts";

const server = databases.find(({ name }) => name === "postgresql");

/** SQL for a value, and what must arrive. */
const READ: readonly [string, unknown][] = [
  ["null::text", null],
  ["''", ""],
  ["'é😀 ''x'''", "é😀 'x'"],
  ["true", true],
  ["false", false],
  ["(-32768)::int2", -32768],
  ["2147483647", 2147483647],
  ["9007199254740993::int8", "9007199254740993"],
  ["(-9223372036854775808)::int8", "-9223372036854775808"],
  ["4294967295::oid", 4294967295],
  ["0.1::float8", 0.1],
  ["'-0'::float8", -0],
  ["'NaN'::float8", Number.NaN],
  ["'-Infinity'::float4", -Infinity],
  ["123456789012345678901234567890.1230::numeric", "123456789012345678901234567890.1230"],
  ["'NaN'::numeric", "NaN"],
  ["'2024-02-29'::date", "2024-02-29"],
  ["'0044-03-15 BC'::date", "0044-03-15 BC"],
  ["'infinity'::date", "infinity"],
  ["'-infinity'::timestamptz", "-infinity"],
  ["'2024-02-29 23:59:59.123456'::timestamp", "2024-02-29 23:59:59.123456"],
  ["'1 mon 2 days 03:04:05.5'::interval", "1 mon 2 days 03:04:05.5"],
  ["'{\"a\": [1, 9007199254740993]}'::json", '{"a": [1, 9007199254740993]}'],
  ["'null'::jsonb", "null"],
  ["null::jsonb", null],
  ["array['a', null, 'b\"c', '']", '{a,NULL,"b\\"c",""}'],
  ["'{1,2}'::int8[]", "{1,2}"],
  ["'123e4567-e89b-12d3-a456-426614174000'::uuid", "123e4567-e89b-12d3-a456-426614174000"],
  ["'\\x0001ff'::bytea", Buffer.of(0, 1, 255)],
  ["''::bytea", Buffer.alloc(0)],
];

/** Type, what is bound, and what the server then holds, as text. */
const BOUND: readonly [string, unknown, string | null][] = [
  ["text", "", ""],
  ["text", null, null],
  ["text", "it's \\ é😀", "it's \\ é😀"],
  ["bool", true, "true"],
  ["bool", false, "false"],
  ["int8", "9223372036854775807", "9223372036854775807"],
  ["int8", 9007199254740993n, "9007199254740993"],
  ["int4", 5, "5"],
  ["float8", 0.1, "0.1"],
  ["float8", "-0", "-0"],
  ["float8", -0, "-0"],
  ["float8", Infinity, "Infinity"],
  ["numeric", "1.10", "1.10"],
  ["date", "0044-03-15 BC", "0044-03-15 BC"],
  ["timestamptz", "infinity", "infinity"],
  ["timestamp", "2024-02-29 01:02:03.123456", "2024-02-29 01:02:03.123456"],
  ["json", '{"a":1}', '{"a":1}'],
  ["jsonb", '"text"', '"text"'],
  ["json", "null", "null"],
  ["bytea", Uint8Array.of(0, 1, 255), "\\x0001ff"],
  ["bytea", new Uint8Array(0), "\\x"],
  ["text[]", ["a", 'b"\\', null], '{a,"b\\"\\\\",NULL}'],
];

const DRIVERS = [
  { driver: pgDriver, url: server?.url },
  { driver: postgresDriver, url: server?.url },
  { driver: pgliteDriver, url: "postgresql+pglite://" },
];

for (const { driver, url } of DRIVERS) {
  describe.skipIf(url === undefined)(`values through ${driver.name}`, () => {
    let session: Session;
    beforeAll(async () => {
      session = await Session.open(driver, url!);
      await session.run("set datestyle = 'ISO'");
      await session.run("set bytea_output = 'hex'");
      await session.run(`create table ${driver.name}_rows (id integer primary key, t text)`);
    });
    afterAll(async () => {
      await session?.close();
    });
    const table = `${driver.name}_rows`;
    const count = async (): Promise<unknown> => await session.value(`select count(*)::int from ${table}`);
    const emptied = async (): Promise<unknown> => await session.run(`truncate ${table}`);

    test.each(READ)("reads %s", async (sql, expected) => {
      // By the simple protocol, by the extended one, prepared, and through a cursor.
      expect(await session.value(`select ${sql}`)).toStrictEqual(expected);
      expect(await session.value(`select ${sql} where $1::int = 1`, [1])).toStrictEqual(expected);
      for (let times = 0; times < 3; times++)
        expect((await session.rows(`select ${sql} /* kept */`, [], true))[0]![0]).toStrictEqual(expected);
      const cursor = await session.cursor(`select ${sql}`);
      expect(await cursor.fetch(1)).toStrictEqual([[expected]]);
      await cursor.close();
    });

    test.each(BOUND)("binds %s %o", async (type, value, expected) => {
      expect(await session.value(`select $1::${type}::text`, [value])).toBe(expected);
      for (let times = 0; times < 3; times++)
        expect((await session.rows(`select $1::${type}::text /* kept */`, [value], true))[0]![0]).toBe(expected);
      await emptied();
      for (const command of ["BEGIN", "COMMIT"]) {
        await session.many(`insert into ${table} values (1, $1::${type}::text), (2, $1::${type}::text)`, [[value]]);
        expect(await session.rows(`select t from ${table}`)).toStrictEqual([[expected], [expected]]);
        await session.run(command);
        await emptied();
      }
    });

    test("what cannot be sent is refused, and nothing is sent", async () => {
      for (const wrong of [undefined, { a: 1 }, () => 1, new Map()])
        await expect(session.rows("select $1::text", [wrong])).rejects.toThrow(ArgumentError);
      const cut = "select 1 as a\0 where false";
      for (const attempt of [
        () => session.rows(cut),
        () => session.rows(cut, [], true),
        () => session.cursor(cut),
        () => session.many(cut, [[]]),
      ])
        await expect(attempt()).rejects.toThrow(/NUL at position 13/);
      expect(await session.value("select 1")).toBe(1);
    });

    test("options that the driver sets itself are refused", async () => {
      const own = { pg: ["types", "query_timeout"], postgres: ["types", "host", "connect_timeout"], pglite: ["parsers"] };
      for (const option of own[driver.name as keyof typeof own])
        await expect(Session.open(driver, url!, { [option]: 1 })).rejects.toThrow(
          new RegExp(`^The option ${option} cannot be given to the driver ${driver.name}, because`),
        );
    });

    test("a cursor keeps no rows that were fetched", async () => {
      const cursor = await session.cursor("select g, repeat('x', 100) from generate_series(1, 2000) g");
      const portions: WeakRef<object>[] = [];
      for (let times = 0; times < 15; times++) portions.push(new WeakRef(await cursor.fetch(100)));
      await new Promise((done) => setTimeout(done, 10));
      setFlagsFromString("--expose-gc");
      (runInNewContext("gc") as () => void)();
      expect(portions.filter((portion) => portion.deref() !== undefined).length).toBeLessThan(3);
      await cursor.close();
    });

    test("results", async () => {
      expect(await session.run("select 1 as a, 2 as a, 'x' as b")).toStrictEqual({
        columns: [
          { name: "a", typeCode: 23 },
          { name: "a", typeCode: 23 },
          { name: "b", typeCode: 25 },
        ],
        rows: [[1, 2, "x"]],
        rowCount: 1,
        lastInsertId: null,
      });
      expect(await session.run("select from generate_series(1, 3)")).toMatchObject({ columns: null, rows: [], rowCount: 3 });
      expect(await session.run("select 1 where false")).toMatchObject({ columns: [{ typeCode: 23 }], rows: [], rowCount: 0 });
      expect(await session.run("set application_name = 'x'")).toMatchObject({ columns: null, rows: [], rowCount: -1 });
      expect(await session.run("")).toMatchObject({ columns: null, rows: [], rowCount: -1 });
      expect(await session.run("select 1; select 2 as b")).toMatchObject({ columns: [{ name: "b" }], rows: [[2]] });
      await emptied();
      expect(await session.run(`insert into ${table} values (1), (2)`)).toMatchObject({ columns: null, rowCount: 2 });
      expect(await session.run(`update ${table} set t = $1 where id = $2`, ["y", 1])).toMatchObject({ rowCount: 1 });
      expect(await session.run(`delete from ${table} where id = 1 returning id, t`)).toMatchObject({
        rows: [[1, "y"]],
        rowCount: 1,
      });
      const { rows } = await session.run("select g, 'v' || g from generate_series(1, 20000) g");
      expect([rows.length, rows[0], rows.at(-1)]).toStrictEqual([20_000, [1, "v1"], [20_000, "v20000"]]);
    });

    test("an error in the midst of rows leaves nothing behind in the next result", async () => {
      for (const next of ["select 1", "select 1 where $1::int = 1"]) {
        await expect(session.rows("select 10 / (5 - g) from generate_series(1, 9) g")).rejects.toMatchObject({ code: "22012" });
        expect(await session.rows(next, next.includes("$1") ? [1] : [])).toStrictEqual([[1]]);
        await expect(
          session.cursor("select 10 / (5 - g) from generate_series(1, 9) g").then((c) => c.fetch(9)),
        ).rejects.toThrow();
        const cursor = await session.cursor("select g from generate_series(1, 9) g");
        expect(await cursor.fetch(100)).toStrictEqual(Array.from({ length: 9 }, (_, index) => [index + 1]));
        await cursor.close();
      }
    });

    test("COMMIT and PREPARE TRANSACTION of a failed transaction are errors", async () => {
      for (const end of ["COMMIT", "commit", "END", "PREPARE TRANSACTION 'x'"]) {
        await session.run("BEGIN");
        await session.run("select 1/0").catch(() => undefined);
        expect(await failureOf(session.run(end))).toMatchObject({ driverCode: "25P02", errorClass: "internal" });
        expect(await session.value("select 1")).toBe(1);
      }
    });

    test("cursors give as many rows as are asked for", async () => {
      const cursor = await session.cursor("select g, repeat('x', 10) as t from generate_series(1, $1::int) g", [130]);
      expect(cursor.columns).toStrictEqual([
        { name: "g", typeCode: 23 },
        { name: "t", typeCode: 25 },
      ]);
      const numbers: unknown[] = [];
      for (const wanted of [3, 60, 1, 60, 6]) {
        const rows = await cursor.fetch(wanted);
        expect(rows).toHaveLength(wanted);
        numbers.push(...rows.map(([n]) => n));
      }
      expect(numbers).toStrictEqual(Array.from({ length: 130 }, (_, index) => index + 1));
      expect([await cursor.fetch(5), await cursor.fetch(5)]).toStrictEqual([[], []]);
      await cursor.close();
      await cursor.close();
      expect(await session.value("select 1")).toBe(1);
    });

    test("a cursor closed early ends its portal and leaves the connection usable", async () => {
      for (const isInTransaction of [false, true]) {
        if (isInTransaction) await session.run("BEGIN");
        const cursor = await session.cursor("select g, repeat('x', 1000) from generate_series(1, 300000) g");
        expect((await cursor.fetch(200)).length).toBe(200);
        await cursor.close();
        expect(await session.value("select count(*)::int from pg_cursors")).toBe(0);
        expect(await cursor.fetch(1)).toStrictEqual([]);
        if (isInTransaction) await session.run("COMMIT");
      }
    });

    test("an error of a cursor leaves the connection usable", async () => {
      for (const sql of ["select no_such_column", "selec", "select 10 / (200 - g) from generate_series(1, 300) g"]) {
        const failure = await failureOf(
          (async () => {
            const cursor = await session.cursor(sql);
            try {
              await cursor.fetch(300);
            } finally {
              await cursor.close();
            }
          })(),
        );
        expect(failure.driverCode).toMatch(/^(42703|42601|22012)$/);
        expect(await session.value("select 2")).toBe(2);
      }
    });

    test("a cursor over a statement without rows runs it", async () => {
      await emptied();
      const cursor = await session.cursor(`insert into ${table} values (1), (2)`);
      expect([cursor.columns, await cursor.fetch(5)]).toStrictEqual([[], []]);
      await cursor.close();
      expect(await count()).toBe(2);
    });

    test("many parameter sets stop at the first that fails", async () => {
      const sets = [1, 2, 1, 4, 5].map((id) => [id, `t${id}`]);
      const insert = `insert into ${table} values ($1::int, $2::text)`;
      await emptied();
      // Each on its own: those before the error stay, those after it never ran.
      expect(await failureOf(session.many(insert, sets))).toMatchObject({ driverCode: "23505", errorClass: "integrity" });
      expect(await session.rows(`select id from ${table} order by id`)).toStrictEqual([[1], [2]]);
      await emptied();
      await session.run("BEGIN");
      await session.run("SAVEPOINT a");
      expect((await failureOf(session.many(insert, sets))).driverCode).toBe("23505");
      expect((await failureOf(session.run("select 1"))).driverCode).toBe("25P02");
      await session.run("ROLLBACK TO SAVEPOINT a");
      expect(await session.many(insert, sets.slice(3))).toMatchObject({ rowCount: 2 });
      await session.run("COMMIT");
      expect(await count()).toBe(2);
      expect(await session.many(insert, [])).toMatchObject({ rowCount: 0 });
    });

    test("many parameter sets of any number and size", async () => {
      await emptied();
      await session.run("BEGIN");
      const sets = Array.from({ length: 12_345 }, (_, id) => [id, id % 1000 === 0 ? "x".repeat(300_000) : `t${id}`]);
      const { rowCount } = await session.many(`insert into ${table} values ($1::int, $2::text)`, sets);
      expect([rowCount, await count()]).toStrictEqual([12_345, 12_345]);
      expect(
        await session.many(`update ${table} set t = $1::text where id < $2::int`, [
          ["a", 10],
          ["b", 5],
          ["c", 0],
        ]),
      ).toMatchObject({
        rowCount: 15,
      });
      expect(await session.rows(`select distinct t from ${table} where id < 10 order by t`)).toStrictEqual([["a"], ["b"]]);
      await session.run("ROLLBACK");
      expect(await count()).toBe(0);
    });

    test("a prepared statement sees an altered table, and one that failed can run again", async () => {
      await session.run(`create table ${table}_altered (a integer primary key)`);
      const insert = `insert into ${table}_altered values ($1::int)`;
      await session.run(insert, [1], true);
      for (let times = 0; times < 3; times++) expect((await failureOf(session.run(insert, [1], true))).driverCode).toBe("23505");
      await session.run(insert, [2], true);
      const select = `select * from ${table}_altered order by 1`;
      for (let times = 0; times < 3; times++) expect(await session.rows(select, [], true)).toStrictEqual([[1], [2]]);
      await session.run(`alter table ${table}_altered add column b integer`);
      const first = await failureOf(session.run(select, [], true));
      if (!first.error.message.startsWith("no error")) expect(first).toMatchObject({ driverCode: "0A000", isRetryable: true });
      for (let times = 0; times < 3; times++)
        expect(await session.rows(select, [], true)).toStrictEqual([
          [1, null],
          [2, null],
        ]);
      await session.run("DEALLOCATE ALL");
      const lost = await failureOf(session.run(select, [], true));
      if (!lost.error.message.startsWith("no error"))
        expect(lost).toMatchObject({ driverCode: "26000", errorClass: "operational" });
      for (let times = 0; times < 3; times++) expect((await session.rows(select, [], true)).length).toBe(2);
    });

    test("errors are sorted alike", async () => {
      const classes: [string, string, string][] = [
        ["selec", "programming", "42601"],
        ["select * from no_such_table", "programming", "42P01"],
        ["select 1/0", "data", "22012"],
        ["select 'x'::int", "data", "22P02"],
        [`insert into ${table} values (null)`, "integrity", "23502"],
        ["create temp table c (a int check (a > 0)); insert into c values (0)", "integrity", "23514"],
        ["do $$ begin raise exception 'x' using errcode = '40001'; end $$", "operational", "40001"],
        ["do $$ begin raise exception 'x' using errcode = '40P01'; end $$", "operational", "40P01"],
        ["do $$ begin raise exception 'x' using errcode = '53300'; end $$", "operational", "53300"],
      ];
      for (const [sql, errorClass, driverCode] of classes)
        expect(await failureOf(session.run(sql))).toMatchObject({
          errorClass,
          driverCode,
          isDisconnect: false,
          isRetryable: driverCode.startsWith("40"),
        });
    });

    test("settings of the URL reach the server", async () => {
      if (driver.name === "pglite") return;
      const other = await Session.open(driver, `${url!}?application_name=it%20is&athanor.word=a%20b%5Cc&statement_timeout=12345`);
      expect(await other.rows("select current_setting('application_name'), current_setting('athanor.word')")).toStrictEqual([
        ["it is", "a b\\c"],
      ]);
      expect(await other.value("show statement_timeout")).toBe("12345ms");
      await other.close();
      expect(await failureOf(Session.open(driver, `${url!}?no_such_setting=1`))).toMatchObject({ driverCode: "42704" });
      for (const [query, message] of [
        ["sslmode=maybe", /sslmode/],
        ["connect_timeout=soon", /connect_timeout/],
        ["host=a&host=b", /several times/],
        ["sslmode=require&sslrootcert=/no/such/file", /sslrootcert/],
        ["sslcert=x", /sslmode/],
      ] as const)
        await expect(Session.open(driver, `${url!}?${query}`)).rejects.toThrow(message);
      await expect(Session.open(driver, url!, { [driver.name === "pg" ? "pipeline" : "max"]: 3 })).rejects.toThrow(/relies on/);
    });

    test("the statement is never run after the connection was closed", async () => {
      if (driver.name === "pglite") return;
      const other = await Session.open(driver, url!);
      await other.close();
      expect(other.connection.isOpen).toBe(false);
      for (const attempt of [
        () => other.run("select 1"),
        () => other.many("select $1", [[1], [2]]),
        () => Promise.resolve(other.connection.openCursor(statement("select 1"))),
      ])
        expect(await failureOf((async () => await attempt())())).toMatchObject({ errorClass: "operational", isDisconnect: true });
      await other.close();
      other.connection.destroy();
    });
  });
}
