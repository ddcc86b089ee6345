/** The types of results: what each view gives, what a column may be asked by, and that both colours have the same methods. */
import { describe, expectTypeOf, it } from "vitest";
import type { AsyncMappingResult, AsyncResult, AsyncScalarResult, AsyncTupleResult } from "../../src/async/result.ts";
import type { FrozenResult } from "../../src/engine/results/frozenResult.ts";
import type { MappingResult, PrimaryKeyRow, Result, ScalarResult, TupleResult } from "../../src/engine/results/result.ts";
import type { Row } from "../../src/engine/results/row.ts";
import type { Parameters as StatementParameters } from "../../src/sql/compile/execute.ts";
import { type Column, func, insert, MetaData, select, t, text, type Executable, type RowOf } from "../../src/sql/index.ts";

const metadata = new MetaData();
const users = metadata.table("users", {
  id: t.integer().primaryKey(),
  name: t.string(100),
  email: t.string(255).nullable(),
});
const posts = metadata.table("posts", {
  id: t.integer().primaryKey(),
  userId: t.integer().foreignKey(users.c.id),
  title: t.string(200),
});

declare function execute<A extends readonly unknown[], N>(statement: Executable<A, N>): Result<RowOf<A, N>>;
declare function stream<A extends readonly unknown[], N>(statement: Executable<A, N>): AsyncResult<RowOf<A, N>>;

const count = func.count().label("count");
const statement = select(users.c.id, users.c.email, count);
const rows = execute(statement);
const streamed = stream(statement);

describe("rows", () => {
  const row = rows.one();
  it("by position and by name", () => {
    expectTypeOf(row[0]).toEqualTypeOf<number>();
    expectTypeOf(row.email).toEqualTypeOf<string | null>();
    const [id, email] = row;
    expectTypeOf(id).toEqualTypeOf<number>();
    expectTypeOf(email).toEqualTypeOf<string | null>();
  });
  it("a column comes before a tuple's method of the same name", () => {
    expectTypeOf(row.count).toEqualTypeOf<number>();
    expectTypeOf(row.index).toBeFunction();
  });
  it("as a mapping and as a tuple", () => {
    expectTypeOf(row._mapping.email).toEqualTypeOf<string | null>();
    expectTypeOf<keyof typeof row._mapping>().toEqualTypeOf<"id" | "email" | "count">();
    expectTypeOf(row._asdict().count).toEqualTypeOf<number>();
    expectTypeOf(row.t).toEqualTypeOf<readonly [number, string | null, number]>();
    expectTypeOf(row._tuple()).toEqualTypeOf<readonly [number, string | null, number]>();
  });
  it("by expression", () => {
    expectTypeOf(row._get(users.c.id)).toEqualTypeOf<number>();
    expectTypeOf(row._get(users.c.email)).toEqualTypeOf<string | null>();
    expectTypeOf(row._get(count)).toEqualTypeOf<number>();
    expectTypeOf(row._get("email")).toEqualTypeOf<string | null>();
    expectTypeOf(row._get(0)).toEqualTypeOf<unknown>();
    // @ts-expect-error neither a name, nor a position, nor an expression
    row._get(true);
  });
  it("by expression, null where an outer join may leave it out", () => {
    const joined = execute(select(users.c.name, posts.c.title).outerjoin(posts)).one();
    expectTypeOf(joined._get(posts.c.title)).toEqualTypeOf<string | null>();
    expectTypeOf(joined._get(users.c.name)).toEqualTypeOf<string>();
  });
  it("of text are not known", () => {
    const row = execute(text("SELECT 1 AS one")).one();
    expectTypeOf(row._get("one")).toEqualTypeOf<unknown>();
    expectTypeOf(row._mapping["one"]).toEqualTypeOf<unknown>();
    expectTypeOf(execute(text("SELECT 1 AS one")).mappings().one()["one"]).toEqualTypeOf<unknown>();
    expectTypeOf(row[0]).toEqualTypeOf<unknown>();
    // It may be a column.
    expectTypeOf(row).not.toHaveProperty("count");
  });
});

