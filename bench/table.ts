/** The results as a Markdown table: a line per workload, the ratio to the raw driver per database. */
import type { DatabaseName, Measurement } from "./harness.ts";

export const README_START = "<!-- bench:start -->";
export const README_END = "<!-- bench:end -->";

export function markdownTable(measurements: readonly Measurement[], about: string): string {
  const databases = [...new Set(measurements.map(({ database }) => database))];
  const lines = [`| one round | ${databases.join(" | ")} |`, `| --- |${" --- |".repeat(databases.length)}`];
  for (const title of new Set(measurements.map((measurement) => measurement.title))) {
    lines.push(`| ${title} | ${databases.map((database) => cell(measurements, title, database)).join(" | ")} |`);
  }
  return `${lines.join("\n")}\n\n${about}`;
}

function cell(measurements: readonly Measurement[], title: string, database: DatabaseName): string {
  const found = measurements.find((each) => each.title === title && each.database === database && each.contender === "athanor");
  if (found === undefined) return "–";
  const time = `${found.median < 0.1 ? found.median.toFixed(4) : found.median.toFixed(1)} ms`;
  return found.ratio === null ? time : `${found.ratio.toFixed(1)} × (${time})`;
}

/** Puts the table between the marks of a README. Throws where the marks are missing. */
export function withTable(readme: string, table: string): string {
  const start = readme.indexOf(README_START);
  const end = readme.indexOf(README_END);
  if (start === -1 || end < start) throw new Error(`The README has no ${README_START} … ${README_END} to put the table into.`);
  return `${readme.slice(0, start + README_START.length)}\n\n${table}\n\n${readme.slice(end)}`;
}
