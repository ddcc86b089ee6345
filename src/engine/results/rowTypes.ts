/**
 * The types of rows and of what results make of them: a row is a tuple R with fields by name (see sql/typing.ts), and has a few members of
 * its own. Only types; nothing of this file exists at run time.
 */
import type { ColumnElement, NameOf, ValueOf } from "../../sql/nodes/element.ts";

/** A row's values by name; any name may be asked for where the type system knows none, as with `text()`. */
export type MappingOf<R> = [keyof FieldsIn<R>] extends [never] ? Readonly<Record<string, unknown>> : FieldsIn<R>;
type FieldsIn<R> = Omit<R, keyof unknown[] | number | `${number}` | keyof RowMembers>;

/** A row's values by position, without names. */
export type TupleIn<R> = R extends { readonly length: infer Length }
  ? number extends Length
    ? readonly unknown[]
    : TupleOfLength<R, Length>
  : readonly unknown[];

// An intersection of a tuple and fields cannot be taken apart again by inference; its positions can be read.
type TupleOfLength<R, Length, Values extends readonly unknown[] = []> = Values["length"] extends Length
  ? readonly [...Values]
  : TupleOfLength<R, Length, [...Values, R[Values["length"] & keyof R]]>;

type NameIn<R> = keyof MappingOf<R> & string;

type PositionIn<R> = R extends { readonly length: infer Length }
  ? number extends Length
    ? number
    : IndexIn<Exclude<keyof R, keyof unknown[]>>
  : number;
type IndexIn<Key> = Key extends `${infer Index extends number}` ? Index : never;

/** What a column of a row can be asked by: its position, its name, or the expression that was selected. */
export type ColumnKey<R> = PositionIn<R> | NameIn<R> | ColumnElement;

/** What null an outer join may have added to a field. */
type NullOf<R, Name> = Name extends keyof R ? Extract<R[Name], null> : never;

/** The value of one column of R. */
export type ColumnValue<R, K> = K extends ColumnElement ? ValueOf<K> | NullOf<R, NameOf<K>> : K extends keyof R ? R[K] : unknown;

/** The row that consists of some columns of R, in the order of their keys. */
export type PickedRow<R, K extends readonly unknown[]> = { readonly [I in keyof K]: ColumnValue<R, K[I]> } & {
  readonly [E in K[number] as E extends string ? E : Exclude<NameOf<E>, keyof unknown[]>]: ColumnValue<R, E>;
};

/** What every row has besides its values. */
export interface RowMembers<R = unknown> {
  /** The values by name, as a new plain object; reading a name that several columns have throws NoSuchColumnError. */
  readonly _mapping: MappingOf<R>;
  /** The column names, in order. */
  readonly _fields: readonly string[];
  /** A new plain object of the values by name. */
  _asdict(): MappingOf<R>;
  /** The row typed as a tuple only. It is the row itself. */
  _tuple(): TupleIn<R>;
  /** The row typed as a tuple only. It is the row itself. */
  readonly _t: TupleIn<R>;
  /**
   * The value of a column by name, by position, or by the expression that was selected: `row._get(users.c.id)`. An expression also tells
   * columns of the same name apart. Throws NoSuchColumnError where there is no such column, or where several have the name.
   */
  _get<E extends ColumnElement>(column: E): ColumnValue<R, E>;
  _get<K extends keyof R & string>(name: K): R[K];
  _get(key: string | number): unknown;
}

/** What rows have as tuples. */
interface RowTupleMembers<R> {
  /** How many of the values are equal to this one. Values of dates, decimals, lists … are compared by their contents. */
  count(value: unknown): number;
  /** The position of the first such value from `start` (default 0) to before `stop` (default the end). Throws ArgumentError where there is none. */
  index(value: unknown, start?: number, stop?: number): number;
  /** The row typed as a tuple only. It is the row itself. */
  readonly t: TupleIn<R>;
}

/** Columns come first: in a row with a column called `count`, that is the column; so it may be in one whose columns are not known. */
type TupleMembersOf<R extends readonly unknown[]> = number extends R["length"]
  ? unknown
  : [keyof R & keyof RowTupleMembers<unknown>] extends [never]
    ? RowTupleMembers<R>
    : Omit<RowTupleMembers<R>, keyof R>;

/** A row of type R (a tuple and its named fields), with the members of every row. */
export type Row<R extends readonly unknown[] = readonly unknown[]> = R & RowMembers<R> & TupleMembersOf<R>;
