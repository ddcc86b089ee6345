/** The names of schemas are put in when a statement is executed: one compiled statement serves all of them, in every dialect. */
import { describe, expect, test } from "vitest";
import { makeDialect } from "../../src/dialects/index.ts";
import { CompileError } from "../../src/errors/index.ts";
import type { Compiled } from "../../src/sql/compile/compiled.ts";
import { planExecution, type Parameters, type PlanOptions } from "../../src/sql/compile/execute.ts";
import type { ExecutionPlan } from "../../src/sql/compile/plan.ts";
import {
  CreateIndex,
  CreateTable,
  delete_,
  DropTable,
  exists,
  insert,
  MetaData,
  select,
  t,
  update,
} from "../../src/sql/index.ts";
import type { Node } from "../../src/sql/nodes/node.ts";
import { Column } from "../../src/sql/schema/column.ts";
import { Index } from "../../src/sql/schema/constraints.ts";
import { Table } from "../../src/sql/schema/table.ts";

const metadata = new MetaData();
const users = metadata.table("users", { id: t.integer().primaryKey(), name: t.string(50) });
const posts = metadata.table("posts", { id: t.integer().primaryKey(), userId: t.integer().foreignKey("users.id") });
/** A table with a schema of its own. */
const logs = new Table(
  "logs",
  metadata,
  [new Column("id", "id", t.integer().primaryKey()), new Column("line", "line", t.text())],
  undefined,
  "archive",
) as unknown as typeof users;

const NAMES = ["default", "sqlite", "postgresql", "mysql"] as const;
type Name = (typeof NAMES)[number];

class Cache extends Map<string, Compiled> {}

function sqlOf(plan: ExecutionPlan): string {
  const statement = plan.mode === "batches" ? plan.statements[0]! : plan.statement;
  return statement.sql.replaceAll(/\s+/g, " ");
}

function planned(name: Name, statement: Node, map: PlanOptions["schemaTranslateMap"], parameters?: Parameters): ExecutionPlan {
  return planExecution(makeDialect(name), new Cache(), statement, parameters, { schemaTranslateMap: map! });
}

const sql = (name: Name, statement: Node, map: PlanOptions["schemaTranslateMap"], parameters?: Parameters): string =>
  sqlOf(planned(name, statement, map, parameters));

const tenant = new Map([[null, "tenant_1"]]);
const ownNames = new Map([
  [null, "My Tenant"],
  ["archive", "cold"],
]);

const { id, name } = users.c;
const logLine = (logs.c as unknown as { line: typeof name }).line;
const u = users.alias("u");

/** Each with its SQL in the standard's words. */
const statements: readonly (readonly [string, Node, Parameters | undefined, string])[] = [
  [
    "select",
    select(id).where(id.eq(1)),
    undefined,
    "SELECT tenant_1.users.id FROM tenant_1.users WHERE tenant_1.users.id = :id_1",
  ],
  [
    "join",
    select(id).join(posts),
    undefined,
    "SELECT tenant_1.users.id FROM tenant_1.users JOIN tenant_1.posts ON tenant_1.users.id = tenant_1.posts.user_id",
  ],
  ["alias", select(u.c.id), undefined, "SELECT u.id FROM tenant_1.users AS u"],
  [
    "subquery in a condition",
    select(id).where(exists(select(posts.c.id).where(posts.c.userId.eq(id)))),
    undefined,
    "SELECT tenant_1.users.id FROM tenant_1.users WHERE EXISTS (SELECT tenant_1.posts.id FROM tenant_1.posts WHERE tenant_1.posts.user_id = tenant_1.users.id)",
  ],
  [
    "cte",
    select(select(id).cte("c").c.id),
    undefined,
    "WITH c AS (SELECT tenant_1.users.id AS id FROM tenant_1.users) SELECT c.id FROM c",
  ],
  [
    "two schemas",
    select(id, logLine),
    undefined,
    "SELECT tenant_1.users.id, archive.logs.line FROM tenant_1.users, archive.logs",
  ],
  ["insert", insert(users), { name: "a" }, "INSERT INTO tenant_1.users (name) VALUES (:name)"],
  [
    "update",
    update(users).where(id.eq(1)),
    { name: "a" },
    "UPDATE tenant_1.users SET name=:name WHERE tenant_1.users.id = :id_1",
  ],
  ["delete", delete_(users).where(id.eq(1)), undefined, "DELETE FROM tenant_1.users WHERE tenant_1.users.id = :id_1"],
  ["drop table", new DropTable(users), undefined, "DROP TABLE tenant_1.users"],
];

