/**
 * Standard SQL, for printing a statement that belongs to no engine. It is never connected to anything.
 */
import { CompileError } from "../errors/sql.ts";
import type { Features } from "../sql/compile/dialect.ts";
import { BaseDialect, type TypeRules } from "./base.ts";
import type { ErrorClassification } from "./contract.ts";
import { POSTGRESQL_RESERVED } from "./postgresql/reservedWords.ts";
import { SQLITE_TYPES } from "./sqlite/types.ts";

const TYPES: TypeRules = {
  ...SQLITE_TYPES,
  json: {
    ...SQLITE_TYPES.json,
    ddl: () => {
      throw new CompileError("Standard SQL has no type JSON; compile the statement for a dialect");
    },
  },
};

export class DefaultDialect extends BaseDialect {
  readonly name = "default";
  readonly defaultDriver = "";
  readonly features: Features = {
    insertReturning: true,
    updateReturning: true,
    deleteReturning: true,
    returningUnqualified: false,
    generatedKeys: "lastInsertId",
    generatedKeysOfMany: "values",
    insertMany: "values",
    maxParameters: 32_700,
    numberedPlaceholders: false,
    nativeBoolean: false,
    ilike: false,
    emptyInsert: "DEFAULT VALUES",
    limitStyle: "limit-offset",
    innerJoinKeyword: "JOIN",
    fullOuterJoin: true,
    concatenation: "||",
    isDistinctFrom: "standard",
    emptyIn: "null-and-false",
    forUpdate: true,
    autoincrement: "rowid",
    alterAddConstraint: true,
    transactionalDdl: true,
    saneRowcount: true,
    saneMultiRowcount: true,
    schemas: "namespaces",
    maxIdentifierLength: 9999,
  };
  protected readonly rules = TYPES;
  protected readonly reservedWords = POSTGRESQL_RESERVED;

  override placeholder(_position: number, name: string): string {
    return `:${name}`;
  }

  readonly isolationLevelQuery = "";

  beginStatements(): readonly string[] {
    return ["START TRANSACTION"];
  }

  classifyError(): ErrorClassification {
    return { errorClass: "database", driverCode: null, isDisconnect: false, isRetryable: false };
  }

  hasTableQuery(table: string, schema: string | null): { sql: string; parameters: readonly unknown[] } {
    const where = schema === null ? "" : "table_schema = ? AND ";
    return {
      sql: `SELECT 1 FROM information_schema.tables WHERE ${where}table_name = ?`,
      parameters: schema === null ? [table] : [schema, table],
    };
  }
}
