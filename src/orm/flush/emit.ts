/**
 * Carries out a flush plan: the only part of flushing that talks to the database. Rows of one kind go together in one execution; what the
 * database generated is put on the objects.
 */
import { NotYetSupportedError } from "../../errors/base.ts";
import { FlushError, StaleDataError } from "../../errors/orm.ts";
import type { Result } from "../../engine/results/result.ts";
import type { Io } from "../../io/io.ts";
import { BindParameter, ColumnElement } from "../../sql/nodes/element.ts";
import { Delete, Insert, Update } from "../../sql/nodes/dml.ts";
import type { Node } from "../../sql/nodes/node.ts";
import type { Parameters, ParameterSet } from "../../sql/compile/execute.ts";
import type { Features } from "../../sql/compile/dialect.ts";
import type { Column } from "../../sql/schema/column.ts";
import { defaultFor } from "../../sql/schema/columnDefault.ts";
import type { Table } from "../../sql/schema/table.ts";
import type { ColumnAttribute, Mapper } from "../mapping/mapper.ts";
import type { InstanceState } from "../state/instanceState.ts";
import { copyKeys, type Changes, type Link } from "./changes.ts";
import type { FlushAction } from "./plan.ts";

/** What emitting needs of a connection. */
export interface FlushConnection {
  readonly dialect: { readonly features: Pick<Features, "insertReturning" | "generatedKeysOfMany"> };
  execute(statement: Node, parameters?: Parameters): Io<Result>;
}

export function* emitFlush(
  connection: FlushConnection,
  plan: readonly FlushAction[],
  changes: Changes,
  inserted: (state: InstanceState) => void,
): Io<void> {
  for (const action of plan) {
    switch (action.kind) {
      case "insert":
        for (const state of action.states) copyKeys(state, changes.keyCopies.get(state) ?? []);
        yield* emitInserts(connection, action.mapper, action.states, inserted);
        break;
      case "update":
        for (const state of action.states) copyKeys(state, changes.keyCopies.get(state) ?? []);
        yield* emitUpdates(connection, action.mapper, action.states);
        break;
      case "delete":
        yield* emitDeletes(connection, action.mapper, action.states);
        break;
      case "insertLinks":
        yield* connection.execute(new Insert(action.relationship.secondary!), action.links.map(linkRow));
        break;
      case "deleteLinks":
        yield* connection.execute(linkDelete(action.links[0]!), action.links.map(linkRow));
    }
  }
}

// ---- INSERT

/** New rows that bring values for the same columns, in one execution. */
interface InsertBatch {
  readonly fetched: readonly ColumnAttribute[];
  readonly states: InstanceState[];
  readonly rows: ParameterSet[];
}

function* emitInserts(
  connection: FlushConnection,
  mapper: Mapper,
  states: readonly InstanceState[],
  inserted: (state: InstanceState) => void,
): Io<void> {
  for (const batch of insertBatches(mapper, states)) {
    yield* emitInsertBatch(connection, mapper, batch);
    for (const state of batch.states) inserted(state);
  }
}

function* emitInsertBatch(connection: FlushConnection, mapper: Mapper, { fetched, states, rows }: InsertBatch): Io<void> {
  const { insertReturning, generatedKeysOfMany } = connection.dialect.features;
  const missingKey = mapper.primaryKey.filter(({ key }) => !Object.hasOwn(rows[0]!, key));
  const isKeyGiven = missingKey.length === 0;
  const wanted = insertReturning ? fetched : [];
  // The keys of many rows come back with the rows where one statement inserts them; elsewhere the protocol reports each.
  const keysComeAsRows =
    rows.length > 1 && !isKeyGiven && (generatedKeysOfMany === "values" || generatedKeysOfMany === "orderedSelect");
  // A key that a default of the database makes is in no protocol's answer.
  const isKeyDefault = missingKey.some(({ column }) => column !== mapper.table.autoincrementColumn);
  if (wanted.length > 0 || keysComeAsRows || (isKeyDefault && insertReturning)) {
    const statement = new Insert(mapper.table).returning(...[...mapper.primaryKey, ...wanted].map(({ column }) => column));
    const result = yield* connection.execute(statement, rows.length === 1 ? rows[0]! : rows);
    const returned = result.all() as readonly (readonly unknown[])[];
    if (returned.length !== states.length)
      throw new FlushError(
        `The database gave back ${returned.length} rows for ${states.length} new rows of ${mapper.table.name}.`,
      );
    for (const [index, state] of states.entries()) {
      const row = returned[index]!;
      takeKey(state, missingKey, row);
      for (const [position, attribute] of wanted.entries())
        state.entity[attribute.slot] = row[mapper.primaryKey.length + position];
    }
    return;
  }
  const statement = new Insert(mapper.table);
  if (isKeyGiven) {
    yield* connection.execute(statement, rows.length === 1 ? rows[0]! : rows);
    return;
  }
  const isOneByOne = generatedKeysOfMany === "one" || rows.length === 1;
  let first = 0;
  for (const set of isOneByOne ? rows.map((row) => [row]) : [rows]) {
    const keys = (yield* connection.execute(statement, isOneByOne ? set[0]! : set)).insertedPrimaryKeyRows;
    for (const [index, key] of keys.entries()) {
      takeKey(states[first + index]!, missingKey, key);
    }
    first += set.length;
  }
}

