/**
 * What the reader sees: headings, tables, bars and the progress of loading, coloured on a terminal and plain in a pipe. main.ts calls it
 * with what the other files have found. It reads no files and asks no database.
 */
import cliProgress from "cli-progress";
import picocolors from "picocolors";
import type { Database } from "./database.ts";
import type { Progress, Tally } from "./load.ts";
import { TOP, type Answers } from "./queries.ts";
import type { PackageGraph } from "./read.ts";
import type { Trial } from "./trial.ts";

const isTerminal = process.stdout.isTTY;
const colour = picocolors.createColors(isTerminal && picocolors.isColorSupported);
const { bold, cyan, dim, green, yellow } = colour;

const print = (line = ""): void => console.log(line);

// ---- before and while loading

export function printTitle({ engine, colour: kind }: Database): void {
  print();
  print(`${bold("athanor")} ${dim("·")} the packages of this checkout`);
  print();
  printFact("database", `${engine.url.renderAsString()}`);
  printFact("driver", `${engine.driver}, ${kind === "sync" ? "synchronous" : "asynchronous"}`);
}

export function printReading({ versions, problems, project }: PackageGraph, ms: number): void {
  const folders = versions.flatMap(({ installations }) => installations);
  const files = folders.reduce((sum, one) => sum + one.files, 0);
  const bytes = folders.reduce((sum, one) => sum + one.bytes, 0);
  const locked = versions.filter(({ origin }) => origin === "locked").length;
  printFact("project", `${project}: ${number(folders.length)} folders, ${number(files)} files, ${megabytes(bytes)}  ${took(ms)}`);
  if (locked > 0) printFact("", dim(`${locked} versions are only in package-lock.json: they are for other platforms`));
  for (const path of problems) printFact("", yellow(`${path}/package.json cannot be read`));
  print();
}

/** A bar for each stage on a terminal; elsewhere, or between logged statements, a line for every quarter. */
export function showProgress(isLogging: boolean): Progress {
  let bar: cliProgress.SingleBar | null = null;
  let quarter = 0;
  return (stage, done, total) => {
    if (!isTerminal || isLogging) {
      const reached = Math.floor((done / total) * 4);
      if (reached !== quarter) print(`  ${stage.padEnd(14)} ${number(done)} of ${number(total)}`);
      quarter = done === total ? 0 : reached;
      return;
    }
    if (bar === null) {
      const format = `  ${stage.padEnd(14)} ${cyan("{bar}")} {percentage}% ${dim("{value}/{total}")}`;
      bar = new cliProgress.SingleBar({ format, hideCursor: true, stream: process.stdout }, cliProgress.Presets.shades_classic);
      bar.start(total, done);
    }
    bar.update(done);
    if (done < total) return;
    bar.stop();
    bar = null;
  };
}

export function printLoading(tallies: readonly Tally[], { sent }: Database, ms: number): void {
  print();
  printTable(
    ["", "rows", "new", "gone"],
    tallies.map(({ name, count, added, removed }) => [
      name,
      number(count),
      added === 0 ? dim("–") : green(`+${number(added)}`),
      removed === 0 ? dim("–") : yellow(`−${number(removed)}`),
    ]),
    [1, 2, 3],
  );
  print();
  const written = ["INSERT", "UPDATE", "DELETE"].reduce((sum, verb) => sum + (sent.get(verb) ?? 0), 0);
  const statements = ["SELECT", "INSERT", "UPDATE", "DELETE"].map((verb) => `${sent.get(verb) ?? 0} ${verb}`).join(", ");
  print(`  ${written === 0 ? green("Everything was there; nothing was written.") : "Loaded."} ${dim(statements)}  ${took(ms)}`);
}

// ---- answers

