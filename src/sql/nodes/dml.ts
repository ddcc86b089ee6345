/**
 * INSERT, UPDATE and DELETE. Values may be given here or, as parameters, when the statement is executed; a value is bound, an
 * expression is written.
 */
import type { ExecutionOptions } from "../executionOptions.ts";
import { ArgumentError } from "../../errors/base.ts";
import { describe } from "../coerce/describe.ts";
import type { Column } from "../schema/column.ts";
import type { Table } from "../schema/table.ts";
import { BindParameter, ColumnElement, conditionNode } from "./element.ts";
import { EntityClause } from "./from.ts";
import { fields, hasToNode, Node, TO_NODE, type Field, keepExecutionOptions, setExecutionOptions } from "./node.ts";
import { columnsOfItem, selectItemNode } from "./select.ts";

/** Common to the three: their table and what they return. */
abstract class DmlStatement<out A extends readonly unknown[]> extends Node {
  declare readonly selects?: A;
  declare readonly nullable?: never;
  readonly table: Table;
  readonly returningItems: readonly Node[];

  constructor(table: Table, returningItems: readonly Node[]) {
    super();
    this.table = table;
    this.returningItems = returningItems;
  }
  /** The columns of the result; null where nothing is returned. */
  get returningColumns(): readonly ColumnElement[] | null {
    return this.returningItems.length === 0 ? null : this.returningItems.flatMap(columnsOfItem);
  }
}

/** `R` is what a row of values may be, `A` what RETURNING gives. */
export class Insert<in R = never, out A extends readonly unknown[] = readonly []> extends DmlStatement<A> {
  override readonly kind = "insert";
  /** The columns that get a value, in the table's order. */
  readonly columns: readonly Column[];
  /** Their values, row after row; empty when they come as parameters. */
  readonly valueNodes: readonly Node[];
  readonly rowCount: number;
  declare readonly rowType?: (row: R) => void;

  constructor(
    table: Table,
    columns: readonly Column[] = [],
    values: readonly Node[] = [],
    rowCount = 0,
    returning: readonly Node[] = [],
  ) {
    super(table, returning);
    this.columns = columns;
    this.valueNodes = values;
    this.rowCount = rowCount;
  }
  /** The values of one row, or of several in one statement (VALUES (…), (…)). */
  values(rows: R | readonly R[]): Insert<R, A> {
    const list = (Array.isArray(rows) ? rows : [rows]) as readonly Readonly<Record<string, unknown>>[];
    if (list.length === 0) throw new ArgumentError("values() got an empty list; there is nothing to insert.");
    const columns = columnsOfKeys(this.table, Object.keys(requireObject(list[0], "values")));
    const nodes = list.flatMap((row, index) => {
      const keys = Object.keys(requireObject(row, "values"));
      if (keys.length !== columns.length || columns.some((column) => !Object.hasOwn(row, column.key))) {
        throw new ArgumentError(
          `values(): row ${index + 1} has the keys ${keys.join(", ")}, the first row ${columns.map((column) => column.key).join(", ")}. All rows must have the same.`,
        );
      }
      return columns.map((column) => valueNode(column, row[column.key], list.length > 1));
    });
    return keepExecutionOptions(this, new Insert<R, A>(this.table, columns, nodes, list.length, this.returningItems));
  }
  /** The same statement with options of how it is run, added to those it has. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): Insert<R, A> {
    return setExecutionOptions(
      keepExecutionOptions(this, new Insert<R, A>(this.table, this.columns, this.valueNodes, this.rowCount, this.returningItems)),
      options,
    );
  }
  /** RETURNING: what the statement gives for each new row. */
  returning<const B extends readonly unknown[]>(...items: B): Insert<R, B> {
    return keepExecutionOptions(
      this,
      new Insert<R, B>(this.table, this.columns, this.valueNodes, this.rowCount, items.map(selectItemNode)),
    );
  }
  /** The same statement with values to be given as parameters of these names. */
  withParameters(keys: readonly string[]): Insert<R, A> {
    const columns = columnsOfKeys(this.table, keys);
    const nodes = columns.map(
      (column) => new BindParameter(column.key, undefined, column.type, { unique: false, required: true }),
    );
    return keepExecutionOptions(this, new Insert<R, A>(this.table, columns, nodes, 1, this.returningItems));
  }
  override get fields(): readonly Field[] {
    return INSERT_FIELDS;
  }
}
const INSERT_FIELDS = fields("table:node", "rowCount:atom", "columns:nodes", "valueNodes:nodes", "returningItems:nodes");

export class Update<in R = never, out A extends readonly unknown[] = readonly []> extends DmlStatement<A> {
  override readonly kind = "update";
  readonly columns: readonly Column[];
  readonly valueNodes: readonly Node[];
  readonly criteria: readonly Node[];
  declare readonly rowType?: (row: R) => void;