describe("views", () => {
  it("scalars", () => {
    expectTypeOf(rows.scalars()).toEqualTypeOf<ScalarResult<number>>();
    expectTypeOf(rows.scalars(1).all()).toEqualTypeOf<(string | null)[]>();
    expectTypeOf(rows.scalars("email").all()).toEqualTypeOf<(string | null)[]>();
    expectTypeOf(rows.scalars(users.c.email).all()).toEqualTypeOf<(string | null)[]>();
    expectTypeOf(streamed.scalars()).toEqualTypeOf<AsyncScalarResult<number>>();
    expectTypeOf(streamed.scalars("count").first()).toEqualTypeOf<Promise<number | null>>();
    expectTypeOf(rows.scalar()).toEqualTypeOf<number | null>();
    expectTypeOf(rows.scalarOne()).toEqualTypeOf<number>();
    expectTypeOf(streamed.scalarOneOrNone()).toEqualTypeOf<Promise<number | null>>();
  });
  it("columns", () => {
    const picked = rows.columns(1, "count", users.c.id).one();
    expectTypeOf(picked[0]).toEqualTypeOf<string | null>();
    expectTypeOf(picked[1]).toEqualTypeOf<number>();
    expectTypeOf(picked[2]).toEqualTypeOf<number>();
    expectTypeOf(picked.count).toEqualTypeOf<number>();
    expectTypeOf(picked.id).toEqualTypeOf<number>();
    expectTypeOf(picked.t).toEqualTypeOf<readonly [string | null, number, number]>();
    expectTypeOf(rows.columns("email").scalars()).toEqualTypeOf<ScalarResult<string | null>>();
    expectTypeOf(rows.columns("email", "id").columns("id").scalarOne()).toEqualTypeOf<number>();
    expectTypeOf(streamed.columns("email").scalar()).toEqualTypeOf<Promise<string | null>>();
    expectTypeOf(rows.mappings().columns("email").one().email).toEqualTypeOf<string | null>();
    // @ts-expect-error not picked
    void picked.email;
  });
  it("mappings", () => {
    const mapping = rows.mappings().one();
    expectTypeOf(mapping.email).toEqualTypeOf<string | null>();
    // @ts-expect-error no array
    void mapping[0];
    expectTypeOf(streamed.mappings().all()).resolves.items.toHaveProperty("count");
  });
  it("tuples", () => {
    expectTypeOf(rows.tuples()).toEqualTypeOf<TupleResult<readonly [number, string | null, number]>>();
    expectTypeOf(rows.t.one()).toEqualTypeOf<readonly [number, string | null, number]>();
    expectTypeOf(streamed.t.one()).toEqualTypeOf<Promise<readonly [number, string | null, number]>>();
  });
  it("freeze and merge keep the type", () => {
    const frozen = rows.freeze();
    expectTypeOf(frozen().one().email).toEqualTypeOf<string | null>();
    expectTypeOf(frozen.withNewRows([])().scalars()).toEqualTypeOf<ScalarResult<number>>();
    expectTypeOf(streamed.freeze()).resolves.toExtend<FrozenResult>();
    expectTypeOf(rows.merge(rows).scalars()).toEqualTypeOf<ScalarResult<number>>();
  });
  it("partitions and loops", async () => {
    for (const part of rows.scalars().partitions(10)) expectTypeOf(part).toEqualTypeOf<number[]>();
    for await (const part of streamed.scalars("email").partitions()) expectTypeOf(part).toEqualTypeOf<(string | null)[]>();
    for (const { id } of rows) expectTypeOf(id).toEqualTypeOf<number>();
    for await (const { id } of streamed) expectTypeOf(id).toEqualTypeOf<number>();
  });
  it("unique's strategy is given the item", () => {
    rows.unique((row) => row.email);
    rows.scalars("email").unique((email) => email?.toLowerCase());
    // @ts-expect-error no such column
    rows.unique((row) => row.nothing);
  });
  it("of rows that are not known take any name", () => {
    const unknown = execute(text("SELECT 1 AS one"));
    expectTypeOf(unknown.scalars("one")).toEqualTypeOf<ScalarResult<unknown>>();
    expectTypeOf(unknown.columns("one", 3).one()[1]).toEqualTypeOf<unknown>();
    const whole = execute(select(users));
    expectTypeOf(whole.scalars("email").all()).toEqualTypeOf<(string | null)[]>();
    expectTypeOf(whole.scalars(2).all()).toEqualTypeOf<unknown[]>();
  });
});

describe("wrong uses", () => {
  it("are rejected", () => {
    // @ts-expect-error no such name
    rows.scalars("nothing");
    // @ts-expect-error no such position
    rows.scalars(3);
    // @ts-expect-error no such name
    rows.columns("id", "nothing");
    // @ts-expect-error no such position
    streamed.columns(7);
    // @ts-expect-error no such name
    streamed.mappings().columns("nothing");
    // @ts-expect-error other columns
    rows.merge(execute(select(users.c.name)));
    // @ts-expect-error a stream is no iterable of the synchronous colour
    void [...streamed];
    // @ts-expect-error a number of rows
    rows.partitions("10");
  });
});

