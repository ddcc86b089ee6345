/**
 * A table: its columns by key, its primary key, constraints and indexes. Made by `metadata.table` or by mapping a class.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { Attribute, ColumnElement } from "../nodes/element.ts";
import { FromClause } from "../nodes/from.ts";
import { fields, type Field } from "../nodes/node.ts";
import type { Column, ForeignKey } from "./column.ts";
import type { SpecValue } from "./columnSpec.ts";
import { Index, UniqueConstraint, type TableItem } from "./constraints.ts";
import type { MetaData } from "./metadata.ts";

/** The columns of a table by key, typed. */
export type TableColumns<S, Name extends string> = { readonly [K in keyof S]: Attribute<SpecValue<S[K]>, K & string, Name> };

/** `S` is the type of the column specs by key. */
export class Table<S = unknown, Name extends string = string> extends FromClause<TableColumns<S, Name>> {
  declare readonly shape: S;
  override readonly kind = "table";
  readonly name: Name;
  /** Where the table is, for those that are not where the connection looks by itself; null for these. */
  readonly schema: string | null;
  readonly metadata: MetaData;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly Column[];
  /** The column that the database numbers by itself: a single integer primary key that refers nowhere and has no default. */
  readonly autoincrementColumn: Column | null;
  readonly uniqueConstraints: readonly UniqueConstraint[];
  readonly indexes: readonly Index[];
  readonly #byKey: Readonly<Record<string, Column>>;

  constructor(
    name: Name,
    metadata: MetaData,
    columns: readonly Column[],
    items: (c: TableColumns<S, Name>) => readonly TableItem[] = () => [],
    schema: string | null = null,
  ) {
    super();
    this.name = name;
    this.schema = schema;
    this.metadata = metadata;
    this.columns = columns;
    const byKey = Object.create(null) as Record<string, Column>;
    for (const column of columns) {
      if (columns.some((other) => other !== column && other.name === column.name)) {
        throw new ArgumentError(`Table ${name} has two columns called ${column.name}.`);
      }
      byKey[column.key] = column;
      column.attach(this);
    }
    this.#byKey = byKey;
    this.primaryKey = columns.filter((column) => column.isPrimaryKey);
    this.autoincrementColumn = findAutoincrementColumn(this.primaryKey);
    const given = items(this.c);
    this.uniqueConstraints = [
      ...columns.filter((column) => column.isUnique && !column.isIndexed).map((column) => new UniqueConstraint(null, [column])),
      ...given.filter((item) => item instanceof UniqueConstraint),
    ];
    this.indexes = [
      ...columns
        .filter((column) => column.isIndexed)
        .map((column) => new Index(`ix_${name}_${column.name}`, [column], column.isUnique)),
      ...given.filter((item) => item instanceof Index),
    ];
  }
  override get c(): TableColumns<S, Name> {
    return this.#byKey as unknown as TableColumns<S, Name>;
  }
  override get columnList(): readonly ColumnElement[] {
    return this.columns;
  }
  override get nameHint(): string {
    return this.name;
  }
  /** Every reference of this table's columns to others. */
  get foreignKeys(): readonly ForeignKey[] {
    return this.columns.flatMap((column) => column.foreignKeys);
  }
  /** The first column's id stands for the table in cache keys. */
  get id(): string {
    return `t${this.columns[0]?.id ?? 0}`;
  }
  override get fields(): readonly Field[] {
    return TABLE_FIELDS;
  }
  override toString(): string {
    return this.name;
  }
}
const TABLE_FIELDS = fields("id:atom");

function findAutoincrementColumn(primaryKey: readonly Column[]): Column | null {
  const asked = primaryKey.find((column) => column.autoincrement === true);
  if (asked !== undefined) return asked;
  const [only, ...others] = primaryKey;
  if (only === undefined || others.length > 0 || only.autoincrement === false) return null;
  const isInteger = only.type.kind === "integer" || only.type.kind === "bigInteger" || only.type.kind === "smallInteger";
  return isInteger && only.foreignKeys.length === 0 && only.default === null && only.serverDefault === null ? only : null;
}
