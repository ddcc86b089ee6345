/**
 * Transactions that were prepared and wait on the server for their second phase, whoever began them: finding their names and ending them. The
 * facades call it; the transaction that a connection itself prepares and commits is in transactions.ts.
 */
import { control } from "../dialects/server.ts";
import type { DriverResult } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import { requireTwoPhase, type TransactionHost, type Transactions } from "./transactions.ts";

/** The connection over which one asks. */
export interface PreparedHost extends TransactionHost {
  readonly transactions: Transactions;
}

/** Commits or rolls back a prepared transaction of any connection, by its name. */
export function* endPrepared(host: PreparedHost, xid: string, how: "commit" | "rollback"): Io<void> {
  const twoPhase = requireTwoPhase(host.dialect, xid);
  const what = how === "commit" ? "commitPrepared()" : "rollbackPrepared()";
  host.enter(what);
  try {
    host.transactions.requireNone(what);
    const connection = yield* host.acquire();
    const event = how === "commit" ? "commitTwophase" : "rollbackTwophase";
    if (host.listeners.has(event)) yield* host.listeners.emit(event, host.facade, xid, true);
    for (const sql of twoPhase[how](xid, true)) {
      host.log.info(sql);
      try {
        yield control(connection, sql, false, { unstoppable: true });
      } catch (error) {
        throw yield* host.statementFailed(error, sql);
      }
    }
  } finally {
    host.leave();
  }
}

/** The names of the transactions that were prepared and not ended, on the whole server. */
export function* recoverTwophase(host: PreparedHost): Io<readonly string[]> {
  const { sql, column } = requireTwoPhase(host.dialect, "").recover;
  host.enter("recoverTwophase()");
  try {
    const connection = yield* host.acquire();
    host.log.info(sql);
    try {
      const result = (yield control(connection, sql, true)) as DriverResult;
      return result.rows.map((row) => textOf(row[column]));
    } catch (error) {
      throw yield* host.statementFailed(error, sql);
    }
  } finally {
    host.leave();
  }
}

/** Some drivers give binary text as bytes. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : String(value);
}
