/**
 * PostgreSQL: features, placeholders with their casts, and where to look for tables. Types and errors are beside it.
 */
import type { DriverConnection, DriverResult } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { Features } from "../../sql/compile/dialect.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { BaseDialect } from "../base.ts";
import type { ErrorClassification, Replication, TransactionOptions, TwoPhaseStatements } from "../contract.ts";
import { control, parseVersion } from "../server.ts";
import { classifyPostgresqlError } from "./errors.ts";
import { POSTGRESQL_REPLICATION } from "./replication.ts";
import { POSTGRESQL_RESERVED } from "./reservedWords.ts";
import { POSTGRESQL_TYPES } from "./types.ts";

export class PostgresqlDialect extends BaseDialect {
  readonly name = "postgresql";
  readonly defaultDriver = "pg";
  features: Features = {
    insertReturning: true,
    updateReturning: true,
    deleteReturning: true,
    returningUnqualified: false,
    generatedKeys: "returning",
    generatedKeysOfMany: "orderedSelect",
    insertMany: "values",
    // The protocol has room for 65,535; the npm package postgres refuses the last two.
    maxParameters: 65_533,
    numberedPlaceholders: true,
    nativeBoolean: true,
    ilike: true,
    emptyInsert: "DEFAULT VALUES",
    limitStyle: "limit-all",
    innerJoinKeyword: "JOIN",
    fullOuterJoin: true,
    concatenation: "||",
    isDistinctFrom: "standard",
    emptyIn: "null-and-false",
    forUpdate: true,
    autoincrement: "serial",
    alterAddConstraint: true,
    transactionalDdl: true,
    saneRowcount: true,
    saneMultiRowcount: true,
    schemas: "namespaces",
    maxIdentifierLength: 63,
  };
  protected readonly rules = POSTGRESQL_TYPES;
  protected readonly reservedWords = POSTGRESQL_RESERVED;
  override readonly replication: Replication = POSTGRESQL_REPLICATION;
  override readonly readOnlyCodes = ["25006"];

  readonly isolationLevelQuery = "SHOW transaction_isolation";
  override readonly twoPhase: TwoPhaseStatements = {
    begin: () => ["BEGIN"],
    prepare: (xid) => [`PREPARE TRANSACTION ${this.quoteString(xid)}`],
    commit: (xid, isPrepared) => [isPrepared ? `COMMIT PREPARED ${this.quoteString(xid)}` : "COMMIT"],
    rollback: (xid, isPrepared) => [isPrepared ? `ROLLBACK PREPARED ${this.quoteString(xid)}` : "ROLLBACK"],
    recover: { sql: "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared", column: 0 },
  };

  /** Everything goes into BEGIN itself: no round trip more, and nothing that the next borrower would inherit. */
  beginStatements({ isolationLevel, readOnly, deferrable }: TransactionOptions): readonly string[] {
    const modes = [
      ...(isolationLevel === null ? [] : [`ISOLATION LEVEL ${isolationLevel}`]),
      ...(readOnly ? ["READ ONLY"] : []),
      ...(deferrable ? ["DEFERRABLE"] : []),
    ];
    return [modes.length === 0 ? "BEGIN" : `BEGIN ${modes.join(", ")}`];
  }

  override placeholder(position: number): string {
    return `$${position}`;
  }

  /**
   * The server takes a bare parameter for text, so it is told the type; an untyped one has none to tell. Without length and precision,
   * because a cast cuts and rounds, where storing a value that does not fit is an error.
   */
  override placeholderCast(type: SqlType): string {
    return type.kind === "null" ? "" : `::${this.typeName(type.ofOperand, "cast")}`;
  }

  override *initialize(connection: DriverConnection): Io<void> {
    const sql = "SELECT current_setting('server_version'), current_schema()";
    const [version, schema] = ((yield control(connection, sql, true)) as DriverResult).rows[0]!;
    this.serverVersionInfo = parseVersion(String(version));
    this.defaultSchemaName = schema as string | null;
    this.serverDescription = `PostgreSQL ${this.serverVersionInfo.join(".")}`;
    yield* this.learnIsolationLevel(connection);
  }

  /** The conversions read ISO dates and hexadecimal bytea; a server or role may be configured to write others. */
  override *prepareConnection(connection: DriverConnection): Io<void> {
    yield control(
      connection,
      "SELECT set_config('datestyle', 'ISO', false), set_config('bytea_output', 'hex', false), set_config('intervalstyle', 'postgres', false), set_config('standard_conforming_strings', 'on', false)",
      true,
    );
  }

  classifyError(error: unknown): ErrorClassification {
    return classifyPostgresqlError(error);
  }

  protected override literalBytes(hex: string): string {
    return `'\\x${hex}'`;
  }

  hasTableQuery(table: string, schema: string | null): { sql: string; parameters: readonly unknown[] } {
    const where = schema === null ? "pg_catalog.pg_table_is_visible(c.oid)" : "n.nspname = $2";
    return {
      sql: `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND ${where} LIMIT 1`,
      parameters: schema === null ? [table] : [table, schema],
    };
  }
}
