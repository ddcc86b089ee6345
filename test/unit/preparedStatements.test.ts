/** Which text SQLite is given for a statement, and for how long what it made of it is kept. */
import { describe, expect, test } from "vitest";
import { PreparedStatements } from "../../src/drivers/sqlite/statements.ts";

const statement = (sql: string, reusable = true) => ({ sql, parameters: [], reusable, wideIntegers: false, returnsRows: true });

/** What is prepared is the text itself. */
const prepared = (sql: string, reusable = true): string => new PreparedStatements((text) => text).get(statement(sql, reusable));

describe("a LIMIT at the end is an expression, so that SQLite plans the statement once", () => {
  test.each([
    ["SELECT a FROM t LIMIT ?", "SELECT a FROM t LIMIT coalesce(?, NULL)"],
    ["SELECT a FROM t LIMIT ? OFFSET 0", "SELECT a FROM t LIMIT coalesce(?, NULL) OFFSET 0"],
    ["SELECT a FROM t LIMIT ? OFFSET ?", "SELECT a FROM t LIMIT coalesce(?, NULL) OFFSET ?"],
    [
      "SELECT a FROM (SELECT a FROM t LIMIT ?) LIMIT ? OFFSET 0",
      "SELECT a FROM (SELECT a FROM t LIMIT ?) LIMIT coalesce(?, NULL) OFFSET 0",
    ],
  ])("%s", (sql, expected) => expect(prepared(sql)).toBe(expected));

  test.each([
    "SELECT ' LIMIT ?'",
    'SELECT a AS " LIMIT ?"',
    "SELECT ' LIMIT ? OFFSET 0' FROM t",
    "SELECT a FROM t LIMIT ? -- the first",
    "SELECT a FROM (SELECT a FROM t LIMIT ?)",
    "SELECT a FROM t LIMIT -1 OFFSET ?",
    "SELECT a FROM t LIMIT 10 OFFSET 0",
    "SELECT a FROM t LIMIT ?1",
  ])("not in %s", (sql) => expect(prepared(sql)).toBe(sql));

  test("what is not kept is planned once anyway", () => {
    expect(prepared("SELECT a FROM t LIMIT ?", false)).toBe("SELECT a FROM t LIMIT ?");
  });
});

test("a statement is prepared once, until the schema changes or a change of it is rolled back", () => {
  let count = 0;
  const statements = new PreparedStatements(() => ++count);
  const get = (): number => statements.get(statement("SELECT a FROM t"));
  expect([get(), get()]).toEqual([1, 1]);
  statements.ran("INSERT INTO t DEFAULT VALUES");
  expect(get()).toBe(1);
  statements.ran("ALTER TABLE t ADD b");
  expect([get(), get()]).toEqual([2, 2]);
  statements.ran("ROLLBACK");
  expect(get()).toBe(3);
  statements.ran("ROLLBACK");
  expect(get()).toBe(3);
});
