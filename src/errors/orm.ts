/**
 * Errors of mapping, sessions and flushes.
 */
import { AthanorError, InvalidRequestError } from "./base.ts";

/** The mapping of a class is wrong. SQLAlchemy: ArgumentError and InvalidRequestError at mapper configuration. */
export class MappingError extends InvalidRequestError {
  override readonly code: string = "mapping";
}

/** An object or class that the ORM does not know. SQLAlchemy: UnmappedInstanceError, UnmappedClassError. */
export class UnmappedError extends InvalidRequestError {
  override readonly code: string = "unmapped";
}

/** A flush cannot be carried out as the objects stand. SQLAlchemy: FlushError. */
export class FlushError extends InvalidRequestError {
  override readonly code: string = "flush";
}

/** A row that was to be updated or deleted is no longer there, or has changed. SQLAlchemy: StaleDataError. */
export class StaleDataError extends AthanorError {
  override readonly code: string = "stale-data";
  override get isRetryable(): boolean {
    return true;
  }
}

/** An object needs its session to load something and has none. SQLAlchemy: DetachedInstanceError, code bhk3. */
export class DetachedInstanceError extends InvalidRequestError {
  override readonly code: string = "detached-instance";
}

/** The row of an expired object no longer exists. SQLAlchemy: ObjectDeletedError. */
export class ObjectDeletedError extends InvalidRequestError {
  override readonly code: string = "object-deleted";
}

/** An attribute that is not loaded was read in an asynchronous session. SQLAlchemy: MissingGreenlet, code xd2s. */
export class MissingLoadError extends InvalidRequestError {
  override readonly code: string = "missing-load";
}
