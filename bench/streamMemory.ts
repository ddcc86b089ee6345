/**
 * How much memory streaming takes: each contender streams once in a process of its own, which tells the most memory that it has had.
 * Started by `npm run bench -- --memory` (run.ts) as a function, and by that as the process.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertSameWork, RAW, type DatabaseName, type Work } from "./harness.ts";
import type { BenchDatabase } from "./support/databases.ts";
import { fill } from "./support/model.ts";
import { ROWS, streamOnce } from "./workloads/stream.ts";

const THIS_FILE = fileURLToPath(import.meta.url);

interface Told extends Work {
  /** Kilobytes. */
  readonly maxRss: number;
}

/** One line about a database: the most memory of both contenders, in MB. */
export async function streamMemory(database: BenchDatabase): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "athanor-bench-"));
  try {
    // A database in memory would count as memory of the process.
    const url = database.name === "sqlite" ? `sqlite:///${join(folder, "stream.db")}` : await database.freshUrl();
    await fill(url, ROWS);
    const raw = await inProcess(RAW, database.name, url);
    const core = await inProcess("Core", database.name, url);
    assertSameWork("stream", new Map([[RAW, raw] as const, ["Core", core] as const]));
    const [own, ours] = [raw.maxRss / 1024, core.maxRss / 1024];
    return `${database.product}: ${own.toFixed(0)} MB for the driver alone, ${ours.toFixed(0)} MB for Core (${(ours - own).toFixed(0)} MB more)`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inProcess(contender: string, database: DatabaseName, url: string): Promise<Told> {
  const { stdout } = await promisify(execFile)(process.execPath, [THIS_FILE, contender, database, url]);
  return JSON.parse(stdout) as Told;
}

if (process.argv[1] === THIS_FILE) {
  const [contender, database, url] = process.argv.slice(2) as [string, DatabaseName, string];
  const { rows, checksum } = await streamOnce(contender, database, url);
  console.log(JSON.stringify({ rows, checksum, maxRss: process.resourceUsage().maxRSS }));
}
