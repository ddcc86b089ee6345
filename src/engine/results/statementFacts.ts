/**
 * What a statement reported besides rows: row counts and generated keys. Results of both colours show it as SQLAlchemy's CursorResult does.
 */
import { InvalidRequestError } from "../../errors/base.ts";

/** What a statement reported besides rows. */
export interface ResultInfo {
  readonly rowcount: number;
  readonly lastrowid: number | bigint | null;
  readonly isInsert: boolean;
  /** True where a list of parameter sets was given. */
  readonly isMany: boolean;
  /** The primary keys of the inserted rows; null where they are not known. Called when somebody asks. */
  readonly insertedKeys: (() => readonly (readonly unknown[])[]) | null;
}

export const NO_INFO: ResultInfo = { rowcount: -1, lastrowid: null, isInsert: false, isMany: false, insertedKeys: null };

/** Of several statements run as one: the sum of their row counts, and nothing else, which would be of one of them. */
export function mergedInfo(infos: readonly ResultInfo[]): ResultInfo {
  const isKnown = infos.every(({ rowcount }) => rowcount >= 0);
  return { ...NO_INFO, rowcount: isKnown ? infos.reduce((sum, { rowcount }) => sum + rowcount, 0) : -1 };
}

/** The primary key of the one inserted row. */
export function insertedPrimaryKey(info: ResultInfo): readonly unknown[] {
  if (info.isMany) throw new InvalidRequestError("Several rows were inserted; read insertedPrimaryKeyRows");
  return insertedPrimaryKeyRows(info)[0] ?? [];
}

export function insertedPrimaryKeyRows(info: ResultInfo): readonly (readonly unknown[])[] {
  if (!info.isInsert) throw new InvalidRequestError("Only an insert() has inserted primary keys");
  return info.insertedKeys?.() ?? [];
}
