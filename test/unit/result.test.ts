/**
 * Results: what every method gives, in one text for buffered results, streamed ones of the synchronous colour and those of the asynchronous
 * colour, whose feed makes them wait. What is particular to streams is in resultStreaming.test.ts.
 */
import { describe, expect, expectTypeOf, test } from "vitest";
import { asyncResult, type AsyncResult } from "../../src/async/result.ts";
import { Result, streamedResult } from "../../src/engine/results/result.ts";
import { asRow, rowShape, type RowShape } from "../../src/engine/results/row.ts";
import {
  ArgumentError,
  InvalidRequestError,
  MultipleResultsFound,
  NoResultFound,
  NoSuchColumnError,
  ResourceClosedError,
} from "../../src/errors/index.ts";
import { MetaData, t } from "../../src/sql/index.ts";
import { ListFeed } from "../support/listFeed.ts";

/** Results of the synchronous colour are typed as the asynchronous one's: `await` takes values as they are. */
type Make = (names: readonly string[], rows: unknown[][], shape?: RowShape) => AsyncResult;

const awaitable = (rows: Result): AsyncResult => rows as unknown as AsyncResult;

function buffered(names: readonly string[], rows: unknown[][], shape: RowShape = rowShape(names)): Result {
  return new Result(
    rows.map((row) => asRow([...row], shape)),
    shape.names,
  );
}

const kinds: Record<string, Make> = {
  buffered: (names, rows, shape) => awaitable(buffered(names, rows, shape)),
  streamed: (names, rows, shape) => awaitable(streamedResult(new ListFeed(names, rows, shape === undefined ? {} : { shape }))),
  "one row at a time": (names, rows, shape) =>
    awaitable(streamedResult(new ListFeed(names, rows, shape === undefined ? {} : { shape }), { yieldPer: 1 })),
  asynchronous: (names, rows, shape) =>
    asyncResult(new ListFeed(names, rows, { waits: true, ...(shape === undefined ? {} : { shape }) })),
  "asynchronous, of a buffered one": (names, rows, shape) => asyncResult(buffered(names, rows, shape)),
};

