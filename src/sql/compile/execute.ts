/**
 * From a statement and its parameters to what a connection sends: finds or makes the compiled statement, fills in values and defaults,
 * and converts them. Pure: nothing is sent here. How many rows are put into one INSERT is in insertBatches.ts.
 */
import { ArgumentError } from "../../errors/base.ts";
import { ObjectNotExecutableError } from "../../errors/engine.ts";
import type { DriverStatement } from "../../io/driver.ts";
import { describe } from "../coerce/describe.ts";
import { DdlStatement } from "../nodes/ddl.ts";
import type { Insert, Update } from "../nodes/dml.ts";
import type { BindParameter } from "../nodes/element.ts";
import { Node } from "../nodes/node.ts";
import { cacheKey } from "../traverse/cacheKey.ts";
import type { Compiled, InsertShape } from "./compiled.ts";
import { compile } from "./compiler.ts";
import type { SqlDialect } from "./dialect.ts";
import { insertBatches, type BatchStyle } from "./insertBatches.ts";
import type { ExecutionPlan, InsertedKeys } from "./plan.ts";
import type { SchemaMap } from "./schemaNames.ts";
import { ValueReader } from "./valueReader.ts";

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

/** What the options of an execution say about its plan. */
export interface PlanOptions {
  /** Most rows in one INSERT of many; fewer where the database takes fewer parameters. Default 1000, as SQLAlchemy's. */
  readonly pageSize?: number;
  /** Names of schemas to be written instead of those in the statement; null stands for tables without a schema. Default null: none. */
  readonly schemaTranslateMap?: SchemaMap | null;
}

const NO_OPTIONS: PlanOptions = {};
const DEFAULT_PAGE_SIZE = 1000;
const NO_BINDS: readonly BindParameter[] = [];
const NO_NAMES: readonly string[] = [];
const NO_PARAMETERS: ParameterSet = {};

/**
 * Plans one call of `execute`.
 *
 * @throws ObjectNotExecutableError for what is no statement, ArgumentError for parameters that do not fit, StatementError for a value that
 *   cannot be converted
 */
export function planExecution(
  dialect: SqlDialect,
  cache: StatementCache,
  statement: Executable,
  parameters?: Parameters,
  options: PlanOptions = NO_OPTIONS,
): ExecutionPlan {
  if (!(statement instanceof Node)) {
    throw new ObjectNotExecutableError(
      `execute() takes a statement such as select(…), text("…") or sql\`…\`; got ${describe(statement)}.`,
    );
  }
  const sets: readonly ParameterSet[] | null = Array.isArray(parameters) ? (parameters as readonly ParameterSet[]) : null;
  if (sets?.length === 0) throw new ArgumentError("execute() got an empty list of parameter sets; there is nothing to do.");
  const first = sets === null ? (parameters as ParameterSet | undefined) : sets[0];
  if (statement instanceof DdlStatement) {
    return planCompiled(dialect, compile(statement, dialect), NO_BINDS, [NO_PARAMETERS], false, false, options);
  }
  const key = cacheKey(statement);
  const cacheName = key.withNames(first === undefined ? NO_NAMES : Object.keys(requireSet(first, 0)));
  let compiled = cache.get(cacheName);
  const isCached = compiled !== undefined;
  if (compiled === undefined) {
    compiled = compile(withParameterColumns(statement, first), dialect, key.binds);
    cache.set(cacheName, compiled);
  }
  return planCompiled(dialect, compiled, key.binds, sets ?? [first ?? NO_PARAMETERS], sets !== null, isCached, options);
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
  statement: Compiled,
  binds: readonly BindParameter[],
  sets: readonly ParameterSet[],
  isMany: boolean,
  isCached: boolean,
  { pageSize = DEFAULT_PAGE_SIZE, schemaTranslateMap = null }: PlanOptions = NO_OPTIONS,
): ExecutionPlan {
  const cachedSince = isCached ? statement.compiledAt : null;
  const compiled = schemaTranslateMap === null ? statement : statement.inSchemas(schemaTranslateMap);
  const { kind, columns, insert } = compiled;
  if (!isMany) {
    const reader = new ValueReader(compiled, binds, sets);
    const single = statementOf(compiled, dialect, reader, sets[0]!, 0);
    return {
      mode: "single",
      kind,
      columns,
      cachedSince,
      statement: single,
      insertedKeys: insertedKeys(insert, reader, dialect),
      values: valuesOf(compiled, reader),
    };
  }
  requireSameKeys(sets);
  const wantsRows = columns !== null && insert?.hidden !== true;
  const style = batchStyle(insert, dialect, wantsRows);
  // Rows that are only sent are many, and nobody is likely to ask for their keys.
  const reader = new ValueReader(compiled, binds, sets, style === null || wantsRows);
  const values = valuesOf(compiled, reader);
  if (style !== null) {
    const statements = insertBatches(dialect, compiled, insert!, reader, sets, style, pageSize).map((batch) =>
      driverStatement(compiled, batch.sql, batch.values, wantsRows),
    );
    const keys = insertedKeys(insert, reader, dialect);
    return { mode: "batches", kind, columns: wantsRows ? columns : null, cachedSince, statements, insertedKeys: keys, values };
  }
  if (compiled.returnsRows || compiled.sql === null) {
    // Rows cannot be had from one statement run many times, nor can a list change its length between runs.
    const statements = sets.map((set, index) => statementOf(compiled, dialect, reader, set, index));
    const keys = insertedKeys(insert, reader, dialect);
    return { mode: "batches", kind, columns, cachedSince, statements, insertedKeys: keys, values };
  }
  return {
    mode: "many",
    kind,
    columns,
    cachedSince,
    statement: driverStatement(compiled, compiled.sql, []),
    parameterSets: sets.map((set, index) => reader.read(set, index).values()),
    insertedKeys: insertedKeys(insert, reader, dialect),
    values,
  };
}

