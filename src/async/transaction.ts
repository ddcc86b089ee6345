/**
 * An asynchronous transaction or savepoint, and the running of a callback in one. Made by AsyncConnection.
 */
import type { TransactionCore } from "../engine/transaction.ts";
import { runAsync } from "../io/runAsync.ts";

/** A transaction or savepoint. `await using` rolls back what was not committed. SQLAlchemy: RootTransaction, NestedTransaction. */
export class AsyncTransaction {
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
  commit(): Promise<void> {
    return runAsync(this.core.commit());
  }

  /** Rolls back; does nothing when it has ended already. */
  rollback(): Promise<void> {
    return runAsync(this.core.rollback());
  }

  /** Rolls back what was not committed. */
  close(): Promise<void> {
    return runAsync(this.core.rollback());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A transaction that is committed in two phases: `prepare`, then `commit`. SQLAlchemy: TwoPhaseTransaction. */
export class AsyncTwoPhaseTransaction extends AsyncTransaction {
  /** The transaction's name on the server. */
  get xid(): string {
    return this.core.what.kind === "twoPhase" ? this.core.what.xid : "";
  }

  /** The first phase: afterwards the server keeps the work, whatever happens to the connection, until it is committed or rolled back. */
  prepare(): Promise<void> {
    return runAsync(this.core.prepare());
  }
}

/** Runs the callback; commits when its promise is fulfilled, rolls back when it is rejected. */
export async function withAsyncTransaction<T>(transaction: TransactionCore, work: () => T | Promise<T>): Promise<T> {
  const leave = transaction.enterScope();
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await runAsync(transaction.rollbackQuietly());
    throw error;
  } finally {
    leave();
  }
  await runAsync(transaction.commitIfOpen());
  return result;
}
