/**
 * A report that may take long: it has a time limit, and whoever asked may give up before. main.ts and the tests call it.
 */
import { type AsyncEngine, desc, func, select } from "athanor";
import { accounts, transfers } from "./tables.ts";

export interface ReportOptions {
  /** Longest time for the query, in milliseconds or as "30s". */
  readonly timeout: number | string;
  /** Gives up earlier. */
  readonly signal?: AbortSignal | undefined;
}

/** Who has sent most, with how often and how much in cents. */
const busiestAccounts = select(
  accounts.c.owner,
  func.count(transfers.c.key).label("times"),
  func.coalesce(func.sum(transfers.c.cents), 0n).label("sent"),
)
  .outerjoin(transfers, transfers.c.fromId.eq(accounts.c.id))
  .groupBy(accounts.c.id, accounts.c.owner)
  .orderBy(desc("sent"), accounts.c.owner)
  .limit(5);

/**
 * The five accounts that have sent most.
 *
 * @throws StatementTimeoutError when the time is over, CancelledError when the signal is given. The query is stopped on the server in
 * both cases, and the connection can be used again.
 */
export async function findBusiestAccounts(engine: AsyncEngine, options: ReportOptions) {
  // A copy of the engine that shares its pool; its log lines carry the token.
  const reporting = engine.executionOptions({ loggingToken: "report" });
  await using connection = await reporting.connect({ readOnly: true });
  return (await connection.execute(busiestAccounts, {}, options)).all();
}
