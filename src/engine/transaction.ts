/**
 * One transaction of a connection: the outermost (BEGIN … COMMIT), a savepoint within it, or one that is committed in two phases. It
 * holds the state; the connection sends the statements. The facades wrap it, and ConnectionCore makes it.
 */
import { PendingRollbackError } from "../errors/engine.ts";
import { InvalidRequestError } from "../errors/base.ts";
import type { Io } from "../io/io.ts";

/**
 * `active`; `invalid` once its connection was lost, so that only rolling back is left; `closed` after commit or rollback, its own or that
 * of a transaction around it.
 */
export type TransactionState = "active" | "invalid" | "closed";

export type TransactionKind =
  | { readonly kind: "root" }
  /** Every statement is saved by itself: there is nothing to commit. */
  | { readonly kind: "autocommit" }
  | { readonly kind: "savepoint"; readonly name: string }
  | { readonly kind: "twoPhase"; readonly xid: string };

/** What a transaction asks of its connection. */
export interface TransactionOwner {
  /** False once the database connection was lost, or is known to be closed. */
  readonly isConnected: boolean;
  endTransaction(transaction: TransactionCore, how: "commit" | "rollback"): Io<void>;
  prepareTransaction(transaction: TransactionCore): Io<void>;
  /** The transaction whose callback runs: what is done meanwhile belongs to it, and to nothing after it. */
  scope: TransactionCore | null;
}

export class TransactionCore {
  readonly #owner: TransactionOwner;
  /** The transaction around a savepoint; null for the outermost. */
  readonly parent: TransactionCore | null;
  readonly what: TransactionKind;
  state: TransactionState = "active";
  /** True for a two-phase transaction that was prepared. */
  isPrepared = false;

  constructor(owner: TransactionOwner, parent: TransactionCore | null, what: TransactionKind) {
    this.#owner = owner;
    this.parent = parent;
    this.what = what;
  }

  get isActive(): boolean {
    return this.state === "active";
  }

  /** True while it is active, and its connection is not known to be lost. */
  get isValid(): boolean {
    return this.isActive && this.#owner.isConnected;
  }

  /** True for a savepoint. */
  get isNested(): boolean {
    return this.what.kind === "savepoint";
  }

  /** Throws InvalidRequestError when the transaction has ended, PendingRollbackError when its connection was lost. */
  *commit(): Io<void> {
    this.#requireActive();
    yield* this.#owner.endTransaction(this, "commit");
  }

  /** Does nothing when the transaction has ended. */
  *rollback(): Io<void> {
    if (this.state !== "closed") yield* this.#owner.endTransaction(this, "rollback");
  }

  /** The first phase of a two-phase commit. */
  *prepare(): Io<void> {
    this.#requireActive();
    if (this.isPrepared) throw new InvalidRequestError("This transaction is prepared already; commit it or roll it back");
    yield* this.#owner.prepareTransaction(this);
  }

  /**
   * A callback begins that this transaction is for. Once it has ended the transaction itself, its connection runs nothing more for it: that
   * would be in another transaction, which nobody commits.
   *
   * @returns what is to be called when the callback has ended
   */
  enterScope(): () => void {
    const outer = this.#owner.scope;
    this.#owner.scope = this;
    return () => {
      this.#owner.scope = outer;
    };
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

  #requireActive(): void {
    if (this.state === "closed") throw new InvalidRequestError("This transaction has ended already");
    if (this.state === "invalid")
      throw new PendingRollbackError(
        "The connection of this transaction was lost, and its work with it: roll back, then run it again",
      );
  }
}