/** Puts the parts of the key that the row did not bring on the object; `key` has all parts, in the mapper's order. */
function takeKey(state: InstanceState, missing: readonly ColumnAttribute[], key: readonly unknown[]): void {
  for (const attribute of missing) {
    const value = key[state.mapper.primaryKey.indexOf(attribute)];
    if (value === null || value === undefined) {
      throw new FlushError(
        `The new ${state.mapper.name} has no value for its primary key ${attribute.key}, and the database generated none. Set it, or make the column an integer primary key or give it a default.`,
      );
    }
    state.entity[attribute.slot] = value;
  }
  state.generatedKey = missing;
}

/** Neighbours with the same columns are one batch; the order of the objects is kept. */
function insertBatches(mapper: Mapper, states: readonly InstanceState[]): readonly InsertBatch[] {
  const batches: (InsertBatch & { signature: string })[] = [];
  for (const state of states) {
    const { row, fetched, signature } = newRow(mapper, state);
    let batch = batches.at(-1);
    if (batch?.signature !== signature) {
      batch = { signature, fetched, states: [], rows: [] };
      batches.push(batch);
    }
    batch.states.push(state);
    batch.rows.push(row);
  }
  return batches;
}

/** What is known of a new row so far, for a default that depends on it. */
function valuesOf(mapper: Mapper, state: InstanceState): Record<string, unknown> {
  const known = mapper.columnAttributes.filter(({ slot }) => {
    const value = state.entity[slot];
    return value !== undefined && !(value instanceof ColumnElement);
  });
  return Object.fromEntries(known.map(({ key, slot }) => [key, state.entity[slot]]));
}

/** The values of a new row: what was set, then the application's defaults, then NULL; what the database fills in is left to it. */
function newRow(mapper: Mapper, state: InstanceState): { row: ParameterSet; fetched: ColumnAttribute[]; signature: string } {
  const row: Record<string, unknown> = {};
  const fetched: ColumnAttribute[] = [];
  let signature = "";
  for (const attribute of mapper.columnAttributes) {
    const { column, slot } = attribute;
    let value = state.entity[slot];
    if (value === undefined && column.default !== null && column.default.kind !== "expression") {
      value = defaultFor(column.default, "insert", () => valuesOf(mapper, state));
      state.entity[slot] = value;
    }
    if (value instanceof ColumnElement)
      throw new NotYetSupportedError(
        `${mapper.name}.${attribute.key}: an SQL expression as the value of an attribute is not there yet.`,
      );
    if (value === undefined) {
      const isGenerated = column === mapper.table.autoincrementColumn || column.isPrimaryKey;
      if (column.serverDefault !== null || column.default !== null) {
        if (!column.isPrimaryKey) fetched.push(attribute);
        continue;
      }
      if (isGenerated) continue;
      value = null;
      state.entity[slot] = null;
    }
    row[attribute.key] = value;
    signature += `${attribute.key},`;
  }
  return { row, fetched, signature };
}

// ---- UPDATE

/** Updates of the same columns in one execution. */
function* emitUpdates(connection: FlushConnection, mapper: Mapper, states: readonly InstanceState[]): Io<void> {
  const batches: { signature: string; keys: readonly string[]; states: InstanceState[]; rows: ParameterSet[] }[] = [];
  for (const state of states) {
    const row = changedValues(mapper, state);
    if (row === null) continue;
    const keys = Object.keys(row).filter((key) => !key.startsWith(KEY_PREFIX));
    const signature = keys.join();
    let batch = batches.at(-1);
    if (batch?.signature !== signature) {
      batch = { signature, keys, states: [], rows: [] };
      batches.push(batch);
    }
    batch.states.push(state);
    batch.rows.push(row);
  }
  for (const { keys, rows, states: updated } of batches) {
    const statement = statementOf(updateStatements, mapper, keys.join(), () => updateStatement(mapper, keys));
    const result = yield* connection.execute(statement, rows.length === 1 ? rows[0]! : rows);
    if (result.rowcount >= 0 && result.rowcount !== rows.length) {
      throw new StaleDataError(
        `UPDATE of ${mapper.table.name} should have matched ${rows.length} row${rows.length === 1 ? "" : "s"}, and matched ${result.rowcount}: ${updated.length === 1 ? updated[0]!.describe() : "some"} was deleted or renumbered by somebody else. Roll back, load again and repeat.`,
      );
    }
    // A default that the database worked out is not known; it is loaded when it is read.
    for (const { column, slot } of mapper.columnAttributes) {
      if (column.onupdate?.kind === "expression" && !keys.includes(column.key))
        for (const state of updated) state.entity[slot] = undefined;
    }
  }
}

