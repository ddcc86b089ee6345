/**
 * The definition of a mapped class as its shape gives it, read late: an attribute is looked at when it is first asked for, because a
 * getter may name a class that is declared further down or in a module that is still loading.
 */
import { MappingError } from "../../errors/orm.ts";
import { describe } from "../../sql/coerce/describe.ts";
import { Column } from "../../sql/schema/column.ts";
import { ColumnSpec } from "../../sql/schema/columnSpec.ts";
import type { MetaData } from "../../sql/schema/metadata.ts";
import { Table } from "../../sql/schema/table.ts";
import { HybridSpec, RelationshipSpec, type Multiplicity } from "./specs.ts";

export type AttributeSpec = ColumnSpec | RelationshipSpec<unknown, Multiplicity> | HybridSpec<unknown>;

export class ModelDefinition {
  readonly tableName: string;
  readonly metadata: MetaData;
  readonly #shapes: readonly object[];
  readonly #columnName: (key: string) => string;
  readonly #specs = new Map<string, AttributeSpec>();
  readonly #columns = new Map<string, Column>();
  #table: Table | null = null;

  constructor(tableName: string, metadata: MetaData, shapes: readonly object[], columnName: (key: string) => string) {
    this.tableName = tableName;
    this.metadata = metadata;
    this.#shapes = shapes;
    this.#columnName = columnName;
    metadata.addPending(() => void this.table);
  }

  /** The names of all attributes, in the order of the shape; mixins come after. */
  get keys(): readonly string[] {
    return [...new Set(this.#shapes.flatMap((shape) => Object.keys(shape)))];
  }
  /** What an attribute is described as; undefined where the class has none of that name. */
  spec(key: string): AttributeSpec | undefined {
    const known = this.#specs.get(key);
    if (known !== undefined) return known;
    const shape = this.#shapes.find((candidate) => Object.hasOwn(candidate, key));
    if (shape === undefined) return undefined;
    const spec = (shape as Record<string, unknown>)[key];
    if (!(spec instanceof ColumnSpec || spec instanceof RelationshipSpec || spec instanceof HybridSpec)) {
      throw new MappingError(
        `${this.tableName}.${key} must be a column such as t.integer(), a relationship or a hybrid; got ${describe(spec)}.`,
      );
    }
    this.#specs.set(key, spec);
    return spec;
  }
  /** The column of an attribute, made before its table is if need be, so that classes may refer to each other in a circle. */
  column(key: string): Column | null {
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const spec = this.spec(key);
    if (!(spec instanceof ColumnSpec)) return null;
    const column = new Column(key, this.#columnName(key), spec, () => this.table);
    this.#columns.set(key, column);
    return column;
  }
  /** The table, built and registered when it is first needed. */
  get table(): Table {
    if (this.#table !== null) return this.#table;
    const columns = this.keys.map((key) => this.column(key)).filter((column) => column !== null);
    // Reading a getter may have asked for this table already.
    if (this.#table !== null) return this.#table as Table;
    if (!columns.some((column) => column.isPrimaryKey))
      throw new MappingError(`The mapped class of table ${this.tableName} has no primary key.`);
    this.#table = new Table(this.tableName, this.metadata, columns);
    this.metadata.addTable(this.#table);
    return this.#table;
  }
}

/** `createdAt` → `created_at`. */
export function snakeCase(key: string): string {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}
