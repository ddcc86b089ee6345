/**
 * The pool that finds code which borrows a second connection while it has one: doing so is an error at once, which shows where the first
 * was borrowed. For tests. SQLAlchemy: AssertionPool.
 */
import { InvalidRequestError } from "../errors/base.ts";
import { BoundedPool } from "./boundedPool.ts";
import { framesOf, takeLendingTrace } from "./lendingTrace.ts";
import type { PoolOptionName, PoolOptions } from "./options.ts";
import type { PoolHost } from "./pool.ts";
import type { Place } from "./record.ts";
import type { LineWaiter } from "./waitingLine.ts";

/** Lends its one connection; whoever asks while it is lent gets InvalidRequestError. */
export class AssertionPool extends BoundedPool {
  static override readonly optionNames: readonly PoolOptionName[] = ["poolRecycle", "poolPrePing", "poolResetOnReturn"];

  #borrowedAt: Error | null = null;

  constructor(host: PoolHost, options: PoolOptions = {}) {
    super(host, options, { size: 1, overflow: 0, timeout: 0 });
  }

  override status(): string {
    return "AssertionPool";
  }

  protected override takePlace(): Place | LineWaiter {
    const place = super.takePlace();
    this.#borrowedAt = takeLendingTrace();
    return place;
  }

  protected override limitError(): Error {
    const cause = this.#borrowedAt!;
    return new InvalidRequestError(
      `A second connection was asked for while the first is in use, which AssertionPool forbids. The first was lent here:\n${framesOf(cause)}`,
      { cause },
    );
  }
}
