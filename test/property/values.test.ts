/**
 * Random values of every type, on every way that a value can take, with every driver: each comes back as it was. What a database cannot
 * hold is an error, never another value. Runs in a time zone with daylight saving: no value may depend on the machine's.
 */
process.env["TZ"] = "America/New_York";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { declarativeBase, joinedload, many, one, selectinload } from "../../src/orm/index.ts";
import type { ColumnSpec } from "../../src/sql/index.ts";
import { insert, select, t, text } from "../../src/sql/index.ts";
import { Duration } from "../../src/types/duration.ts";
import { JSON_NULL } from "../../src/types/jsonNull.ts";
import { openEngine, type Colour } from "../support/colours.ts";
import { forEachDatabase, type TestDatabase } from "../support/databases.ts";
import { driversOf, urlWith } from "../support/driverUrls.ts";
import { openSession } from "../support/sessions.ts";

/** More with ATHANOR_RUNS=100, for a long search. */
const RUNS = Number(process.env["ATHANOR_RUNS"] ?? 6);

interface ValueType {
  readonly spec: () => ColumnSpec;
  /** What every database holds. */
  readonly plain: fc.Arbitrary<unknown>;
  /** What a database may hold or refuse. */
  readonly wide: fc.Arbitrary<unknown>;
  /** Whether a value has come back as it was; default `toEqual`. */
  readonly requireSame?: (got: unknown, given: unknown, db: TestDatabase) => void;
  /** What a statement in plain text, which knows no types, gives for a value; absent: not compared. */
  readonly inText?: (value: unknown, db: TestDatabase) => unknown;
}

const digits = (value: unknown): string => new Decimal(value as Decimal.Value).toFixed();
const isoOf = (date: Date): string => date.toISOString().replace("T", " ").slice(0, 19);
const withMicroseconds = (start: string, micros: number): string =>
  micros === 0 ? start : `${start}.${String(micros).padStart(6, "0")}`;

const dates = (min: string): fc.Arbitrary<Date> =>
  fc.date({ min: new Date(min), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });
/** Hours that a clock in New York skips or repeats. */
const zoneChanges = fc
  .tuple(
    fc.constantFrom("2024-03-10T06:00:00Z", "2024-03-10T02:00:00Z", "2024-11-03T05:00:00Z", "2024-11-03T01:00:00Z"),
    fc.nat(7_200_000),
  )
  .map(([start, milliseconds]) => new Date(Date.parse(start) + milliseconds));
const moments = fc.oneof(dates("0001-01-01T00:00:00Z"), zoneChanges);
const anyDate = fc.oneof(moments, fc.date());
/** Code units, among them halves of surrogate pairs. */
const codeUnits = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })), { maxLength: 6 })
  .map((units) => String.fromCharCode(...units));
const characters = fc.string({ unit: "binary", maxLength: 20 }).filter((value) => !value.includes("\0"));
const strings = fc.oneof(characters, fc.constantFrom("", " ", "  x  ", "0", "null", "NaN", "'", "\\", "ß", "İ", "e\u0301", "👩‍🚀"));
const microseconds = fc
  .bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
  .map((value) => Duration.of({ microseconds: value }));
const scaled = (maximum: bigint, scale: number): fc.Arbitrary<Decimal> =>
  fc.bigInt({ min: -maximum, max: maximum }).map((value) => new Decimal(value.toString()).div(new Decimal(10).pow(scale)));
const jsonValues = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes("__proto__"));
const times = fc
  .nat(86_399_999_999)
  .map((value) => withMicroseconds(isoOf(new Date(Math.floor(value / 1e6) * 1000)).slice(11), value % 1_000_000));
const wholeNumbers = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.double());

function sameNumber(got: unknown, given: unknown): void {
  expect(digits(got)).toBe(digits(given));
}
function sameDouble(got: unknown, given: unknown): void {
  // SQL's zero has no sign that a comparison could see, and not every database keeps it.
  expect((got as number) + 0).toBe(typeof given === "number" ? given + 0 : Number(given));
}

