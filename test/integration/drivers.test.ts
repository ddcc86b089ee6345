/**
 * What engines make of what drivers answer: rows, counts, sorted errors, statements prepared again. What every driver must do by itself is in
 * acceptance.test.ts.
 */
import { Decimal } from "decimal.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError, IntegrityError, OperationalError, ProgrammingError } from "../../src/errors/index.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import type { ExecutionPlan } from "../../src/sql/compile/plan.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { openEngine, placeholder } from "../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";

forEachDatabase("drivers", (db) => {
  let engine: AsyncEngine;
  beforeAll(() => {
    engine = openEngine("async", db.url) as AsyncEngine;
  });
  afterAll(async () => {
    await engine?.dispose();
  });
  const p = (position: number): string => placeholder(db, position);

  test("rows are arrays, and columns of one name both arrive", async () => {
    await using connection = await engine.connect();
    const row = (await connection.execDriverSql("SELECT 1 AS a, 2 AS a, 'x' AS b")).one();
    expect([...row]).toEqual([1, 2, "x"]);
    expect(row._fields).toEqual(["a", "a", "b"]);
  });

  test("untyped results are exact", async () => {
    await using connection = await engine.connect();
    expect([...(await connection.execDriverSql("SELECT 9007199254740993, 5, 'é', NULL")).one()]).toEqual([
      9007199254740993n,
      5,
      "é",
      null,
    ]);
    const integer = { sqlite: "INTEGER", postgresql: "BIGINT", mysql: "SIGNED INTEGER" }[db.name];
    expect((await connection.execDriverSql(`SELECT CAST(${p(1)} AS ${integer})`, [9007199254740991])).scalar()).toBe(
      9007199254740991,
    );
    expect((await connection.execDriverSql(`SELECT 7 / CAST(${p(1)} AS ${integer})`, [2])).scalar()).toEqual(
      db.name === "mysql" ? new Decimal("3.5") : 3,
    );
    expect(
      (
        await connection.execDriverSql(`SELECT id FROM (SELECT 1 AS id UNION SELECT 2) AS x ORDER BY id LIMIT ${p(1)}`, [1])
      ).all(),
    ).toEqual([[1]]);
  });

  test("row counts, generated ids and many parameter sets", async () => {
    const id = { sqlite: "INTEGER PRIMARY KEY", postgresql: "SERIAL PRIMARY KEY", mysql: "INTEGER PRIMARY KEY AUTO_INCREMENT" }[
      db.name
    ];
    await using connection = await engine.connect();
    await connection.execDriverSql(`CREATE TABLE counted (id ${id}, n INTEGER)`);
    const one = await connection.execDriverSql(`INSERT INTO counted (n) VALUES (${p(1)})`, [5]);
    expect([one.rowcount, one.returnsRows]).toEqual([1, false]);
    expect(one.lastrowid).toBe(db.name === "postgresql" ? null : 1);
    const many = await connection.execDriverSql(`INSERT INTO counted (n) VALUES (${p(1)})`, [[5], [6], [7]]);
    expect(many.rowcount).toBe(3);
    expect(many.lastrowid).toBe(db.name === "postgresql" ? null : 4);
    // Matched rows count, changed or not.
    expect((await connection.execDriverSql(`UPDATE counted SET n = 5 WHERE n = ${p(1)}`, [5])).rowcount).toBe(2);
    expect((await connection.execDriverSql("DELETE FROM counted")).rowcount).toBe(4);
    await connection.commit();
  });

  test("errors are sorted", async () => {
    await using connection = await engine.connect();
    await connection.execDriverSql("CREATE TABLE sorted (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)");
    await connection.commit();
    const failure = async (sql: string, parameters: readonly unknown[] = []): Promise<unknown> => {
      const error: unknown = await connection.execDriverSql(sql, parameters).then(
        () => "no error",
        (reason: unknown) => reason,
      );
      await connection.rollback();
      return error;
    };
    expect(await failure("SELEC 1")).toBeInstanceOf(ProgrammingError);
    expect(await failure("SELECT * FROM no_such_table")).toBeInstanceOf(ProgrammingError);
    expect(await failure("SELECT no_such_column FROM sorted")).toBeInstanceOf(ProgrammingError);
    expect(await failure(`INSERT INTO sorted VALUES (${p(1)}, NULL)`, [1])).toBeInstanceOf(IntegrityError);
    const duplicate = await failure(`INSERT INTO sorted VALUES (1, ${p(1)}), (1, 2)`, [77]);
    expect(duplicate).toBeInstanceOf(IntegrityError);
    expect(duplicate).toMatchObject({ statement: expect.stringContaining("INSERT"), parameters: [77], isDisconnect: false });
    expect((duplicate as Error).cause).toBeInstanceOf(Error);
    if (db.name !== "sqlite")
      expect(await failure(`INSERT INTO sorted VALUES (1, ${db.name === "mysql" ? "'x'" : "1/0"})`)).toBeInstanceOf(DataError);
  });

  test("a reused statement sees an altered table", async () => {
    const select = { sql: "SELECT * FROM altered", types: [] };
    await using connection = await engine.connect();
    await connection.execDriverSql("CREATE TABLE altered (a INTEGER)");
    await connection.execDriverSql("INSERT INTO altered VALUES (1)");
    await connection.commit();
    const run = async (): Promise<readonly string[]> => {
      const plan: ExecutionPlan = {
        mode: "single",
        kind: "text",
        statement: { sql: select.sql, parameters: [], reusable: true, wideIntegers: true, returnsRows: true },
        columns: null,
        cachedSince: 0,
        insertedKeys: null,
      };
      const result = await runAsync(connection.core.run(plan));
      await connection.commit();
      return result.keys();
    };
    for (let times = 0; times < 3; times++) expect(await run()).toEqual(["a"]);
    await connection.execDriverSql("ALTER TABLE altered ADD COLUMN b INTEGER");
    await connection.commit();
    const first = await run().catch(async (error: unknown) => {
      await connection.rollback();
      return error;
    });
    // PostgreSQL refuses the old plan once, and says that running the transaction again helps.
    if (first instanceof Error) expect(first).toMatchObject({ name: OperationalError.name, isRetryable: true });
    expect(await run()).toEqual(["a", "b"]);
    expect((await connection.execDriverSql("SELECT * FROM altered")).all()).toEqual([[1, null]]);
  });
});

describe("connecting", () => {
  test.each(["postgresql://u:s3cret@127.0.0.1:1/db", "mysql://u:s3cret@127.0.0.1:1/db"])(
    "a server that is not there: %s",
    async (url) => {
      const engine = openEngine("async", url) as AsyncEngine;
      const error = await engine.connect().then(
        () => null,
        (reason: unknown) => reason as OperationalError,
      );
      expect(error).toBeInstanceOf(OperationalError);
      expect(error!.message).toMatch(/ECONNREFUSED/);
      expect(`${error!.message}${String(error!.stack)}`).not.toContain("s3cret");
      expect(engine.pool.checkedout()).toBe(0);
    },
  );

  test("a SQLite file that cannot be opened", () => {
    expect(() => openEngine("sync", `${sqliteScheme}:////no/such/folder/x.db`).connect()).toThrow(
      /directory does not exist|unable to open/,
    );
  });
});
