/**
 * Gate: the folders of src are layers, and a folder imports only from those above it in the list below; what sits directly
 * in src (the entry points) may import any of them and is imported by none. Types obey the order too. npm drivers are named
 * in src/drivers alone, and other packages only when package.json asks users for them.
 */
import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { folderOf, readImports, sourceFiles } from "./lib/imports.mjs";
import { inRoot, isMain, readJson } from "./lib/project.mjs";

/** From the ground up. docs and the architecture page describe each; the folders within one (sql/nodes …) count as one layer. */
export const LAYERS = [
  "util",
  "errors",
  "io",
  "types",
  "sql",
  "dialects",
  "pool",
  "engine",
  "orm",
  "sync",
  "async",
  "drivers",
  "cancellable",
  "model",
  "web",
  "migrations",
  "testing",
];

const ENTRY_POINTS = ".";

const DRIVER_PACKAGES = [
  "better-sqlite3",
  "node:sqlite",
  "pg",
  "pg-cursor",
  "pg-query-stream",
  "postgres",
  "@electric-sql/pglite",
  "mysql2",
  "mariadb",
];

/**
 * @param {string} directory the source tree
 * @param {{ layers?: readonly string[], packages?: readonly string[] }} [options] `packages`: what may be imported by name
 * @returns {string[]} one line per violation
 */
export function checkLayers(directory, { layers = LAYERS, packages } = {}) {
  const rank = new Map(layers.map((name, index) => [name, index]));
  rank.set(ENTRY_POINTS, layers.length);
  /** @type {string[]} */
  const problems = [];

  for (const folder of new Set(sourceFiles(directory).map(folderOf))) {
    if (!rank.has(folder)) problems.push(`${folder}/ is not in the list of layers (LAYERS in scripts/check-layers.mjs)`);
  }
  for (const { file, line, specifier, target } of readImports(directory)) {
    const at = `${file}:${line}`;
    const from = folderOf(file);
    if (target !== undefined) {
      if (target.startsWith("../")) {
        problems.push(`${at} imports ${specifier}, which is outside the source tree`);
        continue;
      }
      const to = folderOf(target);
      const fromRank = rank.get(from);
      const toRank = rank.get(to);
      if (fromRank === undefined || toRank === undefined || from === to) continue;
      if (toRank > fromRank) {
        const name = to === ENTRY_POINTS ? "an entry point" : `${to}/`;
        problems.push(`${at} imports ${target}: ${from}/ may not use ${name}, which stands below it in the list of layers`);
      }
      continue;
    }
    const name = packageName(specifier);
    if (DRIVER_PACKAGES.includes(name)) {
      if (from !== "drivers") problems.push(`${at} imports ${specifier}: database drivers are imported in drivers/ alone`);
    } else if (
      !name.startsWith("node:") &&
      !builtinModules.includes(name) &&
      packages !== undefined &&
      !packages.includes(name)
    ) {
      problems.push(`${at} imports ${specifier}, which is not among the dependencies or peerDependencies`);
    }
  }
  return problems;
}

/** @param {string} specifier */
function packageName(specifier) {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

if (isMain(import.meta.url)) {
  const manifest = readJson(inRoot("package.json"));
  const packages = [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.peerDependencies ?? {})];
  const problems = existsSync(inRoot("src")) ? checkLayers(inRoot("src"), { packages }) : [];
  for (const problem of problems) console.error(`src/${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