const TYPES: Readonly<Record<string, ValueType>> = {
  integer: {
    spec: () => t.integer(),
    plain: fc.integer(),
    wide: wholeNumbers,
    requireSame: sameNumber,
    inText: (value) => value,
  },
  smallInteger: {
    spec: () => t.smallInteger(),
    plain: fc.integer({ min: -32_768, max: 32_767 }),
    wide: wholeNumbers,
    requireSame: sameNumber,
  },
  bigInteger: {
    spec: () => t.bigInteger(),
    plain: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    wide: wholeNumbers,
    requireSame: sameNumber,
    inText: (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value),
  },
  "bigInteger as number": {
    spec: () => t.bigInteger({ as: "number" }),
    plain: fc.maxSafeInteger(),
    wide: wholeNumbers,
    requireSame: sameNumber,
  },
  "bigInteger as string": {
    spec: () => t.bigInteger({ as: "string" }),
    plain: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    wide: wholeNumbers,
    requireSame: sameNumber,
  },
  double: {
    spec: () => t.double(),
    plain: fc.double({ noNaN: true, noDefaultInfinity: true }),
    wide: fc.oneof(fc.double(), fc.bigInt(), fc.constantFrom("0.1", "1e400", "12345678901234567890")),
    requireSame: sameDouble,
    inText: (value) => value,
  },
  float: {
    spec: () => t.float(),
    plain: fc.integer({ min: -999_999, max: 999_999 }).map((value) => value / 100),
    wide: fc.oneof(fc.double(), fc.float()),
    requireSame(got, given, db) {
      // A number that has single precision already is the same in fewer digits.
      if (db.name === "mysql" && Math.fround(given as number) === given) sameDouble(Math.fround(got as number), given);
      else sameDouble(got, given);
    },
  },
  numeric: {
    spec: () => t.numeric(20, 4),
    // SQLite holds fifteen digits.
    plain: scaled(10n ** 15n - 1n, 4),
    wide: fc.oneof(
      scaled(10n ** 22n, 4),
      scaled(10n ** 18n, 6),
      fc.double(),
      fc.bigInt(),
      fc.constantFrom("NaN", "1e-5", "0.00010000"),
    ),
    requireSame: sameNumber,
  },
  "numeric without precision": {
    spec: () => t.numeric(),
    plain: fc.integer({ min: -999_999_999, max: 999_999_999 }).map((value) => new Decimal(value)),
    wide: fc.oneof(scaled(10n ** 22n, 4), fc.double()),
    requireSame: sameNumber,
  },
  string: {
    spec: () => t.string(50),
    plain: strings,
    wide: fc.oneof(codeUnits, fc.string({ minLength: 45, maxLength: 60 })),
    inText: (value) => value,
  },
  text: { spec: () => t.text(), plain: strings, wide: codeUnits, inText: (value) => value },
  boolean: {
    spec: () => t.boolean(),
    plain: fc.boolean(),
    wide: fc.oneof(fc.boolean(), fc.constantFrom(0, 1, 2, "true", "t")),
    requireSame: (got, given) => expect(got).toBe(given === true || given === 1),
  },
  dateTime: {
    spec: () => t.dateTime(),
    plain: moments,
    wide: anyDate,
    inText: (value, db) =>
      db.name === "sqlite"
        ? `${isoOf(value as Date)}.${String((value as Date).getUTCMilliseconds()).padStart(3, "0")}000`
        : value,
  },
  "dateTime with zone": { spec: () => t.dateTime({ timezone: true }), plain: moments, wide: anyDate },
  "dateTime as string": {
    spec: () => t.dateTime({ as: "string" }),
    plain: fc.tuple(moments, fc.nat(999_999)).map(([moment, micros]) => withMicroseconds(isoOf(moment), micros)),
    wide: fc.constantFrom(
      "2024-02-30 00:00:00",
      "2024-01-01 24:00:00",
      "2024-01-01 00:00:00.1234567",
      "0000-01-01 00:00:00",
      "infinity",
      "1",
    ),
    requireSame: (got, given) => expect(got).toBe(given),
  },
  "dateTime with zone as string": {
    spec: () => t.dateTime({ timezone: true, as: "string" }),
    plain: fc.tuple(moments, fc.nat(999_999)).map(([moment, micros]) => `${withMicroseconds(isoOf(moment), micros)}+00:00`),
    wide: fc.constantFrom("2024-02-29 23:59:60+00:00", "2024-01-01 00:00:00.1234567+00:00", "2024-01-01 00:00:00+25:00:00:00"),
  },
  date: {
    spec: () => t.date(),
    plain: moments.map((moment) => isoOf(moment).slice(0, 10)),
    wide: fc
      .tuple(fc.nat(9999), fc.nat(13), fc.nat(32))
      .map(
        ([year, month, day]) =>
          `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`,
      ),
    inText: (value) => value,
  },
  time: {
    spec: () => t.time(),
    plain: times,
    wide: fc.oneof(times, fc.constantFrom("24:00:00", "12:00:60", "12:34:56.1234567", "-01:00:00")),
  },
  interval: {
    spec: () => t.interval(),
    plain: microseconds,
    wide: fc
      .tuple(fc.integer(), fc.integer(), microseconds, fc.integer({ min: 1, max: 3 }))
      .map(([months, days, rest, factor]) => Duration.of({ months: months * factor, days: days * factor }).plus(rest)),
    requireSame: (got, given) => expect(String(got)).toBe(String(given)),
  },
  "interval as string": {
    spec: () => t.interval({ as: "string" }),
    plain: microseconds.map(String),
    wide: fc.constantFrom("P1D", "P1M", "PT0.0000001S", "1 day"),
  },
  largeBinary: {
    spec: () => t.largeBinary(),
    plain: fc.uint8Array({ maxLength: 300 }),
    wide: fc.uint8Array(),
    requireSame: (got, given) => expect([...(got as Uint8Array)]).toEqual([...(given as Uint8Array)]),
    inText: (value) => value,
  },
  json: {
    spec: () => t.json(),
    plain: jsonValues.map((value) => (value === null ? JSON_NULL : value)),
    wide: fc
      .anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, maxDepth: 2 })
      .filter((value) => !String(fc.stringify(value)).includes("__proto__")),
    // JSON.stringify gives -0 up, and leaves out what is undefined, as toEqual does.
    requireSame: (got, given) =>
      expect(got).toEqual(given === null ? null : given === JSON_NULL ? JSON_NULL : withoutSignOfZero(given)),
  },
  uuid: {
    spec: () => t.uuid(),
    plain: fc.uuid(),
    wide: fc.constantFrom("x", "123e4567-e89b-12d3-a456-42661417400"),
    inText: (value, db) => (db.name === "postgresql" ? value : String(value).replaceAll("-", "")),
  },
};

