/**
 * Makes node_modules agree with package-lock.json, by `npm ci` when it does not, so that `npm test` and `npm run demo` work on
 * a fresh clone. Called first by the other run-*.mjs scripts. Must not import any package, and costs a few milliseconds
 * when nothing is missing.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { inRoot, isMain, readJson, root, run } from "./lib/project.mjs";

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, peer?: boolean, os?: string[], cpu?: string[], link?: boolean }} LockEntry
 * @typedef {Record<string, LockEntry>} LockEntries
 */

/**
 * Why the installed packages do not agree with the lock file, or undefined where they do.
 * @param {string} directory the folder with package-lock.json and node_modules
 * @returns {string | undefined}
 */
export function reasonToInstall(directory) {
  const installedLock = join(directory, "node_modules", ".package-lock.json");
  if (!existsSync(installedLock)) return "nothing is installed yet";
  /** @type {LockEntries} */
  const wanted = readJson(join(directory, "package-lock.json")).packages;
  /** @type {LockEntries} */
  const installed = readJson(installedLock).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = installed[path];
    if (found === undefined) {
      // npm leaves out what is optional and meant for another platform.
      if (entry.optional === true) continue;
      return `${path} is missing`;
    }
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${path} has another version`;
    if (!existsSync(join(directory, path))) return `${path} is missing`;
  }
  return undefined;
}

/**
 * The environment for npm. A native module needs Node's headers to compile; those that came with this Node spare a download
 * from a site that a build machine may not reach.
 * @returns {NodeJS.ProcessEnv}
 */
export function npmEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, "include", "node", "node_version.h"));
  return hasHeaders ? { npm_config_nodedir: prefix, ...process.env } : process.env;
}

/** @param {readonly string[]} args */
async function npm(args) {
  const code = await run("npm", args, { env: npmEnvironment(), shell: process.platform === "win32" });
  if (code !== 0) {
    console.error(`npm ${args.join(" ")} failed (exit code ${code})`);
    process.exit(code);
  }
}

/** True where better-sqlite3's compiled part was built for the Node that runs this. */
function betterSqliteLoads() {
  try {
    const Database = createRequire(inRoot("package.json"))("better-sqlite3");
    new Database(":memory:").close();
    return true;
  } catch {
    return false;
  }
}

/** Installs what is missing; returns when everything is there, ends the process when that fails. */
export async function ensureInstalled() {
  const reason = reasonToInstall(root);
  if (reason !== undefined) {
    console.error(
      `Installing the development dependencies (${reason}); a minute or two the first time, mostly for compiling better-sqlite3 …`,
    );
    await npm(["ci", "--no-fund", "--no-audit"]);
  }
  // From Node 24 on, the suite uses node:sqlite where better-sqlite3 was compiled for another Node; before, it cannot give rows as arrays.
  const hasNodeSqlite = Number(process.versions.node.split(".")[0]) >= 24;
  if (!hasNodeSqlite && !betterSqliteLoads()) {
    console.error("Compiling better-sqlite3 for this Node …");
    await npm(["rebuild", "better-sqlite3"]);
  }
}

if (isMain(import.meta.url)) await ensureInstalled();
