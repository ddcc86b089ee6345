/**
 * The root of every error that the library throws, with its stable code. The classes by theme are in the files beside this one;
 * every code has a page under docs/errors.
 */

/** How an error is described besides its message. */
export interface ErrorDetails {
  /** The error that led to this one, such as the driver's. */
  readonly cause?: unknown;
}

/** The base class of every error the library throws; `code` is stable and names the page under docs/errors. */
export abstract class AthanorError extends Error {
  abstract readonly code: string;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
  }

  /** True when the same work, done again from the start of its transaction, may succeed. */
  get isRetryable(): boolean {
    return false;
  }
}

/** A call whose arguments make no sense, found before anything was done. SQLAlchemy: ArgumentError. */
export class ArgumentError extends AthanorError {
  override readonly code: string = "argument";
}

/** A capability that is planned and not there yet; the message says what to do meanwhile. */
export class NotYetSupportedError extends AthanorError {
  override readonly code: string = "not-yet-supported";
}

/** The library is asked for something that its present state does not allow. SQLAlchemy: InvalidRequestError. */
export class InvalidRequestError extends AthanorError {
  override readonly code: string = "invalid-request";
}
