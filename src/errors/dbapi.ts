/**
 * What a driver reports, sorted into the classes that SQLAlchemy takes from Python's DB-API (PEP 249). A dialect's error classifier
 * picks the class; the driver's own error is the `cause`.
 */
import { AthanorError, type ErrorDetails } from "./base.ts";

export interface StatementErrorDetails extends ErrorDetails {
  /** The SQL text that was being run, or null when there was none (connecting, for example). */
  readonly statement?: string | null;
  readonly parameters?: unknown;
  /** True where `parameters` is a list of parameter sets. */
  readonly isMulti?: boolean;
  /** True to keep the parameters out of the message and of the error's fields (`hideParameters`). */
  readonly hideParameters?: boolean;
}

/** An error that belongs to one statement, with its SQL and parameters. SQLAlchemy: StatementError. */
export class StatementError extends AthanorError {
  override readonly code: string = "statement";
  readonly statement: string | null;
  readonly parameters: unknown;
  /** True where the driver was given one statement with a list of parameter sets, which `parameters` is then. SQLAlchemy: ismulti. */
  readonly isMulti: boolean;

  constructor(message: string, details: StatementErrorDetails = {}) {
    const statement = details.statement ?? null;
    const shown = details.hideParameters === true ? undefined : details.parameters;
    super(messageWithStatement(message, statement, shown, details.hideParameters === true), details);
    this.statement = statement;
    this.parameters = shown;
    this.isMulti = details.isMulti ?? false;
  }
}

export interface DBAPIErrorDetails extends StatementErrorDetails {
  /** SQLSTATE or the driver's error number or name. */
  readonly driverCode?: string | number | null;
  readonly isDisconnect?: boolean;
  readonly isRetryable?: boolean;
}

/** An error that the driver reported; `cause` is the driver's own. SQLAlchemy: DBAPIError. */
export class DBAPIError extends StatementError {
  override readonly code: string = "dbapi";
  readonly driverCode: string | number | null;
  /** True when the connection is gone; the pool has discarded it. SQLAlchemy: connection_invalidated. */
  readonly isDisconnect: boolean;
  readonly #isRetryable: boolean;

  constructor(message: string, details: DBAPIErrorDetails = {}) {
    super(message, details);
    this.driverCode = details.driverCode ?? null;
    this.isDisconnect = details.isDisconnect ?? false;
    this.#isRetryable = details.isRetryable ?? false;
  }

  override get isRetryable(): boolean {
    return this.#isRetryable;
  }
}

/** The driver was used wrongly, or misbehaves. */
export class InterfaceError extends DBAPIError {
  override readonly code: string = "interface";
}
/** The database reported an error. */
export class DatabaseError extends DBAPIError {
  override readonly code: string = "database";
}
/** A value does not fit: out of range, too long, not a number, division by zero. */
export class DataError extends DatabaseError {
  override readonly code: string = "data";
}
/** The database could not do its work: connection lost, deadlock, out of memory, lock not granted. */
export class OperationalError extends DatabaseError {
  override readonly code: string = "operational";
}
/** A constraint was violated. */
export class IntegrityError extends DatabaseError {
  override readonly code: string = "integrity";
}
/** The database is in a state it should not be in. */
export class InternalError extends DatabaseError {
  override readonly code: string = "internal";
}
/** The SQL is wrong: syntax, or a table or column that does not exist. */
export class ProgrammingError extends DatabaseError {
  override readonly code: string = "programming";
}
/** The database does not have the feature. */
export class NotSupportedError extends DatabaseError {
  override readonly code: string = "not-supported";
}

export const MAX_SHOWN_PARAMETERS = 10;
const MAX_SHOWN_LENGTH = 300;

function messageWithStatement(message: string, statement: string | null, parameters: unknown, hidden: boolean): string {
  if (statement === null) return message;
  const lines = [message, `[SQL: ${statement}]`];
  if (hidden) lines.push("[parameters hidden by hideParameters]");
  else if (parameters !== undefined) lines.push(`[parameters: ${formatParameters(parameters)}]`);
  return lines.join("\n");
}

/** Parameters as a log line or message shows them: at most ten, long values cut. */
export function formatParameters(parameters: unknown): string {
  if (!Array.isArray(parameters)) return formatValue(parameters);
  const shown = parameters
    .slice(0, MAX_SHOWN_PARAMETERS)
    .map((value) => (Array.isArray(value) ? formatParameters(value) : formatValue(value)));
  const rest = parameters.length - shown.length;
  return `[${shown.join(", ")}${rest > 0 ? `, … and ${rest} more` : ""}]`;
}

function formatValue(value: unknown): string {
  let text: string;
  if (value === null) return "null";
  if (typeof value === "string") text = JSON.stringify(value);
  else if (typeof value === "bigint") text = `${value}n`;
  else if (value instanceof Uint8Array) text = `<${value.byteLength} bytes>`;
  else if (value instanceof Date) text = Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  else if (typeof value === "object") text = safeJson(value);
  else text = String(value);
  return text.length > MAX_SHOWN_LENGTH
    ? `${text.slice(0, MAX_SHOWN_LENGTH)}… (${text.length - MAX_SHOWN_LENGTH} characters cut)`
    : text;
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? `${inner}n` : inner)) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
