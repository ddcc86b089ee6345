/**
 * Turns what a driver throws into the library's error classes, with the statement and its parameters. Connections and engines call it
 * for everything that goes wrong between them and a driver.
 */
import type { Dialect, ErrorClass, ErrorClassification } from "../dialects/contract.ts";
import { AthanorError } from "../errors/base.ts";
import {
  DatabaseError,
  DBAPIError,
  DataError,
  type DBAPIErrorDetails,
  IntegrityError,
  InterfaceError,
  InternalError,
  NotSupportedError,
  OperationalError,
  ProgrammingError,
} from "../errors/dbapi.ts";
import { CancelledError } from "../errors/engine.ts";
import type { Dispatcher } from "../io/dispatcher.ts";
import type { Io } from "../io/io.ts";
import type { ConnectionEvents, ErrorContext } from "./events.ts";

const CLASSES: Readonly<Record<ErrorClass, new (message: string, details: DBAPIErrorDetails) => DBAPIError>> = {
  interface: InterfaceError,
  database: DatabaseError,
  data: DataError,
  operational: OperationalError,
  integrity: IntegrityError,
  internal: InternalError,
  programming: ProgrammingError,
  "not-supported": NotSupportedError,
};

/** What was being run when the error came. */
export interface FailedStatement {
  readonly sql: string | null;
  readonly parameters: unknown;
  /** True where they are a list of parameter sets; default false. */
  readonly isMulti?: boolean;
  readonly hideParameters: boolean;
  /** True on a connection of a read replica, where somebody who tries to write needs advice. */
  readonly isReplica?: boolean;
  /** While connecting: what was wrong with the servers of the URL that were tried before; default none. */
  readonly passedOver?: readonly string[];
}

/** Where an error came from, besides the statement. */
export interface ErrorSource {
  /** The connection as the user has it; null while connecting. */
  readonly facade: object | null;
  readonly isPrePing?: boolean;
}

/** The error to throw for a driver's. The library's own errors, such as a pool's timeout, are given back as they are. */
export function wrapDriverError(dialect: Dialect, error: unknown, failed: FailedStatement): AthanorError {
  if (error instanceof CancelledError) return error.withStatement({ ...failed, statement: failed.sql });
  return error instanceof AthanorError ? error : wrap(dialect, error, dialect.classifyError(error), failed);
}

const WRITE_ELSEWHERE =
  " (this connection is for reading alone, and is one of a replica: write on another, from connect() without readOnly)";

function wrap(dialect: Dialect, error: unknown, classification: ErrorClassification, failed: FailedStatement): DBAPIError {
  const { errorClass, driverCode } = classification;
  const triesToWrite = failed.isReplica === true && driverCode !== null && dialect.readOnlyCodes.includes(driverCode);
  const before = (failed.passedOver ?? []).join("; ");
  const note = (triesToWrite ? WRITE_ELSEWHERE : "") + (before === "" ? "" : ` (tried before it: ${before})`);
  return new CLASSES[errorClass](messageOf(error) + note, {
    cause: error,
    statement: failed.sql,
    ...(failed.parameters === undefined ? {} : { parameters: failed.parameters }),
    isMulti: failed.isMulti === true,
    hideParameters: failed.hideParameters,
    driverCode,
    isDisconnect: classification.isDisconnect,
    isRetryable: classification.isRetryable,
  });
}

/** What came of an error, after the listeners of `handleError` have seen it. */
export interface HandledError {
  readonly error: Error;
  /** The connection is lost. */
  readonly isDisconnect: boolean;
  /** The pool's other connections are lost too. */
  readonly spoilsPool: boolean;
}

/** Wraps a driver's error and shows it to the listeners of `handleError`, who may change what it means and what is thrown. */
export function* handleDriverError(
  dialect: Dialect,
  listeners: Dispatcher<ConnectionEvents>,
  error: unknown,
  failed: FailedStatement,
  source: ErrorSource,
): Io<HandledError> {
  const wrapped = wrapDriverError(dialect, error, failed);
  const isDisconnect = wrapped instanceof DBAPIError && wrapped.isDisconnect;
  if (!listeners.has("handleError")) return { error: wrapped, isDisconnect, spoilsPool: isDisconnect };
  const context: ErrorContext = {
    connection: source.facade,
    statement: failed.sql,
    parameters: failed.hideParameters ? undefined : failed.parameters,
    originalError: error,
    error: wrapped,
    isDisconnect,
    invalidatePoolOnDisconnect: true,
    isPrePing: source.isPrePing === true,
  };
  let thrown: Error;
  try {
    thrown = yield* listeners.transform<"handleError", Error>("handleError", wrapped, () => [context]);
  } catch (failure) {
    thrown = failure as Error;
  }
  if (thrown === wrapped && context.isDisconnect !== isDisconnect && !(error instanceof AthanorError))
    thrown = wrap(dialect, error, { ...dialect.classifyError(error), isDisconnect: context.isDisconnect }, failed);
  return {
    error: thrown,
    isDisconnect: context.isDisconnect,
    spoilsPool: context.isDisconnect && context.invalidatePoolOnDisconnect,
  };
}

/** Node reports several failed addresses of one host as an AggregateError without a text of its own. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join("; ");
  return String((error as { code?: unknown }).code ?? error.name);
}
