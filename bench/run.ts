/**
 * The command behind `npm run bench`: measures the workloads on the databases that answer and prints a table. Options: --db, --workload,
 * --rounds, --json FILE, --readme (puts the table into README.md).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openTarget } from "./databases.ts";
import { measure, type DatabaseName, type Measurement } from "./harness.ts";
import { markdownTable, withTable } from "./table.ts";
import { WORKLOADS } from "./workloads/index.ts";

const DATABASES: readonly DatabaseName[] = ["sqlite", "postgresql", "mysql"];
const README = new URL("../README.md", import.meta.url);

const { values } = parseArgs({
  options: {
    db: { type: "string", default: DATABASES.join(",") },
    workload: { type: "string", default: WORKLOADS.map(({ name }) => name).join(",") },
    rounds: { type: "string", default: "15" },
    json: { type: "string" },
    readme: { type: "boolean", default: false },
  },
});

function chosen<T>(given: string, known: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return given.split(",").map((name) => {
    const found = known.find((item) => nameOf(item) === name);
    if (found === undefined) throw new Error(`There is no ${name}; there are ${known.map(nameOf).join(", ")}.`);
    return found;
  });
}

const databases = chosen(values.db, DATABASES, (name) => name);
const workloads = chosen(values.workload, WORKLOADS, ({ name }) => name);
const measured = Number(values.rounds);
if (!Number.isInteger(measured) || measured < 1) throw new Error(`--rounds takes a whole number from 1, got ${values.rounds}.`);

const measurements: Measurement[] = [];
const descriptions: string[] = [];
for (const database of databases) {
  const target = await openTarget(database);
  if (target === null) {
    console.log(`${database}: no server answers, left out`);
    continue;
  }
  descriptions.push(target.description);
  try {
    for (const workload of workloads) {
      const results = await measure(workload, target, { warmup: Math.min(5, measured), measured });
      measurements.push(...results);
      const shown = results.map(
        ({ contender, median, ratio }) =>
          `${contender} ${median.toFixed(3)} ms${ratio === null || contender === "raw" ? "" : ` (${ratio.toFixed(2)} ×)`}`,
      );
      console.log(`${database.padEnd(11)} ${workload.title.padEnd(55)} ${shown.join(", ")}`);
    }
  } finally {
    await target.drop();
  }
}

const about = `Ratio to the raw driver in the same run, and the median of ${measured} rounds. Node ${process.versions.node}; ${descriptions.join(", ")}.`;
const table = markdownTable(measurements, about);
console.log(`\n${table}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ about, measurements }, null, 2)}\n`);
if (values.readme) writeFileSync(README, withTable(readFileSync(README, "utf8"), table));
