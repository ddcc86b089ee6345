/** The types of rows: by position, by name, through joins, aliases, subqueries and CTEs. */
import type { Decimal } from "decimal.js";
import { describe, expectTypeOf, it } from "vitest";
import {
  case_,
  cast,
  func,
  insert,
  literal,
  MetaData,
  select,
  t,
  update,
  type Executable,
  type RowOf,
} from "../../src/sql/index.ts";

const metadata = new MetaData();
const users = metadata.table("users", {
  id: t.integer().primaryKey(),
  name: t.string(100),
  email: t.string(255).nullable(),
  balance: t.numeric(12, 2).default("0" as never),
});
const posts = metadata.table("posts", {
  id: t.integer().primaryKey(),
  userId: t.integer().foreignKey(users.c.id),
  title: t.string(200),
});

declare function rowOf<A extends readonly unknown[], N>(statement: Executable<A, N>): RowOf<A, N>;

describe("rows", () => {
  it("are typed by position and by name", () => {
    const row = rowOf(select(users.c.id, users.c.email, func.count().label("n")));
    expectTypeOf(row[0]).toEqualTypeOf<number>();
    expectTypeOf(row[1]).toEqualTypeOf<string | null>();
    expectTypeOf(row.n).toEqualTypeOf<number>();
    expectTypeOf(row.email).toEqualTypeOf<string | null>();
    // @ts-expect-error there is no such column
    void row.nothing;
  });
  it("of a whole table are typed by name", () => {
    const row = rowOf(select(users));
    expectTypeOf(row.balance).toEqualTypeOf<Decimal>();
    expectTypeOf(row.email).toEqualTypeOf<string | null>();
  });
  it("may lack what an outer join brings", () => {
    const row = rowOf(select(users.c.name, posts.c.title).outerjoin(posts));
    expectTypeOf(row.name).toEqualTypeOf<string>();
    expectTypeOf(row.title).toEqualTypeOf<string | null>();
  });
  it("come through aliases, subqueries and CTEs", () => {
    const author = users.alias("author");
    expectTypeOf(rowOf(select(author.c.name)).name).toEqualTypeOf<string>();
    expectTypeOf(rowOf(select(posts.c.id, author.c.name).outerjoin(author)).name).toEqualTypeOf<string | null>();
    const counts = select(posts.c.userId, func.count().label("n")).groupBy(posts.c.userId).subquery("counts");
    expectTypeOf(rowOf(select(counts.c.userId, counts.c.n))[1]).toEqualTypeOf<number>();
    const tree = select(users.c.id, literal(0).label("level")).cte("tree", { recursive: true });
    expectTypeOf(rowOf(select(tree.c.level)).level).toEqualTypeOf<number>();
    expectTypeOf(rowOf(select(users.c.id).union(select(posts.c.id)))[0]).toEqualTypeOf<number>();
  });
  it("are typed through functions", () => {
    expectTypeOf(rowOf(select(func.coalesce(users.c.email, "x").label("e"))).e).toEqualTypeOf<string>();
    expectTypeOf(rowOf(select(cast(users.c.id, t.string()).label("s"))).s).toEqualTypeOf<string>();
    expectTypeOf(rowOf(select(case_([[users.c.id.eq(1), "a"]]).label("c"))).c).toEqualTypeOf<string | null>();
  });
});

describe("wrong use", () => {
  it("is rejected", () => {
    // @ts-expect-error a number is no name
    users.c.name.eq(5);
    // @ts-expect-error no such column
    void users.c.nothing;
    // @ts-expect-error undefined is no value
    users.c.name.eq(undefined);
    // @ts-expect-error the name is required
    insert(users).values({ email: null });
    // @ts-expect-error no such column
    update(users).values({ nothing: 1 });
    insert(users).values({ name: "a", balance: "1.50" });
    update(users).values({ email: null });
    // @ts-expect-error a foreign key to a column of another type
    metadata.table("x", { id: t.string().foreignKey(users.c.id) });
  });
});
