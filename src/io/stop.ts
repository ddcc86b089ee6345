/**
 * When to stop: a caller's AbortSignal, a deadline, or both. The facades make a Stop of the options `signal` and `timeout` and hand it to
 * the runners, which ask it before each request and listen to it while one is under way.
 */
import { CancelledError, StatementTimeoutError } from "../errors/engine.ts";

export class Stop {
  readonly signal: AbortSignal | null;
  /** In the milliseconds of `performance.now()`; Infinity where there is none. */
  readonly deadline: number;
  readonly #timeout: number;

  /** @param timeout milliseconds from now, or null */
  constructor(signal: AbortSignal | null, timeout: number | null) {
    this.signal = signal;
    this.#timeout = timeout ?? Infinity;
    this.deadline = timeout === null ? Infinity : performance.now() + timeout;
  }

  /** True once the caller has given up or the time has passed. */
  get isDue(): boolean {
    return this.signal?.aborted === true || performance.now() >= this.deadline;
  }

  /** Throws CancelledError, or StatementTimeoutError, when it is due. */
  check(): void {
    if (this.isDue) throw this.error();
  }

  /** The error to throw; `cause` is the driver's, where it has one. */
  error(cause?: unknown): CancelledError {
    if (this.signal?.aborted === true)
      return new CancelledError(`The operation was cancelled: ${describeReason(this.signal.reason)}`, {
        cause: cause ?? this.signal.reason,
        reason: this.signal.reason,
      });
    return new StatementTimeoutError(
      `The operation did not finish within its timeout of ${this.#timeout} ms`,
      cause === undefined ? {} : { cause },
    );
  }

  /** Calls the listener once, when it is due; the answer takes it back. */
  listen(listener: () => void): () => void {
    const timer =
      this.deadline === Infinity
        ? null
        : setTimeout(listener, Math.min(MAX_DELAY, Math.max(0, this.deadline - performance.now())));
    this.signal?.addEventListener("abort", listener, { once: true });
    return () => {
      if (timer !== null) clearTimeout(timer);
      this.signal?.removeEventListener("abort", listener);
    };
  }
}

/** Node takes a longer delay for 1 ms. */
const MAX_DELAY = 2 ** 31 - 1;

function describeReason(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