const thrown = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return expect.fail("nothing was thrown");
};

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.each(Object.entries(kinds))("a result, %s", (_kind, make) => {
  const result = (names: readonly string[], ...rows: unknown[][]): AsyncResult => make(names, rows);
  const numbers = (): AsyncResult => result(["id", "name"], [1, "a"], [2, "b"], [3, "c"]);

  describe("fetching", () => {
    test("in steps", async () => {
      const rows = numbers();
      expect(rows.keys()).toEqual(["id", "name"]);
      expect(await rows.fetchone()).toEqual([1, "a"]);
      expect(await rows.fetchmany(1)).toEqual([[2, "b"]]);
      expect(await rows.all()).toEqual([[3, "c"]]);
    });

    test("fetchall is all, and fetchmany without a size too", async () => {
      expect(await numbers().fetchall()).toHaveLength(3);
      expect(await numbers().fetchmany(2)).toHaveLength(2);
      expect(await numbers().fetchmany(9)).toHaveLength(3);
    });

    test("rows are rows", async () => {
      const row = (await numbers().first())!;
      expect(row._fields).toEqual(["id", "name"]);
      expect((row as unknown as { name: string }).name).toBe("a");
    });

    test("what is no number of rows is refused", async () => {
      for (const size of [0, -1, 1.5, NaN, "2", null]) {
        expect(await thrown(() => numbers().fetchmany(size as number))).toBeInstanceOf(ArgumentError);
        expect(() => numbers().partitions(size as number)).toThrow(/partitions\(\) takes a positive number of rows/);
        expect(() => numbers().yieldPer(size as number)).toThrow(ArgumentError);
      }
    });

    test("iterating gives each row once", async () => {
      const rows = numbers();
      expect(await collected(rows)).toHaveLength(3);
      expect(await collected(rows)).toEqual([]);
      expect(await collected(result(["id"]))).toEqual([]);
    });

    test("iterating goes on where fetching stopped", async () => {
      const rows = numbers();
      await rows.fetchone();
      expect(await collected(rows.scalars())).toEqual([2, 3]);
    });

    test("partitions", async () => {
      const sizes = async (parts: AsyncIterable<unknown[]>): Promise<number[]> =>
        (await collected(parts)).map((part) => part.length);
      expect(await sizes(numbers().partitions(2))).toEqual([2, 1]);
      expect(await sizes(numbers().partitions(3))).toEqual([3]);
      expect(await sizes(numbers().yieldPer(2).partitions())).toEqual([2, 1]);
      expect(await sizes(numbers().yieldPer(2).scalars().partitions())).toEqual([2, 1]);
      expect(await sizes(result(["id"]).partitions(2))).toEqual([]);
    });

    test("yieldPer is what fetchmany takes by default", async () => {
      expect(await numbers().yieldPer(2).fetchmany()).toHaveLength(2);
    });
  });

  describe("first, one and their kin", () => {
    test("first", async () => {
      expect(await numbers().first()).toEqual([1, "a"]);
      expect(await result(["id"]).first()).toBeNull();
    });

    test("one", async () => {
      expect(await result(["id"], [7]).one()).toEqual([7]);
      expect(await thrown(() => numbers().one())).toBeInstanceOf(MultipleResultsFound);
      expect(await thrown(() => result(["id"]).one())).toBeInstanceOf(NoResultFound);
    });

    test("oneOrNone", async () => {
      expect(await result(["id"], [7]).oneOrNone()).toEqual([7]);
      expect(await result(["id"]).oneOrNone()).toBeNull();
      expect(await thrown(() => numbers().oneOrNone())).toBeInstanceOf(MultipleResultsFound);
    });

    test("scalar, scalarOne, scalarOneOrNone", async () => {
      expect(await numbers().scalar()).toBe(1);
      expect(await result(["id"]).scalar()).toBeNull();
      expect(await result(["id"], [7]).scalarOne()).toBe(7);
      expect(await thrown(() => result(["id"]).scalarOne())).toBeInstanceOf(NoResultFound);
      expect(await thrown(() => numbers().scalarOne())).toBeInstanceOf(MultipleResultsFound);
      expect(await result(["id"], [null]).scalarOneOrNone()).toBeNull();
      expect(await result(["id"]).scalarOneOrNone()).toBeNull();
      expect(await thrown(() => numbers().scalarOneOrNone())).toBeInstanceOf(MultipleResultsFound);
    });
  });

  describe("at the end, and closed", () => {
    test("at its end a result gives nothing, and is not closed", async () => {
      const rows = numbers();
      await rows.all();
      expect(rows.closed).toBe(false);
      expect(await rows.fetchone()).toBeNull();
      expect(await rows.fetchmany(2)).toEqual([]);
      expect(await rows.all()).toEqual([]);
      expect(await rows.first()).toBeNull();
      expect(await rows.oneOrNone()).toBeNull();
      expect(await thrown(() => rows.one())).toBeInstanceOf(NoResultFound);
      expect(await collected(rows)).toEqual([]);
      expect(await collected(rows.partitions(2))).toEqual([]);
      expect(rows.closed).toBe(false);
    });

    test("one() reads to the end; first() closes, unless there is no row", async () => {
      const only = result(["id"], [1]);
      await only.one();
      expect(only.closed).toBe(false);
      expect(await only.all()).toEqual([]);
      const several = numbers();
      await thrown(() => several.one());
      expect(several.closed).toBe(true);
      const first = numbers();
      await first.first();
      expect(first.closed).toBe(true);
      const none = result(["id"]);
      await none.first();
      expect(none.closed).toBe(false);
      const scalar = numbers();
      await scalar.scalar();
      expect(scalar.closed).toBe(true);
    });

    test("closed, every way of fetching is an error", async () => {
      const ways: ((rows: AsyncResult) => unknown)[] = [
        (rows) => rows.all(),
        (rows) => rows.fetchall(),
        (rows) => rows.fetchone(),
        (rows) => rows.fetchmany(1),
        (rows) => rows.first(),
        (rows) => rows.one(),
        (rows) => rows.oneOrNone(),
        (rows) => rows.scalar(),
        (rows) => collected(rows),
        (rows) => collected(rows.partitions(2)),
        (rows) => rows.scalars().all(),
        (rows) => rows.mappings().all(),
        (rows) => rows.columns(0).all(),
        (rows) => rows.t.all(),
        (rows) => rows.freeze(),
      ];
      for (const way of ways) {
        const rows = numbers();
        await rows.close();
        expect(rows.closed).toBe(true);
        const error = await thrown(() => way(rows));
        expect(error).toBeInstanceOf(ResourceClosedError);
        expect((error as Error).message).toBe("This result is closed.");
      }
    });

    test("closing a view closes its result, and closing twice is well", async () => {
      const rows = numbers();
      const view = rows.scalars();
      await view.close();
      expect([view.closed, rows.closed]).toEqual([true, true]);
      await rows.close();
      expect(rows.keys()).toEqual(["id", "name"]);
    });
  });

  describe("views", () => {
    test("scalars", async () => {
      expect(await numbers().scalars().all()).toEqual([1, 2, 3]);
      expect(await numbers().scalars(1).first()).toBe("a");
      expect(await numbers().scalars("name").all()).toEqual(["a", "b", "c"]);
      expect(await result(["id"], [null], [1]).scalars().fetchone()).toBeNull();
      for (const column of ["nope", 2, -1, 0.5]) expect(() => numbers().scalars(column)).toThrow(NoSuchColumnError);
      expect(() => numbers().scalars(null as never)).toThrow(ArgumentError);
    });

    test("mappings", async () => {
      const view = numbers().mappings();
      expect(view.keys()).toEqual(["id", "name"]);
      expect(await view.fetchone()).toEqual({ id: 1, name: "a" });
      expect(await view.all()).toEqual([
        { id: 2, name: "b" },
        { id: 3, name: "c" },
      ]);
      expect(Object.getPrototypeOf((await numbers().mappings().first())!)).toBe(Object.prototype);
    });

    test("mappings with fewer columns", async () => {
      const view = numbers()
        .mappings()
        .columns("name" as never);
      expect(view.keys()).toEqual(["name"]);
      expect(await view.all()).toEqual([{ name: "a" }, { name: "b" }, { name: "c" }]);
    });

    test("tuples", async () => {
      expect(await numbers().tuples().all()).toHaveLength(3);
      expect(await numbers().t.scalar()).toBe(1);
      expect(await result(["id"], [5]).t.scalarOne()).toBe(5);
      expect(await result(["id"]).t.scalarOneOrNone()).toBeNull();
    });

    test("columns by position, name and expression, in the order asked", async () => {
      const users = new MetaData().table("users", { id: t.integer().primaryKey(), name: t.string(9), age: t.integer() });
      const shape = rowShape(["id", "name", "age"], [users.c.id, users.c.name, users.c.age]);
      const rows = make(
        [],
        [
          [1, "a", 30],
          [2, "b", 40],
        ],
        shape,
      );
      const view = rows.columns(users.c.age, "name", 0);
      expect(view.keys()).toEqual(["age", "name", "id"]);
      const row = (await view.fetchone())!;
      expect([...row]).toEqual([30, "a", 1]);
      expect(row._mapping).toEqual({ age: 30, name: "a", id: 1 });
      expect(row._get(users.c.id)).toBe(1);
      expect(await view.scalars().all()).toEqual([40]);
      expect(rows.keys()).toEqual(["id", "name", "age"]);
    });

    test("columns of columns, and views of them", async () => {
      expect(
        await numbers()
          .columns("name", "id")
          .columns(1 as never)
          .mappings()
          .all(),
      ).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
      expect(await numbers().columns("name").scalars().all()).toEqual(["a", "b", "c"]);
      expect(() => numbers().columns()).toThrow(ArgumentError);
      expect(() => numbers().columns("nope")).toThrow(NoSuchColumnError);
      expect(() => result(["id", "id"], [1, 2]).columns("id")).toThrow(/Ambiguous/);
    });

    test("share what is fetched", async () => {
      const rows = numbers();
      await rows.fetchone();
      expect(await rows.scalars().fetchone()).toBe(2);
      expect(await rows.mappings().all()).toEqual([{ id: 3, name: "c" }]);
    });
  });

  describe("unique", () => {
    test("compares values, and objects with an identity by it", async () => {
      class Entity {}
      const shared = new Entity();
      expect(await result(["a"], [1], [1], ["1"], [1n], [null], [null]).scalars().unique().all()).toEqual([1, "1", 1n, null]);
      expect(await result(["a"], [shared], [shared], [new Entity()]).unique().scalars().all()).toHaveLength(2);
      expect(
        await result(["a"], [{ x: [1] }], [{ x: [1] }], [{ x: [2] }])
          .unique()
          .all(),
      ).toHaveLength(2);
      expect(await result(["a", "b"], [1, "x"], [1, "x"], [1, "y"]).unique().all()).toEqual([
        [1, "x"],
        [1, "y"],
      ]);
    });

    const doubles = (): AsyncResult => result(["id", "n"], [1, "x"], [1, "x"], [2, "x"], [1, "x"], [2, "y"]);

    test("in every way of fetching", async () => {
      expect(await doubles().unique().fetchmany(2)).toEqual([
        [1, "x"],
        [2, "x"],
      ]);
      const rows = doubles().unique();
      expect([await rows.fetchone(), await rows.fetchone(), await rows.fetchone(), await rows.fetchone()]).toEqual([
        [1, "x"],
        [2, "x"],
        [2, "y"],
        null,
      ]);
      expect(await collected(doubles().unique())).toHaveLength(3);
      expect(await collected(doubles().unique().partitions(2))).toEqual([
        [
          [1, "x"],
          [2, "x"],
        ],
        [[2, "y"]],
      ]);
      expect(await result(["a"], [1], [1]).unique().one()).toEqual([1]);
      expect(await result(["a"], [1], [1]).unique().scalarOne()).toBe(1);
    });

    test("of views: each compares what it gives", async () => {
      expect(await doubles().unique().scalars().all()).toEqual([1, 2]);
      expect(await doubles().scalars(1).unique().all()).toEqual(["x", "y"]);
      expect(await doubles().unique().mappings().all()).toHaveLength(3);
      expect(await doubles().mappings().unique().all()).toHaveLength(3);
      expect(await doubles().unique().columns("n").all()).toEqual([["x"], ["y"]]);
      expect(await doubles().unique().t.all()).toHaveLength(3);
      expect(
        await doubles()
          .mappings()
          .unique()
          .columns("n" as never)
          .all(),
      ).toEqual([{ n: "x" }, { n: "y" }]);
    });

    test("of columns of the same name", async () => {
      expect(await result(["id", "id"], [1, 1], [1, 2], [1, 1]).unique().mappings().all()).toHaveLength(2);
    });

    test("by a strategy, which is given what it was declared for", async () => {
      const parity = (row: readonly unknown[]): unknown => Number(row[0]) % 2;
      expect(await numbers().unique(parity).all()).toHaveLength(2);
      expect(await numbers().unique(parity).scalars().all()).toEqual([1, 2]);
      expect(await numbers().unique(parity).mappings().all()).toHaveLength(2);
      expect(await numbers().unique(parity).columns("name").scalars().all()).toEqual(["a", "b"]);
      expect(
        await numbers()
          .scalars()
          .unique((id) => Number(id) > 1)
          .all(),
      ).toEqual([1, 2]);
      expect(
        await numbers()
          .mappings()
          .unique((item) => Number((item as { id: number }).id) > 1)
          .columns("name" as never)
          .all(),
      ).toEqual([{ name: "a" }, { name: "b" }]);
    });
  });

  describe("freeze", () => {
    test("keeps the remaining rows to be read again and again", async () => {
      const rows = numbers();
      await rows.fetchone();
      const frozen = await rows.freeze();
      expect(await rows.all()).toEqual([]);
      expect(frozen.keys).toEqual(["id", "name"]);
      expect(frozen().all()).toEqual([
        [2, "b"],
        [3, "c"],
      ]);
      expect(frozen().scalars("name").all()).toEqual(["b", "c"]);
      frozen().close();
      frozen().all().pop();
      expect(frozen().all()).toHaveLength(2);
      expect(frozen.data).toHaveLength(2);
    });

    test("of columns, and of unique rows", async () => {
      const frozen = await result(["id", "n"], [1, "x"], [2, "x"]).unique().columns("n").freeze();
      expect(frozen().mappings().all()).toEqual([{ n: "x" }]);
    });

    test("with other rows", async () => {
      const frozen = await numbers().freeze();
      const rewritten = frozen.rewriteRows();
      for (const row of rewritten) row[1] = `${String(row[1])}!`;
      const other = frozen.withNewRows(rewritten.slice(1));
      expect(other().all()).toEqual([
        [2, "b!"],
        [3, "c!"],
      ]);
      expect(other().first()!._mapping).toEqual({ id: 2, name: "b!" });
      expect(frozen().scalars(1).all()).toEqual(["a", "b", "c"]);
      expect(Object.getPrototypeOf(rewritten[0])).toBe(Array.prototype);
      expect(() => frozen.withNewRows([[1]])).toThrow(/rows of 2 values: id, name/);
      expect(() => frozen.withNewRows([null as never])).toThrow(ArgumentError);
    });
  });

  describe("merge", () => {
    test("gives one after another", async () => {
      const merged = numbers().merge(result(["id", "name"], [4, "d"]), result(["id", "name"]));
      expect(merged.keys()).toEqual(["id", "name"]);
      expect(await merged.fetchone()).toEqual([1, "a"]);
      expect(await merged.scalars().all()).toEqual([2, 3, 4]);
      expect(await merged.all()).toEqual([]);
    });

    test("what is left of each", async () => {
      const [one, other] = [numbers(), numbers()];
      await one.fetchone();
      await other.fetchmany(2);
      expect(await one.merge(other).scalars().all()).toEqual([2, 3, 3]);
    });

    test("unique across all, where the first is", async () => {
      expect(await numbers().unique().merge(numbers()).all()).toHaveLength(3);
      expect(await numbers().merge(numbers()).all()).toHaveLength(6);
    });

    test("alone, and twice over", async () => {
      expect(await numbers().merge().all()).toHaveLength(3);
      expect(await numbers().merge(numbers().merge(numbers())).all()).toHaveLength(9);
    });

    test("only of the same columns", async () => {
      expect(() => numbers().merge(result(["id"]))).toThrow(/Only results of the same columns can be merged/);
      const closed = numbers();
      await closed.close();
      expect(() => numbers().merge(closed)).toThrow(ResourceClosedError);
    });
  });

  test("a statement that gave rows says so", () => {
    expect(numbers().returnsRows).toBe(true);
    expect([numbers().rowcount, numbers().lastrowid, numbers().isInsert]).toEqual([-1, null, false]);
    expect(() => numbers().insertedPrimaryKey).toThrow(/Only an insert\(\) has inserted primary keys/);
  });
});

