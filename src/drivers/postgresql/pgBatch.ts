/**
 * One statement with many parameter sets in one message to the server, for the pg driver's executeMany: parsed once, bound and executed
 * for each set, and one Sync at the end. After an error the server skips all that follows up to the Sync, so that nothing is left
 * behind; for the same reason a batch is only for an open transaction, where the sets before the error are undone or kept as ever.
 */
import type Pg from "pg";

/** The part of pg's protocol layer that is used here. */
type Wire = Pg.Connection;

/** What pg calls with the server's answers; see `Submittable` in its types. */
export class PgBatch implements Pg.Submittable {
  readonly #sql: string;
  readonly #sets: readonly (readonly (string | Buffer | null)[])[];
  #rowCount = 0;
  readonly #settle: { readonly resolve: (rowCount: number) => void; readonly reject: (error: Error) => void };
  /** The rows that all sets together have changed. */
  readonly answer: Promise<number>;

  constructor(sql: string, sets: readonly (readonly (string | Buffer | null)[])[]) {
    this.#sql = sql;
    this.#sets = sets;
    let settle: { resolve: (rowCount: number) => void; reject: (error: Error) => void } | undefined;
    this.answer = new Promise((resolve, reject) => (settle = { resolve, reject }));
    this.#settle = settle!;
  }

  submit(connection: Wire): void {
    connection.stream.cork();
    connection.parse({ text: this.#sql, name: "" } as Pg.QueryParse, true);
    for (const values of this.#sets) {
      connection.bind({ values: values as (string | Buffer | null)[] }, true);
      connection.execute(null, true);
    }
    connection.sync();
    connection.stream.uncork();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rowCount += Number(/\d+$/.exec(message.text)?.[0] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#settle.resolve(this.#rowCount);
  }

  handleError(error: Error): void {
    this.#settle.reject(error);
  }

  handleCopyInResponse(connection: Wire): void {
    (connection as Wire & { sendCopyFail(reason: string): void }).sendCopyFail("COPY cannot be run with many parameter sets");
  }

  handleRowDescription(): void {
    // Rows were not asked for.
  }

  handleDataRow(): void {
    // Rows were not asked for.
  }

  handleEmptyQuery(): void {
    // Counts as no rows.
  }

  handlePortalSuspended(): void {
    // Never comes: nothing limits the rows.
  }

  handleCopyData(): void {
    // Nobody asked for data.
  }
}
