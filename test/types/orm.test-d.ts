/** The types of mapped classes: instances, constructors, relationships, options, and the rows and scalars of selects of them. */
import type { Decimal } from "decimal.js";
import { describe, expectTypeOf, it } from "vitest";
import type { AsyncSession } from "../../src/async/session.ts";
import { declarativeBase, hybrid, joinedload, many, mixin, one, selectinload, type RelatedList } from "../../src/orm/index.ts";
import { func, insert, select, t, update, type Executable, type RowOf } from "../../src/sql/index.ts";
import type { ScalarOfItems } from "../../src/sql/typing.ts";

const timestamps = mixin({ createdAt: t.dateTime().default(() => new Date()) });
const Base = declarativeBase();

class User extends Base.with(timestamps).model("users", {
  id: t.integer().primaryKey(),
  name: t.string(100),
  email: t.string(200).nullable(),
  balance: t.numeric(12, 2).default("0" as never),
  big: t.bigInteger().nullable(),
  tagsOfOld: t.json<{ readonly old: boolean }>().nullable(),
  get managerId() {
    return t.integer().nullable().foreignKey(User.c.id);
  },
  get manager() {
    return one(User, { remoteSide: User.c.id }).nullable();
  },
  get posts() {
    return many(Post, { backPopulates: "author", orderBy: Post.c.title });
  },
  get shout() {
    return hybrid(
      (user: User) => user.name.toUpperCase(),
      () => func.upper(User.c.name),
    );
  },
}) {
  get initials(): string {
    return this.name.slice(0, 1);
  }
}

class Post extends Base.model("posts", {
  id: t.integer().primaryKey(),
  title: t.string(200),
  get authorId() {
    return t.integer().foreignKey(User.c.id);
  },
  get author() {
    return one(User, { backPopulates: "posts" });
  },
}) {}

declare const user: User;
declare const post: Post;
declare const session: AsyncSession;
declare function rowOf<A extends readonly unknown[], N>(statement: Executable<A, N>): RowOf<A, N>;
declare function scalarOf<A extends readonly unknown[], N>(statement: Executable<A, N>): ScalarOfItems<A, N>;

describe("an object", () => {
  it("has its columns, relationships and hybrids, and those of mixins", () => {
    expectTypeOf(user.id).toEqualTypeOf<number>();
    expectTypeOf(user.email).toEqualTypeOf<string | null>();
    expectTypeOf(user.balance).toEqualTypeOf<Decimal>();
    expectTypeOf(user.big).toEqualTypeOf<bigint | null>();
    expectTypeOf(user.tagsOfOld).toEqualTypeOf<{ readonly old: boolean } | null>();
    expectTypeOf(user.createdAt).toEqualTypeOf<Date>();
    expectTypeOf(user.managerId).toEqualTypeOf<number | null>();
    expectTypeOf(user.manager).toEqualTypeOf<User["manager"]>();
    expectTypeOf(user.manager!.name).toEqualTypeOf<string>();
    expectTypeOf(user.posts[0]!.author.posts[0]!.title).toEqualTypeOf<string>();
    expectTypeOf(user.shout).toEqualTypeOf<string>();
    expectTypeOf(user.initials).toEqualTypeOf<string>();
    // @ts-expect-error no such attribute
    void user.nothing;
  });
  it("can be written, though its attributes are declared by getters", () => {
    user.email = null;
    user.managerId = 5;
    user.manager = null;
    post.author = user;
    user.posts = [post];
    user.posts.push(post);
    // @ts-expect-error a number is no name
    user.name = 5;
    // @ts-expect-error NOT NULL
    user.name = null;
    // @ts-expect-error a post is no user
    post.author = post;
    // @ts-expect-error the author is not nullable
    post.author = null;
    // @ts-expect-error members come and go by methods; no array can notice this
    user.posts[0] = post;
    // @ts-expect-error a user is no post
    user.posts.push(user);
    expectTypeOf(user.posts).toExtend<RelatedList<unknown>>();
    expectTypeOf(user.posts.map(({ title }) => title)).toEqualTypeOf<string[]>();
  });
});

