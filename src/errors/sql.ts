/**
 * Errors of the schema and of compiling statements: nothing has been sent to a database when one of these is thrown.
 */
import { ArgumentError, AthanorError, InvalidRequestError } from "./base.ts";

/** A statement that cannot be written in the dialect's SQL. SQLAlchemy: CompileError. */
export class CompileError extends AthanorError {
  override readonly code: string = "compile";
}

/** Tables, or rows, that depend on each other in a circle that cannot be broken. SQLAlchemy: CircularDependencyError. */
export class CircularDependencyError extends AthanorError {
  override readonly code: string = "circular-dependency";

  /** The members of the circle, each depending on the next. */
  readonly cycle: readonly string[];

  constructor(message: string, cycle: readonly string[]) {
    super(message);
    this.cycle = cycle;
  }
}

/** No foreign key links the two sides of a join or relationship. SQLAlchemy: NoForeignKeysError. */
export class NoForeignKeysError extends ArgumentError {
  override readonly code: string = "no-foreign-keys";
}

/** Several foreign keys link the two sides of a join or relationship. SQLAlchemy: AmbiguousForeignKeysError. */
export class AmbiguousForeignKeysError extends ArgumentError {
  override readonly code: string = "ambiguous-foreign-keys";
}

/** A foreign key names a table that the MetaData does not have. SQLAlchemy: NoReferencedTableError. */
export class NoReferencedTableError extends InvalidRequestError {
  override readonly code: string = "no-referenced-table";
}

/** A foreign key names a column that its table does not have. SQLAlchemy: NoReferencedColumnError. */
export class NoReferencedColumnError extends InvalidRequestError {
  override readonly code: string = "no-referenced-column";
}