  constructor(
    table: Table,
    columns: readonly Column[] = [],
    values: readonly Node[] = [],
    criteria: readonly Node[] = [],
    returning: readonly Node[] = [],
  ) {
    super(table, returning);
    this.columns = columns;
    this.valueNodes = values;
    this.criteria = criteria;
  }
  /** What to set: `values({ name: "x", count: users.c.count.add(1) })`. */
  values(values: R): Update<R, A> {
    const given = requireObject(values, "values");
    const columns = columnsOfKeys(this.table, Object.keys(given));
    const merged = [...this.columns.filter((column) => !columns.includes(column)), ...columns];
    const kept = this.valueNodes.filter((_node, position) => !columns.includes(this.columns[position]!));
    return keepExecutionOptions(
      this,
      new Update<R, A>(
        this.table,
        merged,
        [...kept, ...columns.map((column) => valueNode(column, given[column.key], false))],
        this.criteria,
        this.returningItems,
      ),
    );
  }
  /** The same statement with options of how it is run, added to those it has. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): Update<R, A> {
    return setExecutionOptions(
      keepExecutionOptions(this, new Update<R, A>(this.table, this.columns, this.valueNodes, this.criteria, this.returningItems)),
      options,
    );
  }
  where(...conditions: ColumnElement<boolean | null>[]): Update<R, A> {
    const criteria = [...this.criteria, ...conditions.map((condition) => conditionNode(condition, "where"))];
    return keepExecutionOptions(this, new Update<R, A>(this.table, this.columns, this.valueNodes, criteria, this.returningItems));
  }
  returning<const B extends readonly unknown[]>(...items: B): Update<R, B> {
    return keepExecutionOptions(
      this,
      new Update<R, B>(this.table, this.columns, this.valueNodes, this.criteria, items.map(selectItemNode)),
    );
  }
  /** The same statement with further columns to be set from parameters of these names. */
  withParameters(keys: readonly string[]): Update<R, A> {
    const columns = columnsOfKeys(this.table, keys);
    const nodes = columns.map(
      (column) => new BindParameter(column.key, undefined, column.type, { unique: false, required: true }),
    );
    return keepExecutionOptions(
      this,
      new Update<R, A>(
        this.table,
        [...this.columns, ...columns],
        [...this.valueNodes, ...nodes],
        this.criteria,
        this.returningItems,
      ),
    );
  }
  override get fields(): readonly Field[] {
    return UPDATE_FIELDS;
  }
}
const UPDATE_FIELDS = fields("table:node", "columns:nodes", "valueNodes:nodes", "criteria:nodes", "returningItems:nodes");

export class Delete<out A extends readonly unknown[] = readonly []> extends DmlStatement<A> {
  override readonly kind = "delete";
  readonly criteria: readonly Node[];

  constructor(table: Table, criteria: readonly Node[] = [], returning: readonly Node[] = []) {
    super(table, returning);
    this.criteria = criteria;
  }
  /** The same statement with options of how it is run, added to those it has. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): Delete<A> {
    return setExecutionOptions(
      keepExecutionOptions(this, new Delete<A>(this.table, this.criteria, this.returningItems)),
      options,
    );
  }
  where(...conditions: ColumnElement<boolean | null>[]): Delete<A> {
    const criteria = [...this.criteria, ...conditions.map((condition) => conditionNode(condition, "where"))];
    return keepExecutionOptions(this, new Delete<A>(this.table, criteria, this.returningItems));
  }
  returning<const B extends readonly unknown[]>(...items: B): Delete<B> {
    return keepExecutionOptions(this, new Delete<B>(this.table, this.criteria, items.map(selectItemNode)));
  }
  override get fields(): readonly Field[] {
    return DELETE_FIELDS;
  }
}
const DELETE_FIELDS = fields("table:node", "criteria:nodes", "returningItems:nodes");

/** The table behind the argument of insert(), update() and delete_(): a table or a mapped class. */
export function dmlTable(target: unknown, where: string): Table {
  const node = hasToNode(target) ? target[TO_NODE]("from") : target;
  const selectable = node instanceof EntityClause ? node.selectable : node;
  if (selectable instanceof Node && selectable.kind === "table") return selectable as Table;
  throw new ArgumentError(`${where}() takes a table or a mapped class, got ${describe(target)}.`);
}

/** The columns of these keys, in the table's order, so that statements with the same keys are the same statement. */
function columnsOfKeys(table: Table, keys: readonly string[]): readonly Column[] {
  const columns = table.columns.filter((column) => keys.includes(column.key));
  if (columns.length !== keys.length) {
    const unknown = keys.filter((key) => !columns.some((column) => column.key === key));
    throw new ArgumentError(
      `Table ${table.name} has no column ${unknown.join(", ")}. It has ${table.columns.map((column) => column.key).join(", ")}.`,
    );
  }
  return columns;
}

function valueNode(column: Column, value: unknown, anonymous: boolean): Node {
  if (value instanceof ColumnElement) return value;
  if (hasToNode(value)) return value[TO_NODE]("column");
  if (value === undefined) {
    throw new ArgumentError(
      `The value of ${column.key} is undefined. Use null for NULL, or leave the key out to get the default.`,
    );
  }
  return new BindParameter(column.key, value, column.type, { unique: anonymous });
}

function requireObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ArgumentError(`${where}() takes an object of values by column, got ${describe(value)}.`);
  }
  return value as Readonly<Record<string, unknown>>;
}
