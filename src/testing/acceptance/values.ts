/**
 * Cases about values: each must come back exactly as it went, whatever its type, through every kind of statement. They are converted by
 * the dialect on both ways, as an engine does it.
 */
import assert from "node:assert/strict";
import { Decimal } from "decimal.js";
import { Duration } from "../../types/duration.ts";
import { JSON_NULL } from "../../types/jsonNull.ts";
import { SqlType, type TypeKind, type TypeParameters } from "../../types/sqlType.ts";
import { command, inspect, statement } from "./bench.ts";
import type { CaseDefinition } from "./case.ts";

/** What every database can hold. */
const VALUES: readonly (readonly [TypeKind, TypeParameters, readonly unknown[]])[] = [
  ["integer", {}, [0, -1, 2_147_483_647, -2_147_483_648]],
  ["smallInteger", {}, [-32_768, 32_767]],
  ["bigInteger", {}, [9_007_199_254_740_993n, -(2n ** 63n), 2n ** 63n - 1n, 5n, 0n]],
  ["bigInteger", { as: "number" }, [9_007_199_254_740_991, 0]],
  ["bigInteger", { as: "string" }, ["9007199254740993"]],
  ["double", {}, [0.1, -1e300, 5, 0.1 + 0.2, 5e-324, 2 ** 60, 1.7976931348623157e308]],
  ["float", {}, [0.5, 0.1, -2.5]],
  ["numeric", { precision: 14, scale: 4 }, [new Decimal("1234567890.1234"), new Decimal("-0.1"), new Decimal(0)]],
  ["string", { length: 50 }, ["", "it's", "é😀\\%_", "  spaces  ", "a\nb\r\tc", "ÄÖü ж 漢字 e\u0301", "null", "0"]],
  ["text", {}, ["x".repeat(20_000), "é".repeat(5000)]],
  ["boolean", {}, [true, false]],
  ["dateTime", {}, [new Date("2024-02-29T23:59:59.123Z"), new Date("1900-01-01T00:00:00Z"), new Date(0)]],
  ["dateTime", {}, [new Date("2024-03-10T02:30:00Z"), new Date("2024-11-03T01:30:00Z"), new Date("9999-12-31T23:59:59.999Z")]],
  ["dateTime", { timezone: true }, [new Date("2024-07-01T12:00:00.001Z"), new Date("2024-03-31T01:30:00Z")]],
  ["dateTime", { as: "string" }, ["2024-02-29 01:02:03.123456", "2024-03-10 02:30:00"]],
  ["date", {}, ["2024-02-29", "1000-01-01", "9999-12-31"]],
  ["time", {}, ["12:34:56", "12:34:56.123456", "00:00:00", "23:59:59.999999"]],
  ["interval", {}, [Duration.of({ hours: 36 }), Duration.of({ microseconds: -1 }), Duration.ZERO]],
  ["largeBinary", {}, [Uint8Array.of(0, 1, 255), new Uint8Array(0), Uint8Array.from({ length: 5000 }, (_byte, index) => index)]],
  ["json", {}, [{ a: [1, null, "é\\u0000"] }, 5, "text", [], true, false, "", "5", {}, 1.5, JSON_NULL]],
  ["uuid", {}, ["123e4567-e89b-12d3-a456-426614174000"]],
];

const INTEGER = new SqlType<number>("integer");
const BIGINT = new SqlType<bigint>("bigInteger");
const TEXT = new SqlType<string>("text");
const BYTES = new SqlType<Uint8Array>("largeBinary");

