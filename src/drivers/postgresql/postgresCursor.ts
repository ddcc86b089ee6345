/**
 * A server-side cursor of the npm package postgres. The package pushes portions, each when the one before has been taken; this turns
 * them into rows that are fetched. Its first portion comes with the columns, and is kept until somebody asks for it.
 */
import type { DriverColumn, DriverCursor } from "../../io/driver.ts";
import type { ConnectionLoss } from "../connectionLoss.ts";

/** Rows that come with the columns, before the caller has said how many it wants. */
const FIRST_PORTION = 50;

interface Portion extends Array<unknown[]> {
  readonly columns: readonly { readonly name: string; readonly type: number }[] | null;
}

/** A statement of the package before it is run. `cursorRows` is read each time it asks the server for more. */
export interface CursorQuery extends PromiseLike<Portion> {
  cursorRows: number;
  cursor(rows: number, take: (portion: Portion) => Promise<unknown>): this;
}

export class PostgresCursor implements DriverCursor {
  columns: readonly DriverColumn[] = [];
  readonly #query: CursorQuery;
  readonly #stop: unknown;
  readonly #loss: ConnectionLoss;
  /** Settled when the server has ended the statement. */
  #finished: Promise<unknown> = Promise.resolve();
  /** The server has ended the statement. */
  #isOver = false;
  /** Nobody will ask for rows any more, or there are none. */
  #isFinished = false;
  /** Rows that have come and were not fetched. */
  #kept: unknown[][] = [];
  /** Asks for more, or for the end; null while a portion is on its way, and after the last. */
  #answer: ((what: unknown) => void) | null = null;
  /** Settle the portion that is waited for. */
  #arrived: (rows: unknown[][]) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  /**
   * @param query the statement, which gives its rows as arrays
   * @param stop what the package takes for the answer "no more"
   */
  constructor(query: CursorQuery, stop: unknown, loss: ConnectionLoss) {
    this.#query = query;
    this.#stop = stop;
    this.#loss = loss;
  }

  /** True until its rows are at their end, it is closed, or its connection gone. */
  get isOpen(): boolean {
    return !this.#isFinished && !this.#loss.isCertain;
  }

  /** Runs the statement and waits for its first rows. */
  async start(): Promise<void> {
    this.#query.cursor(FIRST_PORTION, (portion) => this.#take(portion));
    this.#kept = await this.#portion(FIRST_PORTION, () => {
      this.#finished = Promise.resolve(this.#query).then((last) => this.#describe(last));
      this.#finished.then(
        () => this.#over([]),
        (error: Error) => this.#over(error),
      );
    });
  }

  async fetch(count: number): Promise<unknown[][]> {
    if (this.#kept.length < count && !this.#isFinished) {
      const wanted = count - this.#kept.length;
      const more = await this.#portion(wanted, () => {
        this.#query.cursorRows = wanted;
        this.#reply(undefined);
      });
      this.#kept.push(...more);
    }
    return this.#kept.splice(0, count);
  }

  async close(): Promise<void> {
    this.#kept = [];
    if (!this.isOpen) return;
    this.#isFinished = true;
    this.#reply(this.#stop);
    await this.#loss.orAnswer(this.#finished);
  }

  /** The next rows; fewer than wanted are the last ones, and then the statement is over too. */
  async #portion(wanted: number, ask: () => void): Promise<unknown[][]> {
    const arrived = new Promise<unknown[][]>((resolve, reject) => {
      this.#arrived = resolve;
      this.#failed = reject;
    });
    try {
      ask();
      // Not a race of the two: `#finished` would keep all rows that ever won it.
      const rows = await this.#loss.orAnswer(this.#isOver ? this.#finished.then(() => []) : arrived);
      if (rows.length < wanted) {
        await this.#loss.orAnswer(this.#finished);
        this.#isFinished = true;
      }
      return rows;
    } catch (error) {
      this.#isFinished = true;
      throw error;
    }
  }

  /** Called by the package with each portion; it goes on when the promise is fulfilled. */
  #take(portion: Portion): Promise<unknown> {
    this.#describe(portion);
    const answered = new Promise((resolve) => (this.#answer = resolve));
    this.#arrived(rowsOf(portion));
    return answered;
  }

  /** The end of the statement is the end of the portion that is waited for, too. */
  #over(end: Error | []): void {
    this.#isOver = true;
    if (Array.isArray(end)) this.#arrived(end);
    else this.#failed(end);
  }

  #reply(what: unknown): void {
    // Without its socket the package would try to write all the same, and end the process.
    if (!this.#loss.isCertain) this.#answer?.(what);
    this.#answer = null;
  }

  /** Only the first portion, and the result of a statement without rows, have the columns. */
  #describe({ columns }: Portion): void {
    if (columns !== null && this.columns.length === 0)
      this.columns = columns.map((column) => ({ name: column.name, typeCode: column.type }));
  }
}

/**
 * The rows of an answer as an array of their own. After an error in the midst of a statement's rows the package goes on counting where it
 * was, so that the next answer begins with as many holes; they are left out.
 */
export function rowsOf(answer: readonly unknown[][]): unknown[][] {
  return answer.length > 0 && !(0 in answer) ? answer.filter(() => true) : answer.slice();
}
