/**
 * A configured relationship: which way it goes, which columns are copied to which, what goes on to the related objects. Found from the
 * foreign keys when mappers are configured.
 */
import { AmbiguousForeignKeysError, NoForeignKeysError } from "../../errors/sql.ts";
import { MappingError } from "../../errors/orm.ts";
import type { ColumnElement } from "../../sql/nodes/element.ts";
import type { Column, ForeignKey } from "../../sql/schema/column.ts";
import type { Table } from "../../sql/schema/table.ts";
import type { Mapper } from "./mapper.ts";
import type { LazyMode, RelationshipSpec, Multiplicity } from "./specs.ts";

export type Direction = "oneToMany" | "manyToOne" | "manyToMany";

/** A pair of columns that hold the same value: `from` is the key referred to, `to` the column that refers. */
export interface ColumnPair {
  readonly from: Column;
  readonly to: Column;
}

const CASCADES = ["save-update", "merge", "expunge", "delete", "delete-orphan", "refresh-expire"] as const;
export type Cascade = (typeof CASCADES)[number];

export class Relationship {
  readonly key: string;
  readonly parent: Mapper;
  readonly target: Mapper;
  readonly spec: RelationshipSpec<unknown, Multiplicity>;
  readonly direction: Direction;
  /** One-to-many: parent key → child column. Many-to-one: target key → own column. Many-to-many: parent key → link column. */
  readonly pairs: readonly ColumnPair[];
  /** Many-to-many: target key → link column. */
  readonly targetPairs: readonly ColumnPair[];
  readonly secondary: Table | null;
  readonly cascade: ReadonlySet<Cascade>;
  readonly orderBy: readonly ColumnElement[];
  readonly lazy: LazyMode;
  /** Where the value stands on an object. */
  readonly slot: symbol;

  constructor(key: string, parent: Mapper, target: Mapper, spec: RelationshipSpec<unknown, Multiplicity>) {
    this.key = key;
    this.parent = parent;
    this.target = target;
    this.spec = spec;
    this.slot = Symbol(key);
    const { options } = spec;
    this.secondary = options.secondary ?? null;
    this.cascade = parseCascade(options.cascade, this.label);
    this.orderBy = asList(options.orderBy);
    this.lazy = options.lazy ?? "select";
    if (this.secondary !== null) {
      this.direction = "manyToMany";
      const [own, far] = this.#secondaryPairs(this.secondary);
      this.pairs = own;
      this.targetPairs = far;
    } else {
      const found = this.#findPairs();
      this.direction = found.direction;
      this.pairs = found.pairs;
      this.targetPairs = [];
    }
    if (this.isList !== (spec.multiplicity === "many")) {
      const advice = this.isList ? "one object per parent (uselist) is not there yet: use many()" : "use one()";
      throw new MappingError(
        `${this.label} is ${this.isList ? "one()" : "many()"}, and the foreign keys make it ${this.direction}; ${advice}.`,
      );
    }
    if (this.cascade.has("delete-orphan") && this.direction !== "oneToMany") {
      throw new MappingError(`${this.label}: delete-orphan belongs on the one-to-many side.`);
    }
  }

  /** `User.posts`, for messages. */
  get label(): string {
    return `${this.parent.name}.${this.key}`;
  }
  get isList(): boolean {
    return this.direction !== "manyToOne";
  }
  /** The relationship on the other side that shows the same link. */
  get reverse(): Relationship | null {
    const name = this.spec.options.backPopulates;
    if (name === undefined) return null;
    const reverse = this.target.relationships.get(name);
    if (reverse === undefined)
      throw new MappingError(`${this.label} has backPopulates: "${name}", and ${this.target.name} has no such relationship.`);
    if (reverse.target !== this.parent)
      throw new MappingError(`${this.label} and ${reverse.label} name each other in backPopulates, and lead to other classes.`);
    if (reverse.direction === this.direction && this.direction !== "manyToMany") {
      throw new MappingError(
        `${this.label} and ${reverse.label} are both ${this.direction}. For a class that refers to itself give remoteSide on the side that leads to one object.`,
      );
    }
    return reverse;
  }

