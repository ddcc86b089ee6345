/**
 * One transaction of a connection: the outermost (BEGIN … COMMIT) or a savepoint within it. It holds the state; the connection sends the
 * statements. The facades wrap it, and ConnectionCore makes it.
 */
import { PendingRollbackError } from "../errors/engine.ts";
import { InvalidRequestError } from "../errors/base.ts";
import type { Io } from "../io/io.ts";

/**
 * `active`; `invalid` once its connection was lost, so that only rolling back is left; `closed` after commit or rollback, its own or that
 * of a transaction around it.
 */
export type TransactionState = "active" | "invalid" | "closed";

/** What a transaction asks of its connection. */
export interface TransactionOwner {
  endTransaction(transaction: TransactionCore, how: "commit" | "rollback"): Io<void>;
}

export class TransactionCore {
  readonly #owner: TransactionOwner;
  /** The transaction around a savepoint; null for the outermost. */
  readonly parent: TransactionCore | null;
  /** The savepoint's name; null for the outermost. */
  readonly savepoint: string | null;
  state: TransactionState = "active";

  constructor(owner: TransactionOwner, parent: TransactionCore | null, savepoint: string | null) {
    this.#owner = owner;
    this.parent = parent;
    this.savepoint = savepoint;
  }

  get isActive(): boolean {
    return this.state === "active";
  }

  /** Throws InvalidRequestError when the transaction has ended, PendingRollbackError when its connection was lost. */
  *commit(): Io<void> {
    if (this.state === "closed") throw new InvalidRequestError("This transaction has ended already");
    if (this.state === "invalid")
      throw new PendingRollbackError(
        "The connection of this transaction was lost, and its work with it: roll back, then run it again",
      );
    yield* this.#owner.endTransaction(this, "commit");
  }

  /** Does nothing when the transaction has ended. */
  *rollback(): Io<void> {
    if (this.state !== "closed") yield* this.#owner.endTransaction(this, "rollback");
  }

  /** Commits what a callback did, unless the callback has ended the transaction itself. */
  *commitIfOpen(): Io<void> {
    if (this.state === "closed") return;
    try {
      yield* this.commit();
    } catch (error) {
      yield* this.rollbackQuietly();
      throw error;
    }
  }

  /** Rolls back after an error, which is what the caller has to hear of, not of a rollback that fails because of it. */
  *rollbackQuietly(): Io<void> {
    try {
      yield* this.rollback();
    } catch {
      // The connection is closed or discarded next; nothing of the transaction can survive that.
    }
  }
}
