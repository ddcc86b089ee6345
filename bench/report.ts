/**
 * What is made of the measurements: the Markdown table, and its place in the README. Called by run.ts; pure, so that the unit tests can
 * hold it. Says nothing about the machine but what the reader needs to compare.
 */
import { RAW, type DatabaseName, type Measurement, type Rounds, type Workload } from "./harness.ts";

export interface ReportedResult {
  readonly workload: string;
  readonly database: DatabaseName;
  readonly measurements: readonly Measurement[];
}

/** What a run writes as JSON. Times are milliseconds for one operation. */
export interface Report {
  readonly date: string;
  readonly node: string;
  readonly products: Readonly<Partial<Record<DatabaseName, string>>>;
  readonly rounds: Rounds;
  readonly results: readonly ReportedResult[];
}

export const START_MARKER = "<!-- bench:start -->";
export const END_MARKER = "<!-- bench:end -->";

/** Three digits, in the unit that fits. */
export function formatTime(milliseconds: number): string {
  const [value, unit] =
    milliseconds >= 1 ? [milliseconds, "ms"] : milliseconds >= 0.001 ? [milliseconds * 1e3, "µs"] : [milliseconds * 1e6, "ns"];
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** The table and a line about where it comes from. */
export function toMarkdown(report: Report, workloads: readonly Workload[]): string {
  const titles = new Map(workloads.map(({ name, title }) => [name, title]));
  // Contenders with a column of their own; one that stands in a single workload is told in the line below the table.
  const columns = [RAW, "Core", "ORM"];
  const rows = report.results.map(({ workload, database, measurements }) => {
    const cells = columns.map((name) => {
      const found = measurements.find(({ contender }) => contender === name);
      if (found === undefined) return "";
      const ratio = found.ratio === null || name === RAW ? "" : ` (${found.ratio.toFixed(1)}×)`;
      return `${formatTime(found.median)}${ratio}`;
    });
    return [titles.get(workload) ?? workload, productName(report, database), ...cells];
  });
  const versions = Object.values(report.products).join(", ");
  const others = report.results.flatMap(({ workload, database, measurements }) =>
    measurements
      .filter(({ contender }) => !columns.includes(contender))
      .map(
        ({ contender, median }) =>
          `${titles.get(workload) ?? workload} on ${productName(report, database)} (${contender}): ${formatTime(median)}.`,
      ),
  );
  const source = `Medians of ${report.rounds.measured} rounds in turns, for one operation; in brackets the ratio to the driver alone, the median of those of all rounds. Node ${report.node}, ${versions}, ${report.date}.`;
  return [...table(["", "", "driver alone", "Core", "ORM"], rows), "", [source, ...others].join(" ")].join("\n");
}

function productName(report: Report, database: DatabaseName): string {
  return (report.products[database] ?? database).split(" ")[0]!;
}

/** Padded, as the formatter wants it: text to the left, numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]!.length)));
  const isNumber = (column: number): boolean => column >= 2;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(" | ")} |`;
  const rule = widths.map((width, column) => (isNumber(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)];
}

/** The text with the table between its markers; null where it has none. */
export function replaceBetweenMarkers(text: string, table: string): string | null {
  const start = text.indexOf(START_MARKER);
  const end = text.indexOf(END_MARKER);
  if (start === -1 || end < start) return null;
  return `${text.slice(0, start + START_MARKER.length)}\n\n${table}\n\n${text.slice(end)}`;
}
