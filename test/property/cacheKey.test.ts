/** The statement cache: equal keys mean equal SQL, and a cached statement with other values gives what a fresh one would. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDialect } from "../../src/dialects/index.ts";
import { compile } from "../../src/sql/compile/compiler.ts";
import type { Node } from "../../src/sql/nodes/node.ts";
import { bindparam, insert, literal, select, text, update, sql, t, literalColumn, func } from "../../src/sql/index.ts";
import { cacheKey } from "../../src/sql/traverse/cacheKey.ts";
import { createEngine, type Engine } from "../../src/sync/engine.ts";
import { openEngine } from "../support/colours.ts";
import { sqliteScheme } from "../support/databases.ts";
import {
  buildStatement,
  metadata,
  people,
  PEOPLE,
  pets,
  PETS,
  recipes,
  withOtherValues,
  type Recipe,
} from "../support/statements.ts";

const dialects = ["sqlite", "postgresql", "mysql", "default"].map((name) => makeDialect(name));

/** What stands around and in the holes, without how long the lists are. */
function shape(statement: Node): string {
  return JSON.stringify(
    dialects.map((dialect) => {
      const { template, slots, columns } = compile(statement, dialect);
      return [
        template,
        slots.map((slot) => [slot.cast, slot.type.key, slot.source, slot.expanding]),
        columns?.map(({ name, type }) => [name, type.key]),
      ];
    }),
  );
}

describe("cache keys", () => {
  test("the same key means the same SQL; the same recipe with other values has the same key", () => {
    const seen = new Map<string, string>();
    let collisions = 0;
    fc.assert(
      fc.property(recipes, (recipe) => {
        const statement = buildStatement(recipe);
        const { text: key, binds } = cacheKey(statement);
        const other = cacheKey(buildStatement(withOtherValues(recipe)));
        expect(other.text).toBe(key);
        expect(other.binds).toHaveLength(binds.length);
        const current = shape(statement);
        const known = seen.get(key);
        if (known !== undefined) collisions++;
        expect(current).toBe(known ?? current);
        seen.set(key, current);
      }),
      { numRuns: 2500 },
    );
    // The property has been put to the test: many recipes came to a statement that was there before.
    expect(collisions).toBeGreaterThan(10);
  });

  const column = people.c.id;
  const [first, second] = [people.alias(), people.alias()];
  const shared = literal(1);
  test.each<[string, Node, Node]>([
    ["aliases in turn", select(first.c.id, second.c.name), select(first.c.id, first.c.name)],
    ["a shared parameter and two", select(shared.add(1), shared), select(literal(1).add(1), literal(1))],
    ["a list and a value", select(column).where(column.in([1])), select(column).where(column.eq(1))],
    ["named parameters", text("SELECT :a"), text("SELECT :b")],
    ["text of other pieces", text("SELECT :a, :b"), sql`SELECT ${1}, ${2}`],
    ["labels that run together", select(column.label("a"), column.label("bc")), select(column.label("ab"), column.label("c"))],
    ["a label like a key", select(column.label("x)label(1=y")), select(column.label("x").label("y"))],
    ["types of parameters", select(literal(1)), select(literal("1"))],
    ["numbers that need 64 bits", select(literal(1)), select(literal(2 ** 40))],
    ["raw SQL", select(literalColumn("1, 2")), select(literalColumn("1"), literalColumn("2"))],
    ["types of raw SQL", select(literalColumn("1", t.integer())), select(literalColumn("1", t.string()))],
    ["functions and columns", select(func.count(column)), select(func.counted!(column))],
    ["distinct", select(column).distinct(), select(column)],
    ["kinds of joins", select(column).join(pets), select(column).outerjoin(pets)],
    [
      "LIKE with another escape",
      select(column).where(people.c.name.like("a", { escape: "/" })),
      select(column).where(people.c.name.like("a", { escape: "!" })),
    ],
    ["limits of other kinds", select(column).limit(1), select(column).offset(1)],
    ["a parameter with a value of its own", select(bindparam("x", { value: 1 })), select(bindparam("x"))],
    ["columns of an UPDATE", update(people).values({ age: 1 }), update(people).values({ bossId: 1 })],
    [
      "rows of an INSERT",
      insert(pets).values({ name: "a", ownerId: 1 }),
      insert(pets).values([
        { name: "a", ownerId: 1 },
        { name: "b", ownerId: 1 },
      ]),
    ],
  ])("tell apart: %s", (_name, one, other) => {
    expect(cacheKey(one).text).not.toBe(cacheKey(other).text);
  });
});

