/**
 * How INSERT, UPDATE and DELETE are written, with the defaults of columns that get no value, and how an INSERT's primary key is learned.
 */
import { NotYetSupportedError } from "../../errors/base.ts";
import { CompileError } from "../../errors/sql.ts";
import { BindParameter, type ColumnElement } from "../nodes/element.ts";
import type { FromClause } from "../nodes/from.ts";
import type { Node } from "../nodes/node.ts";
import type { Column } from "../schema/column.ts";
import type { ColumnDefault } from "../schema/columnDefault.ts";
import type { Table } from "../schema/table.ts";
import { childrenOf } from "../traverse/visit.ts";
import type { WrittenValue } from "./compiled.ts";
import type { Compiler } from "./compiler.ts";
import { HOLE, hole } from "./hole.ts";
import { sourcesOf, withClause } from "./from.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";
import type { ResultColumn } from "./plan.ts";
import { conditions, LabelWriter } from "./select.ts";

export const dmlRenderers: {
  readonly [K in "insert" | "update" | "delete"]: (node: NodeOfKind[K], compiler: Compiler) => string;
} = {
  insert: renderInsert,
  update: renderUpdate,
  delete: renderDelete,
};

function renderInsert(insert: NodeOfKind["insert"], compiler: Compiler): string {
  const { table } = insert;
  const { features } = compiler.dialect;
  const isOutermost = compiler.isOutermost;
  const columns = table.columns.filter((column) => insert.columns.includes(column) || column.default !== null);
  const rowCount = Math.max(insert.rowCount, 1);
  const rows: string[][] = [];
  for (let row = 0; row < rowCount; row++) {
    rows.push(columns.map((column) => insertedValue(insert, column, row, compiler)));
  }
  const names = columns.map((column) => compiler.quote(column.name));
  const target = `INSERT INTO ${compiler.tableName(table)}`;
  const values = rows.map((row) => `(${row.join(", ")})`);
  const key = table.primaryKey.map((column) => ({ column, slot: givenSlot(columns, column, rows[0]!) }));
  const missing = key.filter(({ slot }) => slot === -1).map(({ column }) => column);
  const isHidden =
    insert.returningItems.length === 0 && missing.length > 0 && rowCount === 1 && features.generatedKeys === "returning";
  const returned = isHidden ? missing : (insert.returningColumns ?? []);
  const tail = returningClause(returned, features.insertReturning, compiler, isOutermost);
  if (isOutermost) {
    const others = table.columns.filter((column) => !column.isPrimaryKey);
    compiler.written = {
      prefetch: columns.filter((column) => !insert.columns.includes(column) && column.default!.kind !== "expression"),
      postfetch: unknownOf(others, returned, (column) => isMadeByDatabase(insert, column)),
      rows: columns.some(({ default: source }) => isToldOfRow(source)) ? rows.map((row) => writtenValues(columns, row)) : [],
    };
    const generated = table.autoincrementColumn;
    compiler.insertShape = {
      head: compiler.template(columns.length === 0 ? target : `${target} (${names.join(", ")})`),
      row: compiler.template(values[0]!),
      tail: compiler.template(tail),
      columns: names,
      casts: columns.map((column) => compiler.dialect.typeName(column.type.ofOperand, "cast")),
      key,
      returned: table.primaryKey.map((column) => returned.indexOf(column)),
      generated: generated === null || isHidden ? -1 : key.findIndex(({ column, slot }) => column === generated && slot === -1),
      hidden: isHidden,
      batchable: rowCount === 1 && columns.length > 0 && rows[0]!.every(isSlot) && !hasSlot(tail) && compiler.ctes.size === 0,
    };
  }
  const body =
    columns.length === 0 ? `${target} ${features.emptyInsert}` : `${target} (${names.join(", ")}) VALUES ${values.join(", ")}`;
  return withClause(compiler) + body + tail;
}

/** The slot that holds a column's value in a row of holes, or -1 where it is not given or is an expression. */
function givenSlot(columns: readonly Column[], column: Column, row: readonly string[]): number {
  const text = row[columns.indexOf(column)];
  return text === undefined || !isSlot(text) ? -1 : Number(text.replaceAll(HOLE, ""));
}

/** Those of a row's values that are parameters. */
function writtenValues(columns: readonly Column[], row: readonly string[]): readonly WrittenValue[] {
  return columns.map((column) => ({ key: column.key, slot: givenSlot(columns, column, row) })).filter(({ slot }) => slot !== -1);
}

function isToldOfRow(source: ColumnDefault | null): boolean {
  return source?.kind === "callable" && source.takesContext;
}

/** True for the hole of a parameter and nothing else. */
function isSlot(text: string): boolean {
  return /^\0\d+\0$/.test(text);
}

function hasSlot(text: string): boolean {
  return /\0\d+\0/.test(text);
}

function insertedValue(insert: NodeOfKind["insert"], column: Column, row: number, compiler: Compiler): string {
  const position = insert.columns.indexOf(column);
  if (position !== -1) return assigned(insert.valueNodes[row * insert.columns.length + position]!, compiler);
  return defaultValue(column, "insert", compiler, row);
}

/** True for a column that gets an SQL expression, or no value but the table's own default. */
function isMadeByDatabase(insert: NodeOfKind["insert"], column: Column): boolean {
  const width = insert.columns.length;
  const position = insert.columns.indexOf(column);
  if (position !== -1)
    return insert.valueNodes.some((node, index) => index % width === position && !(node instanceof BindParameter));
  return column.default === null ? column.serverDefault !== null : column.default.kind === "expression";
}