describe("a constructor", () => {
  it("wants what is NOT NULL and has no default and no relationship", () => {
    new User({ name: "a" });
    new User({ name: "a", id: 1, email: null, balance: "1.50", big: 5, createdAt: new Date(), posts: [post], manager: user });
    new Post({ title: "a", author: user });
    new Post({ title: "a", authorId: 1 });
    // @ts-expect-error the name is missing
    new User({});
    // @ts-expect-error the title is missing
    new Post({ author: user });
    // @ts-expect-error undefined is no value
    new User({ name: "a", email: undefined });
    // @ts-expect-error no such attribute
    new User({ name: "a", nothing: 1 });
    // @ts-expect-error a hybrid cannot be set
    new User({ name: "a", shout: "A" });
    // @ts-expect-error a user is no post
    new User({ name: "a", posts: [user] });
    expectTypeOf<ConstructorParameters<typeof Post>[0]>().toExtend<{ readonly title: string }>();
  });
});

describe("relationships", () => {
  it("name their other side by an attribute of the target", () => {
    void (() => one(User, { backPopulates: "posts" }));
    // @ts-expect-error User has no attribute of that name
    void (() => one(User, { backPopulates: "articles" }));
    // @ts-expect-error no such option
    void (() => many(Post, { backpopulates: "author" }));
  });
  it("chain loader options only along the path", () => {
    selectinload(User.c.posts).selectinload(Post.c.author).joinedload(User.c.manager);
    // @ts-expect-error posts lead to Post, and User.posts starts from User
    void (() => selectinload(User.c.posts).selectinload(User.c.posts));
    // @ts-expect-error a column is no relationship
    void (() => joinedload(User.c.name));
  });
});

describe("selects of mapped classes", () => {
  it("give objects as scalars", async () => {
    expectTypeOf(scalarOf(select(User))).toEqualTypeOf<User>();
    expectTypeOf((await session.scalars(select(User).where(User.c.name.eq("a")))).all()).toEqualTypeOf<User[]>();
    expectTypeOf(await session.scalar(select(User))).toEqualTypeOf<User | null>();
    expectTypeOf(await session.get(User, 1)).toEqualTypeOf<User | null>();
    expectTypeOf(await session.getOne(Post, 1)).toEqualTypeOf<Post>();
    expectTypeOf((await session.scalars(select(User.c.shout))).one()).toEqualTypeOf<string>();
  });
  it("give rows of objects and columns, by position and by name", () => {
    const row = rowOf(select(User, Post.c.title).join(User.c.posts));
    expectTypeOf(row[0]).toEqualTypeOf<User>();
    expectTypeOf(row[1]).toEqualTypeOf<string>();
    expectTypeOf(row.title).toEqualTypeOf<string>();
    expectTypeOf(row.length).toEqualTypeOf<2>();
  });
  it("may lack the object that an outer join brings", () => {
    const row = rowOf(select(User, Post, Post.c.title).outerjoin(User.c.posts));
    expectTypeOf(row[0]).toEqualTypeOf<User>();
    expectTypeOf(row[1]).toEqualTypeOf<Post | null>();
    expectTypeOf(row.title).toEqualTypeOf<string | null>();
    const other = rowOf(select(Post.c.title, User.c.name).outerjoin(User));
    expectTypeOf(other.title).toEqualTypeOf<string>();
    expectTypeOf(other.name).toEqualTypeOf<string | null>();
  });
  it("compare attributes with values of their type only", () => {
    User.c.big.eq(5);
    // @ts-expect-error a string is no integer
    User.c.id.eq("1");
    // @ts-expect-error undefined is no value
    User.c.id.in([undefined]);
    // @ts-expect-error no such attribute
    void User.c.nothing;
    // @ts-expect-error a relationship is no value
    void User.c.posts.eq;
  });
});

describe("statements on mapped classes", () => {
  it("take the columns' values", () => {
    insert(User).values({ name: "a" });
    update(User).values({ email: null });
    // @ts-expect-error the name is missing
    insert(User).values({ email: "a" });
    // @ts-expect-error a relationship is no column
    update(User).values({ posts: [] });
  });
});
