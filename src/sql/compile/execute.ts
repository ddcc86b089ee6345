/**
 * From a statement and its parameters to what a connection sends: finds or makes the compiled statement, fills in values and defaults,
 * converts them, and splits many rows into batches. Pure: nothing is sent here.
 */
import { ArgumentError } from "../../errors/base.ts";
import { StatementError } from "../../errors/dbapi.ts";
import type { DriverStatement } from "../../io/driver.ts";
import { describe } from "../coerce/describe.ts";
import type { BindParameter } from "../nodes/element.ts";
import type { Insert, Update } from "../nodes/dml.ts";
import { DdlStatement } from "../nodes/ddl.ts";
import { Node } from "../nodes/node.ts";
import { cacheKey } from "../traverse/cacheKey.ts";
import { compile } from "./compiler.ts";
import { sendingOrder, writeTemplate, type Compiled, type InsertShape, type ParameterSlot } from "./compiled.ts";
import type { SqlDialect } from "./dialect.ts";
import type { ExecutionPlan, InsertedKeys } from "./plan.ts";

/** The parameters of one execution, or of many. */
export type ParameterSet = Readonly<Record<string, unknown>>;
export type Parameters = ParameterSet | readonly ParameterSet[];

/** Where compiled statements are kept. */
export interface StatementCache {
  get(key: string): Compiled | undefined;
  set(key: string, compiled: Compiled): void;
}

/** What a connection can execute. */
export type Executable = Node;

/**
 * Plans one call of `execute`.
 *
 * @throws ArgumentError for what is no statement, or parameters that do not fit; StatementError for a value that cannot be converted
 */
export function planExecution(
  dialect: SqlDialect,
  cache: StatementCache,
  statement: Executable,
  parameters?: Parameters,
): ExecutionPlan {
  if (!(statement instanceof Node)) {
    throw new ArgumentError(`execute() takes a statement such as select(…), text("…") or sql\`…\`; got ${describe(statement)}.`);
  }
  const sets: readonly ParameterSet[] | null = Array.isArray(parameters) ? (parameters as readonly ParameterSet[]) : null;
  if (sets?.length === 0) throw new ArgumentError("execute() got an empty list of parameter sets; there is nothing to do.");
  const first = sets === null ? (parameters as ParameterSet | undefined) : sets[0];
  if (statement instanceof DdlStatement) {
    return planCompiled(dialect, compile(statement, dialect), [], [{}], false, false);
  }
  const key = cacheKey(statement);
  const names = first === undefined ? "" : Object.keys(requireSet(first, 0)).sort().join("\u0001");
  const cacheName = names === "" ? key.text : `${key.text}|${names}`;
  let compiled = cache.get(cacheName);
  const isCached = compiled !== undefined;
  if (compiled === undefined) {
    compiled = compile(withParameterColumns(statement, first), dialect, key.binds);
    cache.set(cacheName, compiled);
  }
  return planCompiled(dialect, compiled, key.binds, sets ?? [first ?? {}], sets !== null, isCached);
}

/** INSERT and UPDATE take columns from the names of the parameters that the statement itself does not mention. */
function withParameterColumns(statement: Node, parameters: ParameterSet | undefined): Node {
  if (parameters === undefined || (statement.kind !== "insert" && statement.kind !== "update")) return statement;
  const mentioned = new Set(
    cacheKey(statement)
      .binds.filter((bind) => !bind.unique)
      .map((bind) => bind.name),
  );
  const keys = Object.keys(parameters).filter((name) => !mentioned.has(name));
  if (keys.length === 0) return statement;
  if (statement.kind === "insert") {
    const insert = statement as Insert<never, readonly unknown[]>;
    if (insert.rowCount > 0)
      throw new ArgumentError(`The INSERT into ${insert.table.name} has values() already; execute it without parameters.`);
    return insert.withParameters(keys);
  }
  return (statement as Update<never, readonly unknown[]>).withParameters(keys);
}

/**
 * Plans the execution of a compiled statement with values taken out of an equal one.
 *
 * @param isMany true where a list of parameter sets was given, even of one
 */