/** Those of the columns that hold what the database has made, and that are not returned. */
function unknownOf(
  columns: readonly Column[],
  returned: readonly ColumnElement[],
  isMade: (column: Column) => boolean,
): readonly Column[] {
  return columns.filter((column) => !returned.includes(column) && isMade(column));
}

/** A value assigned to a column: a parameter takes its type from the column. */
function assigned(node: Node, compiler: Compiler): string {
  if (node instanceof BindParameter) return compiler.bind(node);
  const text = compiler.render(node);
  return node.kind === "select" || node.kind === "compound" ? `(${text})` : text;
}

/** The parameter of a default is called like its column, in the second row of several `name_m1`, and so on. */
function defaultValue(column: Column, when: "insert" | "update", compiler: Compiler, row = 0): string {
  const source = when === "insert" ? column.default! : column.onupdate!;
  if (source.kind === "expression") return compiler.render(source.expression);
  const name = row === 0 ? column.key : `${column.key}_m${row}`;
  return hole(compiler.slot(name, { from: "default", column, when, row }, column.type));
}

function renderUpdate(update: NodeOfKind["update"], compiler: Compiler): string {
  const { table } = update;
  if (update.columns.length === 0)
    throw new CompileError(`UPDATE ${table.name} sets nothing. Give values() at least one column.`);
  const isOutermost = compiler.isOutermost;
  refuseOtherSources(update.criteria, table, "UPDATE");
  for (const node of update.criteria) refuseNamesOfValues(node, update);
  return compiler.within({ enclosing: new Set<FromClause<unknown>>([table]) }, () => {
    const defaults = table.columns.filter((column) => column.onupdate !== null && !update.columns.includes(column));
    const given = table.columns.filter((column) => update.columns.includes(column));
    const columns = [...given, ...defaults];
    const values = [
      ...given.map((column) => assigned(update.valueNodes[update.columns.indexOf(column)]!, compiler)),
      ...defaults.map((column) => defaultValue(column, "update", compiler)),
    ];
    const returned = update.returningColumns ?? [];
    if (isOutermost) {
      compiler.written = {
        prefetch: defaults.filter((column) => column.onupdate!.kind !== "expression"),
        postfetch: unknownOf(table.columns, returned, (column) => {
          const node = update.valueNodes[update.columns.indexOf(column)];
          return node === undefined ? column.onupdate?.kind === "expression" : !(node instanceof BindParameter);
        }),
        rows: defaults.some(({ onupdate }) => isToldOfRow(onupdate)) ? [writtenValues(columns, values)] : [],
      };
    }
    const assignments = columns.map((column, index) => `${compiler.quote(column.name)}=${values[index]!}`);
    let text = `UPDATE ${compiler.tableName(table)} SET ${assignments.join(", ")}`;
    if (update.criteria.length > 0) text += ` WHERE ${conditions(update.criteria, compiler)}`;
    text += returningClause(returned, compiler.dialect.features.updateReturning, compiler, isOutermost);
    return isOutermost ? withClause(compiler) + text : text;
  });
}

/** A value of `values()` goes by its column's name: a condition's parameter of that name would change it too. */
function refuseNamesOfValues(node: Node, update: NodeOfKind["update"]): void {
  if (node instanceof BindParameter && !node.unique) {
    const value = update.valueNodes.find((candidate) => candidate instanceof BindParameter && candidate.name === node.name);
    if (value !== undefined && value !== node && !(value as BindParameter).required) {
      throw new CompileError(
        `UPDATE ${update.table.name} has a parameter called ${node.name} in its condition, and values() sets the column of that name. Give the parameter another name.`,
      );
    }
  }
  for (const child of childrenOf(node)) refuseNamesOfValues(child, update);
}

function renderDelete(statement: NodeOfKind["delete"], compiler: Compiler): string {
  const { table } = statement;
  const isOutermost = compiler.isOutermost;
  refuseOtherSources(statement.criteria, table, "DELETE");
  return compiler.within({ enclosing: new Set<FromClause<unknown>>([table]) }, () => {
    let text = `DELETE FROM ${compiler.tableName(table)}`;
    if (statement.criteria.length > 0) text += ` WHERE ${conditions(statement.criteria, compiler)}`;
    text += returningClause(statement.returningColumns ?? [], compiler.dialect.features.deleteReturning, compiler, isOutermost);
    return isOutermost ? withClause(compiler) + text : text;
  });
}

function refuseOtherSources(criteria: readonly Node[], table: Table, verb: string): void {
  for (const node of criteria) {
    for (const source of sourcesOf(node)) {
      if (source === table) continue;
      throw new NotYetSupportedError(
        `${verb} ${table.name} has a condition on ${source.nameHint}: ${verb} with several tables is not there yet. Use a subquery: ${table.name}.c.….in(select(…)).`,
      );
    }
  }
}

function returningClause(
  columns: readonly ColumnElement[],
  isSupported: boolean,
  compiler: Compiler,
  isVisible: boolean,
): string {
  if (columns.length === 0) return "";
  if (!isSupported) throw new CompileError(`${compiler.dialect.name} has no RETURNING for this statement.`);
  const labels = new LabelWriter(compiler);
  const results: ResultColumn[] = [];
  const text = compiler.within({ unqualified: compiler.dialect.features.returningUnqualified }, () =>
    columns
      .map((column) => {
        const { sql, name } = labels.write(column);
        results.push({ name, type: column.type, expression: column });
        return sql;
      })
      .join(", "),
  );
  if (isVisible) compiler.resultColumns = results;
  return ` RETURNING ${text}`;
}
