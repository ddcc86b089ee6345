/** Golden SQL: each statement in every dialect, as SQLAlchemy writes it unless the entry says why not. */
import { describe, expect, test } from "vitest";
import { DefaultDialect } from "../../src/dialects/default.ts";
import { MysqlDialect } from "../../src/dialects/mysql/dialect.ts";
import { PostgresqlDialect } from "../../src/dialects/postgresql/dialect.ts";
import { SqliteDialect } from "../../src/dialects/sqlite/dialect.ts";
import { CompileError } from "../../src/errors/index.ts";
import { buildSelect, isOrmSelect } from "../../src/orm/load/selectBuilder.ts";
import type { SqlDialect } from "../../src/sql/compile/dialect.ts";
import { planExecution, type StatementCache } from "../../src/sql/compile/execute.ts";
import type { DriverStatement } from "../../src/io/driver.ts";
import { ddl } from "./golden/ddl.ts";
import { dml } from "./golden/dml.ts";
import { expectedSql, type Golden, type GoldenDialect } from "./golden/golden.ts";
import { orm } from "./golden/orm.ts";
import { selects } from "./golden/select.ts";

const dialects: { readonly [D in GoldenDialect]: SqlDialect } = {
  default: new DefaultDialect(),
  sqlite: new SqliteDialect(),
  postgresql: new PostgresqlDialect(),
  mysql: new MysqlDialect(),
};

const NO_CACHE: StatementCache = { get: () => undefined, set: () => undefined };

function planned({ statement, parameters }: Golden, dialect: SqlDialect): DriverStatement {
  const plan = planExecution(
    dialect,
    NO_CACHE,
    isOrmSelect(statement) ? buildSelect(statement).statement : statement,
    parameters,
  );
  if (plan.mode !== "single") throw new Error("golden statements are executed once");
  return plan.statement;
}

describe.each(Object.keys(dialects) as GoldenDialect[])("golden SQL of %s", (name) => {
  test.each([...selects, ...dml, ...orm, ...ddl].map((golden) => [golden.id, golden] as const))("%s", (_id, golden) => {
    const expected = expectedSql(golden, name);
    if (expected === null) {
      expect(() => planned(golden, dialects[name])).toThrow(CompileError);
      return;
    }
    const { sql, parameters } = planned(golden, dialects[name]);
    expect(sql.replaceAll(/\s+/g, " ")).toBe(expected);
    if (name === "sqlite" && golden.values !== undefined) {
      // SQLite's driver takes integers as bigints.
      expect(parameters.map((value) => (typeof value === "bigint" ? Number(value) : value))).toEqual(golden.values);
    }
  });
});