export const VALUE_CASES: readonly CaseDefinition[] = [
  ...VALUES.map(([kind, parameters, values]): CaseDefinition => ({
    name: `values come back exactly: ${[kind, ...Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`)].join(", ")} (${values.length})`,
    async run(bench) {
      const type = new SqlType(kind, parameters);
      const connection = await bench.connect();
      const columns = `id ${bench.dialect.typeName(INTEGER, "ddl")} PRIMARY KEY, v ${bench.dialect.typeName(type, "ddl")}`;
      const expected = [...values, null];
      const wideIntegers = bench.dialect.isWide(kind);
      for (const reusable of [false, true]) {
        for (const how of ["execute", "executeMany"] as const) {
          const table = await bench.table(connection, columns);
          const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(2)})`, [], { reusable });
          const sets = expected.map((value, id) => [bench.bound(INTEGER, id), bench.bound(type, value)]);
          if (how === "executeMany") await connection.executeMany(insert, sets);
          else for (const parameters of sets) await connection.execute({ ...insert, parameters });
          const query = statement(`SELECT v FROM ${table} ORDER BY id`, [], { reusable, wideIntegers });
          const { rows, columns: described } = await connection.execute(query);
          const got = bench.converted(rows, described ?? [], [type]).map(([value]) => value);
          requireSame(got, expected, `by ${how}${reusable ? ", prepared" : ""}`);
          const cursor = await connection.openCursor(query);
          const streamed = bench
            .converted(await cursor.fetch(expected.length + 1), cursor.columns, [type])
            .map(([value]) => value);
          await cursor.close();
          requireSame(streamed, expected, "by a cursor");
        }
      }
    },
  })),
  {
    name: "wide integers are exact where they are announced, in plain SQL and in parameters",
    async run(bench) {
      const connection = await bench.connect();
      assert.deepEqual(await bench.rows(connection, "SELECT 9007199254740993, 5, -9007199254740993"), [
        [9_007_199_254_740_993n, 5, -9_007_199_254_740_993n],
      ]);
      const cast = `SELECT CAST(${bench.placeholders(1)} AS ${bench.dialect.typeName(BIGINT, "cast")})`;
      for (const value of [9_007_199_254_740_993n, -(2n ** 63n), 7n]) {
        const { rows, columns } = await connection.execute(
          statement(cast, [bench.bound(BIGINT, value)], { wideIntegers: true, reusable: true }),
        );
        assert.deepEqual(bench.converted(rows, columns ?? [], [BIGINT]), [[value]]);
      }
    },
  },
  {
    name: "an integer parameter is an integer: it divides and limits as one",
    async run(bench) {
      const connection = await bench.connect();
      const integer = bench.dialect.typeName(BIGINT, "cast");
      const p = bench.placeholders(1);
      const half = await bench.rows(connection, `SELECT 7 / CAST(${p} AS ${integer})`, [bench.bound(INTEGER, 2)]);
      assert.ok(
        ["3", "3.5"].includes(String(half[0]?.[0])),
        `7 / 2 must be 3, or 3.5 where SQL divides so; got ${inspect(half)}`,
      );
      const limited = `SELECT id FROM (SELECT 1 AS id UNION SELECT 2) AS x ORDER BY id LIMIT ${p}`;
      assert.deepEqual(await bench.rows(connection, limited, [bench.bound(INTEGER, 1)]), [[1]]);
    },
  },
  {
    name: "parameters of every kind at once, NULL and the empty string told apart",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(
        connection,
        `id INTEGER, a ${bench.dialect.typeName(TEXT, "ddl")}, b ${bench.dialect.typeName(TEXT, "ddl")}, c ${bench.dialect.typeName(BYTES, "ddl")}`,
      );
      const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(4)})`, [], { reusable: true });
      const sets: readonly (readonly unknown[])[] = [
        [1, "", null, Buffer.alloc(0)],
        [2, null, "", null],
        [3, "x", "y", Buffer.from([0])],
        [null, null, null, null],
      ].map(([id, ...rest]) => [id === null ? null : bench.bound(INTEGER, id), ...rest]);
      for (const parameters of sets) await connection.execute({ ...insert, parameters });
      const query = `SELECT COUNT(*) FROM ${table} WHERE`;
      assert.deepEqual(await bench.rows(connection, `${query} a = '' AND b IS NULL AND c IS NOT NULL`), [[1]]);
      assert.deepEqual(await bench.rows(connection, `${query} a IS NULL AND b = '' AND c IS NULL`), [[1]]);
      assert.deepEqual(await bench.rows(connection, `${query} id IS NULL AND a IS NULL`), [[1]]);
    },
  },
  {
    name: "U+0000 in a text is kept, or refused with a data error",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, `v ${bench.dialect.typeName(TEXT, "ddl")}`);
      const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(1)})`, ["a\0b"]);
      if (bench.sql.nul === "refused") {
        bench.requireClass("a text with U+0000", await bench.failure("a text with U+0000", () => connection.execute(insert)), [
          "data",
        ]);
        await bench.requireUsable(connection, "after a text with U+0000");
        return;
      }
      await connection.execute(insert);
      assert.deepEqual(await bench.rows(connection, `SELECT v FROM ${table}`), [["a\0b"]]);
    },
  },
  {
    name: "names outside ASCII: of tables and of columns",
    async run(bench) {
      const connection = await bench.connect();
      const quote = (name: string): string => bench.dialect.quoteIdentifier(name);
      const result = await connection.execute(
        statement(`SELECT ${quote("ключ")} AS ${quote("größe 漢")} FROM (SELECT 5 AS ${quote("ключ")}) AS ${quote("tür")}`),
      );
      assert.deepEqual(
        result.columns?.map(({ name }) => name),
        ["größe 漢"],
      );
      assert.equal(Number(result.rows[0]?.[0]), 5);
    },
  },
];

/** Equal, and of the same class; a Decimal and a Duration by their own measure. */
function requireSame(got: readonly unknown[], expected: readonly unknown[], how: string): void {
  assert.equal(got.length, expected.length, `${how}: ${got.length} values came back of ${expected.length}`);
  for (const [index, value] of expected.entries()) {
    const other = got[index];
    if (value instanceof Decimal)
      assert.ok(other instanceof Decimal && other.equals(value), `${how}: ${value.toFixed()} became ${String(other)}`);
    else if (value instanceof Duration) assert.ok(value.equals(other), `${how}: ${value.toString()} became ${String(other)}`);
    else if (value instanceof Uint8Array) assert.deepEqual([...(other as Uint8Array)], [...value], how);
    else assert.deepEqual(other, value, `${how}: ${inspect(value)} became ${inspect(other)}`);
  }
}