describe("what a statement did", () => {
  const done = execute(insert(users));
  it("keys by position and by name", () => {
    expectTypeOf(done.insertedPrimaryKey).toEqualTypeOf<PrimaryKeyRow>();
    expectTypeOf(done.insertedPrimaryKey.id).toEqualTypeOf<unknown>();
    expectTypeOf(done.insertedPrimaryKey[0]).toEqualTypeOf<unknown>();
    expectTypeOf(done.insertedPrimaryKey.length).toEqualTypeOf<number>();
    expectTypeOf(done.insertedPrimaryKey._get(users.c.id)).toEqualTypeOf<number>();
    expectTypeOf(done.insertedPrimaryKeyRows).toEqualTypeOf<readonly PrimaryKeyRow[]>();
    expectTypeOf<PrimaryKeyRow>().toExtend<Row>();
    // @ts-expect-error a key is not to be changed
    done.insertedPrimaryKey.id = 1;
  });
  it("values, columns and counts", () => {
    expectTypeOf(done.lastInsertedParams()).toEqualTypeOf<StatementParameters>();
    expectTypeOf(done.lastUpdatedParams()).toEqualTypeOf<StatementParameters>();
    expectTypeOf(done.prefetchCols()).toEqualTypeOf<readonly Column[]>();
    expectTypeOf(done.postfetchCols()).toEqualTypeOf<readonly Column[]>();
    expectTypeOf(done.lastrowHasDefaults()).toEqualTypeOf<boolean>();
    expectTypeOf(done.supportsSaneRowcount()).toEqualTypeOf<boolean>();
    expectTypeOf(done.supportsSaneMultiRowcount()).toEqualTypeOf<boolean>();
    // @ts-expect-error one set or a list of them, which isMany tells apart
    void done.lastInsertedParams()[0];
  });
  it("the same without promises where rows come in portions", () => {
    type Facts = "insertedPrimaryKey" | "insertedPrimaryKeyRows" | "lastInsertedParams" | "lastUpdatedParams" | "prefetchCols";
    type More = "postfetchCols" | "lastrowHasDefaults" | "supportsSaneRowcount" | "supportsSaneMultiRowcount";
    expectTypeOf<Pick<AsyncResult, Facts | More>>().toEqualTypeOf<Pick<Result, Facts | More>>();
  });
});

describe("the two colours", () => {
  type Names<T> = Exclude<keyof T, symbol>;
  it("have the same methods", () => {
    expectTypeOf<Names<AsyncResult>>().toEqualTypeOf<Names<Result>>();
    expectTypeOf<Names<AsyncScalarResult<number>>>().toEqualTypeOf<Names<ScalarResult<number>>>();
    expectTypeOf<Names<AsyncMappingResult<object>>>().toEqualTypeOf<Names<MappingResult<object>>>();
    expectTypeOf<Names<AsyncTupleResult<[number]>>>().toEqualTypeOf<Names<TupleResult<[number]>>>();
  });
  it("fetch the same, one of them as promises", () => {
    type Fetching =
      "all" | "fetchall" | "fetchone" | "fetchmany" | "first" | "one" | "oneOrNone" | "scalar" | "scalarOne" | "close";
    type Fetched<T> = { [K in Fetching & keyof T]: T[K] extends (...args: infer A) => infer V ? (...args: A) => V : never };
    type Promised<T> = { [K in keyof T]: T[K] extends (...args: infer A) => infer V ? (...args: A) => Promise<V> : never };
    expectTypeOf<Fetched<AsyncResult>>().toEqualTypeOf<Promised<Fetched<Result>>>();
    expectTypeOf<Fetched<AsyncScalarResult<string>>>().toEqualTypeOf<Promised<Fetched<ScalarResult<string>>>>();
  });
  it("are disposed of in their own way", () => {
    expectTypeOf<Result>().toExtend<Disposable>();
    expectTypeOf<AsyncResult>().toExtend<AsyncDisposable>();
    expectTypeOf<ScalarResult<number>>().toExtend<Disposable>();
    expectTypeOf<AsyncScalarResult<number>>().toExtend<AsyncDisposable>();
  });
  it("can stand for results whose rows are not known", () => {
    expectTypeOf(rows).toExtend<Result>();
    expectTypeOf(streamed).toExtend<AsyncResult>();
    expectTypeOf<Row<readonly [number] & { readonly id: number }>>().toExtend<readonly unknown[]>();
  });
});
