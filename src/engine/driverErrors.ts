/**
 * Turns what a driver throws into the library's error classes, with the statement and its parameters. Connections and engines call it
 * for everything that goes wrong between them and a driver.
 */
import type { Dialect, ErrorClass, ErrorClassification } from "../dialects/contract.ts";
import { AthanorError } from "../errors/base.ts";
import type { DBAPIError } from "../errors/dbapi.ts";
import {
  DatabaseError,
  DataError,
  type DBAPIErrorDetails,
  IntegrityError,
  InterfaceError,
  InternalError,
  NotSupportedError,
  OperationalError,
  ProgrammingError,
} from "../errors/dbapi.ts";

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
  readonly hideParameters: boolean;
}

/** The error to throw for a driver's. The library's own errors, such as a pool's timeout, are given back as they are. */
export function wrapDriverError(dialect: Dialect, error: unknown, failed: FailedStatement): AthanorError {
  if (error instanceof AthanorError) return error;
  const classification: ErrorClassification = dialect.classifyError(error);
  return new CLASSES[classification.errorClass](messageOf(error), {
    cause: error,
    statement: failed.sql,
    ...(failed.parameters === undefined ? {} : { parameters: failed.parameters }),
    hideParameters: failed.hideParameters,
    driverCode: classification.driverCode,
    isDisconnect: classification.isDisconnect,
    isRetryable: classification.isRetryable,
  });
}

/** Node reports several failed addresses of one host as an AggregateError without a text of its own. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join("; ");
  return String((error as { code?: unknown }).code ?? error.name);
}
