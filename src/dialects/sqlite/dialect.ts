/**
 * SQLite: features, the statements a connection starts with, and where to look for tables. Types and errors are beside it.
 */
import type { DriverConnection, DriverResult } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { Features } from "../../sql/compile/dialect.ts";
import type { TypeKind } from "../../types/sqlType.ts";
import { BaseDialect } from "../base.ts";
import type { ErrorClassification, TransactionOptions } from "../contract.ts";
import { atLeast, control, parseVersion } from "../server.ts";
import { classifySqliteError } from "./errors.ts";
import { SQLITE_RESERVED } from "./reservedWords.ts";
import { SQLITE_TYPES } from "./types.ts";

const FEATURES: Features = {
  insertReturning: true,
  updateReturning: true,
  deleteReturning: true,
  returningUnqualified: true,
  generatedKeys: "lastInsertId",
  generatedKeysOfMany: "executeMany",
  insertMany: "executeMany",
  maxParameters: 32_766,
  numberedPlaceholders: false,
  nativeBoolean: false,
  ilike: false,
  emptyInsert: "DEFAULT VALUES",
  limitStyle: "limit-minus-one",
  innerJoinKeyword: "JOIN",
  fullOuterJoin: true,
  concatenation: "||",
  isDistinctFrom: "is-not",
  emptyIn: "empty-select",
  forUpdate: false,
  autoincrement: "rowid",
  alterAddConstraint: false,
  transactionalDdl: true,
  saneRowcount: true,
  saneMultiRowcount: true,
  schemas: "attached",
  maxIdentifierLength: 9999,
};

export class SqliteDialect extends BaseDialect {
  readonly name = "sqlite";
  readonly defaultDriver = "better-sqlite3";
  features: Features = FEATURES;
  protected readonly rules = SQLITE_TYPES;
  protected readonly reservedWords = SQLITE_RESERVED;
  override readonly readOnlyCodes = ["SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_DBMOVED"];

  override readonly isolationLevels: readonly string[] = ["READ UNCOMMITTED", "SERIALIZABLE"];
  readonly isolationLevelQuery =
    "SELECT CASE read_uncommitted WHEN 1 THEN 'READ UNCOMMITTED' ELSE 'SERIALIZABLE' END FROM pragma_read_uncommitted";

  /** Transactions are serializable, unless connections share a cache and one reads what the other has not committed. */
  beginStatements({ isolationLevel, readOnly, deferrable }: TransactionOptions): readonly string[] {
    this.requireOption(!deferrable, "deferrable");
    return [
      ...(isolationLevel === null ? [] : [`PRAGMA read_uncommitted = ${isolationLevel === "READ UNCOMMITTED" ? 1 : 0}`]),
      ...(readOnly ? ["PRAGMA query_only = 1"] : []),
      "BEGIN",
    ];
  }

  override resetStatements({ isolationLevel, readOnly }: TransactionOptions): readonly string[] {
    return [...(isolationLevel === null ? [] : ["PRAGMA read_uncommitted = 0"]), ...(readOnly ? ["PRAGMA query_only = 0"] : [])];
  }

  /** `now` is CURRENT_TIMESTAMP, which is written without parentheses. */
  override functionName(name: string): string {
    return name === "char_length" ? "length" : name === "now" ? "CURRENT_TIMESTAMP" : name;
  }

  override isWide(kind: TypeKind): boolean {
    // Numeric columns, and those declared JSON, keep whole numbers as 64-bit integers.
    return super.isWide(kind) || kind === "numeric" || kind === "json";
  }

  override *initialize(connection: DriverConnection): Io<void> {
    const result = (yield control(connection, "SELECT sqlite_version()", true)) as DriverResult;
    const version = String(result.rows[0]?.[0]);
    this.serverVersionInfo = parseVersion(version);
    this.serverDescription = `SQLite ${version}`;
    this.defaultSchemaName = "main";
    yield* this.learnIsolationLevel(connection);
    const returning = atLeast(this.serverVersionInfo, 3, 35);
    this.features = {
      ...FEATURES,
      insertReturning: returning,
      updateReturning: returning,
      deleteReturning: returning,
      fullOuterJoin: atLeast(this.serverVersionInfo, 3, 39),
      maxParameters: atLeast(this.serverVersionInfo, 3, 32) ? FEATURES.maxParameters : 999,
    };
  }

  /** By the PRAGMA itself: a SELECT reads the schema, and would wait for whoever has locked the file. */
  protected override *learnIsolationLevel(connection: DriverConnection): Io<void> {
    const result = (yield control(connection, "PRAGMA read_uncommitted", true)) as DriverResult;
    this.defaultIsolationLevel = Number(result.rows[0]?.[0]) === 1 ? "READ UNCOMMITTED" : "SERIALIZABLE";
  }

  /**
   * Foreign keys are enforced, unlike in SQLAlchemy, where everybody has to switch them on with an event: SQLite leaves them off only
   * for the sake of programs written before 2009.
   */
  override *prepareConnection(connection: DriverConnection): Io<void> {
    yield control(connection, "PRAGMA foreign_keys = ON");
  }

  classifyError(error: unknown): ErrorClassification {
    return classifySqliteError(error);
  }

  hasTableQuery(table: string, schema: string | null): { sql: string; parameters: readonly unknown[] } {
    const master = schema === null ? "sqlite_master" : `${this.quoteIdentifier(schema)}.sqlite_master`;
    const temporary =
      schema === null
        ? " UNION ALL SELECT 1 FROM sqlite_temp_master WHERE type IN ('table', 'view') AND lower(name) = lower(?)"
        : "";
    return {
      sql: `SELECT 1 FROM ${master} WHERE type IN ('table', 'view') AND lower(name) = lower(?)${temporary} LIMIT 1`,
      parameters: schema === null ? [table, table] : [table],
    };
  }
}