describe("a cached statement", () => {
  let cached: Engine;
  let fresh: Engine;
  beforeAll(() => {
    cached = openEngine("sync", `${sqliteScheme}://`) as Engine;
    fresh = openEngine("sync", `${sqliteScheme}://`, { queryCacheSize: 0 }) as Engine;
    for (const engine of [cached, fresh]) {
      metadata.createAll(engine);
      engine.begin((connection) => {
        connection.execute(insert(people), PEOPLE);
        connection.execute(insert(pets), PETS);
      });
    }
  });
  afterAll(() => {
    cached.dispose();
    fresh.dispose();
  });
  const run = (engine: Engine, statement: Node, parameters?: Record<string, unknown>): readonly object[] => {
    using connection = engine.connect();
    const result = connection.execute(statement, parameters);
    const keys = result.keys();
    return result.all().map((row) => ({ keys, values: [...(row as readonly unknown[])] }));
  };
  const values = (engine: Engine, statement: Node, parameters?: Record<string, unknown>): unknown[] =>
    run(engine, statement, parameters).map((row) => (row as { values: unknown[] }).values);
  /** A statement without ORDER BY may give its rows in any order. */
  const rows = (engine: Engine, recipe: Recipe): unknown => {
    const found = run(engine, buildStatement(recipe));
    return recipe.ordered ? found : found.map((row) => JSON.stringify(row)).sort();
  };

  test("gives the rows that a fresh one gives, whatever its values", () => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        const other = withOtherValues(recipe);
        for (const each of [recipe, other, recipe]) expect(rows(cached, each)).toEqual(rows(fresh, each));
      }),
      { numRuns: 400 },
    );
  });

  test.each<[string, (value: number) => Node, readonly number[]]>([
    [
      "lists of every length",
      (n) =>
        select(people.c.id)
          .where(people.c.id.in(Array.from({ length: n }, (_id, index) => index + 1)))
          .orderBy(people.c.id),
      [2, 0, 1, 4, 0, 3],
    ],
    ["limits", (n) => select(people.c.id).orderBy(people.c.id).limit(n), [1, 3, 0, 2]],
    [
      "one parameter in two places",
      (n) => ((bind) => select(people.c.id).where(people.c.id.between(bind, bind)))(literal(n)),
      [2, 3, 1],
    ],
  ])("%s", (_name, make, counts) => {
    const size = cached.core.statementCache.size;
    for (const value of counts) expect(run(cached, make(value))).toEqual(run(fresh, make(value)));
    expect(cached.core.statementCache.size).toBeLessThanOrEqual(size + 1);
  });

  test("takes parameters by name from the execution, with the statement's own as a default", () => {
    const statement = (value: number): Node => select(people.c.name).where(people.c.id.eq(bindparam("id", { value })));
    const names = (...args: [Node, Record<string, unknown>?]): unknown => values(cached, ...args).flat();
    expect([names(statement(1)), names(statement(2)), names(statement(2), { id: 3 }), names(statement(1))]).toEqual([
      ["ann"],
      ["bob"],
      ["cleo"],
      ["ann"],
    ]);
    const required = select(people.c.name).where(people.c.id.eq(bindparam("id")));
    expect(names(required, { id: 2 })).toEqual(["bob"]);
    expect(() => names(required)).toThrow(/needs a value for id/);
    expect(names(text("SELECT name FROM people WHERE id = :id OR id = :id"), { id: 1 })).toEqual(["ann"]);
    expect(names(text("SELECT name FROM people WHERE id = :id OR id = :id"), { id: 2 })).toEqual(["bob"]);
  });

  test("two aliases of one table can change places", () => {
    const [boss, worker] = [people.alias(), people.alias()];
    const pairs = (one: typeof boss, two: typeof boss): unknown =>
      values(
        cached,
        select(one.c.name, two.c.name.label("other")).where(two.c.bossId.eq(one.c.id)).orderBy(one.c.name, two.c.name),
      );
    const expected = [
      ["ann", "bob"],
      ["ann", "cleo"],
      ["cleo", ""],
    ];
    expect(pairs(boss, worker)).toEqual(expected);
    expect(pairs(worker, boss)).toEqual(expected);
    const swapped = select(worker.c.name, boss.c.name.label("other"))
      .where(worker.c.bossId.eq(boss.c.id))
      .orderBy(boss.c.name, worker.c.name);
    expect(values(cached, swapped)).toEqual([
      ["bob", "ann"],
      ["cleo", "ann"],
      ["", "cleo"],
    ]);
  });

  test("makes room for another: ten thousand different structures leave the cache at its capacity", () => {
    const engine = createEngine(`${sqliteScheme}://`, { queryCacheSize: 50 });
    using connection = engine.connect();
    for (let index = 0; index < 10_000; index++) connection.execute(select(literal(1).label(`n${index}`)));
    expect(engine.core.statementCache.size).toBe(50);
    // What was used last is still there.
    expect(connection.execute(select(literal(2).label("n9999"))).scalar()).toBe(2);
    expect(engine.core.statementCache.size).toBe(50);
  });
});
