/**
 * What stands in the shape of a mapped class besides columns: relationships, hybrids, and mixins of several attributes. Here they are
 * only described; the mapper makes them work.
 */
import { ArgumentError, NotYetSupportedError } from "../../errors/base.ts";
import { describe } from "../../sql/coerce/describe.ts";
import type { ColumnElement } from "../../sql/nodes/element.ts";
import type { Table } from "../../sql/schema/table.ts";
import type { EntityClass } from "../../sql/typing.ts";

declare const RELATIONSHIP: unique symbol;
declare const HYBRID: unique symbol;

/** Whether a relationship gives a list, an object, or an object or null. */
export type Multiplicity = "many" | "one" | "maybe";

/** How a relationship is loaded when no loader option says otherwise. */
export type LazyMode = "select" | "selectin" | "joined";

export interface RelationshipOptions<Target> {
  // `infer` would look into the other shape, and so into its getters, while this one's are being inferred: a circle.
  /** The relationship on the other side that shows the same link; both stay in step. */
  readonly backPopulates?: Target extends { readonly shape: unknown } ? keyof Target["shape"] & string : string;
  /** Which operations go on to the related objects: names with commas, such as `"all, delete-orphan"`. Default: `"save-update, merge"`. */
  readonly cascade?: string;
  /** The order of a list when it is loaded. */
  readonly orderBy?: ColumnElement | readonly ColumnElement[];
  /** The columns that hold the reference, where the foreign keys leave a choice. */
  readonly foreignKeys?: ColumnElement | readonly ColumnElement[];
  /** For a class that refers to itself: the column on the far side, which says which way the relationship goes. */
  readonly remoteSide?: ColumnElement;
  /** The table between the two sides of a many-to-many relationship. */
  readonly secondary?: Table;
  readonly lazy?: LazyMode;
}

const OPTION_NAMES = ["backPopulates", "cascade", "orderBy", "foreignKeys", "remoteSide", "secondary", "lazy"];
/** SQLAlchemy's other options of relationship(): planned, not there yet. */
const PLANNED_OPTIONS = [
  "primaryjoin",
  "secondaryjoin",
  "collectionClass",
  "viewonly",
  "postUpdate",
  "passiveDeletes",
  "passiveUpdates",
  "uselist",
  "innerjoin",
  "joinDepth",
  "singleParent",
  "overlaps",
  "info",
  "activeHistory",
];

/** A relationship as the shape of a class describes it. */
export class RelationshipSpec<out Target, out M extends Multiplicity> {
  declare readonly [RELATIONSHIP]: { readonly target: Target; readonly multiplicity: M };
  readonly target: EntityClass;
  readonly multiplicity: Multiplicity;
  readonly options: RelationshipOptions<unknown>;

  constructor(target: EntityClass, multiplicity: Multiplicity, options: RelationshipOptions<unknown>) {
    this.target = target;
    this.multiplicity = multiplicity;
    this.options = options;
  }
  /** The related object may be missing: the attribute is the object or null. */
  nullable(): RelationshipSpec<Target, M extends "many" ? "many" : "maybe"> {
    if (this.multiplicity === "many") throw new ArgumentError("A list of objects is never null; leave nullable() out.");
    return new RelationshipSpec(this.target, "maybe", this.options);
  }
}

/**
 * A relationship to one object.
 *
 * @param target the mapped class
 * @throws ArgumentError for an unknown option
 */
export function one<Target extends EntityClass>(
  target: Target,
  options: RelationshipOptions<Target> = {},
): RelationshipSpec<Target, "one"> {
  return new RelationshipSpec(requireClass(target, "one"), "one", checked(options, "one"));
}

/**
 * A relationship to a list of objects: one-to-many by a foreign key of theirs, or many-to-many through `secondary`.
 *
 * @param target the mapped class
 * @throws ArgumentError for an unknown option
 */
export function many<Target extends EntityClass>(
  target: Target,
  options: RelationshipOptions<Target> = {},
): RelationshipSpec<Target, "many"> {
  return new RelationshipSpec(requireClass(target, "many"), "many", checked(options, "many"));
}

function requireClass<T>(target: T, where: string): T {
  if (typeof target !== "function") {
    throw new ArgumentError(
      `${where}() takes a mapped class, got ${describe(target)}. A class declared later stands in a getter: get posts() { return many(Post); }.`,
    );
  }
  return target;
}

function checked(options: object, where: string): object {
  for (const name of Object.keys(options)) {
    if (PLANNED_OPTIONS.includes(name)) throw new NotYetSupportedError(`${where}(): the option ${name} is not there yet.`);
    if (!OPTION_NAMES.includes(name))
      throw new ArgumentError(`${where}() has no option ${name}; it has ${OPTION_NAMES.join(", ")}.`);
  }
  const { lazy } = options as { lazy?: string };
  if (lazy !== undefined && !["select", "selectin", "joined"].includes(lazy)) {
    throw new NotYetSupportedError(
      `${where}(): lazy is "select", "selectin" or "joined"; ${JSON.stringify(lazy)} is not there yet.`,
    );
  }
  return options;
}

/** An attribute worked out from others: in JavaScript on an object, in SQL on the class. */
export class HybridSpec<out V> {
  declare readonly [HYBRID]: V;
  readonly get: (self: never) => unknown;
  readonly expression: (() => ColumnElement) | null;

  constructor(get: (self: never) => unknown, expression: (() => ColumnElement) | null) {
    this.get = get;
    this.expression = expression;
  }
}

/**
 * An attribute worked out from others.
 *
 * @param get its value on an object
 * @param expression the same in SQL, for `User.c.attribute`; without it the attribute cannot stand in a statement
 * @example
 * ```ts no-check
 * get shout() { return hybrid((u: User) => u.name.toUpperCase(), () => func.upper(User.c.name)); }
 * ```
 */
export function hybrid<Self, V>(get: (self: Self) => V, expression?: () => ColumnElement<V>): HybridSpec<V> {
  return new HybridSpec<V>(get, expression ?? null);
}

/** Attributes to be added to several classes with `Base.with(…)`. */
export function mixin<S extends object>(shape: S): S {
  if (typeof shape !== "object" || shape === null)
    throw new ArgumentError(`mixin() takes an object of attributes, got ${describe(shape)}.`);
  return shape;
}

/** A many-to-many or one-to-many target, seen by the type system. */
export type RelationshipInfo<R> = R extends { readonly [RELATIONSHIP]: infer I } ? I : never;
export type HybridValue<H> = H extends { readonly [HYBRID]: infer V } ? V : never;
