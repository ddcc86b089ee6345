/**
 * Several results one after another, as one feed: what `merge()` reads from. Each is fetched from when the one before it is at its end.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { Io } from "../../io/io.ts";
import type { Stop } from "../../io/stop.ts";
import type { ResultCore } from "./resultCore.ts";
import type { RowFeed } from "./rowFeed.ts";
import type { Values } from "./rowSource.ts";

/** A result to be merged: its rows, and what its columns are called. */
export interface MergedPart {
  readonly core: ResultCore<Values>;
  readonly names: readonly string[] | null;
}

export class MergedFeed implements RowFeed {
  readonly names: readonly string[] | null;
  readonly stop: Stop | null;
  readonly #parts: readonly ResultCore<Values>[];
  #current = 0;

  /** Throws ArgumentError where the results have different columns, and ResourceClosedError where one gives no rows. */
  constructor(parts: readonly MergedPart[]) {
    for (const { core } of parts) core.source.check();
    const [first] = parts;
    for (const part of parts)
      if (part.names?.join("\0") !== first?.names?.join("\0"))
        throw new ArgumentError(
          `Only results of the same columns can be merged; one has ${first?.names?.join(", ")}, another ${part.names?.join(", ")}`,
        );
    this.names = first?.names ?? null;
    this.#parts = parts.map(({ core }) => core);
    this.stop = this.#parts.find(({ source }) => source.stop !== null)?.source.stop ?? null;
  }

  *next(count: number): Io<readonly Values[]> {
    const rows: Values[] = [];
    for (; this.#current < this.#parts.length; this.#current++) {
      const core = this.#parts[this.#current]!;
      // The runner asks only the stop of this feed, which is one of theirs.
      core.source.stop?.check();
      for (const row of yield* core.fetchmany(count - rows.length)) rows.push(row);
      if (rows.length === count) return rows;
    }
    return rows;
  }

  /** Closes all of them, also when closing one fails; throws the first error. */
  *close(): Io<void> {
    let failure: { readonly error: unknown } | null = null;
    for (const { source } of this.#parts) {
      try {
        yield* source.close();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== null) throw failure.error;
  }
}
