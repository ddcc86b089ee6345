/**
 * The types of mapped classes, inferred from their shapes: instances, constructor arguments, and the attributes under `.c`.
 * Only types; nothing of this file exists at run time.
 */
import type { Attribute, LiteralOf } from "../../sql/nodes/element.ts";
import type { ColumnSpec, Presence } from "../../sql/schema/columnSpec.ts";
import type { Table } from "../../sql/schema/table.ts";
import type { RelationshipTarget } from "../../sql/typing.ts";
import type { HybridSpec, Multiplicity, RelationshipSpec } from "./specs.ts";

/** A list of related objects: an array whose members are added and removed by its methods, or by assigning another list. */
export interface RelatedList<T> extends ReadonlyArray<T> {
  push(...items: T[]): number;
  pop(): T | undefined;
  shift(): T | undefined;
  unshift(...items: T[]): number;
  splice(start: number, deleteCount?: number, ...items: T[]): T[];
}

type InstanceOf<C> = C extends { readonly prototype: infer P } ? P : never;

type RelatedValue<Target, M> = M extends "many"
  ? RelatedList<InstanceOf<Target>>
  : M extends "maybe"
    ? InstanceOf<Target> | null
    : InstanceOf<Target>;

/** The value of an attribute on an object. */
export type AttributeValue<D> =
  D extends ColumnSpec<infer V, Presence>
    ? V
    : D extends RelationshipSpec<infer Target, infer M>
      ? RelatedValue<Target, M>
      : D extends HybridSpec<infer V>
        ? V
        : never;

/** An object of a mapped class, with what its shape declares. Getters of a shape are attributes that can be written. */
export type Instance<S> = { -readonly [K in keyof S]: AttributeValue<S[K]> };

type InitValue<D> =
  D extends ColumnSpec<infer V, Presence>
    ? LiteralOf<V>
    : D extends RelationshipSpec<infer Target, infer M>
      ? M extends "many"
        ? readonly InstanceOf<Target>[]
        : RelatedValue<Target, M>
      : never;

/** What a new object must bring: columns that are NOT NULL, have no default and no foreign key that a relationship could fill. */
type RequiredKeys<S> = {
  [K in keyof S]: S[K] extends ColumnSpec<unknown, infer P> ? ([P] extends ["required"] ? K : never) : never;
}[keyof S];
type OptionalKeys<S> = Exclude<{ [K in keyof S]: S[K] extends HybridSpec<unknown> ? never : K }[keyof S], RequiredKeys<S>>;

/** The argument of a mapped class's constructor. */
export type Init<S> = { readonly [K in RequiredKeys<S>]: InitValue<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: InitValue<S[K]>;
};

/** A relationship under `.c`: what joins and loader options take. */
export interface RelationshipAttribute<Owner extends string, Target, M extends Multiplicity> extends RelationshipTarget<
  TableNameOf<Target>
> {
  readonly kind: "relationship";
  readonly owner?: Owner;
  readonly target?: Target;
  readonly multiplicity?: M;
}

export type TableNameOf<Target> = Target extends { readonly tableName: infer Name extends string } ? Name : string;

type ClassAttribute<D, K extends string, Owner extends string> =
  D extends ColumnSpec<infer V, Presence>
    ? Attribute<V, K, Owner>
    : D extends RelationshipSpec<infer Target, infer M>
      ? RelationshipAttribute<Owner, Target, M>
      : D extends HybridSpec<infer V>
        ? Attribute<V, K, Owner>
        : never;

/** The attributes of a mapped class, under `.c`. */
export type ClassAttributes<S, Owner extends string> = { readonly [K in keyof S]: ClassAttribute<S[K], K & string, Owner> };

/** What `Base.model` returns: the class to extend. */
export interface ModelClass<Name extends string, S> {
  new (init: Init<S>): Instance<S>;
  readonly prototype: Instance<S>;
  readonly tableName: Name;
  /** The class's attributes, for statements. */
  readonly c: ClassAttributes<S, Name>;
  /** The table behind the class. */
  readonly table: Table<S, Name>;
  /** The types of the attributes; there is nothing here at run time. */
  readonly shape: S;
}
