/** Values between JavaScript and drivers, for every dialect: what is accepted, what is refused, and that nothing is rounded. */
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeDialect } from "../../src/dialects/index.ts";
import { parseDateTime, timeResult } from "../../src/dialects/conversion/dates.ts";
import { singleResult } from "../../src/dialects/conversion/numbers.ts";
import { ArgumentError, CompileError, DataError } from "../../src/errors/index.ts";
import { JSON_NULL } from "../../src/types/jsonNull.ts";
import { SqlType, type TypeKind, type TypeParameters } from "../../src/types/sqlType.ts";

const names = ["sqlite", "postgresql", "mysql"] as const;

function converters(
  name: string,
  kind: TypeKind,
  parameters: TypeParameters = {},
): { bind: (value: unknown) => unknown; read: (value: unknown) => unknown } {
  const dialect = makeDialect(name);
  const type = new SqlType(kind, parameters);
  const [bind, read] = [dialect.bindConverter(type), dialect.resultConverter(type, null)];
  return { bind: (value) => (bind === null ? value : bind(value)), read: (value) => (read === null ? value : read(value)) };
}

describe.each(names)("%s", (name) => {
  test("integers are exact or refused", () => {
    const { bind, read } = converters(name, "integer");
    expect(Number(bind(5))).toBe(5);
    expect(Number(bind("5"))).toBe(5);
    for (const wrong of [1.5, Number.NaN, 2 ** 53, "x", {}, new Date()]) expect(() => bind(wrong)).toThrow(DataError);
    expect(read(5)).toBe(5);
    expect(read(5n)).toBe(5);
    expect(() => read(2n ** 53n)).toThrow(/t\.bigInteger/);
  });

  test("big integers, in three representations", () => {
    expect(BigInt(converters(name, "bigInteger").bind(2n ** 63n - 1n) as bigint)).toBe(2n ** 63n - 1n);
    expect(() => converters(name, "bigInteger").bind(2n ** 63n)).toThrow(DataError);
    for (const wire of [7, 7n, "7"]) {
      expect(converters(name, "bigInteger").read(wire)).toBe(7n);
      expect(converters(name, "bigInteger", { as: "number" }).read(wire)).toBe(7);
      expect(converters(name, "bigInteger", { as: "string" }).read(wire)).toBe("7");
    }
    expect(converters(name, "bigInteger").read("9007199254740993")).toBe(9007199254740993n);
    expect(() => converters(name, "bigInteger", { as: "number" }).read("9007199254740993")).toThrow(DataError);
  });

  test("decimals", () => {
    const { bind, read } = converters(name, "numeric", { precision: 12, scale: 2 });
    for (const given of [new Decimal("1.50"), 1.5, "1.50", "15e-1"]) expect(String(bind(given))).toBe("1.5");
    expect(String(bind("1e20"))).not.toContain("e");
    expect(() => bind("x")).toThrow(DataError);
    expect(() => bind({})).toThrow(DataError);
    expect(read(name === "sqlite" ? 1.5 : "1.50")).toEqual(new Decimal("1.5"));
    expect(converters(name, "numeric", { as: "number" }).read("0.1")).toBe(0.1);
    expect(converters(name, "numeric", { as: "string" }).read("0.0000001")).toBe("0.0000001");
  });

  test("floats and booleans", () => {
    expect(converters(name, "float").bind(0.1)).toBe(0.1);
    expect(() => converters(name, "double").bind("x")).toThrow(DataError);
    expect(() => converters(name, "boolean").bind("true")).toThrow(DataError);
    for (const wire of [1, 1n, true]) expect(converters(name, "boolean").read(wire)).toBe(true);
    expect(converters(name, "boolean").read(0)).toBe(false);
  });

  test("dates and times", () => {
    const { bind, read } = converters(name, "dateTime");
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
        (date) => {
          expect(read(bind(date))).toEqual(date);
        },
      ),
    );
    for (const wrong of [new Date(Number.NaN), new Date(-1e15), new Date(8.64e15), "2024-01-01", 5])
      expect(() => bind(wrong)).toThrow(DataError);
    expect(converters(name, "dateTime", { as: "string" }).read("2024-02-29 01:02:03.123456")).toBe("2024-02-29 01:02:03.123456");
    expect(converters(name, "date").bind("2024-02-29")).toBe("2024-02-29");
    for (const wrong of ["2023-02-29", "2024-13-01", "24-1-1", new Date()])
      expect(() => converters(name, "date").bind(wrong)).toThrow(DataError);
    expect(converters(name, "time").bind("01:02")).toBe("01:02:00.000000");
    expect(() => converters(name, "time").bind("24:00:00")).toThrow(DataError);
  });

  test("bytes are copied on reading", () => {
    const { bind, read } = converters(name, "largeBinary");
    const given = Uint8Array.of(0, 255);
    expect(new Uint8Array(bind(given) as Uint8Array)).toEqual(given);
    const pooled = Buffer.from("abc");
    const got = read(pooled) as Uint8Array;
    expect(got).toEqual(new Uint8Array(pooled));
    expect(got.buffer).not.toBe(pooled.buffer);
    expect(() => bind("text")).toThrow(DataError);
  });

  test("JSON, with its null told from SQL's", () => {
    const { bind, read } = converters(name, "json");
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => value !== null),
        (value) => {
          expect(read(bind(value))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
    expect(bind(JSON_NULL)).toBe("null");
    expect(read("null")).toBe(JSON_NULL);
    expect(JSON.stringify({ x: JSON_NULL })).toBe('{"x":null}');
    const circle: unknown[] = [];
    circle.push(circle);
    for (const wrong of [undefined, () => 1, 1n, circle]) expect(() => bind(wrong)).toThrow(DataError);
  });

  test("UUIDs", () => {
    const { bind, read } = converters(name, "uuid");
    const uuid = "123e4567-e89b-12d3-a456-426614174000";
    expect(read(bind(uuid.toUpperCase()))).toBe(uuid);
    expect(() => bind("nope")).toThrow(DataError);
  });

  test("untyped values go by what they are", () => {
    const { bind } = converters(name, "null");
    expect(bind("x")).toBe("x");
    expect(Number(bind(5))).toBe(5);
    expect(Number(bind(true))).toBe(1);
    expect(bind(0.5)).toBe(0.5);
    expect(String(bind(new Decimal("2.5")))).toBe("2.5");
    expect(bind(new Date(0))).toMatch(/^1970-01-01 00:00:00\.000000/);
    expect(() => bind({ a: 1 })).toThrow(ArgumentError);
    expect(() => bind(undefined)).toThrow(ArgumentError);
  });

  test("identifiers are quoted only where they must be, and literals escaped", () => {
    const dialect = makeDialect(name);
    const quote = name === "mysql" ? "`" : '"';
    expect(dialect.quoteIdentifier("user_account")).toBe("user_account");
    for (const unusual of ["order", "Name", "a b", "1st", "naïve", ""])
      expect(dialect.quoteIdentifier(unusual)).toBe(`${quote}${unusual}${quote}`);
    expect(dialect.quoteIdentifier(`a${quote}b`)).toBe(`${quote}a${quote}${quote}b${quote}`);
    const text = new SqlType("string");
    expect(dialect.literal("it's", text)).toBe("'it''s'");
    expect(dialect.literal("\\", text)).toBe(name === "mysql" ? "'\\\\'" : "'\\'");
    expect(dialect.literal(null, text)).toBe("NULL");
    expect(() => dialect.literal(Symbol("x"), text)).toThrow(CompileError);
  });
});