describe("a result without rows", () => {
  const insert = (count: number, isMany = false): Result =>
    new Result([], null, {
      rowcount: count,
      lastrowid: 7,
      isInsert: true,
      isMany,
      insertedKeys: () => Array.from({ length: count }, (_row, index) => [7 + index]),
    });

  test("tells what the statement did", async () => {
    for (const rows of [awaitable(insert(1)), asyncResult(insert(1))]) {
      expect(rows.returnsRows).toBe(false);
      expect([rows.rowcount, rows.lastrowid, rows.isInsert]).toEqual([1, 7, true]);
      expect(rows.insertedPrimaryKey).toEqual([7]);
      expect(rows.insertedPrimaryKeyRows).toEqual([[7]]);
      expect(rows.closed).toBe(true);
      await rows.close();
    }
    expect(() => insert(2, true).insertedPrimaryKey).toThrow(InvalidRequestError);
    expect(insert(2, true).insertedPrimaryKeyRows).toEqual([[7], [8]]);
  });

  test("has nothing to fetch", async () => {
    for (const rows of [awaitable(insert(1)), asyncResult(insert(1))]) {
      expect(await thrown(() => rows.all())).toBeInstanceOf(ResourceClosedError);
      expect(await thrown(() => collected(rows))).toBeInstanceOf(ResourceClosedError);
      expect(() => rows.scalars()).toThrow(/does not return rows/);
      expect(() => rows.mappings()).toThrow(ResourceClosedError);
      expect(() => rows.columns(0)).toThrow(ResourceClosedError);
      expect(() => rows.keys()).toThrow(ResourceClosedError);
      expect(() => rows.merge(rows)).toThrow(ResourceClosedError);
      expect(await thrown(() => rows.freeze())).toBeInstanceOf(ResourceClosedError);
    }
  });

  test("row counts of merged results are added up, where all are known", () => {
    const updated = (rowcount: number): Result =>
      new Result([], ["id"], { rowcount, lastrowid: null, isInsert: false, isMany: false, insertedKeys: null });
    expect(updated(2).merge(updated(3)).rowcount).toBe(5);
    expect(updated(2).merge(updated(-1)).rowcount).toBe(-1);
  });
});

test("using closes", () => {
  let seen: Result;
  {
    using rows = new Result([], ["id"]);
    seen = rows;
  }
  expect(seen.closed).toBe(true);
  expectTypeOf<Result>().toExtend<Disposable>();
});
