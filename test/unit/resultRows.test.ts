/** Rows: arrays with names, addressed by name, position and expression; and what `unique()` takes for equal. */
import { inspect } from "node:util";
import { Decimal } from "decimal.js";
import { describe, expect, test } from "vitest";
import { asRow, rowShape, shapeOfNames, type Row, type RowShape } from "../../src/engine/results/row.ts";
import { isSameValue, Uniqueness } from "../../src/engine/results/uniqueness.ts";
import { ArgumentError, NoSuchColumnError } from "../../src/errors/index.ts";
import { func, literal, MetaData, t } from "../../src/sql/index.ts";
import { Duration } from "../../src/types/duration.ts";

const metadata = new MetaData();
const users = metadata.table("users", { id: t.integer().primaryKey(), name: t.string(20) });
const posts = metadata.table("posts", { id: t.integer().primaryKey() });

const row = (names: readonly string[], ...values: unknown[]): Row => asRow(values, rowShape(names));
/** Typed as if the type system knew the names. */
type NamedRow = Row<readonly [unknown, unknown] & { readonly a: unknown }>;
const named = (each: unknown): Record<string, unknown> => each as Record<string, unknown>;

describe("a row", () => {
  test("is an array, and has its columns by name", () => {
    const each = row(["id", "name"], 1, "a");
    expect(Array.isArray(each)).toBe(true);
    expect([...each]).toEqual([1, "a"]);
    expect(named(each)["name"]).toBe("a");
    expect(each._fields).toEqual(["id", "name"]);
    expect(each._mapping).toEqual({ id: 1, name: "a" });
    expect(each._asdict()).toEqual({ id: 1, name: "a" });
    expect(each._asdict()).not.toBe(each._asdict());
    expect(inspect(each)).toBe("Row(id: 1, name: 'a')");
    expect(Object.getPrototypeOf(each.map((value) => value))).toBe(Array.prototype);
    expect(JSON.stringify(each)).toBe('[1,"a"]');
  });

  test("is its own tuple", () => {
    const each = row(["a", "b"], 1, "a") as unknown as NamedRow;
    expect(each._tuple()).toBe(each);
    expect(each._t).toBe(each);
    expect(each.t).toBe(each);
  });

  test("counts and finds values by what they are", () => {
    const day = (): Date => new Date("2024-05-06");
    const each = row(["a", "b", "c", "d"], 1, day(), "1", day()) as unknown as NamedRow;
    expect(each.count(1)).toBe(1);
    expect(each.count(day())).toBe(2);
    expect(each.count("no")).toBe(0);
    expect(each.index(day())).toBe(1);
    expect(each.index(day(), 2)).toBe(3);
    expect(() => each.index(day(), 2, 3)).toThrow(ArgumentError);
    expect(() => each.index("no")).toThrow(/does not have the value the string "no"/);
  });

  test("columns called as methods of tuples come before them", () => {
    const each = named(row(["count", "index", "t"], 1, 2, 3));
    expect([each["count"], each["index"], each["t"]]).toEqual([1, 2, 3]);
  });

  test("names that arrays have stay theirs", () => {
    const each = row(["length", "map", "0", "__proto__", "constructor", "_get"], 10, 20, 30, 40, 50, 60);
    expect(each.length).toBe(6);
    expect(each[0]).toBe(10);
    expect(Object.entries(each._mapping)).toEqual([
      ["0", 30],
      ["length", 10],
      ["map", 20],
      ["__proto__", 40],
      ["constructor", 50],
      ["_get", 60],
    ]);
    expect(each._get("map")).toBe(20);
    expect(each._get("_get")).toBe(60);
  });

  test("a name that several columns have is ambiguous", () => {
    const each = row(["id", "id"], 1, 2);
    expect([...each]).toEqual([1, 2]);
    expect(() => named(each)["id"]).toThrow(NoSuchColumnError);
    expect(() => named(each._mapping)["id"]).toThrow(/Ambiguous column name "id"/);
    expect(Object.keys(each._mapping)).toEqual([]);
    expect(() => each._get("id")).toThrow(/Ambiguous/);
    expect(inspect(each)).toBe("Row(id: 1, id: 2)");
  });
});

describe("_get", () => {
  const count = func.count().label("n");
  const shape = rowShape(["id", "id", "n"], [users.c.id, posts.c.id, count]);
  const each = asRow([1, 2, 3], shape);

  test("by the expression that was selected, also where names are the same", () => {
    expect(each._get(users.c.id)).toBe(1);
    expect(each._get(posts.c.id)).toBe(2);
    expect(each._get(count)).toBe(3);
    expect(each._get("n")).toBe(3);
    expect(each._get(1)).toBe(2);
  });

  test("what is not there is an error", () => {
    expect(() => each._get(users.c.name)).toThrow(NoSuchColumnError);
    expect(() => each._get(func.count().label("n"))).toThrow(/no column for an object of class Label; it has id, id, n/);
    expect(() => each._get("nope")).toThrow(/no column "nope"; it has id, id, n/);
    expect(() => each._get(3)).toThrow(/3 columns, and none at position 3/);
    expect(() => each._get(-1)).toThrow(NoSuchColumnError);
    expect(() => each._get(0.5)).toThrow(NoSuchColumnError);
    expect(() => each._get(null as never)).toThrow(ArgumentError);
    expect(() => each._get(true as never)).toThrow(ArgumentError);
  });

  test("an expression that was selected twice gives the first", () => {
    const twice = asRow([1, 2], rowShape(["id", "id__1"], [users.c.id, users.c.id]));
    expect(twice._get(users.c.id)).toBe(1);
  });
});

