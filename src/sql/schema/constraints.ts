/**
 * Constraints and indexes that stand beside a table's columns, given as the third argument of `metadata.table`.
 */
import { ArgumentError } from "../../errors/base.ts";
import { describe } from "../coerce/describe.ts";
import { ColumnElement } from "../nodes/element.ts";

/** UNIQUE over one or more columns. */
export class UniqueConstraint {
  readonly name: string | null;
  readonly columns: readonly ColumnElement[];

  constructor(name: string | null, columns: readonly ColumnElement[]) {
    this.name = name;
    this.columns = columns;
  }
}

/** An index over columns or expressions. */
export class Index {
  readonly name: string;
  readonly expressions: readonly ColumnElement[];
  readonly isUnique: boolean;

  constructor(name: string, expressions: readonly ColumnElement[], isUnique = false) {
    this.name = name;
    this.expressions = expressions;
    this.isUnique = isUnique;
  }
}

export type TableItem = UniqueConstraint | Index;

/** A UNIQUE constraint: `unique("uq_name", c.name, c.email)`; the name may be left out. */
export function unique(...args: readonly [string, ...ColumnElement[]] | readonly ColumnElement[]): UniqueConstraint {
  const [name, columns] = nameAndColumns(args, "unique");
  return new UniqueConstraint(name, columns);
}

/** An index: `index("ix_name", c.name, c.email.desc())`. */
export function index(name: string, ...expressions: readonly ColumnElement[]): Index {
  const [, columns] = nameAndColumns([name, ...expressions], "index");
  return new Index(name, columns);
}

function nameAndColumns(args: readonly unknown[], where: string): [string | null, readonly ColumnElement[]] {
  const [first, ...rest] = args;
  const name = typeof first === "string" ? first : null;
  const columns = name === null ? args : rest;
  if (columns.length === 0) throw new ArgumentError(`${where}() needs at least one column.`);
  for (const column of columns) {
    if (!(column instanceof ColumnElement)) throw new ArgumentError(`${where}() takes columns, got ${describe(column)}.`);
  }
  return [name, columns as readonly ColumnElement[]];
}
