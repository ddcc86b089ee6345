/** URLs: the grammar, printing without the password, and errors that do not show it either. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { makeUrl, URL } from "../../src/engine/url.ts";
import { ArgumentError, NoSuchModuleError } from "../../src/errors/index.ts";

const parts = (text: string): unknown[] => {
  const url = makeUrl(text);
  return [url.drivername, url.username, url.password, url.host, url.port, url.database];
};

describe("makeUrl", () => {
  test.each([
    ["postgresql://u:p@localhost:5432/db", ["postgresql", "u", "p", "localhost", 5432, "db"]],
    ["postgresql+pg://u:p%40ss%3Aw@h/db", ["postgresql+pg", "u", "p@ss:w", "h", null, "db"]],
    ["postgresql://u:p@ss@h/db", ["postgresql", "u", "p@ss", "h", null, "db"]],
    ["postgresql://u@[::1]:5433/db", ["postgresql", "u", null, "::1", 5433, "db"]],
    ["mysql://u:@h", ["mysql", "u", "", "h", null, null]],
    ["mysql://h/db?e=a@b/c", ["mysql", null, null, "h", null, "db"]],
    ["sqlite://", ["sqlite", null, null, null, null, null]],
    ["sqlite:", ["sqlite", null, null, null, null, null]],
    ["sqlite:///rel.db", ["sqlite", null, null, null, null, "rel.db"]],
    ["sqlite:////abs.db", ["sqlite", null, null, null, null, "/abs.db"]],
    ["sqlite:///C:\\dir\\a@b.db", ["sqlite", null, null, null, null, "C:\\dir\\a@b.db"]],
    ["sqlite:///:memory:", ["sqlite", null, null, null, null, ":memory:"]],
    ["sqlite+better-sqlite3:///x", ["sqlite+better-sqlite3", null, null, null, null, "x"]],
  ])("%s", (text, expected) => {
    expect(parts(text)).toEqual(expected);
  });

  test("the query, with repeated keys", () => {
    expect(makeUrl("postgresql://h/db?host=a&host=b&x=1+2&empty").query).toEqual({ host: ["a", "b"], x: "1 2", empty: "" });
    expect(Object.keys(makeUrl("postgresql://h/db?__proto__=1").query)).toEqual(["__proto__"]);
  });

  test.each([
    "",
    "nothing",
    "postgresql://u:secret@h:port/db",
    "postgresql://u:secret@h:99999/db",
    "postgresql:u:secret@h",
    "postgresql://u:sec/ret@h/db",
  ])("%j is refused without showing the password", (text) => {
    try {
      makeUrl(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ArgumentError);
      expect(inspect(error)).not.toMatch(/secret|sec\//);
    }
  });

  test("a URL is given back as it is", () => {
    const url = URL.create({ drivername: "sqlite" });
    expect(makeUrl(url)).toBe(url);
  });
});

describe("URL", () => {
  const url = URL.create({
    drivername: "postgresql+pg",
    username: "u",
    password: "p@ss:word!",
    host: "::1",
    port: 5432,
    database: "db",
    query: { sslmode: "require", host: ["a", "b"] },
  });

  test("hides the password wherever it is printed", () => {
    const shown = "postgresql+pg://u:***@[::1]:5432/db?sslmode=require&host=a&host=b";
    expect(String(url)).toBe(shown);
    expect(inspect({ url })).not.toContain("p@ss");
    expect(inspect(url)).toBe(`URL(${shown})`);
    expect(JSON.stringify(url)).toBe(JSON.stringify(shown));
    expect(Object.values(url)).not.toContain("p@ss:word!");
  });

  test("is rendered so that it is read back the same", () => {
    const text = url.renderAsString({ hidePassword: false });
    expect(makeUrl(text).renderAsString({ hidePassword: false })).toBe(text);
    expect(makeUrl(text).password).toBe("p@ss:word!");
    for (const again of ["sqlite://", "sqlite:///rel%20%3F.db", "sqlite:////abs.db"])
      expect(makeUrl(again).equals(makeUrl(makeUrl(again).renderAsString({ hidePassword: false })))).toBe(true);
  });

  test("set replaces parts and leaves the original alone", () => {
    const other = url.set({ database: "other", password: null });
    expect(other.database).toBe("other");
    expect(other.password).toBeNull();
    expect(url.database).toBe("db");
    expect(() => {
      (url as { database: string | null }).database = "x";
    }).toThrow(TypeError);
  });

  test("names", () => {
    expect([url.getBackendName(), url.getDriverName()]).toEqual(["postgresql", "pg"]);
    expect(makeUrl("mariadb://h").getDriverName()).toBe("");
  });

  test("has a dialect that knows no server yet, one for each who asks", () => {
    for (const [text, name] of [
      ["sqlite://", "sqlite"],
      ["postgresql+none://h", "postgresql"],
      ["postgres://h", "postgresql"],
      ["mariadb://h", "mysql"],
    ] as const)
      expect(makeUrl(text).getDialect()).toMatchObject({ name, serverVersionInfo: [], defaultIsolationLevel: null });
    expect(url.getDialect()).not.toBe(url.getDialect());
    expect(() => makeUrl("oracle://h").getDialect()).toThrow(NoSuchModuleError);
  });

  test("as arguments for whoever connects otherwise", () => {
    const args = { host: "::1", database: "db", username: "u", password: "p@ss:word!", port: 5432 };
    expect(url.translateConnectArgs()).toEqual(args);
    expect(url.translateConnectArgs({ username: "user", database: "dbname", port: null })).toEqual({
      host: "::1",
      dbname: "db",
      user: "u",
      password: "p@ss:word!",
    });
    expect(makeUrl("mysql://u:@h:0").translateConnectArgs({ host: "__proto__" })).toEqual(
      Object.fromEntries([
        ["__proto__", "h"],
        ["username", "u"],
      ]),
    );
    expect(makeUrl("sqlite://").translateConnectArgs()).toEqual({});
    expect(() => url.translateConnectArgs({ user: "username" } as never)).toThrow(/there is no part user; there are host, /);
    expect(() => url.translateConnectArgs({ host: 1 as never })).toThrow(ArgumentError);
  });

  test("refuses parts of the wrong type", () => {
    expect(() => URL.create({ drivername: "" })).toThrow(ArgumentError);
    expect(() => URL.create({ drivername: "sqlite", port: 1.5 })).toThrow(/port/);
    expect(() => URL.create({ drivername: "sqlite", password: 5 as never })).toThrow(/password must be a string/);
  });
});
