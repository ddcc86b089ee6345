/**
 * What the ORM knows of one mapped class: its table, which attribute is which column, its relationships. Sessions, loading and flushing
 * ask it; it does no I/O and holds no objects.
 */
import { ArgumentError } from "../../errors/base.ts";
import { MappingError, UnmappedError } from "../../errors/orm.ts";
import { describe } from "../../sql/coerce/describe.ts";
import type { ColumnElement } from "../../sql/nodes/element.ts";
import { EntityClause, type FromClause } from "../../sql/nodes/from.ts";
import type { Column } from "../../sql/schema/column.ts";
import type { Table } from "../../sql/schema/table.ts";
import type { ModelDefinition } from "./definition.ts";
import { Relationship } from "./relationship.ts";
import { HybridSpec, RelationshipSpec } from "./specs.ts";

/** The static property under which a mapped class finds its mapper. */
export const MAPPER: unique symbol = Symbol("athanor.mapper");

/** An attribute that holds the value of one column. */
export interface ColumnAttribute {
  readonly key: string;
  readonly column: Column;
  /** Where the value stands on an object; undefined there means "not loaded". */
  readonly slot: symbol;
}

/** A mapped object, as the ORM's own code handles it. */
export type Entity = Record<PropertyKey, unknown>;

/** The value of a primary key as the identity map keeps it. */
export type IdentityKey = string | number | bigint;

export class Mapper {
  readonly class: abstract new (...args: never) => object;
  readonly definition: ModelDefinition;
  readonly table: Table;
  readonly columnAttributes: readonly ColumnAttribute[];
  readonly primaryKey: readonly ColumnAttribute[];
  /** Makes an object without running its constructor, always with the same hidden class. */
  readonly create: () => Entity;
  readonly #attributeOfColumn: ReadonlyMap<Column, ColumnAttribute>;
  readonly #attributeOfKey: ReadonlyMap<string, ColumnAttribute>;
  #slots: readonly symbol[] | null = null;
  #relationships: ReadonlyMap<string, Relationship> | null = null;

  constructor(mappedClass: abstract new (...args: never) => object, definition: ModelDefinition) {
    this.class = mappedClass;
    this.definition = definition;
    this.table = definition.table;
    this.columnAttributes = this.table.columns.map((column) => ({ key: column.key, column, slot: Symbol(column.key) }));
    this.primaryKey = this.columnAttributes.filter(({ column }) => column.isPrimaryKey);
    this.#attributeOfKey = new Map(this.columnAttributes.map((attribute) => [attribute.key, attribute]));
    this.#attributeOfColumn = new Map(this.columnAttributes.map((attribute) => [attribute.column, attribute]));
    function Blank(): void {
      // Only its prototype matters.
    }
    Blank.prototype = mappedClass.prototype as object;
    this.create = () => new (Blank as unknown as new () => Entity)();
  }

  get name(): string {
    return this.class.name || this.table.name;
  }
  /** The attribute that holds a column of this class's table. */
  attributeOf(column: Column): ColumnAttribute {
    const attribute = this.#attributeOfColumn.get(column);
    if (attribute === undefined) throw new MappingError(`${this.name} has no attribute for the column ${String(column)}.`);
    return attribute;
  }
  attribute(key: string): ColumnAttribute | undefined {
    return this.#attributeOfKey.get(key);
  }
  /** The relationships by name, configured when they are first asked for. */
  get relationships(): ReadonlyMap<string, Relationship> {
    if (this.#relationships !== null) return this.#relationships;
    const relationships = new Map<string, Relationship>();
    this.#relationships = relationships;
    try {
      for (const key of this.definition.keys) {
        const spec = this.definition.spec(key);
        if (spec instanceof RelationshipSpec) relationships.set(key, new Relationship(key, this, mapperOf(spec.target), spec));
      }
    } catch (error) {
      // The next use must meet the same error, not half of the relationships.
      this.#relationships = null;
      throw error;
    }
    return relationships;
  }
  /** Where an object keeps its values, in the order in which its slots are made. */
  get slots(): readonly symbol[] {
    return (this.#slots ??= [
      ...this.columnAttributes.map(({ slot }) => slot),
      ...[...this.relationships.values()].map(({ slot }) => slot),
    ]);
  }
  /** The relationship of that name, or an error that lists those there are. */
  relationship(key: string): Relationship {
    const relationship = this.relationships.get(key);
    if (relationship === undefined) {
      throw new ArgumentError(
        `${this.name} has no relationship ${key}. It has ${[...this.relationships.keys()].join(", ") || "none"}.`,
      );
    }
    return relationship;
  }
  hybrid(key: string): HybridSpec<unknown> | null {
    const spec = this.definition.spec(key);
    return spec instanceof HybridSpec ? spec : null;
  }
  /** The key of a primary key of one column. */
  keyOf(value: unknown): IdentityKey | null {
    return keyPart(value, this.primaryKey[0]!.column);
  }
  /** The key of these primary key values in the identity map; null when a part is NULL or not known. */
  identityKey(values: readonly unknown[]): IdentityKey | null {
    if (values.length === 1) return this.keyOf(values[0]);
    let key = "";
    for (const [index, value] of values.entries()) {
      const part = keyPart(value, this.primaryKey[index]!.column);
      if (part === null) return null;
      const text = String(part);
      key += `${text.length}:${text}`;
    }
    return key;
  }
  /** False for an object whose columns have all been expired. */
  hasValues(entity: Entity): boolean {
    return this.columnAttributes.some(({ slot }) => entity[slot] !== undefined);
  }
  primaryKeyOf(entity: Entity): readonly unknown[] {
    return this.primaryKey.map(({ slot }) => entity[slot]);
  }
}

/** One part of a key: a form in which equal values are the same to a Map. */
function keyPart(value: unknown, column: Column): IdentityKey | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" && column.type.kind !== "bigInteger") return value;
  if (column.type.kind === "bigInteger" && (typeof value === "number" || typeof value === "string")) return BigInt(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return String(value);
}

/** The mapper of a class; throws UnmappedError where it has none. */
export function mapperOf(mappedClass: unknown): Mapper {
  if (typeof mappedClass === "function" && MAPPER in mappedClass) return (mappedClass as { [MAPPER]: Mapper })[MAPPER];
  throw new UnmappedError(
    `${describe(mappedClass)} is no mapped class. Declare it with class … extends Base.model("table", { … }).`,
  );
}

/** A mapped class in a statement: all its columns, of its table or of an alias of it. */
export class MappedEntity extends EntityClause {
  readonly mapper: Mapper;
  override readonly selectable: FromClause<unknown>;

  constructor(mapper: Mapper, selectable: FromClause<unknown> = mapper.table) {
    super();
    this.mapper = mapper;
    this.selectable = selectable;
  }
  override get entityColumns(): readonly ColumnElement[] {
    return this.selectable.columnList;
  }
  override get entityKey(): string {
    return this.mapper.table.id;
  }
}
