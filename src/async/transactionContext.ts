/**
 * A transaction that functions share without handing a connection around: it is found through AsyncLocalStorage. An opt-in, for Core;
 * scopedSession.ts does the same for sessions.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Propagation, propagationAction } from "../engine/propagation.ts";
import type { BeginOptions } from "../engine/options/transactionOptions.ts";
import { InvalidRequestError } from "../errors/base.ts";
import type { AsyncConnection } from "./connection.ts";
import type { AsyncEngine } from "./engine.ts";

/** How a function wants its transaction; the options of `begin` count only where it begins one. */
export interface TransactionContextOptions extends BeginOptions {
  /** Default "required". */
  readonly propagation?: Propagation;
}

/** A context of transactions; see `transactionContext`. */
export class AsyncTransactionContext {
  readonly engine: AsyncEngine;
  /** The connection whose transaction is under way; null where it was set aside. */
  readonly #current = new AsyncLocalStorage<AsyncConnection | null>();

  /** Contexts are made by `transactionContext()`. */
  constructor(engine: AsyncEngine) {
    this.engine = engine;
  }

  /** The connection of the transaction that is under way here; null where there is none. */
  get connection(): AsyncConnection | null {
    return this.#current.getStore() ?? null;
  }

  /**
   * Runs the callback with the connection of a transaction, its own or that of its caller, as the propagation says. Who begins a transaction
   * commits it when the callback's promise is fulfilled, and rolls back when it is rejected; who joins one leaves that to its caller.
   *
   * @throws ArgumentError for what is no propagation, InvalidRequestError where it forbids to run here
   */
  async run<T>(work: (connection: AsyncConnection) => T | Promise<T>, options: TransactionContextOptions = {}): Promise<T> {
    const { propagation = "required", ...begin } = options;
    const current = this.connection;
    const enter = (connection: AsyncConnection): Promise<T> => this.#current.run(connection, async () => work(connection));
    switch (propagationAction(propagation, current !== null)) {
      case "join":
        if (Object.keys(begin).length > 0)
          throw new InvalidRequestError(
            `This joins a transaction that has begun already; ${Object.keys(begin).join(", ")} can only be chosen where one begins`,
          );
        return await enter(current!);
      case "savepoint":
        return await current!.beginNested(enter);
      case "begin":
        return await this.engine.begin(enter, begin);
      case "without":
        return await this.#runWithout(work);
    }
  }

  /** Every statement is saved by itself. */
  async #runWithout<T>(work: (connection: AsyncConnection) => T | Promise<T>): Promise<T> {
    await using connection = await this.engine.connect();
    await connection.executionOptions({ isolationLevel: "AUTOCOMMIT" });
    return await this.#current.run(null, async () => work(connection));
  }
}

/**
 * Makes a context in which functions find the transaction that is under way. Each engine may have several; they know nothing of each other.
 *
 * @example
 * ```ts no-check
 * const transactions = transactionContext(engine);
 * async function book(order: Order) {
 *   await transactions.run(async (connection) => { await connection.execute(insert(orders).values(order)); });
 * }
 * await transactions.run(async () => { await book(first); await book(second); });   // one transaction
 * ```
 */
export function transactionContext(engine: AsyncEngine): AsyncTransactionContext {
  return new AsyncTransactionContext(engine);
}
