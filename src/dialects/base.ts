/**
 * What the dialects share: identifiers, literals and the look-up of type rules. A dialect is its features, a table of types and the
 * few hooks in which its SQL differs. The default of everything is standard SQL.
 */
import { Decimal } from "decimal.js";
import { ArgumentError } from "../errors/base.ts";
import { CompileError } from "../errors/sql.ts";
import type { DriverConnection, DriverResult } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import type { Converter, Features } from "../sql/compile/dialect.ts";
import { JSON_NULL } from "../types/jsonNull.ts";
import type { SqlType, TypeKind } from "../types/sqlType.ts";
import type { Dialect, ErrorClassification, Replication, TransactionOptions, TwoPhaseStatements } from "./contract.ts";
import { bindDate, bindTime, formatDateTime } from "./conversion/dates.ts";
import { describeValue } from "./conversion/describe.ts";
import { bindJson } from "./conversion/json.ts";
import { control } from "./server.ts";

/** How one kind of type is written and converted. */
export interface TypeRule {
  readonly ddl: (type: SqlType) => string;
  /** Absent: as in DDL. */
  readonly cast?: (type: SqlType) => string;
  readonly bind: (type: SqlType) => Converter | null;
  /** `typeCode` is only looked at for untyped columns, and where one type arrives in several forms. */
  readonly result: (type: SqlType, typeCode: number | string | null) => Converter | null;
}

export type TypeRules = Readonly<Record<TypeKind, TypeRule>>;