describe("a shape", () => {
  test("is shared by rows with the same names, unless their expressions are known", () => {
    expect(rowShape(["a", "b"])).toBe(rowShape(["a", "b"]));
    expect(rowShape(["a,b"])).not.toBe(rowShape(["a", "b"]));
    const known = rowShape(["id"], [users.c.id]);
    expect(known).not.toBe(rowShape(["id"]));
    expect(shapeOfNames(known.names)).toBe(known);
    expect(shapeOfNames(["id"])).toBe(rowShape(["id"]));
    expect(rowShape(["a"], [null])).toBe(rowShape(["a"]));
  });

  test("learns the expressions of equal statements", () => {
    const [first, second] = [literal(1).label("x"), literal(2).label("x")];
    const shape: RowShape = rowShape(["id", "x"], [users.c.id, first]);
    expect(shape.isPassing).toBe(true);
    const each = asRow([7, 8], shape);
    expect(() => each._get(second)).toThrow(NoSuchColumnError);
    shape.learn([users.c.id, second]);
    expect(each._get(second)).toBe(8);
    expect(each._get(first)).toBe(8);
    shape.learn([]);
    expect(rowShape(["id"], [users.c.id as never]).isPassing).toBe(false);
  });

  test("picks columns, and remembers what it picked", () => {
    const shape = rowShape(["id", "name"], [users.c.id, users.c.name]);
    const picked = shape.pick([1]);
    expect(picked.names).toEqual(["name"]);
    expect(picked.positionOf(users.c.name)).toBe(0);
    expect(() => picked.positionOf(users.c.id)).toThrow(NoSuchColumnError);
    expect(shape.pick([1])).toBe(picked);
    expect(shape.pick([1, 0])).not.toBe(picked);
  });
});

describe("equal values", () => {
  class Point {
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }
  const point = new Point(1);
  const symbol = Symbol("s");
  const equal: [unknown, unknown][] = [
    [1, 1],
    [NaN, NaN],
    [0, -0],
    [null, null],
    [undefined, undefined],
    ["a", "a"],
    [10n, 10n],
    [new Date(5), new Date(5)],
    [new Uint8Array([1, 2]), Buffer.from([1, 2])],
    [new Decimal("1.50"), new Decimal("1.5")],
    [Duration.of({ hours: 1 }), Duration.of({ minutes: 60 })],
    [
      [1, ["a", null]],
      [1, ["a", null]],
    ],
    [
      { a: 1, b: { c: [true] } },
      { b: { c: [true] }, a: 1 },
    ],
    [point, point],
    [[point], [point]],
    [symbol, symbol],
    [row(["a"], 1), row(["a"], 1)],
  ];
  const different: [unknown, unknown][] = [
    [1, "1"],
    [1, 1n],
    [1, true],
    [null, undefined],
    ["null", null],
    [[1], ["1"]],
    [[1], [1n]],
    [[NaN], [null]],
    [["a,b"], ["a", "b"]],
    [["[1]"], [[1]]],
    ["[1]", [1]],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, {}],
    [new Date(5), new Date(6)],
    [new Date(5), 5],
    [new Point(1), new Point(1)],
    [[new Point(1)], [new Point(1)]],
    [new Decimal(1), 1],
    [new Uint8Array([1]), new Uint8Array([2])],
  ];
  test.each(equal)("%o and %o are one", (one, other) => {
    expect(isSameValue(one, other)).toBe(true);
    const seen = new Uniqueness<unknown>(null);
    expect([seen.isNew(one), seen.isNew(other)]).toEqual([true, false]);
  });
  test.each(different)("%o and %o are two", (one, other) => {
    expect(isSameValue(one, other)).toBe(false);
    const seen = new Uniqueness<unknown>(null);
    expect([seen.isNew(one), seen.isNew(other)]).toEqual([true, true]);
  });
  test("Temporal's values are compared by their text, where a runtime has them", () => {
    const instant = (text: string): object =>
      Object.create({ [Symbol.toStringTag]: "Temporal.Instant", toString: () => text }) as object;
    expect(isSameValue(instant("1970-01-01T00:00:00Z"), instant("1970-01-01T00:00:00Z"))).toBe(true);
    expect(isSameValue(instant("1970-01-01T00:00:00Z"), instant("1970-01-01T00:00:01Z"))).toBe(false);
  });
  test("a strategy says what is compared", () => {
    const byParity = new Uniqueness<number>((value) => [value % 2]);
    expect([1, 2, 3, 4].filter((value) => byParity.isNew(value))).toEqual([1, 2]);
  });
});
