/**
 * `npm run bench`: measures the workloads on every database that answers and prints the table. Called by scripts/run-bench.mjs, which
 * compiles this file and the library as they are published. A run of everything is kept in bench/results.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { measure, type DatabaseName, type Rounds, type Workload } from "./harness.ts";
import { replaceBetweenMarkers, START_MARKER, toMarkdown, type Report, type ReportedResult } from "./report.ts";
import { openDatabase, type BenchDatabase } from "./support/databases.ts";
import { streamMemory } from "./streamMemory.ts";
import { workloads } from "./workloads/index.ts";

const USAGE = `usage: npm run bench -- [options]
  --db sqlite,postgresql,mysql  only these databases
  --workload ${workloads.map(({ name }) => name).join(",")}  only these workloads
  --rounds n      measured rounds, default 20
  --warm-up n     rounds before them, default 10
  --json file     write the measurements there, too
  --markdown      print nothing but the table
  --readme        put the table into README.md
  --memory        measure nothing but the memory that streaming takes
  --last          take the measurements of the last full run instead of measuring`;

const DATABASES: readonly DatabaseName[] = ["sqlite", "postgresql", "mysql"];
const RESULTS = join("bench", "results");

function options() {
  const { values } = parseArgs({
    options: {
      db: { type: "string" },
      workload: { type: "string" },
      rounds: { type: "string", default: "20" },
      "warm-up": { type: "string", default: "10" },
      json: { type: "string" },
      markdown: { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
      memory: { type: "boolean", default: false },
      last: { type: "boolean", default: false },
    },
  });
  return values;
}

/** The members of `all` that were named; all of them where nothing was. */
function chosen<T>(all: readonly T[], nameOf: (item: T) => string, wanted: string | undefined): readonly T[] {
  if (wanted === undefined) return all;
  return wanted.split(",").map((name) => {
    const found = all.find((item) => nameOf(item) === name);
    if (found === undefined) throw new Error(`There is no ${name}; there are ${all.map(nameOf).join(", ")}`);
    return found;
  });
}

function count(text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`${text} is no number of rounds`);
  return value;
}

/** stderr, so that the table is all that stands on stdout. */
const tell = (line: string): void => console.error(line);

async function measureAll(chosenDatabases: readonly DatabaseName[], chosenWorkloads: readonly Workload[], rounds: Rounds) {
  const results: ReportedResult[] = [];
  const products: Partial<Record<DatabaseName, string>> = {};
  for (const name of chosenDatabases) {
    let database: BenchDatabase;
    try {
      database = await openDatabase(name);
    } catch (error) {
      tell(`${name} does not answer, skipped: ${error instanceof Error ? error.message || error.name : String(error)}`);
      continue;
    }
    products[name] = database.product;
    try {
      for (const workload of chosenWorkloads) {
        if (!workload.databases.includes(name)) continue;
        tell(`${workload.name} on ${database.product} …`);
        const measurements = await measure(workload, name, { rounds, freshUrl: () => database.freshUrl() });
        results.push({ workload: workload.name, database: name, measurements });
      }
    } finally {
      await database.dropAll();
    }
  }
  // Workload by workload, as the table is read.
  const order = chosenWorkloads.map(({ name }) => name);
  results.sort((a, b) => order.indexOf(a.workload) - order.indexOf(b.workload));
  return { results, products };
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

async function main(): Promise<void> {
  const { db, workload, json, markdown, readme, memory, last, ...rest } = options();
  if (memory) return await tellMemory(chosen(DATABASES, (name) => name, db));
  const latest = join(RESULTS, "latest.json");
  let report: Report;
  if (last) {
    report = JSON.parse(readFileSync(latest, "utf8")) as Report;
  } else {
    const rounds = { warmUp: count(rest["warm-up"], 0), measured: count(rest.rounds, 1) };
    const measured = await measureAll(
      chosen(DATABASES, (name) => name, db),
      chosen(workloads, ({ name }) => name, workload),
      rounds,
    );
    const date = new Date().toISOString().slice(0, 10);
    report = { date, node: process.versions.node, rounds, ...measured };
  }
  const table = toMarkdown(report, workloads);
  const text = `${JSON.stringify(report, null, 2)}\n`;
  // A part of the table must not take the place of the whole.
  if (!last && db === undefined && workload === undefined) {
    write(latest, text);
    write(join(RESULTS, "latest.md"), `# The last full run of the benchmarks\n\n${table}\n`);
  }
  if (json !== undefined) write(json, text);
  console.log(table);
  if (!markdown) console.log(`\n${workloads.map(({ title, measures }) => `${title}: ${measures}`).join("\n")}`);
  if (readme) putIntoReadme(table);
}

async function tellMemory(names: readonly DatabaseName[]): Promise<void> {
  for (const name of names) {
    const database = await openDatabase(name);
    try {
      console.log(await streamMemory(database));
    } finally {
      await database.dropAll();
    }
  }
}

function putIntoReadme(table: string): void {
  let current: string;
  try {
    current = readFileSync("README.md", "utf8");
  } catch {
    tell("There is no README.md.");
    return;
  }
  const changed = replaceBetweenMarkers(current, table);
  if (changed === null) tell(`README.md has no ${START_MARKER}.`);
  else writeFileSync("README.md", changed);
}

// pg reads a TIMESTAMP as local time; all contenders are to give the same instant.
process.env["TZ"] = "UTC";

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  if (error instanceof Error && /^(There is no|Unknown option|.* is no number)/.test(error.message)) console.error(USAGE);
  process.exitCode = 1;
}
