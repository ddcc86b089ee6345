/**
 * Values that random search would hardly find: what is refused with which words, what a database holds that JavaScript cannot, defaults of
 * the server, and how a value is bound where it only meets a column.
 */
import { Decimal } from "decimal.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { DataError, IntegrityError, StatementError } from "../../src/errors/index.ts";
import { cast, func, insert, literal, literalColumn, MetaData, select, t, text, type ColumnSpec } from "../../src/sql/index.ts";
import { Duration } from "../../src/types/duration.ts";
import { openEngine } from "../support/colours.ts";
import { forEachDatabase } from "../support/databases.ts";
import { failure } from "../support/sessions.ts";

forEachDatabase("lossless", (db) => {
  let engine: AsyncEngine;
  beforeAll(async () => {
    engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
  });
  afterAll(async () => {
    await engine?.dispose();
  });

  let count = 0;
  /** What is read of a value that was written into a column of the type. */
  async function through(spec: ColumnSpec, value: unknown, many = false): Promise<unknown> {
    const metadata = new MetaData();
    const table = metadata.table(`lossless_${++count}`, {
      id: t.integer().primaryKey({ autoincrement: false }),
      v: spec.nullable(),
    });
    await metadata.createAll(engine);
    await using connection = await engine.connect();
    await connection.execute(
      insert(table),
      many
        ? [
            { id: 1, v: value },
            { id: 2, v: value },
          ]
        : { id: 1, v: value },
    );
    return (await connection.execute(select(table.c.v).where(table.c.id.eq(1)))).scalar();
  }
  const refusal = async (spec: ColumnSpec, value: unknown, many = false): Promise<Error> => {
    const error = await failure(() => through(spec, value, many));
    expect(error).toBeInstanceOf(StatementError);
    return error;
  };

  test("digits after the point that the column has no room for", async () => {
    for (const many of [false, true]) {
      expect((await refusal(t.numeric(10, 2), "1.005", many)).message).toMatch(
        /has 3 digits after the point, and its column keeps 2/,
      );
      expect((await refusal(t.numeric(10), "1.5", many)).message).toMatch(/keeps 0/);
    }
    expect(String(await through(t.numeric(10, 2), new Decimal("1.500")))).toBe("1.5");
  });

  test("a number that only meets a column keeps its digits", async () => {
    const table = new MetaData().table("prices", { price: t.numeric(10, 2), ratio: t.float(), name: t.string(3) });
    await table.metadata.createAll(engine);
    await using connection = await engine.connect();
    await connection.execute(insert(table), { price: "2.00", ratio: 0.5, name: "abc" });
    const of = async (statement: object): Promise<unknown> => (await connection.execute(statement as never)).scalar();
    expect(String(await of(select(table.c.price.mul("1.075"))))).toMatch(/^2\.15/);
    expect(await of(select(func.count()).where(table.c.price.gt("1.999")))).toBe(1);
    expect(await of(select(func.count()).where(table.c.ratio.gt(0.4999999999)))).toBe(1);
    expect(await of(select(func.count()).where(table.c.name.lt("abcdef")))).toBe(1);
  });

  test("text longer than its column, in one row and in many", async () => {
    for (const many of [false, true]) {
      if (db.name === "sqlite") expect(await through(t.string(3), "abcdef", many)).toBe("abcdef");
      else await refusal(t.string(3), "abcdef", many);
    }
  });

  test("half of a surrogate pair", async () => {
    for (const wrong of ["\ud800", "a\udc00b"]) {
      expect((await refusal(t.text(), wrong)).message).toMatch(/half of a surrogate pair/);
      await using connection = await engine.connect();
      await expect(connection.execute(text("SELECT :x AS x"), { x: wrong })).rejects.toThrow(/half of a surrogate pair/);
    }
    // JSON can write it; MariaDB checks what it is given and refuses.
    if (db.name === "mysql") await refusal(t.json(), { text: "\ud800" });
    else expect(await through(t.json(), { text: "\ud800" })).toEqual({ text: "\ud800" });
  });

  test("NaN and the infinities", async () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      if (db.name === "postgresql") expect(await through(t.double(), value)).toBe(value);
      else await refusal(t.double(), value);
      await refusal(t.integer(), value);
      await refusal(t.json(), { x: value });
    }
    if (db.name === "postgresql") expect(String(await through(t.numeric(10, 2), "NaN"))).toBe("NaN");
    else await refusal(t.numeric(10, 2), "NaN");
  });

  test("the sign of zero", async () => {
    expect(await through(t.double(), -0)).toBe(db.name === "postgresql" ? -0 : 0);
  });

  test("2^63, and doubles of more digits than there are", async () => {
    await refusal(t.bigInteger(), 2n ** 63n);
    await refusal(t.double(), 2n ** 53n + 1n);
    await refusal(t.double(), "0.12345678901234567890123");
    expect(await through(t.double(), 2n ** 60n)).toBe(2 ** 60);
  });

  test("single precision", async () => {
    if (db.name === "mysql") {
      expect((await refusal(t.float(), 59.9138688)).message).toMatch(/t\.double\(\)/);
      expect(await through(t.float(), 0.1)).toBe(0.1);
    } else {
      expect(await through(t.float(), 59.9138688)).toBe(59.9138688);
    }
  });

  test("what JSON cannot say, and what JSON.parse would round", async () => {
    for (const wrong of [[undefined], { a: () => 1 }, new Map([[1, 2]]), { a: [1n] }, Uint8Array.of(1), [new Date(Number.NaN)]])
      await refusal(t.json(), wrong);
    expect(await through(t.json(), { a: undefined, b: new Decimal("0.1") })).toEqual({ b: "0.1" });
    await using connection = await engine.connect();
    const json = db.name === "postgresql" ? "JSONB" : db.name === "mysql" ? "JSON" : "JSON";
    await connection.execDriverSql(`CREATE TABLE wide_json (v ${json})`);
    await connection.execDriverSql(`INSERT INTO wide_json VALUES ('{"id": 9007199254740993, "text": "9007199254740993"}')`);
    const table = new MetaData().table("wide_json", { v: t.json() });
    const error = await failure(() => connection.execute(select(table.c.v)));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(/holds the number 9007199254740993/);
    expect(await connection.scalar(select(cast(table.c.v, t.text())))).toContain("9007199254740993");
    await connection.rollback();
  });

  test("microseconds: refused by nobody, kept by text, cut by Date", async () => {
    expect(await through(t.dateTime({ as: "string" }), "2024-02-29T01:02:03.123456+05:30")).toBe("2024-02-28 19:32:03.123456");
    expect(await through(t.dateTime({ as: "string", timezone: true }), "2024-02-29 01:02:03")).toBe("2024-02-29 01:02:03+00:00");
    await refusal(t.dateTime({ as: "string" }), "2024-02-29 01:02:03.1234567");
    await refusal(t.dateTime(), new Date(-1e15));
  });

  test("intervals: months and days where the database keeps them apart", async () => {
    const mixed = Duration.of({ years: 1, months: -14, days: 3, hours: -5, microseconds: 1 });
    if (db.name === "postgresql") {
      expect(mixed.equals(await through(t.interval(), mixed))).toBe(true);
      expect(await through(t.interval({ as: "string" }), "P1M2DT-0.5S")).toBe("P1M2DT-0.5S");
      await using connection = await engine.connect();
      const [later, plain] = (
        await connection.execute(select(literal(Duration.of({ days: 1 })), text("interval '1 month 1 hour'")))
      ).one();
      expect([String(later), String(plain)]).toEqual(["P1D", "P1MT1H"]);
    } else {
      expect((await refusal(t.interval(), mixed)).message).toMatch(/has months/);
      expect((await refusal(t.interval(), Duration.of({ days: 1 }))).message).toMatch(/withDaysAsHours/);
    }
    expect(String(await through(t.interval(), Duration.of({ days: 1, hours: 1 }).withDaysAsHours()))).toBe("PT25H");
    await refusal(t.interval(), Duration.of({ microseconds: 2n ** 63n }));
    await refusal(t.interval(), 1000);
  });

  test("the character NUL", async () => {
    if (db.name === "postgresql") expect(await refusal(t.text(), "a\0b")).toBeInstanceOf(DataError);
    else expect(await through(t.text(), "a\0b")).toBe("a\0b");
  });

  test("defaults of the server, as DDL has them and as they are read back", async () => {
    const metadata = new MetaData();
    const isPostgresql = db.name === "postgresql";
    const defaults = {
      text: ["it's \\ é 😀", t.string(50).serverDefault("it's \\ é 😀")],
      wide: [9_007_199_254_740_993n, t.bigInteger().serverDefault("9007199254740993")],
      price: [new Decimal("12.30"), t.numeric(10, 2).serverDefault("12.30")],
      flag: [true, t.boolean().serverDefault(literalColumn(isPostgresql ? "true" : "1"))],
      moment: [new Date("2024-03-10T02:30:00.123Z"), t.dateTime().serverDefault("2024-03-10 02:30:00.123000")],
      day: ["2024-02-29", t.date().serverDefault("2024-02-29")],
      time: ["02:30:00.000001", t.time().serverDefault("02:30:00.000001")],
      span: [Duration.of({ minutes: 90 }), t.interval().serverDefault(isPostgresql ? "90 minutes" : "5400000000")],
      fraction: [0.1, t.double().serverDefault(literalColumn("0.1"))],
    } as const;
    const table = metadata.table("lossless_defaults", {
      id: t.integer().primaryKey({ autoincrement: false }),
      ...Object.fromEntries(Object.entries(defaults).map(([name, [, spec]]) => [name, spec as ColumnSpec<unknown, "optional">])),
    });
    await metadata.createAll(engine);
    await using connection = await engine.connect();
    await connection.execute(insert(table), { id: 1 });
    const row = (await connection.execute(select(table))).mappings().one() as Record<string, unknown>;
    for (const [name, [expected]] of Object.entries(defaults))
      expect(`${name} ${String(row[name])}`).toBe(`${name} ${String(expected)}`);
    expect(await failure(() => connection.execute(insert(table), { id: 1 }))).toBeInstanceOf(IntegrityError);
  });
});