export function planCompiled(
  dialect: SqlDialect,
  compiled: Compiled,
  binds: readonly BindParameter[],
  sets: readonly ParameterSet[],
  isMany: boolean,
  isCached: boolean,
): ExecutionPlan {
  const { kind, columns } = compiled;
  if (sets.length === 1 && !isMany) {
    const raw = slotValues(compiled, binds, sets[0]!, 0);
    const keys = compiled.insert === null ? null : insertedKeys(compiled.insert, [raw], dialect);
    return { mode: "single", kind, columns, cached: isCached, statement: single(compiled, dialect, raw), insertedKeys: keys };
  }
  for (const [index, set] of sets.entries()) requireSameKeys(sets[0]!, set, index);
  const raws = sets.map((set, index) => slotValues(compiled, binds, set, index));
  const keys = insertedKeys(compiled.insert, raws, dialect);
  if (compiled.insert?.batchable === true) {
    const shape = compiled.insert;
    const wantsRows = columns !== null && !shape.hidden;
    const style = wantsRows ? dialect.features.generatedKeysOfMany : dialect.features.insertMany;
    if (style === "values" || style === "orderedSelect") {
      const statements = batches(compiled, shape, dialect, raws, style).map(({ sql, values }) =>
        driverStatement(compiled, sql, values, wantsRows),
      );
      return {
        mode: "batches",
        kind,
        columns: wantsRows ? columns : null,
        cached: isCached,
        statements,
        insertedKeys: wantsRows ? keys : null,
      };
    }
  }
  if (compiled.returnsRows || compiled.sql === null) {
    // Rows cannot be had from one statement run many times, nor can a list change its length between runs.
    const statements = raws.map((raw) => single(compiled, dialect, raw));
    return { mode: "batches", kind, columns, cached: isCached, statements, insertedKeys: keys };
  }
  return {
    mode: "many",
    kind,
    columns,
    cached: isCached,
    statement: driverStatement(compiled, compiled.sql, []),
    parameterSets: raws.map((raw) => converted(compiled, raw)),
    insertedKeys: keys,
  };
}

function driverStatement(
  compiled: Compiled,
  sql: string,
  parameters: readonly unknown[],
  returnsRows = compiled.returnsRows,
): DriverStatement {
  return { sql, parameters, reusable: compiled.kind !== "ddl", wideIntegers: compiled.wideIntegers, returnsRows };
}

