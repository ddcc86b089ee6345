/**
 * A column under construction: what `t.integer().primaryKey()` builds, before it belongs to a table. The same object serves as a
 * type wherever one is asked for. Every method gives a new spec.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { describe } from "../coerce/describe.ts";
import { ColumnElement } from "../nodes/element.ts";
import type { DefaultSource } from "./columnDefault.ts";

declare const SPEC: unique symbol;

/** Whether a value must be given for a new row: always, never, or only when no relationship gives it. */
export type Presence = "required" | "optional" | "foreign";

/** What happens to rows that refer to a deleted or renumbered row. */
export type ReferentialAction = "CASCADE" | "SET NULL" | "SET DEFAULT" | "RESTRICT" | "NO ACTION";

export interface ForeignKeyOptions {
  readonly ondelete?: ReferentialAction;
  readonly onupdate?: ReferentialAction;
  readonly name?: string;
}

export interface ForeignKeySpec {
  /** `"table.column"` or the column itself. */
  readonly target: string | ColumnElement;
  readonly options: ForeignKeyOptions;
}

export interface ColumnOptions {
  readonly name?: string;
  readonly isNullable?: boolean;
  readonly isPrimaryKey?: boolean;
  readonly autoincrement?: boolean;
  readonly defaultSource?: unknown;
  readonly onupdateSource?: unknown;
  readonly serverDefaultSource?: ColumnElement | string;
  readonly isUnique?: boolean;
  readonly isIndexed?: boolean;
  readonly foreignKeys?: readonly ForeignKeySpec[];
}

/**
 * A column under construction. `V` is the JavaScript type of its values; `P` says whether a new row must bring one.
 */
export class ColumnSpec<out V = unknown, out P extends Presence = Presence> {
  declare readonly [SPEC]: { readonly value: V; readonly presence: P };
  readonly type: SqlType<NonNullable<V>>;
  readonly columnOptions: ColumnOptions;

  constructor(type: SqlType<unknown>, options: ColumnOptions = {}) {
    this.type = type as SqlType<NonNullable<V>>;
    this.columnOptions = options;
  }

  #with<W, Q extends Presence>(options: ColumnOptions): ColumnSpec<W, Q> {
    return new ColumnSpec<W, Q>(this.type, { ...this.columnOptions, ...options });
  }

  /** NULL is allowed; without this a column is NOT NULL. */
  nullable(): ColumnSpec<V | null, "optional"> {
    return this.#with({ isNullable: true });
  }
  /**
   * Part of the primary key. A single integer key is numbered by the database, unless it refers to another table or
   * `autoincrement: false` is given.
   */
  primaryKey(options: { readonly autoincrement?: boolean } = {}): ColumnSpec<V, V extends number | bigint ? "optional" : P> {
    return this.#with({
      isPrimaryKey: true,
      ...(options.autoincrement === undefined ? {} : { autoincrement: options.autoincrement }),
    });
  }
  /**
   * The value of new rows that do not bring one: a value, a function called for each row, or an SQL expression. A function that takes a
   * parameter is told of the row: see DefaultContext.
   */
  default(source: DefaultSource<V>): ColumnSpec<V, "optional"> {
    return this.#with({ defaultSource: requireSource(source, "default") });
  }
  /** The value of rows that are updated without it: a value, a function called for each row, or an SQL expression, as for `default`. */
  onupdate(source: DefaultSource<V>): ColumnSpec<V, P> {
    return this.#with({ onupdateSource: requireSource(source, "onupdate") });
  }
  /** DEFAULT in the table's DDL: an SQL expression, or a string, written as a string literal. */
  serverDefault(source: ColumnElement | string): ColumnSpec<V, "optional"> {
    if (typeof source !== "string" && !(source instanceof ColumnElement)) {
      throw new ArgumentError(
        `serverDefault() takes an SQL expression, such as func.now(), or a string; got ${describe(source)}.`,
      );
    }
    return this.#with({ serverDefaultSource: source });
  }
  unique(): ColumnSpec<V, P> {
    return this.#with({ isUnique: true });
  }
  /** A plain index on this column alone, named `ix_<table>_<column>`. */
  index(): ColumnSpec<V, P> {
    return this.#with({ isIndexed: true });
  }
  /** Refers to a column of another table: the column itself, or `"table.column"`. */
  foreignKey(
    target: string | ColumnElement<V | null>,
    options: ForeignKeyOptions = {},
  ): ColumnSpec<V, P extends "required" ? "foreign" : P> {
    if (typeof target !== "string" && !(target instanceof ColumnElement)) {
      throw new ArgumentError(
        `foreignKey() takes a column or "table.column", got ${describe(target)}. A column of a class that is declared later stands in a getter: get userId() { return t.integer().foreignKey(User.c.id); }.`,
      );
    }
    return this.#with({ foreignKeys: [...(this.columnOptions.foreignKeys ?? []), { target, options }] });
  }
  /** The column's name in the database, where it is not the key in the program. */
  named(name: string): ColumnSpec<V, P> {
    return this.#with({ name });
  }
  /** The same column with another TypeScript type, for what only you know of its values. */
  $type<W>(): ColumnSpec<W, P> {
    return this.#with({});
  }
}

export type SpecValue<S> = S extends ColumnSpec<infer V, Presence> ? V : never;
export type SpecPresence<S> = S extends ColumnSpec<unknown, infer P> ? P : never;

function requireSource<S>(source: S, where: string): S {
  if (source === undefined) throw new ArgumentError(`${where}() got undefined. Give a value, a function, or an SQL expression.`);
  return source;
}