/** How the rows of an INSERT are put together in few statements; null where they are not. */
function batchStyle(insert: InsertShape | null, { features }: SqlDialect, wantsRows: boolean): BatchStyle | null {
  if (insert?.batchable !== true) return null;
  const style = wantsRows ? features.generatedKeysOfMany : features.insertMany;
  return style === "values" || style === "orderedSelect" ? style : null;
}

function valuesOf({ written }: Compiled, reader: ValueReader): ValueReader | null {
  return written === null ? null : reader;
}

function driverStatement(
  compiled: Compiled,
  sql: string,
  parameters: readonly unknown[],
  returnsRows = compiled.returnsRows,
): DriverStatement {
  return { sql, parameters, reusable: compiled.kind !== "ddl", wideIntegers: compiled.wideIntegers, returnsRows };
}

/** The statement with one set of parameters. */
function statementOf(
  compiled: Compiled,
  dialect: SqlDialect,
  reader: ValueReader,
  set: ParameterSet,
  index: number,
): DriverStatement {
  reader.read(set, index);
  if (compiled.sql !== null) return driverStatement(compiled, compiled.sql, reader.values());
  const counts = reader.counts();
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > dialect.features.maxParameters) {
    throw new ArgumentError(
      `The statement has ${total} parameters; ${dialect.name} takes at most ${dialect.features.maxParameters}. Split the list.`,
    );
  }
  return driverStatement(compiled, compiled.text(counts), reader.values());
}

function insertedKeys(shape: InsertShape | null, reader: ValueReader, dialect: SqlDialect): InsertedKeys | null {
  if (shape === null || shape.key.length === 0) return null;
  const generated = shape.generated === -1 ? undefined : shape.key[shape.generated]!.column;
  const convert = generated === undefined ? null : dialect.resultConverter(generated.type, null);
  return {
    rows: reader.count,
    parts: shape.key,
    given: (row, part) => reader.givenKey(row, part),
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

function requireSameKeys(sets: readonly ParameterSet[]): void {
  const expected = Object.keys(sets[0]!);
  for (let index = 1; index < sets.length; index++) {
    const set = requireSet(sets[index], index);
    if (hasKeysInOrder(set, expected)) continue;
    const keys = Object.keys(set);
    if (keys.length !== expected.length || expected.some((key) => !Object.hasOwn(set, key))) {
      throw new ArgumentError(
        `Parameter set ${index + 1} has the keys ${keys.join(", ")}; the first has ${expected.join(", ")}. All sets of one execution must have the same.`,
      );
    }
  }
}

/** True for a plain object with these keys, as nearly all sets are: no list is made for each of 50,000 rows. */
function hasKeysInOrder(set: ParameterSet, expected: readonly string[]): boolean {
  if (Object.getPrototypeOf(set) !== Object.prototype) return false;
  let position = 0;
  for (const key in set) if (key !== expected[position++]) return false;
  return position === expected.length;
}
