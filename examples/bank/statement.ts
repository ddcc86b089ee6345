/**
 * An account's statement as CSV. The rows are streamed, a portion at a time, so a million transfers take no more memory than a thousand.
 * main.ts and the tests call it, with whatever they want the lines to go to.
 */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { type AsyncEngine, or, select } from "athanor";
import { transfers } from "./tables.ts";

/** Rows fetched and written at a time. */
const PORTION = 500;

/**
 * Writes a line for each transfer of an account, oldest first.
 *
 * @param signal stops the query too, on the server
 * @returns how many lines there are, without the heading
 */
export async function writeStatement(
  engine: AsyncEngine,
  accountId: number,
  output: Writable,
  signal?: AbortSignal,
): Promise<number> {
  const bookings = select(transfers)
    .where(or(transfers.c.fromId.eq(accountId), transfers.c.toId.eq(accountId)))
    .orderBy(transfers.c.bookedAt, transfers.c.key)
    .executionOptions({ yieldPer: PORTION });

  // A connection that only reads may be one of a read replica, where the engine has some.
  await using connection = await engine.connect({ readOnly: true });
  // Leaving this function in any way closes the cursor, and then gives the connection back.
  await using result = await connection.stream(bookings, {}, { signal });
  let lines = 0;
  await write(output, "booked_at,key,other_account,amount\n");
  for await (const rows of result.partitions()) {
    const text = rows.map(({ key, fromId, toId, cents, bookedAt }) => {
      const [other, amount] = fromId === accountId ? [toId, -cents] : [fromId, cents];
      return `${bookedAt.toISOString()},${key},${other},${formatCents(amount)}\n`;
    });
    await write(output, text.join(""));
    lines += rows.length;
  }
  return lines;
}

/** Waits while the output is full: nothing is fetched that has nowhere to go. */
async function write(output: Writable, text: string): Promise<void> {
  if (!output.write(text)) await once(output, "drain");
}

/** `-12.05`: exact, because it never becomes a floating-point number. */
export function formatCents(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
