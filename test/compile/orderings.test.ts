/** ORDER BY and GROUP BY by name: a string, or a label, stands for what the select gives under it. */
import { describe, expect, it } from "vitest";
import { asc, desc, func, MetaData, select, t, type ColumnElement } from "athanor";
import { compile } from "../../src/sql/compile/compiler.ts";
import { makeDialect } from "../../src/dialects/index.ts";

const users = new MetaData().table("users", {
  id: t.integer().primaryKey(),
  name: t.string(10),
  createdAt: t.dateTime().named("created_at"),
});
const total = func.count().label("n");
const sqlite = makeDialect("sqlite");
const orderBy = (...orderings: (string | ColumnElement)[]): string => {
  const statement = select(users.c.name, users.c.createdAt, total)
    .groupBy("name")
    .orderBy(...orderings);
  return compile(statement, sqlite).sql!.split(" ORDER BY ")[1]!;
};

describe("an ordering", () => {
  it("by a string names a label", () => {
    expect(orderBy("n")).toBe("n");
    expect(orderBy(desc("n"), asc("name"))).toBe("n DESC, users.name ASC");
  });
  it("by a string names a column by its key in the program", () => {
    expect(orderBy("createdAt")).toBe("users.created_at");
    expect(orderBy(desc("createdAt").nullsLast())).toBe("users.created_at DESC NULLS LAST");
  });
  it("by a label that is selected is written as the label", () => {
    expect(orderBy(total, total.desc())).toBe("n, n DESC");
  });
  it("by a label that is not selected is written out", () => {
    expect(orderBy(func.max(users.c.id).label("m"))).toBe("max(users.id)");
  });
  it("by a name that the select does not have is refused, inside desc() too", () => {
    expect(() => orderBy("nothing")).toThrow(/"nothing" is no label or column of the select; it has name, createdAt, n/);
    expect(() => orderBy(desc("nothing"))).toThrow(/"nothing" is no label/);
  });
});
