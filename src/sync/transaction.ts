/**
 * A synchronous transaction or savepoint, and the running of a callback in one. Made by Connection.
 */
import type { TransactionCore } from "../engine/transaction.ts";
import { ArgumentError } from "../errors/base.ts";
import { isThenable } from "../io/perform.ts";
import { runSync } from "../io/runSync.ts";

/** A transaction or savepoint. `using` rolls back what was not committed. SQLAlchemy: RootTransaction, NestedTransaction. */
export class Transaction {
  protected readonly core: TransactionCore;

  constructor(core: TransactionCore) {
    this.core = core;
  }

  /** True until it is committed, rolled back, or its connection is lost. */
  get isActive(): boolean {
    return this.core.isActive;
  }

  /**
   * True while `isActive` is, and the driver has not noticed that the connection is lost. `isActive` becomes false only when the engine has
   * noticed too, at the next statement.
   */
  get isValid(): boolean {
    return this.core.isValid;
  }

  /** True for a savepoint. */
  get nested(): boolean {
    return this.core.isNested;
  }

  /** Commits, or releases the savepoint. Throws InvalidRequestError when it has ended already. */
  commit(): void {
    runSync(this.core.commit());
  }

  /** Rolls back; does nothing when it has ended already. */
  rollback(): void {
    runSync(this.core.rollback());
  }

  /** Rolls back what was not committed. */
  close(): void {
    runSync(this.core.rollback());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A transaction that is committed in two phases: `prepare`, then `commit`. SQLAlchemy: TwoPhaseTransaction. */
export class TwoPhaseTransaction extends Transaction {
  /** The transaction's name on the server. */
  get xid(): string {
    return this.core.what.kind === "twoPhase" ? this.core.what.xid : "";
  }

  /** The first phase: afterwards the server keeps the work, whatever happens to the connection, until it is committed or rolled back. */
  prepare(): void {
    runSync(this.core.prepare());
  }
}

/** Runs the callback; commits when it returns, rolls back when it throws. */
export function withTransaction<T>(transaction: TransactionCore, work: () => T): T {
  const leave = transaction.enterScope();
  let result: T;
  try {
    result = work();
    if (isThenable(result)) {
      result.then(undefined, () => undefined);
      throw new ArgumentError(
        "The callback of a synchronous begin() returned a promise, so it was rolled back: the transaction would have ended before the work. Use createAsyncEngine for asynchronous work.",
      );
    }
  } catch (error) {
    runSync(transaction.rollbackQuietly());
    throw error;
  } finally {
    leave();
  }
  runSync(transaction.commitIfOpen());
  return result;
}
