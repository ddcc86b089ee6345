/**
 * Sends the one statement of a plan when there is nothing else to do about it: nobody listens, nothing is logged, and a transaction has
 * begun. Nearly every statement is sent so; sending.ts does the rest. Made by ConnectionCore.
 */
import type { Dialect } from "../dialects/contract.ts";
import type { DriverConnection, DriverResult } from "../io/driver.ts";
import type { Io, IoRequest } from "../io/io.ts";
import { OneRequest } from "../io/oneRequest.ts";
import type { ExecutionPlan, SinglePlan } from "../sql/compile/plan.ts";
import type { Node } from "../sql/nodes/node.ts";
import type { Outcome } from "./results/collect.ts";
import type { Sender } from "./sending.ts";

/** For whom it is sent: a connection that nothing else is under way on meanwhile. */
export interface PlainSender extends Sender {
  readonly dialect: Dialect;
  /** Says what is under way; throws ConcurrentUseError where something else is. */
  enter(what: string): void;
  leave(): void;
}

/** What is made of the answer. */
export type Collect<T> = (dialect: Dialect, plan: ExecutionPlan, outcome: Outcome, statement: Node | null) => T;

export class PlainSending<T> extends OneRequest<T> {
  readonly #sender: PlainSender;
  readonly #connection: DriverConnection;
  readonly #plan: ExecutionPlan & SinglePlan;
  readonly #statement: Node | null;
  readonly #collect: Collect<T>;

  /** @param statement what was planned, for rows that are asked by its expressions; null where nobody asks */
  constructor(
    sender: PlainSender,
    connection: DriverConnection,
    plan: ExecutionPlan & SinglePlan,
    statement: Node | null,
    collect: Collect<T>,
  ) {
    super();
    this.#sender = sender;
    this.#connection = connection;
    this.#plan = plan;
    this.#statement = statement;
    this.#collect = collect;
  }

  protected override start(): IoRequest {
    this.#sender.enter("a statement");
    return { kind: "execute", connection: this.#connection, statement: this.#plan.statement };
  }

  protected override finish(answer: unknown): T {
    const sender = this.#sender;
    sender.leave();
    return this.#collect(sender.dialect, this.#plan, { results: [answer as DriverResult] }, this.#statement);
  }

  protected override *fail(error: unknown): Io<never> {
    const { sql, parameters } = this.#plan.statement;
    try {
      throw yield* this.#sender.statementFailed(error, sql, parameters);
    } finally {
      this.#sender.leave();
    }
  }

  protected override abandon(): void {
    this.#sender.leave();
  }
}
