/**
 * A row feed over a driver's cursor: fetches a portion, converts it, and frees the connection when the rows are at their end, when
 * something goes wrong, or when the reader has had enough. Made by ConnectionCore for streamed results.
 */
import { ResourceClosedError } from "../../errors/engine.ts";
import type { DriverConnection, DriverCursor, DriverStatement } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { Stop } from "../../io/stop.ts";
import type { RowFeed } from "./rowFeed.ts";

/** What a feed asks of the connection that it occupies. */
export interface FeedOwner {
  /** Marks the connection as busy with a fetch; throws ConcurrentUseError when it is already. */
  enterFetch(feed: CursorFeed): void;
  leaveFetch(): void;
  /** The error to throw for a driver's; gives a lost connection up. */
  statementFailed(error: unknown, sql: string, parameters: readonly unknown[]): Io<Error>;
  /** The feed no longer occupies the connection. */
  feedEnded(feed: CursorFeed): void;
}

export interface OpenedCursor {
  readonly connection: DriverConnection;
  readonly cursor: DriverCursor;
  readonly names: readonly string[];
  readonly read: (rows: unknown[][]) => readonly (readonly unknown[])[];
  readonly stop: Stop | null;
  /** For the message of an error. */
  readonly statement: DriverStatement;
}

export class CursorFeed implements RowFeed {
  readonly #owner: FeedOwner;
  readonly #opened: OpenedCursor;
  #state: "open" | "exhausted" | "closed" = "open";

  constructor(owner: FeedOwner, opened: OpenedCursor) {
    this.#owner = owner;
    this.#opened = opened;
  }

  get names(): readonly string[] {
    return this.#opened.names;
  }

  get stop(): Stop | null {
    return this.#opened.stop;
  }

  *next(count: number): Io<readonly (readonly unknown[])[]> {
    if (this.#state === "exhausted") return [];
    if (this.#state === "closed")
      throw new ResourceClosedError(
        "This result was closed, by itself or with its transaction or connection; its other rows are lost",
      );
    const { connection, cursor, read, statement } = this.#opened;
    this.#owner.enterFetch(this);
    let rows: unknown[][] | null = null;
    try {
      rows = (yield { kind: "fetch", connection, cursor, count }) as unknown[][];
      const converted = read(rows);
      if (rows.length < count) yield* this.#end("exhausted");
      return converted;
    } catch (error) {
      // A driver's error is wrapped while the connection is still known to be ours; then the cursor goes.
      const failure = rows === null ? yield* this.#owner.statementFailed(error, statement.sql, statement.parameters) : error;
      yield* this.#end("closed");
      throw failure;
    } finally {
      this.#owner.leaveFetch();
    }
  }

  *close(): Io<void> {
    if (this.#state === "open") yield* this.#end("closed");
  }

  /** The connection is lost: there is nothing to be closed any more. */
  abandon(): void {
    this.#state = "closed";
    this.#owner.feedEnded(this);
  }

  *#end(state: "exhausted" | "closed"): Io<void> {
    if (this.#state !== "open") return;
    this.#state = state;
    try {
      if (this.#opened.connection.isOpen) yield { kind: "closeCursor", cursor: this.#opened.cursor };
    } catch {
      // A cursor that cannot be closed leaves its connection in a state that nobody knows.
      this.#opened.connection.destroy();
    } finally {
      this.#owner.feedEnded(this);
    }
  }
}
