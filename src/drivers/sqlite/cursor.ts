/**
 * A cursor over the iterator of a SQLite statement, for both SQLite drivers: each row is computed when it is fetched.
 */
import type { DriverColumn, DriverCursor } from "../../io/driver.ts";
import { checkDeadline, limitOf } from "./deadline.ts";

export class SqliteCursor implements DriverCursor {
  readonly columns: readonly DriverColumn[];
  readonly #rows: Iterator<unknown>;
  readonly #closed: (cursor: SqliteCursor) => void;
  #isOpen = true;

  /** @param closed called once, when no more rows will be asked for */
  constructor(columns: readonly DriverColumn[], rows: Iterator<unknown>, closed: (cursor: SqliteCursor) => void) {
    this.columns = columns;
    this.#rows = rows;
    this.#closed = closed;
  }

  fetch(count: number, deadline?: number): unknown[][] {
    const limit = limitOf(deadline);
    const fetched: unknown[][] = [];
    while (this.#isOpen && fetched.length < count) {
      if (limit !== null) checkDeadline(limit);
      const step = this.#rows.next();
      if (step.done === true) this.close();
      else fetched.push(step.value as unknown[]);
    }
    return fetched;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#rows.return?.();
    this.#closed(this);
  }
}
