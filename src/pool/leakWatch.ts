/**
 * Notices borrowers that were garbage-collected with a connection in their hands. The pool that owns the watch takes the connection back;
 * this file only finds out, and warns the first time.
 */
import { framesOf } from "./lendingTrace.ts";
import type { PoolRecord } from "./record.ts";

export class LeakWatch {
  readonly #registry: FinalizationRegistry<PoolRecord>;
  #hasWarned = false;

  /** @param takeBack called with the connection whose borrower is gone */
  constructor(takeBack: (record: PoolRecord) => void) {
    this.#registry = new FinalizationRegistry((record) => {
      this.#warn(record);
      takeBack(record);
    });
  }

  watch(record: PoolRecord, borrower: object): void {
    record.isWatched = true;
    this.#registry.register(borrower, record, record);
  }

  unwatch(record: PoolRecord): void {
    if (!record.isWatched) return;
    record.isWatched = false;
    this.#registry.unregister(record);
  }

  #warn(record: PoolRecord): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const trace = record.lendingTrace;
    process.emitWarning(
      "A connection was never closed, and the pool takes it back now that its borrower was garbage-collected. Close connections when done with them, for example by declaring them with `using` or `await using`. There is no further warning of this pool.",
      {
        type: "AthanorWarning",
        code: "ATHANOR_LEAKED_CONNECTION",
        detail: trace === null ? "Turn echoPool on to see where it was lent." : `It was lent here:\n${framesOf(trace)}`,
      },
    );
  }
}
