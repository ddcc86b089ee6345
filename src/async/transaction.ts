/**
 * An asynchronous transaction or savepoint, and the running of a callback in one. Made by AsyncConnection.
 */
import type { TransactionCore } from "../engine/transaction.ts";
import { runAsync } from "../io/runAsync.ts";

/** A transaction or savepoint. `await using` rolls back what was not committed. SQLAlchemy: RootTransaction, NestedTransaction. */
export class AsyncTransaction {
  readonly #core: TransactionCore;

  constructor(core: TransactionCore) {
    this.#core = core;
  }

  /** True until it is committed, rolled back, or its connection is lost. */
  get isActive(): boolean {
    return this.#core.isActive;
  }

  /** True for a savepoint. */
  get nested(): boolean {
    return this.#core.savepoint !== null;
  }

  /** Commits, or releases the savepoint. Throws InvalidRequestError when it has ended already. */
  commit(): Promise<void> {
    return runAsync(this.#core.commit());
  }

  /** Rolls back; does nothing when it has ended already. */
  rollback(): Promise<void> {
    return runAsync(this.#core.rollback());
  }

  /** Rolls back what was not committed. */
  close(): Promise<void> {
    return runAsync(this.#core.rollback());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Runs the callback; commits when its promise is fulfilled, rolls back when it is rejected. */
export async function withAsyncTransaction<T>(transaction: TransactionCore, work: () => T | Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await runAsync(transaction.rollbackQuietly());
    throw error;
  }
  await runAsync(transaction.commitIfOpen());
  return result;
}
