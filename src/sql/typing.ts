/**
 * The types of statements and rows: what a select gives by position and by name, with what outer joins may leave out as null.
 * Only types; nothing of this file exists at run time.
 */
import type { ColumnElement, LiteralOf, NameOf, OwnerOf } from "./nodes/element.ts";
import type { ColumnsOf, FromClause } from "./nodes/from.ts";
import type { ToNode } from "./nodes/node.ts";
import type { ColumnSpec, Presence } from "./schema/columnSpec.ts";

declare const TARGET: unique symbol;

/** A mapped class as a statement sees it. */
export interface EntityClass {
  readonly prototype: object;
  readonly tableName: string;
  readonly c: object;
}

/** A relationship that can be joined; `Owner` is the owner of what it leads to. */
export interface RelationshipTarget<Owner> {
  readonly [TARGET]: Owner;
}

/** What `select()` takes. */
export type SelectItem = ColumnElement | FromClause<unknown> | EntityClass | ToNode | number | boolean;

/** The owner of a join's target: whose columns become nullable in an outer join. */
export type OuterTarget<T> =
  T extends RelationshipTarget<infer Owner>
    ? Owner
    : T extends { readonly tableName: infer Name }
      ? Name
      : T extends { readonly c: infer C }
        ? OwnerOf<C[keyof C]>
        : never;

/** The value of one selected item in a row. */
type ItemValue<E, N> = E extends { readonly prototype: infer P; readonly tableName: infer Name }
  ? Name extends N
    ? P | null
    : P
  : E extends ColumnElement<infer V>
    ? [OwnerOf<E>] extends [never]
      ? V
      : OwnerOf<E> extends N
        ? V | null
        : V
    : E extends number | boolean
      ? E
      : unknown;

/** True where an item stands for several columns, so that positions are not known to the type system. */
type HasWholeTable<A extends readonly unknown[]> = Extract<A[number], FromClause<unknown>> extends never ? false : true;

export type TupleOf<A extends readonly unknown[], N = never> =
  HasWholeTable<A> extends true ? readonly unknown[] : { readonly [I in keyof A]: ItemValue<A[I], N> };

/** Names that every array has are not read by name from a row (see `Row`). */
type ArrayMember = keyof unknown[];

/** A row's values by name. */
export type FieldsOf<A extends readonly unknown[], N = never> = {
  readonly [E in A[number] as Exclude<NameOf<E>, ArrayMember>]: ItemValue<E, N>;
} & WholeTableFields<Extract<A[number], FromClause<unknown>>, N>;

type WholeTableFields<F, N> = [F] extends [never]
  ? unknown
  : F extends FromClause<infer C>
    ? { readonly [K in keyof C as Exclude<K, ArrayMember>]: ItemValue<C[K], N> }
    : unknown;

/** A row: by position, and by name. */
export type RowOf<A extends readonly unknown[], N = never> = TupleOf<A, N> & FieldsOf<A, N>;

/** The first column's value. */
export type ScalarOfItems<A extends readonly unknown[], N = never> = A extends readonly [infer First, ...unknown[]]
  ? ItemValue<First, N>
  : unknown;

/** What a select offers as a subquery. */
export type ColumnsOfItems<A extends readonly unknown[]> = A extends readonly [infer Only]
  ? Only extends FromClause<infer C>
    ? ColumnsOf<C, never>
    : Only extends EntityClass
      ? ColumnsOf<Only["c"], never>
      : NamedColumns<A>
  : NamedColumns<A>;

type NamedColumns<A extends readonly unknown[]> = {
  readonly [E in A[number] as NameOf<E>]: E extends ColumnElement<infer V> ? ColumnElement<V> & E : never;
};

type Shape = Readonly<Record<string, unknown>>;
type Value<S> = S extends ColumnSpec<infer V, Presence> ? LiteralOf<V> | ColumnElement<V | null> : never;
type ColumnKeys<S> = { [K in keyof S]: S[K] extends ColumnSpec ? K : never }[keyof S];
type RequiredKeys<S> = {
  [K in keyof S]: S[K] extends ColumnSpec<unknown, "required" | "foreign">
    ? S[K] extends ColumnSpec<unknown, "optional">
      ? never
      : K
    : never;
}[keyof S];

/** The values of a new row: what is NOT NULL and has no default must be there. Also the names of parameters may stand alone. */
export type InsertRow<T> = T extends { readonly shape: infer S }
  ? { readonly [K in RequiredKeys<S>]: Value<S[K]> } & { readonly [K in Exclude<ColumnKeys<S>, RequiredKeys<S>>]?: Value<S[K]> }
  : Shape;

/** The values an update may set. */
export type UpdateRow<T> = T extends { readonly shape: infer S } ? { readonly [K in ColumnKeys<S>]?: Value<S[K]> } : Shape;

/** A statement that can be executed: `A` is what its rows consist of, `N` what outer joins may leave out. */
export interface Executable<A extends readonly unknown[] = readonly unknown[], N = unknown> {
  readonly kind: string;
  readonly selects?: A;
  readonly nullable?: N;
}
