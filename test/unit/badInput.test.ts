/** What makes no sense is refused before anything is sent, with the name of what was wrong. */
import { describe, expect, test } from "vitest";
import { makeDialect } from "../../src/dialects/index.ts";
import {
  AmbiguousForeignKeysError,
  ArgumentError,
  AthanorError,
  CompileError,
  NoForeignKeysError,
} from "../../src/errors/index.ts";
import {
  and,
  bindparam,
  case_,
  cast,
  delete_,
  func,
  index,
  insert,
  literalColumn,
  MetaData,
  not,
  or,
  select,
  sql,
  t,
  text,
  unique,
  update,
} from "../../src/sql/index.ts";
import { planExecution, type Parameters } from "../../src/sql/compile/execute.ts";
import { GoldenAddress, GoldenUser, Message, Post, Tag, User } from "../support/domains.ts";

const users = GoldenUser.table;
const addresses = GoldenAddress.table;
const wrong = (value: unknown): never => value as never;
const NO_CACHE = { get: () => undefined, set: () => undefined };
const plan = (statement: unknown, parameters?: unknown): unknown =>
  planExecution(makeDialect("sqlite"), NO_CACHE, wrong(statement), parameters as Parameters);

describe("building a statement", () => {
  test.each<[string, () => unknown, RegExp]>([
    ["eq(undefined)", () => users.c.id.eq(wrong(undefined)), /undefined is not a value/],
    ["add(undefined)", () => users.c.id.add(wrong(undefined)), /undefined/],
    ["in() with undefined in the list", () => users.c.id.in([1, wrong(undefined)]), /undefined/],
    ["in() without a list", () => users.c.id.in(wrong(1)), /array of values or a select.*the number 1/],
    ["in() with a string", () => users.c.name.in(wrong("abc")), /array of values/],
    ["lt(null)", () => users.c.id.lt(null), /NULL/],
    ["is() of a value", () => users.c.id.is(wrong(1)), /null, true or false/],
    ["between with undefined", () => users.c.id.between(1, wrong(undefined)), /undefined/],
    ["where(undefined)", () => select(users).where(wrong(undefined)), /where\(\) takes conditions.*undefined/],
    ["where() of an object", () => select(users).where(wrong({ id: 1 })), /where\(\) takes conditions/],
    ["having() of a string", () => select(users).having(wrong("id = 1")), /having\(\) takes conditions/],
    ["and(undefined)", () => and(users.c.id.eq(1), wrong(undefined)), /and\(\) takes conditions/],
    ["or(null)", () => or(wrong(null)), /or\(\) takes conditions/],
    ["not(undefined)", () => not(wrong(undefined)), /not\(\) takes conditions/],
    ["where(undefined) of an UPDATE", () => update(users).where(wrong(undefined)), /where/],
    ["where(undefined) of a DELETE", () => delete_(users).where(wrong(undefined)), /where/],
    ["select() of a string", () => select(wrong("users")), /select\(\) takes.*"users"/],
    ["select() of undefined", () => select(wrong(undefined)), /select\(\) takes.*undefined/],
    ["select() of an object", () => select(wrong({})), /select\(\) takes/],
    ["selectFrom() of a string", () => select(users.c.id).selectFrom("users"), /selectFrom\(\) takes/],
    ["join() of a string", () => select(users).join(wrong("address")), /join\(\) takes/],
    ["orderBy() of a number", () => select(users).orderBy(wrong(1)), /orderBy\(\) takes/],
    ["limit() of a string", () => select(users).limit(wrong("10")), /limit/],
    ["limit() of NaN", () => select(users).limit(NaN), /limit/],
    ["limit() below zero", () => select(users).limit(-1), /limit/],
    ["offset() of a fraction", () => select(users).offset(1.5), /offset/],
    ["filterBy() of an unknown column", () => select(GoldenUser).filterBy({ nothing: 1 }), /no column nothing.*fullname/],
    ["filterBy() with undefined", () => select(GoldenUser).filterBy({ name: undefined }), /undefined/],
    ["union() of a table", () => select(users.c.id).union(wrong(users)), /UNION takes select/],
    [
      "values() of an unknown column",
      () => insert(users).values(wrong({ name: "a", nothing: 1 })),
      /no column nothing.*It has.*fullname/,
    ],
    ["values() with undefined", () => insert(users).values(wrong({ name: undefined })), /name is undefined.*null for NULL/],
    ["values() of an UPDATE with undefined", () => update(users).values(wrong({ name: undefined })), /name is undefined/],
    ["values() of a string", () => insert(users).values(wrong("a")), /values\(\) takes an object/],
    ["values() of nothing", () => insert(users).values([]), /empty list/],
    [
      "values() of rows with different keys",
      () => insert(users).values([{ name: "a" }, { name: "b", fullname: "c" }]),
      /row 2 has the keys name, fullname/,
    ],
    ["insert() of a string", () => insert(wrong("users")), /insert\(\) takes a table/],
    ["update() of an alias", () => update(users.alias()), /update\(\) takes a table/],
    ["a label without a name", () => users.c.id.label(""), /label/],
    ["cast() to a string", () => cast(users.c.id, wrong("INTEGER")), /cast\(\) takes a type/],
    ["case_() without a condition", () => case_([]), /case_\(\)/],
    ["case_() with an unknown option", () => case_([[users.c.id.eq(1), 1]], wrong({ else_: 2 })), /else_/],
    ["bindparam() with an unknown option", () => bindparam("x", wrong({ typ: t.integer() })), /typ/],
    [
      "a column of two tables of one name",
      () => new MetaData().table("x", { a: t.integer().named("n"), b: t.integer().named("n") }),
      /two columns called n/,
    ],
    ["a table without columns", () => new MetaData().table("x", {}), /no columns/],
    ["a column that is none", () => new MetaData().table("x", { a: wrong("INTEGER") }), /x: a must be a column/],
    ["a nullable key", () => new MetaData().table("x", { a: t.integer().primaryKey().nullable() }), /nullable/],
    ["a default of undefined", () => t.integer().default(wrong(undefined)), /undefined/],
    ["a foreign key to nothing", () => t.integer().foreignKey(wrong(undefined)), /getter/],
    ["a size that is none", () => t.string(-1), /t\.string\(\)/],
    ["an unknown representation", () => t.bigInteger({ as: wrong("float") }), /as is one of/],
    ["an index without columns", () => index("ix"), /index\(\)/],
    ["a constraint over a string", () => unique("uq", wrong("a")), /unique\(\)/],
    [
      "a new object with an unknown attribute",
      () => new User(wrong({ name: "a", nothing: 1 })),
      /User has no attribute nothing.*email/,
    ],
    ["a new object from a string", () => new User(wrong("a")), /takes an object/],
    ["an attribute set to undefined", () => (new User({ name: "a" }).name = wrong(undefined)), /name cannot be set to undefined/],
    ["a constructor with undefined", () => new User({ name: wrong(undefined) }), /name cannot be set to undefined/],
  ])("%s", (_name, build, message) => {
    expect(build).toThrow(message);
    expect(build).toThrow(AthanorError);
  });
});

