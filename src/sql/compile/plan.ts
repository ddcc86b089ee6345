/**
 * What a connection needs to run one statement: text, converted parameters and how to read the answer. Made by `planExecution`
 * (execute.ts); the engine only sends it and collects what comes back.
 */
import type { DriverStatement } from "../../io/driver.ts";
import type { SqlType } from "../../types/sqlType.ts";
import type { Column } from "../schema/column.ts";
import type { ValueReader } from "./valueReader.ts";

/** One column of a result, as the statement describes it. */
export interface ResultColumn {
  /** The name under which the value is found in a row. */
  readonly name: string;
  readonly type: SqlType;
  /** The expression itself, for looking a value up by column object; null for text. */
  readonly expression: object | null;
}

export type StatementKind = "select" | "insert" | "update" | "delete" | "ddl" | "text";

/** One statement sent once. */
export interface SinglePlan {
  readonly mode: "single";
  readonly statement: DriverStatement;
}

/** One statement sent with many parameter sets, one after another, giving no rows. */
export interface ManyPlan {
  readonly mode: "many";
  readonly statement: DriverStatement;
  readonly parameterSets: readonly (readonly unknown[])[];
}

/** Several statements whose rows follow each other, such as the batches of a large INSERT … RETURNING. */
export interface BatchPlan {
  readonly mode: "batches";
  readonly statements: readonly DriverStatement[];
}

export type ExecutionPlan = (SinglePlan | ManyPlan | BatchPlan) & {
  readonly kind: StatementKind;
  /** Null where the statement gives no rows, or where only the driver knows its columns (text). */
  readonly columns: readonly ResultColumn[] | null;
  /** When the text was compiled, by `performance.now()`, where it came from the statement cache; null where it is new. */
  readonly cachedSince: number | null;
  /** Set for INSERTs: how the primary keys of the new rows are put together from what the database answered. */
  readonly insertedKeys: InsertedKeys | null;
  /** For INSERT and UPDATE: tells afterwards what was sent; null or absent for all others. */
  readonly values?: ValueReader | null;
};

/** How each inserted row's primary key is known: every part was given, came back in a row, or was generated and reported by the protocol. */
export interface InsertedKeys {
  /** How many rows were inserted: one per parameter set. */
  readonly rows: number;
  /** The columns of the key. */
  readonly parts: readonly { readonly column: Column }[];
  /** The value that this row was given for a part of the key; undefined where it was not. */
  readonly given: (row: number, part: number) => unknown;
  /** For each part of the key: the column of the returned rows that holds it, or -1. Only for an added RETURNING. */
  readonly returned: readonly number[];
  /** The part that the protocol's last insert id fills, or -1. */
  readonly generated: number;
  /** True when RETURNING was added for the key alone, so that the rows are not the caller's to see. */
  readonly hidden: boolean;
  readonly convertGenerated: (value: number | bigint) => unknown;
}
