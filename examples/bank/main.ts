/**
 * A small bank: opens accounts, moves money between them from many sides at once, writes a statement and a report. This file reads the
 * arguments, handles Ctrl-C and prints; what a reader is to learn is in the files beside it. Start reading with tables.ts and transfer.ts.
 */
import { randomInt, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";
import { type AsyncEngine, CancelledError, type LogRecord } from "athanor";
import { openBank } from "./engine.ts";
import { findBusiestAccounts } from "./report.ts";
import { formatCents, writeStatement } from "./statement.ts";
import { metadata } from "./tables.ts";
import { InsufficientFunds, openAccounts, totalCents, transfer } from "./transfer.ts";
import { type Observations, watch } from "./watch.ts";

const HELP = `Moves money between accounts, from many sides at once, and shows that none is lost.

  npm run demo -- bank [URL] [options]

  URL              the database; default: a SQLite file in a temporary folder
                   sqlite:///bank.db, postgresql://user:password@host/name, postgresql+postgres://…, mysql://…, mariadb+mariadb://…
  --transfers N    how many transfers to make (default: 200)
  --echo           print every statement
  --help           print this

The tables bank_accounts and bank_transfers are dropped first, if they are there.`;

const ACCOUNTS = 10;
const CENTS_EACH = 100_00n;
/** Transfers under way at a time. */
const CLERKS = 8;

interface Options {
  readonly url: string | null;
  readonly transfers: number;
  readonly echo: boolean;
}

/** Throws for an option that does not exist; null when only help is wanted. */
function readOptions(args: string[]): Options | null {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      transfers: { type: "string", default: "200" },
      echo: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const count = Number(values.transfers);
  if (!Number.isInteger(count) || count < 1) throw new RangeError("--transfers takes a whole number of at least 1");
  if (positionals.length > 1) throw new RangeError("There can be one URL only");
  return values.help ? null : { url: positionals[0] ?? null, transfers: count, echo: values.echo };
}

async function run({ url, transfers, echo }: Options, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "athanor-bank-"));
  const engine = openBank(url ?? `sqlite:///${join(folder, "bank.db")}`, { echo, logger: writeLog });
  const seen = watch(engine);
  try {
    // The password is never shown.
    console.log(`database  ${engine.url.toString()}, with ${engine.driver}`);
    await metadata.dropAll(engine);
    await metadata.createAll(engine);
    await openAccounts(engine, ACCOUNTS, CENTS_EACH);

    await makeTransfers(engine, transfers, signal);
    console.log(`total     ${formatCents(await totalCents(engine))}, as before`);

    const file = join(folder, "statement-1.csv");
    console.log(`statement ${await exportStatement(engine, file, signal)} lines in ${file}`);
    for (const { owner, times, sent } of await findBusiestAccounts(engine, { timeout: "10s", signal }))
      console.log(`report    ${owner} sent ${formatCents(sent)} in ${times} transfers`);
    printObservations(seen);
    console.log(`\n${engine.pool.prometheus({ name: "bank" }).trimEnd()}`);
  } finally {
    // Without this the idle connections of the pool would keep the process alive.
    await engine.dispose();
  }
}

/** Several clerks take transfers from one list. */
async function makeTransfers(engine: AsyncEngine, count: number, signal: AbortSignal): Promise<void> {
  let [left, booked, refused] = [count, 0, 0];
  const clerk = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const fromId = randomInt(1, ACCOUNTS + 1);
      const toId = (fromId % ACCOUNTS) + 1;
      try {
        await transfer(engine, { key: randomUUID(), fromId, toId, cents: BigInt(randomInt(1, 50_00)) }, signal);
        booked += 1;
      } catch (error) {
        if (!(error instanceof InsufficientFunds)) throw error;
        refused += 1;
      }
    }
  };
  // All of them have ended when this goes on, also where one has failed: the engine is about to be disposed of.
  const ends = await Promise.allSettled(Array.from({ length: CLERKS }, clerk));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  console.log(`transfers ${booked} booked, ${refused} refused for want of funds`);
}

async function exportStatement(engine: AsyncEngine, file: string, signal: AbortSignal): Promise<number> {
  const output = createWriteStream(file);
  const lines = await writeStatement(engine, 1, output, signal);
  output.end();
  await finished(output);
  return lines;
}

function printObservations({ commits, rollbacks, statements, slowest }: Observations): void {
  console.log(`events    ${statements} statements, ${commits} commits, ${rollbacks} rollbacks`);
  if (slowest !== null) console.log(`slowest   ${slowest.milliseconds.toFixed(1)} ms: ${slowest.statement.replace(/\s+/g, " ")}`);
}

/** Log lines go beside the output, not into it. */
function writeLog(message: string, { logger }: LogRecord): void {
  console.error(`${logger} ${message}`);
}

const stopping = new AbortController();
// The first Ctrl-C stops the query that is under way, and everything is closed in order; the second ends the process as always.
process.once("SIGINT", () => stopping.abort());

// `npm run demo -- bank | head` ends the reader before the writer; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(HELP);
  else await run(options, stopping.signal);
} catch (error) {
  if (error instanceof CancelledError) console.error("Stopped.");
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof CancelledError ? 130 : 1;
}