describe("compiling and executing a statement", () => {
  test.each<[string, unknown, unknown, RegExp]>([
    ["no statement", "SELECT 1", undefined, /takes a statement/],
    ["undefined instead of a statement", undefined, undefined, /takes a statement/],
    ["a mapped class", GoldenUser, undefined, /takes a statement/],
    ["a part of a statement", users.c.id, undefined, /no statement/],
    ["a select of nothing", select(), undefined, /no columns/],
    ["no values for a parameter", text("SELECT :a"), undefined, /needs a value for a.*given are none/],
    ["other values", text("SELECT :a"), { b: 1 }, /needs a value for a.*given are b/],
    ["undefined for a parameter", text("SELECT :a"), { a: undefined }, /it is undefined; use null/],
    ["a list of nothing", insert(users), [], /empty list/],
    ["a value instead of parameters", text("SELECT :a"), [1], /parameter set 1 is the number 1/],
    [
      "sets with other keys",
      insert(addresses),
      [{ email: "a", userId: 1 }, { email: "b" }],
      /set 2 has the keys email; the first has email, userId/,
    ],
    [
      "sets with other keys, of the same number",
      insert(addresses),
      [
        { email: "a", userId: 1 },
        { email: "b", id: 1 },
      ],
      /set 2/,
    ],
    ["unknown columns", insert(users), { name: "a", nothing: 1 }, /no column nothing/],
    ["unknown columns of an UPDATE", update(users), { nothing: 1 }, /no column nothing/],
    ["an UPDATE of nothing", update(users), undefined, /sets nothing/],
    ["values twice", insert(users).values({ name: "a" }), { fullname: "b" }, /values\(\) already/],
    ["a label that is not there", select(users.c.id).orderBy("nothing"), undefined, /"nothing" is no label.*id/],
    ["a label with SQL in it", select(users.c.id).orderBy("id; DROP TABLE x"), undefined, /is no label/],
    ["two columns as one value", select(select(users.c.id, users.c.name).scalarSubquery()), undefined, /one column/],
    ["a list for a value", select(users.c.id).where(users.c.id.eq(wrong([1]))), undefined, /cannot be bound/],
    ["a value of another kind", select(users.c.id).where(users.c.id.eq(wrong("1; DROP"))), undefined, /id_1 cannot be bound/],
    [
      "an object for a number",
      insert(users).values(wrong({ name: { toString: (): string => "x" } })),
      undefined,
      /name cannot be bound/,
    ],
    ["an invalid date", insert(users).values({ name: "a", createdAt: new Date(NaN) }), undefined, /cannot be bound/],
    ["tables that nothing joins", select(users.c.id).join(Tag.table), undefined, /No foreign key links/],
    ["NUL in a name", select(users.c.id.label("a\0b")), undefined, /NUL/],
    ["NUL in raw SQL", select(literalColumn("1\0")), undefined, /NUL/],
    ["NUL in text", text("SELECT 1\0"), undefined, /NUL/],
    ["NUL in a template", sql`SELECT ${literalColumn("1\0")}`, undefined, /NUL/],
    ["NUL in a function", select(func["a\0b"]!()), undefined, /NUL/],
    ["NUL in an alias", select(users.alias("a\0").c.id), undefined, /NUL/],
    ["a DELETE over two tables", delete_(addresses).where(addresses.c.userId.eq(users.c.id)), undefined, /subquery/],
    [
      "a parameter with the name of a column that is set",
      update(users)
        .values({ name: "x" })
        .where(users.c.fullname.eq(bindparam("name"))),
      { name: "y" },
      /name/,
    ],
  ])("%s", (_name, statement, parameters, message) => {
    expect(() => plan(statement, parameters)).toThrow(message);
    expect(() => plan(statement, parameters)).toThrow(AthanorError);
  });

  test("joins say what is missing or ambiguous", () => {
    expect(() => plan(select(User.table.c.id).join(Tag.table))).toThrow(NoForeignKeysError);
    expect(() => plan(select(User.table.c.id).join(Message.table))).toThrow(AmbiguousForeignKeysError);
    expect(() => plan(select(User.table.c.id).join(Post.table))).not.toThrow();
  });

  test("what a dialect does not have is refused when it is compiled", () => {
    const returning = insert(users).values({ name: "a" }).returning(users.c.id);
    expect(() => planExecution(makeDialect("mysql"), NO_CACHE, wrong(returning))).toThrow(CompileError);
    expect(() => planExecution(makeDialect("sqlite"), NO_CACHE, wrong(returning))).not.toThrow();
  });

  test("a list longer than the database takes is refused", () => {
    const long = Array.from({ length: 40_000 }, (_id, number) => number);
    expect(() => plan(select(users.c.id).where(users.c.id.in(long)))).toThrow(ArgumentError);
    expect(() => plan(select(users.c.id).where(users.c.id.in(long)))).toThrow(/40000 parameters.*at most 32766/);
  });
});