export function printAnswers(answers: Answers): void {
  const { mostDependedOn, licensesByWeight, longestChains, pairsInCircles, severalVersions, busiestPeople, topKeywords } =
    answers;

  printHeading("The most depended-on packages", "Core: COUNT(DISTINCT CASE …)", mostDependedOn.ms);
  const most = Math.max(...mostDependedOn.rows.map((row) => row.dependents));
  printTable(
    ["package", "needed by", "", "prod", "peer", "optional"],
    mostDependedOn.rows.map((row) => [
      row.name,
      number(row.dependents),
      share(row.dependents / most),
      ...[row.prod, row.peer, row.optional].map((count) => (count === 0 ? dim("–") : number(count))),
    ]),
    [1, 3, 4, 5],
  );

  printHeading("Licences by weight", "Core: outer join, SUM", licensesByWeight.ms);
  const all = licensesByWeight.rows.reduce((sum, row) => sum + (row.bytes ?? 0), 0);
  printTable(
    ["licence", "versions", "files", "on disk", ""],
    licensesByWeight.rows
      .slice(0, TOP)
      .map((row) => [
        row.name ?? dim("(none stated)"),
        number(row.versions),
        number(row.files ?? 0),
        megabytes(row.bytes ?? 0),
        share((row.bytes ?? 0) / Math.max(1, all)),
      ]),
    [1, 2, 3],
  );
  if (licensesByWeight.rows.length > TOP) print(dim(`  … and ${licensesByWeight.rows.length - TOP} more`));

  printHeading("The longest chain of dependencies", "Core: recursive CTE; ORM: joinedload", longestChains.ms);
  const chains = longestChains.rows;
  const [chain = []] = chains;
  for (const [depth, version] of chain.entries())
    print(`  ${depth === 0 ? "" : `${" ".repeat(depth - 1)}${dim("└")}`}${version.label} ${dim(version.license?.name ?? "")}`);
  print();
  print(dim(`  ${chain.length - 1} steps; ${count(chains.length, "chain")} of that length`));

  printHeading("Versions that need each other", "Core: a table joined to itself", pairsInCircles.ms);
  for (const [one, other] of pairsInCircles.rows) print(`  ${one!.label} ${dim("⇄")} ${other!.label}`);
  if (pairsInCircles.rows.length === 0) print(dim("  none"));

  printHeading("Packages with several versions installed", "ORM: selectinload of selectinload", severalVersions.ms);
  printTable(
    ["package", "version", "where"],
    severalVersions.rows.flatMap(({ name, versions }) =>
      versions
        .filter(({ installations }) => installations.length > 0)
        .map((version, index) => [
          index === 0 ? name : "",
          version.number,
          dim(version.installations.map(({ path }) => path).join(", ")),
        ]),
    ),
  );

  printHeading("The people behind most packages", "ORM: many-to-many; rows of an object and a number", busiestPeople.ms);
  printTable(
    ["name", "packages"],
    busiestPeople.rows.map(([person, packages]) => [person.name, number(packages)]),
    [1],
  );

  printHeading("The commonest keywords", "Core: through the link table", topKeywords.ms);
  print(`  ${topKeywords.rows.map(({ word, packages }) => `${word} ${dim(String(packages))}`).join(dim(" · "))}`);
}

export function printTrial({ before, during, after, matched }: Trial, ms: number): void {
  printHeading("An update, taken back", "ORM: attribute and UPDATE in one transaction; rollback", ms);
  printTable(
    ["", "package", "development dependencies"],
    [
      ["before", before.name, number(before.devDependencies)],
      ["changed", yellow(during.name), yellow(number(during.devDependencies))],
      ["rolled back", green(after.name), green(number(after.devDependencies))],
    ],
    [2],
  );
  print();
  print(dim(`  the UPDATE matched ${count(matched, "row")}; afterwards another connection sees none of it`));
}

export function printEnd(ms: number): void {
  print();
  print(`${green("✓")} done ${took(ms)}`);
  print();
}

// ---- pieces

function printFact(name: string, text: string): void {
  print(`  ${dim(name.padEnd(10))} ${text}`);
}

function printHeading(title: string, how: string, ms: number): void {
  print();
  print(`${bold(title)}  ${dim(`${how},`)} ${took(ms)}`);
  print();
}

/** A table with columns as wide as their widest cell; `numeric` are the positions of those that stand at the right. */
function printTable(header: readonly string[], rows: readonly (readonly string[])[], numeric: readonly number[] = []): void {
  const widths = header.map((title, column) => Math.max(width(title), ...rows.map((row) => width(row[column]!))));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      const space = " ".repeat(widths[column]! - width(cell));
      return numeric.includes(column) ? space + cell : cell + space;
    });
    return `  ${padded.join("  ")}`.trimEnd();
  };
  print(dim(line(header)));
  for (const row of rows) print(line(row));
}

/** Characters on the screen: colours take none. */
function width(text: string): number {
  return text.replace(/\u001B\[\d+m/g, "").length;
}

/** A bar of at most twenty cells, in eighths. */
function share(part: number): string {
  const eighths = Math.max(1, Math.round(part * 20 * 8));
  return cyan("█".repeat(eighths >> 3) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths & 7]!);
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function megabytes(bytes: number): string {
  return bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function took(ms: number): string {
  return dim(ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);
}
