/**
 * `declarativeBase` and what it gives: the base whose `model` makes a class to extend, with accessors for its attributes and its
 * statement side under `.c`.
 */
import { ArgumentError, NotYetSupportedError } from "../../errors/base.ts";
import { MappingError } from "../../errors/orm.ts";
import { describe } from "../../sql/coerce/describe.ts";
import type { ColumnElement } from "../../sql/nodes/element.ts";
import type { Node } from "../../sql/nodes/node.ts";
import { TO_NODE } from "../../sql/nodes/node.ts";
import { ColumnSpec } from "../../sql/schema/columnSpec.ts";
import { MetaData } from "../../sql/schema/metadata.ts";
import type { Table } from "../../sql/schema/table.ts";
import { MappedObject, defineAccessor } from "../state/mappedObject.ts";
import { ModelDefinition, snakeCase } from "./definition.ts";
import { MAPPER, MappedEntity, Mapper } from "./mapper.ts";
import { RelationshipNode } from "./relationshipNode.ts";
import { HybridSpec, RelationshipSpec } from "./specs.ts";
import type { ModelClass } from "./typing.ts";

export interface BaseOptions {
  /** Where the tables are registered. Default: a new MetaData. */
  readonly metadata?: MetaData;
  /** How a column is called whose name is not given: as the attribute (default), or in snake_case. */
  readonly casing?: "preserve" | "snake_case";
}

/** The result of `declarativeBase`: makes mapped classes that share a MetaData. */
export class DeclarativeBase<Mixed = unknown> {
  readonly metadata: MetaData;
  readonly #casing: "preserve" | "snake_case";
  readonly #mixins: readonly object[];

  constructor(metadata: MetaData, casing: "preserve" | "snake_case", mixins: readonly object[] = []) {
    this.metadata = metadata;
    this.#casing = casing;
    this.#mixins = mixins;
  }

  /**
   * A base whose classes have the mixin's attributes as well, behind their own.
   *
   * @param shape what `mixin({ … })` gives
   */
  with<S extends object>(shape: S): DeclarativeBase<Mixed & S> {
    return new DeclarativeBase<Mixed & S>(this.metadata, this.#casing, [...this.#mixins, shape]);
  }

  /**
   * The class to extend for a table. What names another class (a relationship, a typed foreign key) stands in a getter.
   *
   * @param tableName the table's name in the database
   * @param shape the attributes: columns, relationships, hybrids
   * @example
   * ```ts
   * class User extends Base.model("users", { id: t.integer().primaryKey(), name: t.string(100) }) {}
   * ```
   */
  model<const Name extends string, S extends object>(tableName: Name, shape: S): ModelClass<Name, S & Mixed> {
    if (typeof tableName !== "string")
      throw new ArgumentError(`model() takes the table's name first, got ${describe(tableName)}.`);
    const columnName = this.#casing === "snake_case" ? snakeCase : (key: string): string => key;
    const definition = new ModelDefinition(tableName, this.metadata, [shape, ...this.#mixins], columnName);
    return modelClass(definition) as unknown as ModelClass<Name, S & Mixed>;
  }
}

/**
 * The base of mapped classes that belong together.
 *
 * @throws NotYetSupportedError for `strictLoading`, ArgumentError for an unknown option
 * @example
 * ```ts
 * const Base = declarativeBase({ casing: "snake_case" });
 * ```
 */
export function declarativeBase(options: BaseOptions = {}): DeclarativeBase {
  for (const name of Object.keys(options)) {
    if (name === "strictLoading") throw new NotYetSupportedError("declarativeBase(): strictLoading is not there yet.");
    if (name !== "metadata" && name !== "casing")
      throw new ArgumentError(`declarativeBase() has no option ${name}; it has metadata, casing.`);
  }
  const { casing = "preserve", metadata = new MetaData() } = options;
  if (casing !== "preserve" && casing !== "snake_case") {
    throw new ArgumentError(`declarativeBase(): casing is "preserve" or "snake_case", got ${describe(casing)}.`);
  }
  return new DeclarativeBase(metadata, casing);
}

function modelClass(definition: ModelDefinition): object {
  let mapper: Mapper | null = null;
  /** The mapped class is the one that extends the model directly; the model itself where nobody does. */
  const mapperFor = (asked: object): Mapper => {
    let mapped = asked;
    while (mapped !== Model && Object.getPrototypeOf(mapped) !== Model) mapped = Object.getPrototypeOf(mapped) as object;
    if (mapper === null) {
      mapper = new Mapper(mapped as never, definition);
      for (const key of definition.keys) defineAccessor(Model.prototype, key, mapper);
    } else if (mapper.class !== mapped && mapped !== Model) {
      throw new MappingError(
        `Table ${definition.tableName} is mapped by ${mapper.name} already; ${(mapped as { name: string }).name} extends the same model. Inheritance of mapped classes is not there yet.`,
      );
    }
    return mapper;
  };
  let attributes: object | null = null;

  class Model extends MappedObject {
    static get [MAPPER](): Mapper {
      return mapperFor(this);
    }
    static get tableName(): string {
      return definition.tableName;
    }
    static get table(): Table {
      return definition.table;
    }
    static get c(): object {
      return (attributes ??= classAttributes(definition, () => mapperFor(this)));
    }
    static model(): never {
      throw new NotYetSupportedError("Inheritance of mapped classes is not there yet.");
    }
    static mapped(): never {
      throw new NotYetSupportedError("Mapper options are not there yet.");
    }
    static [TO_NODE](role: string): Node {
      if (role === "column")
        throw new ArgumentError(`${definition.tableName} is a mapped class, not an expression. Name one of its attributes.`);
      return new MappedEntity(mapperFor(this));
    }
  }
  return Model;
}

/** The attributes under `.c`: each is looked at when it is first read, so that modules may import each other in a circle. */
function classAttributes(definition: ModelDefinition, mapper: () => Mapper): object {
  const attributes = Object.create(null) as object;
  for (const key of definition.keys) {
    Object.defineProperty(attributes, key, {
      enumerable: true,
      configurable: true,
      get() {
        const value = classAttribute(definition, key, mapper);
        Object.defineProperty(attributes, key, { enumerable: true, value });
        return value;
      },
    });
  }
  return attributes;
}

function classAttribute(definition: ModelDefinition, key: string, mapper: () => Mapper): Node | ColumnElement {
  const spec = definition.spec(key);
  if (spec instanceof ColumnSpec) return definition.column(key)!;
  if (spec instanceof RelationshipSpec) return new RelationshipNode(() => mapper().relationship(key));
  if (spec instanceof HybridSpec && spec.expression !== null) return spec.expression();
  throw new MappingError(`${definition.tableName}.${key} has no SQL expression. Give hybrid() a second function.`);
}