describe("schemaTranslateMap", () => {
  test.each(statements)("%s", (_name, statement, parameters, expected) => {
    expect(sql("default", statement, tenant, parameters)).toBe(expected.replaceAll("user_id", '"userId"'));
  });

  test.each(NAMES)("%s: without a map, or with one that says nothing of these schemas, nothing changes", (dialect) => {
    for (const [, statement, parameters] of statements) {
      const plain = sql(dialect, statement, null, parameters);
      expect(plain).not.toContain("\0");
      expect(plain).not.toContain("tenant_1");
      expect(sql(dialect, statement, new Map([["other", "tenant_1"]]), parameters)).toBe(plain);
      expect(sql(dialect, statement, new Map([[null, null]]), parameters)).toBe(plain);
    }
  });

  test("names are quoted as the dialect quotes them, and a schema can be taken away", () => {
    const both = select(id, logLine);
    expect(sql("postgresql", both, ownNames)).toBe(
      'SELECT "My Tenant".users.id, cold.logs.line FROM "My Tenant".users, cold.logs',
    );
    expect(sql("mysql", both, ownNames)).toBe("SELECT `My Tenant`.users.id, cold.logs.line FROM `My Tenant`.users, cold.logs");
    expect(sql("sqlite", both, new Map([["archive", null]]))).toBe("SELECT users.id, logs.line FROM users, logs");
    expect(sql("postgresql", select(id), new Map([[null, 'a"; DROP TABLE x; --']]))).toBe(
      'SELECT "a""; DROP TABLE x; --".users.id FROM "a""; DROP TABLE x; --".users',
    );
  });

  test("RETURNING and many rows", () => {
    const rows = [{ name: "a" }, { name: "b" }];
    expect(sql("postgresql", insert(users).returning(id), tenant, rows)).toBe(
      "INSERT INTO tenant_1.users (name) SELECT p0::VARCHAR FROM (VALUES ($1::VARCHAR, 0), ($2, 1)) AS new_rows(p0, row_number) ORDER BY row_number RETURNING tenant_1.users.id",
    );
    expect(sql("mysql", insert(users), tenant, rows)).toBe("INSERT INTO tenant_1.users (name) VALUES (?), (?)");
    expect(sql("sqlite", insert(users).returning(id), tenant, { name: "a" })).toBe(
      "INSERT INTO tenant_1.users (name) VALUES (?) RETURNING id",
    );
  });

  test("CREATE TABLE and CREATE INDEX", () => {
    const index = new Index("ix_users_name", [name], false);
    expect(sql("postgresql", new CreateTable(posts), tenant)).toBe(
      'CREATE TABLE tenant_1.posts ( id SERIAL NOT NULL, "userId" INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY("userId") REFERENCES tenant_1.users (id) )',
    );
    expect(sql("postgresql", new CreateIndex(users, index), tenant)).toBe("CREATE INDEX ix_users_name ON tenant_1.users (name)");
    // SQLite's indexes are put into a schema by their own name, and its foreign keys do not leave theirs.
    expect(sql("sqlite", new CreateTable(posts), tenant)).toBe(
      'CREATE TABLE tenant_1.posts ( id INTEGER NOT NULL, "userId" INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY("userId") REFERENCES users (id) )',
    );
    expect(sql("sqlite", new CreateIndex(users, index), tenant)).toBe("CREATE INDEX tenant_1.ix_users_name ON users (name)");
    const foreign = new Table(
      "notes",
      metadata,
      [new Column("userId", "userId", t.integer().foreignKey(users.c.id))],
      undefined,
      "archive",
    );
    expect(() => sql("sqlite", new CreateTable(foreign), tenant)).toThrow(CompileError);
  });

  test("one cached statement serves all schemas, however many there are", () => {
    const cache = new Cache();
    const dialect = makeDialect("postgresql");
    const run = (map: PlanOptions["schemaTranslateMap"], value: number): ExecutionPlan =>
      planExecution(dialect, cache, select(id).where(id.eq(value)), undefined, { schemaTranslateMap: map! });
    run(null, 0);
    for (let round = 0; round < 2; round++) {
      for (let number = 0; number < 100; number++) {
        const plan = run(new Map([[null, `tenant_${number}`]]), number);
        expect(plan.cachedSince).not.toBeNull();
        expect(sqlOf(plan)).toBe(
          `SELECT tenant_${number}.users.id FROM tenant_${number}.users WHERE tenant_${number}.users.id = $1`,
        );
        expect(plan.mode === "single" && plan.statement.parameters).toEqual([number]);
      }
    }
    expect(cache.size).toBe(1);
  });
});

