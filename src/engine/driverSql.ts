/**
 * SQL text with positional parameters, as `execDriverSql` runs it: planned without the compiler. Pure.
 */
import { ArgumentError } from "../errors/base.ts";
import type { DriverStatement } from "../io/driver.ts";
import type { SqlDialect } from "../sql/compile/dialect.ts";
import type { ExecutionPlan } from "../sql/compile/plan.ts";
import { NULL_TYPE } from "../types/sqlType.ts";

/** Positional parameters of `execDriverSql`: one set, or a list of sets. */
export type DriverParameters = readonly unknown[] | readonly (readonly unknown[])[];

/** Throws ArgumentError for what is no text, or no list of parameters. */
export function planDriverSql(dialect: SqlDialect, sql: string, parameters: DriverParameters = []): ExecutionPlan {
  if (typeof sql !== "string") throw new ArgumentError("execDriverSql() takes SQL text");
  if (!Array.isArray(parameters)) throw new ArgumentError("execDriverSql() takes parameters as an array, or an array of arrays");
  const convert = dialect.bindConverter(NULL_TYPE);
  const converted = (set: readonly unknown[]): unknown[] =>
    set.map((value) => (value === null || convert === null ? value : convert(value)));
  const isMany = parameters.length > 0 && parameters.every((set) => Array.isArray(set));
  const statement: DriverStatement = {
    sql,
    parameters: isMany ? [] : converted(parameters),
    reusable: isMany,
    wideIntegers: true,
    returnsRows: !isMany,
  };
  const common = { kind: "text", columns: null, cachedSince: null, insertedKeys: null } as const;
  if (!isMany) return { ...common, mode: "single", statement };
  const parameterSets = (parameters as readonly (readonly unknown[])[]).map(converted);
  return { ...common, mode: "many", statement, parameterSets };
}
