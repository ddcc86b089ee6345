/** Results and rows: fetching, views, closing, and reading by name. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Result } from "../../src/engine/result.ts";
import { asRow, rowShape } from "../../src/engine/row.ts";
import {
  InvalidRequestError,
  MultipleResultsFound,
  NoResultFound,
  NoSuchColumnError,
  ResourceClosedError,
} from "../../src/errors/index.ts";

function result(names: readonly string[], ...rows: unknown[][]): Result {
  const shape = rowShape(names);
  return new Result(
    rows.map((row) => asRow(row, shape)),
    names,
  );
}
const numbers = (): Result => result(["id", "name"], [1, "a"], [2, "b"], [3, "c"]);
const named = (row: unknown): Record<string, unknown> => row as Record<string, unknown>;

describe("Row", () => {
  test("is an array, and has its columns by name", () => {
    const row = numbers().first()!;
    expect(Array.isArray(row)).toBe(true);
    expect([...row]).toEqual([1, "a"]);
    expect(named(row)["name"]).toBe("a");
    expect(row._fields).toEqual(["id", "name"]);
    expect(row._mapping).toEqual({ id: 1, name: "a" });
    expect(row._asdict()).toEqual({ id: 1, name: "a" });
    expect(inspect(row)).toBe("Row(id: 1, name: 'a')");
    expect(Object.getPrototypeOf(row.map((value) => value))).toBe(Array.prototype);
    expect(JSON.stringify(row)).toBe('[1,"a"]');
  });

  test("names that arrays have stay theirs", () => {
    const row = result(["length", "map", "0", "__proto__", "constructor"], [10, 20, 30, 40, 50]).first()!;
    expect(row.length).toBe(5);
    expect(row[0]).toBe(10);
    expect(Object.entries(row._mapping)).toEqual([
      ["0", 30],
      ["length", 10],
      ["map", 20],
      ["__proto__", 40],
      ["constructor", 50],
    ]);
    expect(row._get("map")).toBe(20);
  });

  test("a name that several columns have is ambiguous", () => {
    const row = result(["id", "id"], [1, 2]).first()!;
    expect([...row]).toEqual([1, 2]);
    expect(() => named(row)["id"]).toThrow(NoSuchColumnError);
    expect(() => named(row._mapping)["id"]).toThrow(/Ambiguous/);
    expect(() => row._get("nope")).toThrow(NoSuchColumnError);
    expect(inspect(row)).toBe("Row(id: 1, id: 2)");
  });
});

describe("Result", () => {
  test("fetches in steps", () => {
    const rows = numbers();
    expect(rows.keys()).toEqual(["id", "name"]);
    expect(rows.fetchone()).toEqual([1, "a"]);
    expect(rows.fetchmany(1)).toEqual([[2, "b"]]);
    expect(rows.all()).toEqual([[3, "c"]]);
    expect(rows.fetchone()).toBeNull();
    expect(rows.all()).toEqual([]);
  });

  test("iterates, once", () => {
    const rows = numbers();
    expect([...rows].length).toBe(3);
    expect([...rows]).toEqual([]);
  });

  test("first closes", () => {
    const rows = numbers();
    expect(rows.first()).toEqual([1, "a"]);
    expect(rows.closed).toBe(true);
    expect(() => rows.all()).toThrow(ResourceClosedError);
    expect(result(["id"]).first()).toBeNull();
  });

  test("one, oneOrNone and their scalars", () => {
    expect(() => numbers().one()).toThrow(MultipleResultsFound);
    expect(() => numbers().oneOrNone()).toThrow(MultipleResultsFound);
    expect(() => result(["id"]).one()).toThrow(NoResultFound);
    expect(result(["id"]).oneOrNone()).toBeNull();
    expect(result(["id"], [7]).scalarOne()).toBe(7);
    expect(result(["id"], [null]).scalarOneOrNone()).toBeNull();
    expect(() => result(["id"]).scalarOne()).toThrow(NoResultFound);
    expect(numbers().scalar()).toBe(1);
    expect(result(["id"]).scalar()).toBeNull();
  });

  test("scalars and mappings", () => {
    expect(numbers().scalars().all()).toEqual([1, 2, 3]);
    expect(numbers().scalars(1).first()).toBe("a");
    expect(numbers().scalars("name").all()).toEqual(["a", "b", "c"]);
    expect(() => numbers().scalars("nope")).toThrow(NoSuchColumnError);
    expect(numbers().mappings().all()[1]).toEqual({ id: 2, name: "b" });
  });

  test("views share what is fetched", () => {
    const rows = numbers();
    rows.fetchone();
    expect(rows.scalars().all()).toEqual([2, 3]);
  });

  test("unique compares values, and objects by identity", () => {
    const shared = {};
    expect(result(["a"], [1], [1], ["1"], [1n], [null], [null]).scalars().unique().all()).toEqual([1, "1", 1n, null]);
    expect(result(["a"], [shared], [shared], [{}]).unique().scalars().all()).toHaveLength(2);
    expect(result(["a", "b"], [1, "x"], [1, "x"], [1, "y"]).unique().all()).toEqual([
      [1, "x"],
      [1, "y"],
    ]);
    expect(result(["a", "b"], [1, "x"], [1, "x"]).unique().one()).toEqual([1, "x"]);
    expect(
      numbers()
        .unique((row) => Number(row[0]) % 2)
        .all(),
    ).toHaveLength(2);
  });

  test("partitions", () => {
    expect([...numbers().partitions(2)].map((part) => part.length)).toEqual([2, 1]);
  });

  test("without rows", () => {
    const nothing = new Result([], null);
    expect(nothing.returnsRows).toBe(false);
    expect(() => nothing.all()).toThrow(ResourceClosedError);
    expect(() => nothing.scalars()).toThrow(/does not return rows/);
    expect(() => nothing.insertedPrimaryKey).toThrow(InvalidRequestError);
  });
});