describe("insertmanyvalues", () => {
  const rows = (count: number) => Array.from({ length: count }, (_row, index) => ({ name: `n${index}` }));
  const sizes = (name: Name, count: number, pageSize?: number): number[] => {
    const plan = planExecution(
      makeDialect(name),
      new Cache(),
      insert(users),
      rows(count),
      pageSize === undefined ? {} : { pageSize },
    );
    if (plan.mode !== "batches") throw new Error(`${name} has no batches`);
    expect(plan.statements.flatMap(({ parameters }) => parameters)).toEqual(rows(count).map((row) => row.name));
    return plan.statements.map(({ parameters }) => parameters.length);
  };
  test("takes pageSize rows at a time, by default 1000", () => {
    expect(sizes("postgresql", 2500)).toEqual([1000, 1000, 500]);
    expect(sizes("mysql", 5, 2)).toEqual([2, 2, 1]);
    expect(sizes("mysql", 3, 1)).toEqual([1, 1, 1]);
    // The servers take 65,535 parameters.
    expect(sizes("postgresql", 70_000, 100_000)[0]).toBeLessThanOrEqual(65_535);
  });
  test("pages are no part of the cache key, and each gets its text", () => {
    const cache = new Cache();
    const dialect = makeDialect("mysql");
    const texts = (count: number, pageSize: number): string[] => {
      const plan = planExecution(dialect, cache, insert(users), rows(count), { pageSize });
      return plan.mode === "batches" ? plan.statements.map((statement) => statement.sql.replace(/^.*VALUES /, "")) : [];
    };
    for (let round = 0; round < 2; round++) {
      for (let count = 1; count < 12; count++) {
        const line = texts(count, 4).join(", ");
        expect(line).toBe(Array.from({ length: count }, () => "(?)").join(", "));
      }
    }
    expect(cache.size).toBe(1);
  });
  test("rows whose RETURNING has parameters are inserted one by one", () => {
    const plan = planned("postgresql", insert(users).returning(id.add(5)), null, rows(2));
    expect(plan.mode).toBe("batches");
    expect(plan.mode === "batches" && plan.statements.map((statement) => [statement.sql, statement.parameters])).toEqual([
      [expect.stringMatching(/VALUES \(\$1\) RETURNING users\.id \+ \$2/), ["n0", 5]],
      [expect.stringMatching(/VALUES \(\$1\) RETURNING users\.id \+ \$2/), ["n1", 5]],
    ]);
  });
});
