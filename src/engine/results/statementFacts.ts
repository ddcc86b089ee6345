/**
 * What a statement reported besides rows: row counts, generated keys, the values that were sent. Results of both colours show it as SQLAlchemy's
 * CursorResult does. Nothing is put together before somebody asks.
 */
import type { Dialect } from "../../dialects/contract.ts";
import { InvalidRequestError } from "../../errors/base.ts";
import type { Parameters } from "../../sql/compile/execute.ts";
import type { ValueReader } from "../../sql/compile/valueReader.ts";
import type { Column } from "../../sql/schema/column.ts";
import { asRow, rowShape, type Row } from "./row.ts";

/** What a statement reported besides rows. */
export interface ResultInfo {
  readonly rowcount: number;
  readonly lastrowid: number | bigint | null;
  readonly isInsert: boolean;
  /** True where a list of parameter sets was given. */
  readonly isMany: boolean;
  /** The primary keys of the inserted rows; null where they are not known. Called when somebody asks. */
  readonly insertedKeys: (() => readonly (readonly unknown[])[]) | null;
  /** Tells what an INSERT or UPDATE was sent with; null or absent for all others. */
  readonly values?: ValueReader | null;
  /** Of the database whose rows the statement may have changed; absent for rows that were selected or are still being fetched. */
  readonly dialect?: Dialect;
}

/** A primary key: by position, and by the keys of its columns, `row.id`. Which columns it has, the type system does not know. */
export type PrimaryKeyRow = Row & { readonly [key: string]: unknown };

export const NO_INFO: ResultInfo = { rowcount: -1, lastrowid: null, isInsert: false, isMany: false, insertedKeys: null };

/** Of several statements run as one: the sum of their row counts, and nothing else, which would be of one of them. */
export function mergedInfo(infos: readonly ResultInfo[]): ResultInfo {
  const isKnown = infos.every(({ rowcount }) => rowcount >= 0);
  return { ...NO_INFO, rowcount: isKnown ? infos.reduce((sum, { rowcount }) => sum + rowcount, 0) : -1 };
}

/** The primary key of the one inserted row. */
export function insertedPrimaryKey(info: ResultInfo): PrimaryKeyRow {
  if (info.isMany) throw new InvalidRequestError("Several rows were inserted; read insertedPrimaryKeyRows");
  return insertedPrimaryKeyRows(info)[0] ?? (asRow([], rowShape([])) as PrimaryKeyRow);
}

export function insertedPrimaryKeyRows(info: ResultInfo): readonly PrimaryKeyRow[] {
  if (!info.isInsert) throw new InvalidRequestError("Only an insert() has inserted primary keys");
  return (info.insertedKeys?.() ?? []) as readonly PrimaryKeyRow[];
}

/** The values that an INSERT was sent with. */
export function lastInsertedParams(info: ResultInfo): Parameters {
  return paramsOf(info, true, "lastInsertedParams() is for the result of an insert()");
}

/** The values that an UPDATE was sent with. */
export function lastUpdatedParams(info: ResultInfo): Parameters {
  return paramsOf(info, false, "lastUpdatedParams() is for the result of an update()");
}

function paramsOf({ values, isInsert, isMany }: ResultInfo, ofInsert: boolean, refusal: string): Parameters {
  if (values == null || isInsert !== ofInsert) throw new InvalidRequestError(refusal);
  const sets = values.sentSets();
  return isMany ? sets : sets[0]!;
}

/** The columns whose default was worked out before the statement was sent. */
export function prefetchCols(info: ResultInfo): readonly Column[] {
  return valuesOf(info, "prefetchCols()").written.prefetch;
}

/** The columns whose value only the database knows. */
export function postfetchCols(info: ResultInfo): readonly Column[] {
  return valuesOf(info, "postfetchCols()").written.postfetch;
}

function valuesOf({ values }: ResultInfo, what: string): ValueReader {
  if (values == null) throw new InvalidRequestError(`${what} is for the result of an insert() or update()`);
  return values;
}

export function lastrowHasDefaults({ values }: ResultInfo): boolean {
  return values != null && values.written.postfetch.length > 0;
}

export function supportsSaneRowcount({ dialect }: ResultInfo): boolean {
  return dialect?.features.saneRowcount === true;
}

export function supportsSaneMultiRowcount({ dialect }: ResultInfo): boolean {
  return dialect?.features.saneMultiRowcount === true;
}
