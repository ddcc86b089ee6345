/**
 * Errors of pools, connections, transactions and results that are the library's own; what a driver reports is in dbapi.ts.
 */
import { ArgumentError, AthanorError, InvalidRequestError } from "./base.ts";
import { OperationalError, StatementError, type StatementErrorDetails } from "./dbapi.ts";

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

/** What was given to `execute` is no statement. SQLAlchemy: ObjectNotExecutableError. */
export class ObjectNotExecutableError extends ArgumentError {
  override readonly code: string = "object-not-executable";
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

export interface CancelledErrorDetails extends StatementErrorDetails {
  /** The `reason` of the AbortSignal. */
  readonly reason?: unknown;
}

/** The caller's AbortSignal stopped the operation, on the server too where the database can. */
export class CancelledError extends StatementError {
  override readonly code: string = "cancelled";
  /** The `reason` of the AbortSignal; undefined for a timeout. */
  readonly reason: unknown;
  readonly #text: string;

  constructor(message: string, details: CancelledErrorDetails = {}) {
    super(message, details);
    this.#text = message;
    this.reason = details.reason;
  }

  /** The same error, with the statement that was stopped. */
  withStatement(statement: StatementErrorDetails): this {
    const Class = this.constructor as new (message: string, details: CancelledErrorDetails) => this;
    return new Class(this.#text, { ...statement, reason: this.reason, cause: this.cause });
  }
}

/** The operation did not finish within its `timeout`, and was stopped as by an AbortSignal. */
export class StatementTimeoutError extends CancelledError {
  override readonly code: string = "statement-timeout";
}

/**
 * The connection was lost while COMMIT was under way: whether the transaction was saved is not known. Look in the database before
 * doing the work again.
 */
export class CommitOutcomeUnknownError extends OperationalError {
  override readonly code: string = "commit-outcome-unknown";
}

/** Thrown by a listener of `checkout`: this connection is lost, take another. SQLAlchemy: DisconnectionError. */
export class DisconnectionError extends AthanorError {
  override readonly code: string = "disconnection";

  /** True where the pool's other connections are lost too. */
  get invalidatePool(): boolean {
    return false;
  }
}

/** Thrown by a listener of `checkout`: this connection is lost, and the pool's others with it. SQLAlchemy: InvalidatePoolError. */
export class InvalidatePoolError extends DisconnectionError {
  override readonly code: string = "invalidate-pool";

  override get invalidatePool(): boolean {
    return true;
  }
}
