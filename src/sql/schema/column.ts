/**
 * A column of a table, made from its spec. It knows its table, where it refers to, and what a row gets that does not bring a value.
 */
import { ArgumentError } from "../../errors/base.ts";
import { NoReferencedColumnError, NoReferencedTableError } from "../../errors/sql.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { describe } from "../coerce/describe.ts";
import { ColumnElement } from "../nodes/element.ts";
import { fields, type Field } from "../nodes/node.ts";
import { columnDefault, type ColumnDefault } from "./columnDefault.ts";
import type { ColumnSpec, ForeignKeyOptions } from "./columnSpec.ts";
import type { Table } from "./table.ts";

let nextColumnId = 1;

export class Column<V = unknown> extends ColumnElement<V> {
  override readonly kind = "column";
  /** Distinguishes columns in cache keys; never reused. */
  readonly id: number = nextColumnId++;
  /** The name in the program. */
  readonly key: string;
  /** The name in the database. */
  readonly name: string;
  override readonly type: SqlType;
  readonly isNullable: boolean;
  readonly isPrimaryKey: boolean;
  readonly autoincrement: boolean | undefined;
  readonly default: ColumnDefault | null;
  readonly onupdate: ColumnDefault | null;
  readonly serverDefault: ColumnElement | string | null;
  readonly isUnique: boolean;
  readonly isIndexed: boolean;
  readonly foreignKeys: readonly ForeignKey[];
  #table: Table | null = null;
  readonly #findTable: (() => Table) | null;

  /** `findTable` is for columns that are made before their table is (mapped classes). */
  constructor(key: string, name: string, spec: ColumnSpec, findTable: (() => Table) | null = null) {
    super();
    const options = spec.columnOptions;
    this.key = key;
    this.name = options.name ?? name;
    this.type = spec.type;
    this.isPrimaryKey = options.isPrimaryKey ?? false;
    this.isNullable = options.isNullable ?? false;
    if (this.isPrimaryKey && this.isNullable) throw new ArgumentError(`Column ${key} is a primary key and cannot be nullable.`);
    this.autoincrement = options.autoincrement;
    this.default = columnDefault(options.defaultSource);
    this.onupdate = columnDefault(options.onupdateSource);
    this.serverDefault = options.serverDefaultSource ?? null;
    this.isUnique = options.isUnique ?? false;
    this.isIndexed = options.isIndexed ?? false;
    this.foreignKeys = (options.foreignKeys ?? []).map(({ target, options: details }) => new ForeignKey(this, target, details));
    this.#findTable = findTable;
  }

  get table(): Table {
    if (this.#table !== null) return this.#table;
    if (this.#findTable === null) throw new ArgumentError(`Column ${this.key} does not belong to a table.`);
    return this.#findTable();
  }
  /** Called once, by the table that takes the column. */
  attach(table: Table): void {
    if (this.#table !== null) throw new ArgumentError(`Column ${this.key} belongs to table ${this.#table.name} already.`);
    this.#table = table;
  }
  override get bindHint(): string {
    return this.name;
  }
  override get fields(): readonly Field[] {
    return COLUMN_FIELDS;
  }
  /** `table.column`, for messages. */
  override toString(): string {
    return `${this.#table?.name ?? "?"}.${this.key}`;
  }
}
const COLUMN_FIELDS = fields("id:atom");

/** A reference from one column to another. The target is looked up when it is first needed, so that tables may come in any order. */
export class ForeignKey {
  readonly parent: Column;
  readonly options: ForeignKeyOptions;
  readonly #target: string | ColumnElement;
  #resolved: Column | null = null;

  constructor(parent: Column, target: string | ColumnElement, options: ForeignKeyOptions) {
    this.parent = parent;
    this.#target = target;
    this.options = options;
  }

  /** The column referred to. Throws NoReferencedTableError or NoReferencedColumnError where there is none. */
  get column(): Column {
    return (this.#resolved ??= this.#resolve());
  }

  #resolve(): Column {
    const target = this.#target;
    if (target instanceof Column) return target;
    if (typeof target !== "string")
      throw new ArgumentError(
        `The foreign key of ${String(this.parent)} refers to ${describe(target)}, which is no column of a table.`,
      );
    const { metadata } = this.parent.table;
    const dot = target.lastIndexOf(".");
    const tableName = dot === -1 ? target : target.slice(0, dot);
    const table = metadata.tables.get(tableName);
    if (table === undefined) {
      throw new NoReferencedTableError(
        `The foreign key of ${String(this.parent)} refers to ${JSON.stringify(target)}, and the MetaData has no table ${JSON.stringify(tableName)}. It must be defined, and its module imported, before.`,
      );
    }
    if (dot === -1) {
      const [only, ...others] = table.primaryKey;
      if (only === undefined || others.length > 0)
        throw new NoReferencedColumnError(
          `${JSON.stringify(target)} names a table whose primary key is not one column; write "table.column".`,
        );
      return only;
    }
    const name = target.slice(dot + 1);
    const column =
      table.columns.find((candidate) => candidate.name === name) ?? table.columns.find((candidate) => candidate.key === name);
    if (column === undefined) {
      throw new NoReferencedColumnError(
        `The foreign key of ${String(this.parent)} refers to ${JSON.stringify(target)}; table ${table.name} has the columns ${table.columns.map((candidate) => candidate.name).join(", ")}.`,
      );
    }
    return column;
  }
}
