/** Hostile strings as values, identifiers and labels do no harm: they come back as they were, from every database. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import {
  bindparam,
  CreateTable,
  DropTable,
  insert,
  literal,
  MetaData,
  select,
  sql,
  t,
  text,
  type Table,
} from "../../src/sql/index.ts";
import { openEngine } from "../support/colours.ts";
import { forEachDatabase } from "../support/databases.ts";

/** Pieces of which attacks are made, in any order and number. */
const pieces = fc.constantFrom(
  "'",
  '"',
  "`",
  "\\",
  ";",
  "--",
  "/*",
  "*/",
  "#",
  "%",
  "%s",
  "%(x)s",
  "?",
  "??",
  "$1",
  ":x",
  "::",
  "@a",
  "{",
  "}",
  "\n",
  "\r",
  "\t",
  " ",
  "\u2028",
  "\u00a0",
  "\ufeff",
  "DROP TABLE t",
  "OR 1=1",
  "x",
  "1",
  "ж",
  "漢",
  "\u{1F600}",
  "e\u0301",
  "İ",
);
const hostile = fc.array(pieces, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));

forEachDatabase("hostile strings", (db) => {
  let engine: AsyncEngine;
  let values: Table<{ id: ReturnType<typeof t.integer>; value: ReturnType<typeof t.text> }>;
  beforeAll(async () => {
    engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
    const metadata = new MetaData();
    values = metadata.table("stored_values", { id: t.integer().primaryKey({ autoincrement: false }), value: t.text() }) as never;
    await metadata.createAll(engine);
  });
  afterAll(async () => {
    await engine?.dispose();
  });
  const numRuns = db.name === "sqlite" ? 150 : 40;

  test("as values", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (value) => {
        await using connection = await engine.connect();
        await connection.execute(insert(values).values({ id: 1, value }));
        expect((await connection.execute(select(values.c.value).where(values.c.value.eq(value)))).scalarOne()).toBe(value);
        expect(
          (await connection.execute(select(values.c.id).where(values.c.value.in([value, "other"])))).scalars().all(),
        ).toEqual([1]);
        expect((await connection.execute(select(literal(value)))).scalarOne()).toBe(value);
        expect((await connection.execute(select(bindparam("x", { type: t.text() })), { x: value })).scalarOne()).toBe(value);
        const given = text("SELECT value FROM stored_values WHERE value = :given");
        expect((await connection.execute(given, { given: value })).scalarOne()).toBe(value);
        expect((await connection.execute(sql`SELECT value FROM stored_values WHERE value = ${value}`)).scalarOne()).toBe(value);
      }),
      { numRuns },
    );
  });

  test("as labels", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (first, second) => {
        fc.pre(first !== second && !isRefused(first) && !isRefused(second));
        await using connection = await engine.connect();
        const statement = select(literal(1).label(first), literal(2).label(second));
        const result = await connection.execute(statement);
        expect(result.keys()).toEqual([first, second]);
        expect([...result.one()]).toEqual([1, 2]);
        const inner = statement.subquery();
        const columns = inner.c as unknown as Record<string, typeof values.c.id>;
        expect((await connection.execute(select(columns[second]!, columns[first]!))).one()).toEqual([2, 1]);
      }),
      { numRuns },
    );
  });

  /** MySQL takes no blank at the end of a name, none of 64 characters or more, and nothing beyond the basic plane. */
  function isRefused(name: string): boolean {
    if (Buffer.byteLength(name) > 60) return true;
    return db.name === "mysql" && (/\s$/u.test(name) || /[\u{10000}-\u{10FFFF}]/u.test(name) || /^[\s\ufeff]/u.test(name));
  }

  test("as names of tables and columns", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (tableName, columnName) => {
        // MySQL keeps a table in a file of its name; SQLite keeps names that begin so for itself.
        fc.pre(!isRefused(tableName) && !isRefused(columnName) && columnName.toLowerCase() !== "id");
        // The column's name is also that of an alias, which must not be the table's.
        fc.pre(columnName.toLowerCase() !== tableName.toLowerCase());
        const table = new MetaData().table(tableName, {
          id: t.integer().primaryKey({ autoincrement: false }),
          [columnName]: t.string(20),
        });
        const value = (table.c as unknown as Record<string, typeof values.c.value>)[columnName]!;
        const connection = await engine.connect();
        try {
          await connection.execute(new CreateTable(table as never));
          await connection.execute(insert(table), [
            { id: 1, [columnName]: "a" },
            { id: 2, [columnName]: "b" },
          ] as never);
          const alias = table.alias(columnName);
          expect((await connection.execute(select(value).where(value.eq("b")))).keys()).toEqual([columnName]);
          expect(
            (
              await connection.execute(
                select((alias.c as unknown as Record<string, typeof value>)[columnName]!).where(
                  value.eq("a"),
                  (alias.c as { id: typeof values.c.id }).id.eq(2),
                ),
              )
            )
              .scalars()
              .all(),
          ).toEqual(["b"]);
          await connection.execute(new DropTable(table as never));
          await connection.commit();
        } finally {
          await connection.close();
        }
      }),
      { numRuns: db.name === "sqlite" ? 60 : 15 },
    );
  });
});

describe("quoting", () => {
  test("an escaped colon in text is a colon, and a cast is left alone", () => {
    const { strings, parts } = text("SELECT 'a\\:b', x::text, :y");
    expect(strings).toEqual(["SELECT 'a:b', x::text, ", ""]);
    expect(parts).toHaveLength(1);
  });
});