const KEY_PREFIX = "key of ";

/** The changed columns with their new values, and the key by which the row is found; null when nothing changed in the end. */
function changedValues(mapper: Mapper, state: InstanceState): ParameterSet | null {
  if (state.changes === null) return null;
  const row: Record<string, unknown> = {};
  let isChanged = false;
  for (const attribute of mapper.columnAttributes) {
    if (!state.changes.has(attribute)) continue;
    const old = state.changes.get(attribute);
    const value = state.entity[attribute.slot];
    if (old !== undefined && attribute.column.type.sameValue(old, value)) continue;
    if (attribute.column.isPrimaryKey) {
      throw new NotYetSupportedError(
        `The primary key ${attribute.key} of ${state.describe()} was changed; changing the key of a row is not there yet. Insert a new object and delete this one.`,
      );
    }
    if (value instanceof ColumnElement)
      throw new NotYetSupportedError(
        `${mapper.name}.${attribute.key}: an SQL expression as the value of an attribute is not there yet. Execute update(${mapper.name}).`,
      );
    row[attribute.key] = value;
    isChanged = true;
  }
  if (!isChanged) return null;
  for (const { key, slot, column } of mapper.columnAttributes) {
    if (column.onupdate === null || column.onupdate.kind === "expression" || key in row) continue;
    const value = defaultFor(column.onupdate, "update", () => ({ ...row }));
    row[key] = value;
    state.entity[slot] = value;
  }
  for (const { key, column } of mapper.primaryKey) row[KEY_PREFIX + key] = state.columnValue(column);
  return row;
}

function updateStatement(mapper: Mapper, keys: readonly string[]): Node {
  const update: Update<never, readonly unknown[]> = new Update(mapper.table);
  return update.where(...keyCriteria(mapper.table.primaryKey)).withParameters(keys);
}

/** `id = :id`, with a parameter for each part of the key. */
function keyCriteria(columns: readonly Column[]): ColumnElement<boolean>[] {
  return columns.map((column) =>
    column.eq(new BindParameter(KEY_PREFIX + column.key, undefined, column.type, { unique: false, required: true })),
  );
}

// ---- DELETE

function* emitDeletes(connection: FlushConnection, mapper: Mapper, states: readonly InstanceState[]): Io<void> {
  const rows = states.map((state) =>
    Object.fromEntries(mapper.primaryKey.map(({ key, column }) => [KEY_PREFIX + key, state.columnValue(column)])),
  );
  const statement = statementOf(deleteStatements, mapper, "", () =>
    new Delete(mapper.table).where(...keyCriteria(mapper.table.primaryKey)),
  );
  const result = yield* connection.execute(statement, rows.length === 1 ? rows[0]! : rows);
  if (result.rowcount >= 0 && result.rowcount !== rows.length) {
    process.emitWarning(
      `DELETE from ${mapper.table.name} should have matched ${rows.length} row(s), and matched ${result.rowcount}: somebody else deleted the rest.`,
      { type: "AthanorWarning", code: "stale-delete" },
    );
  }
}

// ---- link rows

function linkRow({ relationship, owner, member }: Link): ParameterSet {
  const row: Record<string, unknown> = {};
  for (const { from, to } of relationship.pairs) row[to.key] = owner.columnValue(from);
  for (const { from, to } of relationship.targetPairs) row[to.key] = member.columnValue(from);
  return row;
}

function linkDelete({ relationship }: Link): Node {
  const columns = [...relationship.pairs, ...relationship.targetPairs].map(({ to }) => to);
  return new Delete(relationship.secondary as Table).where(
    ...columns.map((column) =>
      column.eq(new BindParameter(column.key, undefined, column.type, { unique: false, required: true })),
    ),
  );
}

// ---- statements are made once per class and set of columns

type StatementTable = WeakMap<Mapper, Map<string, Node>>;
const updateStatements: StatementTable = new WeakMap();
const deleteStatements: StatementTable = new WeakMap();

function statementOf(table: StatementTable, mapper: Mapper, signature: string, make: () => Node): Node {
  let statements = table.get(mapper);
  if (statements === undefined) {
    statements = new Map();
    table.set(mapper, statements);
  }
  let statement = statements.get(signature);
  if (statement === undefined) {
    statement = make();
    statements.set(signature, statement);
  }
  return statement;
}
