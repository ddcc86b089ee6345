/**
 * What the PostgreSQL drivers do alike around a statement: which ones are prepared by name, and the two ends that the server itself
 * does not report as errors.
 */
import { Lru } from "../../util/lru.ts";

/**
 * A connection prepares at most so many statements by name; later ones are run unnamed. Forgetting one would need a DEALLOCATE, which a
 * failed transaction refuses.
 */
const STATEMENTS_NAMED = 256;

let counter = 0;

/** The names of one connection's prepared statements. */
export class StatementNames {
  readonly #seen = new Lru<string, true>(STATEMENTS_NAMED);
  readonly #names = new Map<string, string>();

  /**
   * The statement's name, or undefined when it is to run unnamed. It gets one the second time it comes, so that those that come once
   * take no room on the server.
   *
   * @param atOnce when it is known to come again at once
   */
  nameOf(sql: string, atOnce = false): string | undefined {
    const name = this.#names.get(sql);
    if (name !== undefined) return name;
    if (this.#names.size >= STATEMENTS_NAMED) return undefined;
    if (!atOnce && this.#seen.get(sql) === undefined) {
      this.#seen.set(sql, true);
      return undefined;
    }
    const made = `athanor_${this.#names.size + 1}_${++counter}`;
    this.#names.set(sql, made);
    this.#seen.delete(sql);
    return made;
  }

  forget(sql: string): void {
    this.#names.delete(sql);
  }
}

/** The server has no such prepared statement (any more), or the table it reads was altered: preparing it anew helps. */
export function isStalePlan(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "26000" || (code === "0A000" && /cached plan/.test(String((error as Error).message)));
}

/** Statements that the server answers with ROLLBACK, and without an error, when the transaction has failed. */
const ENDS_IN_SUCCESS = /^\s*(?:commit|end|prepare\s+transaction)\b[^;]*;?\s*$/i;

/**
 * Throws where the server has rolled back instead of committing: it reports success, and nobody would notice that nothing was saved.
 *
 * @param command what the server says that it did
 */
export function checkCommitted(sql: string, command: string | null): void {
  if (command === "ROLLBACK" && ENDS_IN_SUCCESS.test(sql)) throw new FailedTransactionError();
}

class FailedTransactionError extends Error {
  readonly code = "25P02";

  constructor() {
    super(
      "COMMIT rolled the transaction back, because a statement in it had failed; roll back after an error, or run what may fail in beginNested()",
    );
  }
}

/** The end of a statement that was told to stop between two of its parameter sets, when the server had nothing to stop. */
export class StoppedBetweenSetsError extends Error {
  /** query_canceled, as the server would have answered. */
  readonly code = "57014";

  constructor() {
    super("The statement was cancelled between two of its parameter sets");
  }
}
