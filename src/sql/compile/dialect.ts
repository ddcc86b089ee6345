/**
 * What the compiler and the executor must know of a database: features as data, then a few small hooks. `dialects/contract.ts` adds
 * what the engine needs to it. The default of a hook is standard SQL or an error, never an empty string.
 */
import type { SqlType, TypeKind } from "../../types/sqlType.ts";

/** Converts one value; absent (null) where the value goes through as it is. Is never called with null. */
export type Converter = (value: unknown) => unknown;

/** Facts about a database, set when the dialect is made and refined once by its first connection. */
export interface Features {
  readonly insertReturning: boolean;
  readonly updateReturning: boolean;
  readonly deleteReturning: boolean;
  /** True where RETURNING names columns without their table, as SQLite wants it. */
  readonly returningUnqualified: boolean;
  /** How the generated key of a plain one-row INSERT is learned: by an added RETURNING, or from the protocol. */
  readonly generatedKeys: "returning" | "lastInsertId";
  /**
   * How the generated keys of many rows are learned: `executeMany` when the driver runs row by row in-process and reports each key;
   * `values` by INSERT … VALUES (…), (…) RETURNING; `orderedSelect` by INSERT … SELECT … FROM (VALUES …) ORDER BY … RETURNING, whose order
   * is guaranteed; `one` when only one row at a time tells its key.
   */
  readonly generatedKeysOfMany: "executeMany" | "values" | "orderedSelect" | "one";
  /** How many rows without wanted keys are inserted: one statement per batch, or one prepared statement many times. */
  readonly insertMany: "values" | "executeMany";
  /** Upper bound for placeholders in one statement. */
  readonly maxParameters: number;
  /** True where placeholders have numbers ($1), so that one parameter used twice is sent once. */
  readonly numberedPlaceholders: boolean;
  readonly nativeBoolean: boolean;
  readonly ilike: boolean;
  readonly emptyInsert: "DEFAULT VALUES" | "() VALUES ()";
  /** How OFFSET is written, and what stands for "no limit" before it. */
  readonly limitStyle: "limit-offset" | "limit-all" | "limit-minus-one" | "limit-comma";
  readonly innerJoinKeyword: "JOIN" | "INNER JOIN";
  readonly fullOuterJoin: boolean;
  readonly concatenation: "||" | "concat()";
  readonly isDistinctFrom: "standard" | "is-not" | "null-safe-equal";
  /** How an IN with no values is written: a comparison that is never true, or a subquery without rows. */
  readonly emptyIn: "null-and-false" | "empty-select";
  readonly forUpdate: boolean;
  /** Which column of an integer primary key the database numbers by itself, and how CREATE TABLE says so. */
  readonly autoincrement: "serial" | "auto_increment" | "rowid";
  /** True where a foreign key may be added with ALTER TABLE, so that circles of tables can be created. */
  readonly alterAddConstraint: boolean;
  readonly transactionalDdl: boolean;
  /** True where the row count of an UPDATE or DELETE is that of the rows it matched, whether it changed them or not. */
  readonly saneRowcount: boolean;
  /** The same of one that runs with many parameter sets: its count is the sum. */
  readonly saneMultiRowcount: boolean;
  /**
   * What a schema is: a namespace (or, on MySQL, what it calls a database) whose tables may refer to others', or a database that is attached
   * to the connection (SQLite): indexes are put there by their own name, and foreign keys do not leave it.
   */
  readonly schemas: "namespaces" | "attached";
  readonly maxIdentifierLength: number;
}

export interface SqlDialect {
  /** `sqlite`, `postgresql`, `mysql`, or `default` (standard SQL for `String(statement)`). */
  readonly name: string;
  readonly features: Features;
  /** The text of the placeholder at this position, from 1; the name is for dialects that write names. */
  placeholder(position: number, name: string): string;
  /** One identifier, quoted if it must be. */
  quoteIdentifier(name: string): string;
  /** The type as CREATE TABLE and CAST write it. */
  typeName(type: SqlType, use: "ddl" | "cast"): string;
  /** What turns a JavaScript value into the driver's. */
  bindConverter(type: SqlType): Converter | null;
  /** What turns a driver's value into the JavaScript one; for an untyped column, by the driver's type code. */
  resultConverter(type: SqlType, typeCode: number | string | null): Converter | null;
  /** A value as SQL text, for DDL defaults and `literalBinds`. */
  literal(value: unknown, type: SqlType): string;
  /** The SQL name of a generic function where it differs, such as char_length → length. */
  functionName(name: string): string;
  /** A cast that a bare placeholder needs for the server to know its type, such as `::INTEGER`; "" where the server infers it. */
  placeholderCast(type: SqlType): string;
  /** Kinds whose values may exceed 2^53, so that the driver must not round. */
  isWide(kind: TypeKind): boolean;
}
