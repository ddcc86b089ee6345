/**
 * From the driver's answers to a Result: converts the values in place, column by column, and gives the rows their shape. Pure.
 */
import type { Dialect } from "../../dialects/contract.ts";
import { InvalidRequestError } from "../../errors/base.ts";
import type { DriverColumn, DriverManyResult, DriverResult } from "../../io/driver.ts";
import type { Converter } from "../../sql/compile/dialect.ts";
import type { ExecutionPlan, InsertedKeys, ResultColumn } from "../../sql/compile/plan.ts";
import type { Node } from "../../sql/nodes/node.ts";
import type { Column } from "../../sql/schema/column.ts";
import { NULL_TYPE } from "../../types/sqlType.ts";
import { Result, type ResultInfo } from "./result.ts";
import { asRow, rowShape, type RowShape } from "./row.ts";
import { selectedBy } from "./selectedColumns.ts";

/** What came back for a plan: an answer per statement, or one for many parameter sets. */
export type Outcome = { readonly results: readonly DriverResult[] } | { readonly many: DriverManyResult };

/** How the rows of one statement are read: what they are called and what their values go through. */
interface RowReading {
  readonly dialect: Dialect;
  readonly shape: RowShape;
  /** One per column; null where values stay as they are. */
  readonly converters: readonly (Converter | null)[];
  /** The driver's columns that the converters are for; drivers that keep prepared statements give the same list again. */
  columns: readonly DriverColumn[];
}

/** By the columns that the statement declares, or where it declares none, that the driver gave. Found anew for each result it took 0.5 µs. */
const readings = new WeakMap<readonly (ResultColumn | DriverColumn)[], RowReading>();

/** @param statement what was planned, where its rows can be asked by the expressions that it selects */
export function collectResult(dialect: Dialect, plan: ExecutionPlan, outcome: Outcome, statement: Node | null): Result {
  if ("many" in outcome) {
    const { rowCount, insertIds } = outcome.many;
    const keys = keysOf(plan.insertedKeys, [], insertIds);
    return new Result([], null, infoOf(dialect, plan, false, rowCount, insertIds?.at(-1) ?? null, keys));
  }
  const { results } = outcome;
  const columns = results[0]?.columns ?? null;
  const rows = rowsOf(results);
  const reading = columns === null ? null : readingOf(dialect, plan, columns, statement);
  if (reading !== null) convertRows(reading, rows);
  const keys =
    plan.insertedKeys === null
      ? null
      : keysOf(
          plan.insertedKeys,
          rows,
          results.map((result) => result.lastInsertId),
        );
  const lastrowid = results.at(-1)?.lastInsertId ?? null;
  const info = infoOf(dialect, plan, reading !== null, rowCountOf(results), lastrowid, keys);
  if (reading === null || plan.insertedKeys?.hidden === true) return new Result([], null, info);
  for (const row of rows) asRow(row, reading.shape);
  return new Result(rows, reading.shape.names, info);
}

/** What is reported besides rows. Selects are the many: theirs holds nothing more than it must. */
function infoOf(
  dialect: Dialect,
  plan: ExecutionPlan,
  hasRows: boolean,
  rowcount: number,
  lastrowid: number | bigint | null,
  insertedKeys: ResultInfo["insertedKeys"],
): ResultInfo {
  const { kind } = plan;
  const isInsert = kind === "insert";
  const isMany = plan.mode !== "single";
  if (kind === "select" || (kind === "text" && hasRows)) return { rowcount, lastrowid, isInsert, isMany, insertedKeys };
  return { rowcount, lastrowid, isInsert, isMany, insertedKeys, values: plan.values ?? null, dialect };
}

/** The converted rows of a plan that gives rows, without the shape that makes them Rows. */
export function collectRows(dialect: Dialect, plan: ExecutionPlan, outcome: Outcome): readonly (readonly unknown[])[] {
  if ("many" in outcome) return [];
  const rows = rowsOf(outcome.results);
  const columns = outcome.results[0]?.columns ?? null;
  if (columns !== null) convertRows(readingOf(dialect, plan, columns, null), rows);
  return rows;
}