function single(compiled: Compiled, dialect: SqlDialect, raw: readonly unknown[]): DriverStatement {
  if (compiled.sql !== null) return driverStatement(compiled, compiled.sql, converted(compiled, raw));
  const counts = raw.map((value) => (Array.isArray(value) ? value.length : 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > dialect.features.maxParameters) {
    throw new ArgumentError(
      `The statement has ${total} parameters; ${dialect.name} takes at most ${dialect.features.maxParameters}. Split the list.`,
    );
  }
  return driverStatement(compiled, compiled.text(counts), converted(compiled, raw));
}

/** The value of every slot, before conversion. */
function slotValues(compiled: Compiled, binds: readonly BindParameter[], set: ParameterSet, index: number): unknown[] {
  return compiled.slots.map((slot) => {
    const { source } = slot;
    switch (source.from) {
      case "statement":
        return binds[source.index]!.value;
      case "constant":
        return source.value;
      case "parameters": {
        const value = set[source.name];
        if (value !== undefined) return value;
        if (source.otherwise !== null && !(source.name in set)) return binds[source.otherwise]!.value;
        throw missingValue(source.name, set, index);
      }
      case "default": {
        const fallback = (source.when === "insert" ? source.column.default : source.column.onupdate)!;
        return fallback.kind === "callable" ? fallback.call() : fallback.kind === "scalar" ? fallback.value : null;
      }
    }
  });
}

function missingValue(name: string, set: ParameterSet, index: number): ArgumentError {
  const where = index === 0 ? "" : ` (parameter set ${index + 1})`;
  const why = name in set ? "it is undefined; use null for NULL" : `given are ${Object.keys(set).join(", ") || "none"}`;
  return new ArgumentError(`The statement needs a value for ${name}${where}: ${why}.`);
}

/** The values in the order in which they are sent, converted for the driver. */
function converted(compiled: Compiled, raw: readonly unknown[]): unknown[] {
  const values: unknown[] = [];
  for (const number of compiled.order) pushConverted(values, compiled.slots[number]!, raw[number], compiled);
  return values;
}

function pushConverted(into: unknown[], slot: ParameterSlot, value: unknown, compiled: Compiled): void {
  if (slot.expanding === null) {
    into.push(convertOne(slot, value, compiled));
    return;
  }
  if (!Array.isArray(value))
    throw new ArgumentError(`The parameter ${slot.name} of an IN must be an array, got ${describe(value)}.`);
  for (const member of value as unknown[]) into.push(convertOne(slot, member, compiled));
}

function convertOne(slot: ParameterSlot, value: unknown, compiled: Compiled): unknown {
  if (value === null) return null;
  if (value === undefined) throw new ArgumentError(`The value of ${slot.name} is undefined. Use null for NULL, or leave it out.`);
  if (slot.convert === null) return value;
  try {
    return slot.convert(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StatementError(`The value of ${slot.name} cannot be bound: ${reason}`, { cause: error, statement: compiled.sql });
  }
}

/** Many rows as a few statements, none with more parameters than the database takes. */
function batches(
  compiled: Compiled,
  shape: InsertShape,
  dialect: SqlDialect,
  raws: readonly (readonly unknown[])[],
  style: "values" | "orderedSelect",
): { sql: string; values: unknown[] }[] {
  const perRow = shape.row.slots.length;
  const size = Math.max(1, Math.min(MAX_ROWS_PER_STATEMENT, Math.floor(dialect.features.maxParameters / Math.max(perRow, 1))));
  const texts = new Map<number, string>();
  const result: { sql: string; values: unknown[] }[] = [];
  for (let start = 0; start < raws.length; start += size) {
    const rows = raws.slice(start, start + size);
    let sql = texts.get(rows.length);
    if (sql === undefined) {
      sql = batchText(compiled, shape, dialect, rows.length, style);
      texts.set(rows.length, sql);
    }
    const values: unknown[] = [];
    const order = sendingOrder(shape.row, dialect);
    for (const raw of rows) for (const number of order) pushConverted(values, compiled.slots[number]!, raw[number], compiled);
    result.push({ sql, values });
  }
  return result;
}

/** SQLAlchemy's page size for insertmanyvalues. */
const MAX_ROWS_PER_STATEMENT = 1000;

function batchText(
  compiled: Compiled,
  shape: InsertShape,
  dialect: SqlDialect,
  rows: number,
  style: "values" | "orderedSelect",
): string {
  const counter = { position: 1 };
  const ordered = style === "orderedSelect";
  // What the compiler returns for the key of a single row is not wanted of many.
  const tail = shape.hidden ? "" : shape.tail;
  const lines = Array.from({ length: rows }, (_row, index) => {
    const text = writeTemplate(shape.row, compiled.slots, dialect, [], counter);
    return ordered ? `${text.slice(0, -1)}, ${index})` : text;
  });
  if (!ordered) return `${shape.head} VALUES ${lines.join(", ")}${tail}`;
  // Only an INSERT from an ordered SELECT is promised to number its rows, and return them, in that order.
  const names = shape.columns.map((_name, index) => `p${index}`);
  const casts = names.map((name, index) => `${name}::${shape.casts[index]!}`);
  return `${shape.head} SELECT ${casts.join(", ")} FROM (VALUES ${lines.join(", ")}) AS new_rows(${names.join(", ")}, row_number) ORDER BY row_number${tail}`;
}

function insertedKeys(
  shape: InsertShape | null,
  raws: readonly (readonly unknown[])[],
  dialect: SqlDialect,
): InsertedKeys | null {
  if (shape === null || shape.key.length === 0) return null;
  const generated = shape.generated === -1 ? undefined : shape.key[shape.generated]!.column;
  const convert = generated === undefined ? null : dialect.resultConverter(generated.type, null);
  return {
    given: raws.map((raw) => shape.key.map(({ slot }) => (slot === -1 ? undefined : raw[slot]))),
    returned: shape.returned,
    generated: shape.generated,
    hidden: shape.hidden,
    convertGenerated: (value) => (convert === null ? value : convert(value)),
  };
}

function requireSet(set: unknown, index: number): ParameterSet {
  if (typeof set !== "object" || set === null || Array.isArray(set)) {
    throw new ArgumentError(
      `Parameters are an object of values by name, or a list of such objects; parameter set ${index + 1} is ${describe(set)}.`,
    );
  }
  return set as ParameterSet;
}

function requireSameKeys(first: ParameterSet, set: ParameterSet, index: number): void {
  const keys = Object.keys(requireSet(set, index));
  const expected = Object.keys(first);
  if (keys.length !== expected.length || expected.some((key) => !Object.hasOwn(set, key))) {
    throw new ArgumentError(
      `Parameter set ${index + 1} has the keys ${keys.join(", ")}; the first has ${expected.join(", ")}. All sets of one execution must have the same.`,
    );
  }
}
