/** Engines without a database: what their executors are given, and how it is printed for a dialect. */
import { describe, expect, test } from "vitest";
import { createMockEngine, type MockEngine } from "../../src/sync/mockEngine.ts";
import { makeUrl } from "../../src/engine/url.ts";
import {
  ArgumentError,
  CompileError,
  InvalidRequestError,
  NoSuchModuleError,
  ObjectNotExecutableError,
} from "../../src/errors/index.ts";
import { func, index, insert, MetaData, select, t, text } from "../../src/sql/index.ts";
import { GoldenUser } from "../support/domains.ts";

const metadata = new MetaData();
const users = metadata.table("users", { id: t.integer().primaryKey(), name: t.string(20) }, (c) => [
  index("ix_users_name", c.name),
]);
metadata.table("notes", { id: t.integer().primaryKey(), userId: t.integer().foreignKey("users.id") });

function recording(url: string): { engine: MockEngine; lines: string[] } {
  const lines: string[] = [];
  const engine = createMockEngine(url, (statement) => lines.push(String(statement.compile({ dialect: engine.dialect }))));
  return { engine, lines };
}

describe("createMockEngine", () => {
  test.each([
    ["postgresql+postgres://nowhere/db", "id SERIAL"],
    ["mysql://", "id INTEGER NOT NULL AUTO_INCREMENT"],
    ["sqlite://", "id INTEGER NOT NULL"],
  ])("DDL as text: %s", (url, column) => {
    const { engine, lines } = recording(url);
    metadata.createAll(engine, { checkfirst: false });
    expect(lines.map((line) => line.split(/[\s(]+/, 3).join(" "))).toEqual([
      "CREATE TABLE users",
      "CREATE INDEX ix_users_name",
      "CREATE TABLE notes",
    ]);
    expect(lines[0]).toContain(column);
    lines.length = 0;
    metadata.dropAll(engine.connect(), { checkfirst: false });
    expect(lines).toEqual(["DROP TABLE notes", "DROP TABLE users"]);
  });

  test("statements and their parameters go to the executor, and its answer comes back", () => {
    const seen: unknown[] = [];
    const engine = createMockEngine("postgresql://", (...given) => {
      seen.push(given);
      return seen.length;
    });
    using connection = engine.connect();
    const statement = insert(users);
    expect(connection.execute(statement, [{ name: "a" }])).toBe(1);
    expect(connection.execute(text("SELECT 1"))).toBe(2);
    expect(seen[0]).toEqual([statement, [{ name: "a" }]]);
    expect((seen[0] as unknown[])[0]).toBe(statement);
    expect([engine.name, connection.dialect === engine.dialect, connection.engine === engine]).toEqual([
      "postgresql",
      true,
      true,
    ]);
    expect(engine.dialect.serverVersionInfo).toEqual([]);
  });

  test("it cannot say which tables there are", () => {
    const { engine, lines } = recording("postgresql://");
    expect(() => metadata.createAll(engine)).toThrow(InvalidRequestError);
    expect(() => metadata.dropAll(engine)).toThrow(/checkfirst: false/);
    expect(lines).toEqual([]);
  });

  test("what is refused", () => {
    expect(() => createMockEngine("oracle://", () => undefined)).toThrow(NoSuchModuleError);
    expect(() => createMockEngine("postgresql://", undefined as never)).toThrow(ArgumentError);
    const { engine } = recording("postgresql://");
    for (const given of ["SELECT 1", GoldenUser, undefined])
      expect(() => engine.connect().execute(given as never)).toThrow(ObjectNotExecutableError);
    const late = createMockEngine("postgresql://", () => Promise.reject(new Error("late")));
    expect(() => metadata.createAll(late, { checkfirst: false })).toThrow(/returned a promise/);
  });
});

describe("compile()", () => {
  const statement = select(users.c.id).where(users.c.name.eq("a"), users.c.id.in([1, 2]));

  test("a statement, or a part of one, for a dialect", () => {
    const dialects = ["postgresql://", "mysql://", "default://"].map((url) => makeUrl(url).getDialect());
    expect(dialects.map((dialect) => statement.compile({ dialect }).string)).toEqual([
      "SELECT users.id FROM users WHERE users.name = $1 AND users.id IN ($2, $3)",
      "SELECT users.id FROM users WHERE users.name = ? AND users.id IN (?, ?)",
      String(statement),
    ]);
    expect(String(statement.compile())).toBe(String(statement));
    expect(func.now().compile({ dialect: makeUrl("sqlite://").getDialect() }).string).toBe("CURRENT_TIMESTAMP");
  });

  test("what is refused", () => {
    expect(() => statement.compile({ dialekt: 1 } as never)).toThrow(/no option dialekt/);
    expect(() => statement.compile({ dialect: "postgresql" as never })).toThrow(/not its name/);
    const json = new MetaData().table("j", { data: t.json() });
    const engine = createMockEngine("default://", (ddl) => ddl.compile({ dialect: engine.dialect }));
    expect(() => json.metadata.createAll(engine, { checkfirst: false })).toThrow(CompileError);
  });
});