function rowsOf(results: readonly DriverResult[]): unknown[][] {
  return results.length === 1 ? results[0]!.rows : results.flatMap((result) => result.rows);
}

/** -1 where one of the statements does not say. */
function rowCountOf(results: readonly DriverResult[]): number {
  let count = 0;
  for (const { rowCount } of results) {
    if (rowCount < 0) return -1;
    count += rowCount;
  }
  return count;
}

function readingOf(
  dialect: Dialect,
  { columns: planned, cachedSince }: ExecutionPlan,
  columns: readonly DriverColumn[],
  statement: Node | null,
): RowReading {
  const known = readings.get(planned ?? columns);
  const reading =
    known?.dialect === dialect && (known.columns === columns || haveSameTypes(known.columns, columns))
      ? known
      : newReading(dialect, planned, columns);
  reading.columns = columns;
  // The compilation is that of an equal statement, whose expressions are not those of this one.
  if (statement !== null && cachedSince !== null && reading.shape.isPassing) reading.shape.learn(selectedBy(statement));
  return reading;
}

function newReading(dialect: Dialect, planned: readonly ResultColumn[] | null, columns: readonly DriverColumn[]): RowReading {
  if (planned !== null && planned.length !== columns.length)
    throw new InvalidRequestError(`The statement declares ${planned.length} columns, and the database gave ${columns.length}`);
  const shape = rowShape(
    (planned ?? columns).map(({ name }) => name),
    planned?.map(({ expression }) => expression),
  );
  const converters = columns.map(({ typeCode }, index) => dialect.resultConverter(planned?.[index]?.type ?? NULL_TYPE, typeCode));
  const reading = { dialect, shape, converters, columns };
  readings.set(planned ?? columns, reading);
  return reading;
}

function haveSameTypes(one: readonly DriverColumn[], other: readonly DriverColumn[]): boolean {
  return one.length === other.length && one.every((column, index) => column.typeCode === other[index]!.typeCode);
}

function convertRows({ converters }: RowReading, rows: readonly unknown[][]): void {
  if (rows.length === 0) return;
  for (let index = 0; index < converters.length; index++) {
    const convert = converters[index]!;
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
  // One id for several rows is the first's or the last's, depending on the database: of no use.
  const ids = insertIds !== null && insertIds.length === keys.rows ? insertIds : null;
  return () => {
    const shape = keyShape(keys.parts);
    return Array.from({ length: keys.rows }, (_row, number) => {
      const values = keys.parts.map((_column, part) => {
        const given = keys.given(number, part);
        if (given !== undefined) return given;
        const column = keys.returned[part] ?? -1;
        const row = rows[number];
        if (column >= 0 && row !== undefined) return row[column];
        const id = ids?.[number] ?? null;
        return part === keys.generated && id !== null ? keys.convertGenerated(id) : null;
      });
      return asRow(values, shape);
    });
  };
}

const keyShapes = new WeakMap<InsertedKeys["parts"], RowShape>();

/** The shape of an INSERT's primary keys, whose parts are called as in the program. */
function keyShape(parts: InsertedKeys["parts"]): RowShape {
  let shape = keyShapes.get(parts);
  if (shape === undefined) {
    const columns = parts.map(({ column }): Column => column);
    shape = rowShape(
      columns.map(({ key }) => key),
      columns,
    );
    keyShapes.set(parts, shape);
  }
  return shape;
}

/** For rows that come in portions: their column names, and what converts a portion in place and makes its arrays rows. */
export function portionReader(
  dialect: Dialect,
  plan: ExecutionPlan,
  columns: readonly DriverColumn[],
  statement: Node,
): { readonly names: readonly string[]; readonly read: (rows: unknown[][]) => readonly (readonly unknown[])[] } {
  const reading = readingOf(dialect, plan, columns, statement);
  return {
    names: reading.shape.names,
    read(rows) {
      convertRows(reading, rows);
      for (const row of rows) asRow(row, reading.shape);
      return rows;
    },
  };
}
