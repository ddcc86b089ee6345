/**
 * What is said of a transaction whose connection was lost: before COMMIT, when nothing was saved, and during COMMIT, when nobody knows.
 */
import { DBAPIError } from "../errors/dbapi.ts";
import { CommitOutcomeUnknownError, PendingRollbackError } from "../errors/engine.ts";

/** A transaction whose connection is gone: rolling back is all that is left. */
export function lostTransaction(): PendingRollbackError {
  return new PendingRollbackError(
    "The connection was lost in the middle of a transaction. Call rollback() before going on; nothing of the transaction was saved.",
  );
}

/** A connection that was lost while COMMIT was under way may have been lost before or after the server did it. */
export function commitFailure(error: unknown): unknown {
  if (!(error instanceof DBAPIError) || !error.isDisconnect) return error;
  return new CommitOutcomeUnknownError(
    "The connection was lost during COMMIT: the transaction may have been saved, or not. Look for its work before doing it again.",
    { cause: error.cause, statement: error.statement, driverCode: error.driverCode, isDisconnect: true },
  );
}
