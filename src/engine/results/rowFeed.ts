/**
 * Rows that arrive in portions: what a streamed result reads from. The connection makes feeds over driver cursors (cursorFeed.ts); the
 * result classes of both colours pull from them.
 */
import type { Io } from "../../io/io.ts";
import type { Stop } from "../../io/stop.ts";

export interface RowFeed {
  /** The column names; null where the statement gives no rows. */
  readonly names: readonly string[] | null;
  /** When the caller wants to stop, handed to the runner with each portion; null for never. */
  readonly stop: Stop | null;
  /** The next rows, converted and shaped: at most `count`, fewer only at the end; [] when there are none left. */
  next(count: number): Io<readonly (readonly unknown[])[]>;
  /** Ends the statement on the server and frees the connection. Can be called again. */
  close(): Io<void>;
}
