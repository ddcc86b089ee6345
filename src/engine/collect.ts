/**
 * From the driver's answers to a Result: converts the values in place, column by column, and gives the rows their shape. Pure.
 */
import type { Dialect } from "../dialects/contract.ts";
import { InvalidRequestError } from "../errors/base.ts";
import type { DriverColumn, DriverManyResult, DriverResult } from "../io/driver.ts";
import type { Converter } from "../sql/compile/dialect.ts";
import type { ExecutionPlan, InsertedKeys, ResultColumn } from "../sql/compile/plan.ts";
import { NULL_TYPE } from "../types/sqlType.ts";
import { Result, type ResultInfo } from "./result.ts";
import { asRow, rowShape, type RowShape } from "./row.ts";

/** What came back for a plan: an answer per statement, or one for many parameter sets. */
export type Outcome = { readonly results: readonly DriverResult[] } | { readonly many: DriverManyResult };

/** The shape of a compiled statement's rows, found once per statement. */
const shapeOfColumns = new WeakMap<readonly ResultColumn[], RowShape>();

export function collectResult(dialect: Dialect, plan: ExecutionPlan, outcome: Outcome): Result {
  const isInsert = plan.kind === "insert";
  const isMany = plan.mode !== "single";
  if ("many" in outcome) {
    const { rowCount, insertIds } = outcome.many;
    const insertedKeys = keysOf(plan.insertedKeys, [], insertIds);
    return new Result([], null, { rowcount: rowCount, lastrowid: insertIds?.at(-1) ?? null, isInsert, isMany, insertedKeys });
  }
  const { results } = outcome;
  const [only] = results;
  const rows = results.length === 1 && only !== undefined ? only.rows : results.flatMap((result) => result.rows);
  const columns = only?.columns ?? null;
  if (columns !== null) convertRows(dialect, plan.columns, columns, rows);
  const rowcount = results.reduce((sum, result) => (sum < 0 || result.rowCount < 0 ? -1 : sum + result.rowCount), 0);
  const insertIds = results.map((result) => result.lastInsertId);
  const info: ResultInfo = {
    rowcount,
    lastrowid: insertIds.at(-1) ?? null,
    isInsert,
    isMany,
    insertedKeys: keysOf(plan.insertedKeys, rows, insertIds),
  };
  if (columns === null || plan.insertedKeys?.hidden === true) return new Result([], null, info);
  const shape = shapeFor(plan.columns, columns);
  for (const row of rows) asRow(row, shape);
  return new Result(rows, shape.names, info);
}

/** The converted rows of a plan that gives rows, without the shape that makes them Rows. */
export function collectRows(dialect: Dialect, plan: ExecutionPlan, outcome: Outcome): readonly (readonly unknown[])[] {
  if ("many" in outcome) return [];
  const rows = outcome.results.length === 1 ? outcome.results[0]!.rows : outcome.results.flatMap((result) => result.rows);
  const columns = outcome.results[0]?.columns ?? null;
  if (columns !== null) convertRows(dialect, plan.columns, columns, rows);
  return rows;
}

function shapeFor(planned: readonly ResultColumn[] | null, columns: readonly DriverColumn[]): RowShape {
  if (planned === null) return rowShape(columns.map((column) => column.name));
  let shape = shapeOfColumns.get(planned);
  if (shape === undefined) {
    shape = rowShape(planned.map((column) => column.name));
    shapeOfColumns.set(planned, shape);
  }
  return shape;
}

function convertRows(
  dialect: Dialect,
  planned: readonly ResultColumn[] | null,
  columns: readonly DriverColumn[],
  rows: readonly unknown[][],
): void {
  if (planned !== null && planned.length !== columns.length)
    throw new InvalidRequestError(`The statement declares ${planned.length} columns, and the database gave ${columns.length}`);
  if (rows.length === 0) return;
  for (let index = 0; index < columns.length; index++) {
    const convert = dialect.resultConverter(planned?.[index]?.type ?? NULL_TYPE, columns[index]!.typeCode);
    if (convert !== null) convertColumn(rows, index, convert);
  }
}

function convertColumn(rows: readonly unknown[][], index: number, convert: Converter): void {
  for (const row of rows) {
    const value = row[index];
    if (value !== null) row[index] = convert(value);
  }
}

/** Puts the primary keys of the inserted rows together, when somebody asks. */
function keysOf(
  keys: InsertedKeys | null,
  rows: readonly (readonly unknown[])[],
  insertIds: readonly (number | bigint | null)[] | null,
): (() => readonly (readonly unknown[])[]) | null {
  if (keys === null) return null;
  return () =>
    keys.given.map((given, rowNumber) =>
      given.map((part, index) => {
        if (part !== undefined) return part;
        const column = keys.returned[index] ?? -1;
        const row = rows[rowNumber];
        if (column >= 0 && row !== undefined) return row[column];
        // One id for several rows is the first's or the last's, depending on the database: of no use.
        const id = insertIds !== null && insertIds.length === keys.given.length ? insertIds[rowNumber] : null;
        return index === keys.generated && id !== null && id !== undefined ? keys.convertGenerated(id) : null;
      }),
    );
}