function withoutSignOfZero(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value)) return value.map(withoutSignOfZero);
  if (typeof value !== "object" || value === null || Object.prototype.toString.call(value) !== "[object Object]") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutSignOfZero(member)]));
}

/** A table and a mapped class for one type. */
function modelOf(name: string, spec: () => ColumnSpec) {
  const Base = declarativeBase();
  class Holder extends Base.model(`lossless_${name.replaceAll(" ", "_").toLowerCase()}`, {
    id: t.integer().primaryKey({ autoincrement: false }),
    value: spec().nullable(),
    get parentId() {
      return t.integer().nullable().foreignKey(Holder.c.id);
    },
    get parent() {
      return one(Holder, { backPopulates: "children", remoteSide: Holder.c.id }).nullable();
    },
    get children() {
      return many(Holder, { backPopulates: "parent", orderBy: Holder.c.id });
    },
  }) {}
  return { Base, Holder };
}

test("the time zone of this file has daylight saving", () => {
  expect(new Date("2024-07-01T00:00:00Z").getTimezoneOffset()).toBe(240);
});

forEachDatabase("values", (db) => {
  const ways = driversOf(db.name).flatMap((driver, index): [string, Colour][] => {
    const colours: readonly Colour[] = index === 0 ? ["sync", "async"] : [driver.colour];
    return colours.map((colour) => [urlWith(driver, db.url), colour]);
  });
  describe.each(ways.map(([url, colour]) => [url.split(":")[0]!, colour, url] as const))("%s %s", (_driver, colour, url) => {
    let engine: AsyncEngine;
    beforeAll(() => {
      engine = openEngine(colour, url) as AsyncEngine;
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    describe.each(Object.entries(TYPES))("%s", (name, type) => {
      const { Base, Holder } = modelOf(name, type.spec);
      const requireSame = (got: readonly unknown[], given: readonly unknown[]): void => {
        expect(got.length).toBe(given.length);
        for (const [index, value] of given.entries()) {
          if (type.requireSame === undefined) expect(got[index]).toEqual(value);
          else type.requireSame(got[index], value, db);
        }
      };
      const ordered = select(Holder.c.value).where(Holder.c.value.isNot(null)).orderBy(Holder.c.id);
      beforeAll(async () => {
        await Base.metadata.dropAll(engine);
        await Base.metadata.createAll(engine);
      });
      afterAll(async () => {
        await Base.metadata.dropAll(engine);
      });

      test("comes back on every way", async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(type.plain, { minLength: 1, maxLength: 12 }), async (values) => {
            const table = Base.metadata.sortedTables[0]!;
            const connection = await engine.connect();
            try {
              await connection.execute(insert(table), [
                ...values.map((value, id) => ({ id, value, parentId: id === 0 ? null : 0 })),
                { id: values.length, value: null, parentId: null },
              ] as never);
              requireSame((await connection.execute(ordered)).scalars().all(), values);
              const streamed: unknown[] = [];
              for await (const value of (await connection.stream(ordered.executionOptions({ yieldPer: 5 }))).scalars())
                streamed.push(value);
              requireSame(streamed, values);
              if (type.inText !== undefined) {
                const inText = await connection.execute(
                  text(`SELECT value FROM ${table.name} WHERE value IS NOT NULL ORDER BY id`),
                );
                const expected = values.map((value) => type.inText!(value, db));
                requireSame(inText.scalars().all(), expected);
              }
              // By its value. No database compares JSON so, and 0.1 in single precision is not the 0.1 that it is compared with.
              if (name !== "json" && !(name === "float" && db.name === "mysql"))
                expect(
                  (await connection.execute(select(Holder.c.id).where(Holder.c.value.eq(values[0] as never)))).scalars().all(),
                ).toContain(0);
              await connection.rollback();
              if (engine.dialect.features.insertReturning) {
                const returning = insert(table)
                  .values({ id: 1, value: values[0] })
                  .returning(table.c["value" as never]);
                requireSame((await connection.execute(returning)).scalars().all(), [values[0]]);
                const manyReturning = insert(table).returning(table.c["value" as never]);
                const rows = values.map((value, index) => ({ id: index + 10, value }));
                requireSame((await connection.execute(manyReturning, rows as never)).scalars().all(), values);
              }
              await connection.rollback();
            } finally {
              await connection.close();
            }

            const session = openSession(engine);
            try {
              const parent = new Holder({ id: 0, value: values[0] });
              for (const [index, value] of values.entries()) parent.children.push(new Holder({ id: index + 1, value: value }));
              session.add(parent);
              await session.flush();
              session.expungeAll();
              requireSame([(await session.get(Holder, 0))!.value], [values[0]]);
              for (const option of [selectinload(Holder.c.children), joinedload(Holder.c.children)]) {
                session.expungeAll();
                const found = (await session.scalars(select(Holder).where(Holder.c.id.eq(0)).options(option))).all()[0]!;
                requireSame(
                  found.children.map((child) => child.value),
                  values,
                );
              }
              const again = (await session.get(Holder, 0))!;
              // The same value again is no change, and another is written by an UPDATE.
              again.value = values[0];
              again.children[0]!.value = values.at(-1);
              await session.flush();
              await session.refresh(again.children[0]!);
              requireSame([again.children[0]!.value], [values.at(-1)]);
              await session.rollback();
            } finally {
              await session.close();
            }
          }),
          { numRuns: RUNS },
        );
      });

      test("is stored as it is, or refused", async () => {
        await fc.assert(
          fc.asyncProperty(fc.oneof(type.wide, type.plain), fc.boolean(), async (value, asMany) => {
            const connection = await engine.connect();
            try {
              const table = Base.metadata.sortedTables[0]!;
              try {
                if (asMany)
                  await connection.execute(insert(table), [
                    { id: 1, value },
                    { id: 2, value },
                  ] as never);
                else await connection.execute(insert(table).values({ id: 1, value }));
              } catch (error) {
                expect(error).toHaveProperty("code");
                await connection.rollback();
                return;
              }
              let got: unknown;
              try {
                got = (await connection.execute(select(Holder.c.value).where(Holder.c.id.eq(1)))).scalar();
              } catch (error) {
                // SQLite stores what it is given; reading it as the declared type may still be refused.
                expect(error).toHaveProperty("code", "data");
                return;
              }
              requireSame([got], [value]);
            } finally {
              await connection.close();
            }
          }),
          { numRuns: RUNS * 4 },
        );
      });
    });
  });
});
