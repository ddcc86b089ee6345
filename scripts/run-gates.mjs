/**
 * Runs the gates by name: `node scripts/run-gates.mjs types lint`, `static` for all that are no tests, `all` with the fast tests
 * too. Every gate runs, even after one has failed; the last line counts them as a test run counts tests.
 * `npm run check` and .ci/run call it.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, nativeTsc, run } from "./lib/project.mjs";

const node = process.execPath;

/** @param {string} name */
const script = (name) => () => run(node, [inRoot("scripts", name)]);

/** The source folder starts empty in a new checkout of the scaffold; the compiler calls that an error. */
const hasSources = () =>
  existsSync(inRoot("src")) && readdirSync(inRoot("src"), { recursive: true }).some((f) => String(f).endsWith(".ts"));

async function build() {
  rmSync(inRoot("dist"), { recursive: true, force: true });
  return hasSources() ? run(node, [nativeTsc, "-p", "tsconfig.build.json"]) : 0;
}

/** @type {Record<string, () => Promise<number>>} */
const gates = {
  format: () => run(node, [inRoot("node_modules", "prettier", "bin", "prettier.cjs"), "--check", "--log-level", "warn", "."]),
  types: () => run(node, [nativeTsc, "--noEmit"]),
  lint: () => run(node, [inRoot("node_modules", "eslint", "bin", "eslint.js"), "--max-warnings", "0", "."]),
  layers: script("check-layers.mjs"),
  cycles: script("check-cycles.mjs"),
  docs: script("check-docs.mjs"),
  package: async () => (await build()) || (await script("check-package.mjs")()),
  fast: () => run(node, [inRoot("scripts", "run-tests.mjs"), "--fast"]),
  build,
};

const STATIC = ["format", "types", "lint", "layers", "cycles", "docs", "package"];

/** @type {Record<string, string[]>} */
const groups = { static: STATIC, all: [...STATIC, "fast"] };

const wanted = process.argv.slice(2).flatMap((name) => groups[name] ?? [name]);
if (wanted.length === 0 || wanted.some((name) => !Object.hasOwn(gates, name))) {
  console.error(`usage: node scripts/run-gates.mjs [${[...Object.keys(groups), ...Object.keys(gates)].join("|")}] …`);
  process.exit(2);
}

await ensureInstalled();

/** @type {string[]} */
const failed = [];
for (const name of wanted) {
  const start = performance.now();
  console.log(`── ${name}`);
  const code = await gates[name]?.();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`   ${name} ${code === 0 ? "passed" : "FAILED"} (${seconds} s)`);
  if (code !== 0) failed.push(name);
}
if (failed.length > 0) console.log(`failed gates: ${failed.join(", ")}`);
console.log(`${wanted.length - failed.length} passed, ${failed.length} failed, 0 skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
