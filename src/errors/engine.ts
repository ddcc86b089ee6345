/**
 * Errors of pools, connections, transactions and results that are the library's own; what a driver reports is in dbapi.ts.
 */
import { ArgumentError, AthanorError, InvalidRequestError } from "./base.ts";

/** No connection became free in time. SQLAlchemy: TimeoutError, code 3o7r. */
export class TimeoutError extends AthanorError {
  override readonly code: string = "pool-timeout";
  override get isRetryable(): boolean {
    return true;
  }
}

/** A driver or dialect of that name is not known, or its npm package is not installed. SQLAlchemy: NoSuchModuleError. */
export class NoSuchModuleError extends ArgumentError {
  override readonly code: string = "no-such-module";
}

/** A connection, transaction or result is used after it was closed. SQLAlchemy: ResourceClosedError. */
export class ResourceClosedError extends InvalidRequestError {
  override readonly code: string = "resource-closed";
}

/** The transaction has failed and must be rolled back before the connection or session goes on. SQLAlchemy: PendingRollbackError. */
export class PendingRollbackError extends InvalidRequestError {
  override readonly code: string = "pending-rollback";
}

/** A row was required and there was none. SQLAlchemy: NoResultFound. */
export class NoResultFound extends InvalidRequestError {
  override readonly code: string = "no-result-found";
}

/** One row was required and there were more. SQLAlchemy: MultipleResultsFound. */
export class MultipleResultsFound extends InvalidRequestError {
  override readonly code: string = "multiple-results-found";
}

/** A row has no such column, or has several of that name. SQLAlchemy: NoSuchColumnError. */
export class NoSuchColumnError extends InvalidRequestError {
  override readonly code: string = "no-such-column";
}

/** A connection or session is asked for a second thing while the first is still under way. SQLAlchemy: IllegalStateChangeError. */
export class ConcurrentUseError extends InvalidRequestError {
  override readonly code: string = "concurrent-use";
}

/** Synchronous code met an operation that has to wait. */
export class SyncWaitError extends InvalidRequestError {
  override readonly code: string = "sync-wait";
}