test("SQLite refuses decimals that it cannot hold", () => {
  const { bind } = converters("sqlite", "numeric");
  expect(() => bind("12345678901234567890.12")).toThrow(/15 digits/);
  expect(bind("9007199254740993")).toBe(9007199254740993n);
  expect(converters("sqlite", "numeric", { scale: 2 }).read(0.1 + 0.2)).toEqual(new Decimal("0.3"));
});

test("NaN and the infinities only where the server has them", () => {
  expect(converters("postgresql", "double").bind(Number.NaN)).toBe("NaN");
  expect(converters("postgresql", "double").read("-Infinity")).toBe(Number.NEGATIVE_INFINITY);
  expect(() => converters("sqlite", "double").bind(Number.NaN)).toThrow(DataError);
  expect(() => converters("mysql", "float").bind(Number.POSITIVE_INFINITY)).toThrow(DataError);
});

test("every form of date and time that a database writes", () => {
  const expected = new Date("2024-02-29T01:02:03.123Z");
  for (const text of [
    "2024-02-29 01:02:03.123456",
    "2024-02-29T01:02:03.123Z",
    "2024-02-29 03:02:03.123+02",
    "2024-02-29 06:32:03.123456+05:30",
    "2024-02-28 23:02:03.123-0200",
  ])
    expect(parseDateTime(text)).toEqual(expected);
  expect(parseDateTime("2024-02-29")).toEqual(new Date("2024-02-29T00:00:00Z"));
  expect(parseDateTime("0050-01-01 00:00:00").toISOString()).toBe("0050-01-01T00:00:00.000Z");
  for (const wrong of [
    "infinity",
    "0000-00-00 00:00:00",
    "2024-02-30",
    "2024-02-29 25:00:00",
    "2024-02-29 1:2:3",
    "2024-02-29 01:02:03.",
    "x",
  ])
    expect(() => parseDateTime(wrong)).toThrow(DataError);
  expect(timeResult("12:34:56.000000")).toBe("12:34:56");
  expect(timeResult("12:34:56.5")).toBe("12:34:56.500000");
});

test("single precision reads as it was written", () => {
  for (const value of [0.1, 1.5, 3.14, 16777216, 1e-10, 123456.79]) expect(singleResult(Math.fround(value))).toBe(value);
});
