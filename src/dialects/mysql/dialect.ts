/**
 * MySQL and MariaDB: one dialect, whose features are refined by which of the two answers the first connection. Types and errors are
 * beside it.
 */
import type { DriverConnection, DriverResult } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { Features } from "../../sql/compile/dialect.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { BaseDialect } from "../base.ts";
import type { ErrorClassification, Replication, TransactionOptions, TwoPhaseStatements } from "../contract.ts";
import { atLeast, control, parseVersion } from "../server.ts";
import { classifyMysqlError } from "./errors.ts";
import { MysqlReplication } from "./replication.ts";
import { MYSQL_RESERVED } from "./reservedWords.ts";
import { MYSQL_TYPES } from "./types.ts";

const MYSQL_FEATURES: Features = {
  insertReturning: false,
  updateReturning: false,
  deleteReturning: false,
  returningUnqualified: false,
  generatedKeys: "lastInsertId",
  generatedKeysOfMany: "one",
  insertMany: "values",
  maxParameters: 65_535,
  numberedPlaceholders: false,
  nativeBoolean: false,
  ilike: false,
  emptyInsert: "() VALUES ()",
  limitStyle: "limit-comma",
  innerJoinKeyword: "INNER JOIN",
  fullOuterJoin: false,
  concatenation: "concat()",
  isDistinctFrom: "null-safe-equal",
  emptyIn: "null-and-false",
  forUpdate: true,
  autoincrement: "auto_increment",
  alterAddConstraint: true,
  transactionalDdl: false,
  saneRowcount: true,
  saneMultiRowcount: true,
  schemas: "namespaces",
  maxIdentifierLength: 64,
};

export class MysqlDialect extends BaseDialect {
  readonly name = "mysql";
  readonly defaultDriver = "mysql2";
  features: Features = MYSQL_FEATURES;
  /** True once a MariaDB has answered. */
  isMariaDb = false;
  protected readonly rules = MYSQL_TYPES;
  protected readonly reservedWords = MYSQL_RESERVED;
  override readonly replication: Replication = new MysqlReplication(() => this.isMariaDb);
  override readonly readOnlyCodes = [1290, 1792, 1836];
  protected override readonly quoteCharacter = "`";

  // MySQL renamed the variable; MariaDB has had both names since 11.1.
  get isolationLevelQuery(): string {
    return `SELECT REPLACE(@@${this.isMariaDb ? "tx_isolation" : "transaction_isolation"}, '-', ' ')`;
  }

  override readonly twoPhase: TwoPhaseStatements = {
    begin: (xid) => [`XA BEGIN ${this.quoteString(xid)}`],
    prepare: (xid) => [`XA END ${this.quoteString(xid)}`, `XA PREPARE ${this.quoteString(xid)}`],
    commit: (xid, isPrepared) =>
      isPrepared
        ? [`XA COMMIT ${this.quoteString(xid)}`]
        : [`XA END ${this.quoteString(xid)}`, `XA COMMIT ${this.quoteString(xid)} ONE PHASE`],
    rollback: (xid, isPrepared) =>
      isPrepared
        ? [`XA ROLLBACK ${this.quoteString(xid)}`]
        : [`XA END ${this.quoteString(xid)}`, `XA ROLLBACK ${this.quoteString(xid)}`],
    recover: { sql: "XA RECOVER", column: 3 },
  };

  /** SET TRANSACTION without SESSION is for the next transaction alone, so that no later borrower inherits it. */
  beginStatements({ isolationLevel, readOnly, deferrable }: TransactionOptions): readonly string[] {
    this.requireOption(!deferrable, "deferrable");
    return [
      ...(isolationLevel === null ? [] : [`SET TRANSACTION ISOLATION LEVEL ${isolationLevel}`]),
      readOnly ? "START TRANSACTION READ ONLY" : "BEGIN",
    ];
  }

  override typeName(type: SqlType, use: "ddl" | "cast"): string {
    // MariaDB's JSON is a name for LONGTEXT, which nothing can be cast to.
    if (use === "cast" && type.kind === "json" && this.isMariaDb) return "CHAR";
    return super.typeName(type, use);
  }

  override *initialize(connection: DriverConnection): Io<void> {
    const [version, schema] = ((yield control(connection, "SELECT VERSION(), DATABASE()", true)) as DriverResult).rows[0]!;
    const text = String(version);
    this.defaultSchemaName = schema as string | null;
    this.isMariaDb = /mariadb/i.test(text);
    // Old MariaDB servers put "5.5.5-" before their version, for the sake of replication.
    this.serverVersionInfo = parseVersion(this.isMariaDb ? text.replace(/^5\.5\.5-/, "") : text);
    this.serverDescription = `${this.isMariaDb ? "MariaDB" : "MySQL"} ${this.serverVersionInfo.join(".")}`;
    yield* this.learnIsolationLevel(connection);
    const insertReturning = this.isMariaDb && atLeast(this.serverVersionInfo, 10, 5);
    this.features = {
      ...MYSQL_FEATURES,
      insertReturning,
      deleteReturning: this.isMariaDb && atLeast(this.serverVersionInfo, 10, 0),
      generatedKeysOfMany: insertReturning ? "values" : "one",
    };
  }

  /** Dates are exchanged in UTC; without strict mode the server cuts what does not fit and says nothing. */
  override *prepareConnection(connection: DriverConnection): Io<void> {
    yield control(
      connection,
      "SET time_zone = '+00:00', sql_mode = IF(FIND_IN_SET('STRICT_TRANS_TABLES', @@sql_mode) OR FIND_IN_SET('STRICT_ALL_TABLES', @@sql_mode), @@sql_mode, CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_TRANS_TABLES'))",
    );
  }

  classifyError(error: unknown): ErrorClassification {
    return classifyMysqlError(error);
  }

  /** TRUE and FALSE are words for 1 and 0, and say what is meant. */
  override literal(value: unknown, type: SqlType): string {
    return typeof value === "boolean" ? String(value) : super.literal(value, type);
  }

  /** A backslash escapes in MySQL's strings, unless the server is told otherwise. */
  protected override quoteString(text: string): string {
    return super.quoteString(text.replaceAll("\\", "\\\\"));
  }

  hasTableQuery(table: string, schema: string | null): { sql: string; parameters: readonly unknown[] } {
    return {
      sql: `SELECT 1 FROM information_schema.tables WHERE table_schema = ${schema === null ? "DATABASE()" : "?"} AND table_name = ? LIMIT 1`,
      parameters: schema === null ? [table] : [schema, table],
    };
  }
}