  /** Finds the columns from the foreign keys between the two tables. */
  #findPairs(): { direction: Direction; pairs: readonly ColumnPair[] } {
    const own = this.parent.table;
    const far = this.target.table;
    const chosen = asList(this.spec.options.foreignKeys) as readonly Column[];
    const allowed = (key: ForeignKey): boolean => chosen.length === 0 || chosen.includes(key.parent);
    const outgoing = own.foreignKeys.filter((key) => key.column.table === far && allowed(key));
    const incoming = far.foreignKeys.filter((key) => key.column.table === own && allowed(key));
    let direction: Direction;
    if (own === far) {
      // A class that refers to itself: the same keys go both ways, and the kind of relationship says which is meant.
      const remote = this.spec.options.remoteSide as Column | undefined;
      const towardsOne =
        remote === undefined ? this.spec.multiplicity !== "many" : own.foreignKeys.some((key) => key.column === remote);
      direction = towardsOne ? "manyToOne" : "oneToMany";
    } else if (outgoing.length > 0 && incoming.length > 0) {
      direction = this.spec.multiplicity === "many" ? "oneToMany" : "manyToOne";
    } else {
      direction = outgoing.length > 0 ? "manyToOne" : "oneToMany";
    }
    const keys = direction === "manyToOne" ? outgoing : incoming;
    if (keys.length === 0) {
      throw new NoForeignKeysError(
        `${this.label}: no foreign key links ${own.name} and ${far.name}. Add one, or give the table between them as secondary.`,
      );
    }
    const pairs = keys.map((key) => ({ from: key.column, to: key.parent }));
    if (new Set(pairs.map((pair) => pair.from)).size < pairs.length) {
      const choices = keys.map((key) => String(key.parent)).join(", ");
      throw new AmbiguousForeignKeysError(
        `${this.label}: several foreign keys link ${own.name} and ${far.name} (${choices}). Say which with foreignKeys.`,
      );
    }
    return { direction, pairs };
  }

  #secondaryPairs(secondary: Table): [readonly ColumnPair[], readonly ColumnPair[]] {
    const towards = (table: Table): readonly ColumnPair[] =>
      secondary.foreignKeys.filter((key) => key.column.table === table).map((key) => ({ from: key.column, to: key.parent }));
    const own = towards(this.parent.table);
    const far = towards(this.target.table);
    if (own.length === 0 || far.length === 0) {
      throw new NoForeignKeysError(
        `${this.label}: ${secondary.name} must have foreign keys to ${this.parent.table.name} and to ${this.target.table.name}.`,
      );
    }
    if (this.parent.table !== this.target.table) return [own, far];
    const chosen = asList(this.spec.options.foreignKeys) as readonly Column[];
    const mine = own.filter((pair) => chosen.includes(pair.to));
    if (mine.length === 0 || mine.length === own.length) {
      throw new AmbiguousForeignKeysError(
        `${this.label}: both sides of ${secondary.name} lead to ${this.parent.table.name}. Give as foreignKeys the column that refers to this side (${own.map((pair) => String(pair.to)).join(", ")}).`,
      );
    }
    return [mine, own.filter((pair) => !mine.includes(pair))];
  }
}

function asList<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function parseCascade(text: string | undefined, label: string): ReadonlySet<Cascade> {
  if (text === undefined) return new Set<Cascade>(["save-update", "merge"]);
  const result = new Set<Cascade>();
  for (const name of text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")) {
    if (name === "all") for (const each of CASCADES) if (each !== "delete-orphan") result.add(each);
    if (name === "all" || name === "none") continue;
    if (!(CASCADES as readonly string[]).includes(name))
      throw new MappingError(`${label}: ${JSON.stringify(name)} is no cascade; there are all, none, ${CASCADES.join(", ")}.`);
    result.add(name as Cascade);
  }
  if (result.has("delete-orphan") && !result.has("delete"))
    throw new MappingError(`${label}: delete-orphan needs delete as well, as in "all, delete-orphan".`);
  return result;
}