export abstract class BaseDialect implements Dialect {
  abstract readonly name: string;
  abstract readonly defaultDriver: string;
  abstract features: Features;
  protected abstract readonly rules: TypeRules;
  protected abstract readonly reservedWords: ReadonlySet<string>;
  protected readonly quoteCharacter: string = '"';
  /** What writes values of JSON columns; null for JSON.stringify with checks. */
  jsonSerializer: ((value: unknown) => string) | null = null;
  /** What reads values of JSON columns; null for JSON.parse. */
  jsonDeserializer: ((text: string) => unknown) | null = null;
  serverVersionInfo: readonly number[] = [];
  serverDescription = "";
  readonly isolationLevels: readonly string[] = ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];
  abstract readonly isolationLevelQuery: string;
  defaultIsolationLevel: string | null = null;
  defaultSchemaName: string | null = null;
  readonly twoPhase: TwoPhaseStatements | null = null;
  readonly replication: Replication | null = null;
  readonly readOnlyCodes: readonly (string | number)[] = [];

  placeholder(_position: number, _name: string): string {
    return "?";
  }

  quoteIdentifier(name: string): string {
    return /^[a-z_][a-z0-9_$]*$/.test(name) && !this.reservedWords.has(name) ? name : this.alwaysQuote(name);
  }

  protected alwaysQuote(name: string): string {
    const quote = this.quoteCharacter;
    return quote + name.replaceAll(quote, quote + quote) + quote;
  }

  typeName(type: SqlType, use: "ddl" | "cast"): string {
    const rule = this.rules[type.kind];
    return use === "cast" && rule.cast !== undefined ? rule.cast(type) : rule.ddl(type);
  }

  bindConverter(type: SqlType): Converter | null {
    const { jsonSerializer } = this;
    if (type.kind === "json" && jsonSerializer !== null) return (value) => jsonSerializer(value === JSON_NULL ? null : value);
    return this.rules[type.kind].bind(type);
  }

  resultConverter(type: SqlType, typeCode: number | string | null): Converter | null {
    const { jsonDeserializer } = this;
    if (type.kind === "json" && jsonDeserializer !== null) return (text) => jsonDeserializer(text as string);
    return this.rules[type.kind].result(type, typeCode);
  }

  literal(value: unknown, type: SqlType): string {
    if (value === null) return "NULL";
    if (type.kind === "interval") {
      const bound = this.bindConverter(type)?.(value) ?? value;
      return typeof bound === "string" ? this.quoteString(bound) : String(bound);
    }
    switch (typeof value) {
      case "number":
        if (Number.isFinite(value)) return String(value);
        break;
      case "bigint":
        return String(value);
      case "boolean":
        return this.features.nativeBoolean ? String(value) : value ? "1" : "0";
      case "string":
        if (type.kind === "date") return this.quoteString(bindDate(value));
        if (type.kind === "time") return this.quoteString(bindTime(value));
        if (type.kind === "json") return this.quoteString(bindJson(value));
        if (type.kind === "uuid") return this.quoteString(String(this.bindConverter(type)?.(value) ?? value));
        return this.quoteString(value);
      case "object":
        if (type.kind === "json") return this.quoteString(bindJson(value));
        if (value instanceof Date) return this.quoteString(formatDateTime(value));
        if (value instanceof Uint8Array) return this.literalBytes(Buffer.from(value).toString("hex"));
        if (value instanceof Decimal) return value.toFixed();
        break;
    }
    throw new CompileError(
      `A value of this kind cannot be written into SQL text: ${describeValue(value)}; bind it as a parameter`,
    );
  }

  protected quoteString(text: string): string {
    return `'${text.replaceAll("'", "''")}'`;
  }

  protected literalBytes(hex: string): string {
    return `X'${hex}'`;
  }

  functionName(name: string): string {
    return name;
  }

  placeholderCast(_type: SqlType): string {
    return "";
  }

  isWide(kind: TypeKind): boolean {
    return kind === "bigInteger" || kind === "interval" || kind === "null";
  }

  *initialize(_connection: DriverConnection): Io<void> {
    // Nothing to learn: the features are as they were declared.
  }

  /** For `initialize`, on a connection in which nothing has begun. */
  protected *learnIsolationLevel(connection: DriverConnection): Io<void> {
    const result = (yield control(connection, this.isolationLevelQuery, true)) as DriverResult;
    this.defaultIsolationLevel = String(result.rows[0]?.[0]).toUpperCase();
  }

  *prepareConnection(_connection: DriverConnection): Io<void> {
    // Nothing to set.
  }

  abstract beginStatements(options: TransactionOptions): readonly string[];

  resetStatements(_options: TransactionOptions): readonly string[] {
    return [];
  }

  /** Refuses an option that only some databases have. */
  protected requireOption(isSupported: boolean, name: string): void {
    if (!isSupported) throw new ArgumentError(`${this.name} has no transactions that are ${name}`);
  }

  abstract classifyError(error: unknown): ErrorClassification;
  abstract hasTableQuery(table: string, schema: string | null): { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** `NAME(10)`, or `NAME` without a length. */
export function withLength(name: string, type: SqlType): string {
  return type.parameters.length === undefined ? name : `${name}(${type.parameters.length})`;
}

/** `NUMERIC(10, 2)`, `NUMERIC(10)`, `NUMERIC`. */
export function withPrecision(name: string, type: SqlType): string {
  const { precision, scale } = type.parameters;
  if (precision === undefined) return name;
  return scale === undefined ? `${name}(${precision})` : `${name}(${precision}, ${scale})`;
}

/** The rule of untyped values has no DDL name: a column must have a type. */
export function noTypeName(): never {
  throw new CompileError("A column or cast needs a type; this one has none");
}

/** The text and code of a driver's error, whatever it is. */
export function errorFields(error: unknown): {
  readonly message: string;
  readonly code: string | null;
  readonly errno: number | null;
} {
  if (typeof error !== "object" || error === null) return { message: String(error), code: null, errno: null };
  const { message, code, errno } = error as { message?: unknown; code?: unknown; errno?: unknown };
  return {
    message: typeof message === "string" ? message : "",
    code: typeof code === "string" ? code : null,
    errno: typeof errno === "number" ? errno : null,
  };
}

/** Node's names for a connection that could not be made or is gone. */
export const SOCKET_ERRORS: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "ERR_SOCKET_CLOSED",
]);
