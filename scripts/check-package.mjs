/**
 * Gate: what npm would publish is sound. Packs the built package, has publint and attw judge it, then installs the
 * archive into a scratch project (test/consumer) where every entry point is imported by name, type-checked with TypeScript
 * 5.9 and 7 without skipLibCheck, and loaded by Node. Optional peers are not installed there, so that neither the declarations nor the
 * loading of the library may depend on them. Run after a build: scripts/run-gates.mjs does both.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { capture, inRoot, nativeTsc, readJson } from "./lib/project.mjs";

const node = process.execPath;
const manifest = readJson(inRoot("package.json"));

/** @type {string[]} the names under which code entry points are imported */
const entryPoints = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== "string")
  .map(([path]) => manifest.name + path.slice(1));

/** Optional peers that an entry point is about: whoever imports athanor/opentelemetry has OpenTelemetry. */
const ENTRY_POINT_PEERS = ["@opentelemetry/api"];

/**
 * @param {string} title
 * @param {Promise<{ code: number, output: string }>} running
 */
async function step(title, running) {
  const { code, output } = await running;
  console.log(`   ${title}: ${code === 0 ? "ok" : "FAILED"}`);
  if (code !== 0) {
    console.error(output);
    process.exitCode = 1;
  }
  return code === 0;
}

/**
 * @param {string} scratch
 * @returns {Promise<string | undefined>} the archive
 */
async function pack(scratch) {
  // The build has just been made; prepack would make it again.
  const args = ["pack", "--ignore-scripts", "--pack-destination", scratch];
  const packed = await step("npm pack", capture("npm", args, { shell: process.platform === "win32" }));
  const archive = readdirSync(scratch).find((name) => name.endsWith(".tgz"));
  return packed && archive !== undefined ? join(scratch, archive) : undefined;
}

/**
 * @param {string} scratch
 * @param {string} archive
 */
async function consume(scratch, archive) {
  const project = join(scratch, "consumer");
  const modules = join(project, "node_modules");
  cpSync(inRoot("test", "consumer"), project, { recursive: true });
  mkdirSync(join(modules, manifest.name), { recursive: true });
  if (!(await step("unpack", capture("tar", ["-xzf", archive, "--strip-components=1", "-C", join(modules, manifest.name)]))))
    return;
  for (const name of [...Object.keys(manifest.dependencies ?? {}), ...ENTRY_POINT_PEERS, "@types/node", "undici-types"]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(inRoot("node_modules", name), join(modules, name), "junction");
  }
  const imports = entryPoints.map((name, index) => `import * as entry${index} from ${JSON.stringify(name)};`);
  const uses = entryPoints.map((_, index) => `entry${index}`).join(", ");
  writeFileSync(join(project, "entry-points.ts"), [...imports, `export const all: object[] = [${uses}];`, ""].join("\n"));

  const compilers = { "TypeScript 5.9": inRoot("node_modules", "typescript-59", "bin", "tsc"), "TypeScript 7": nativeTsc };
  for (const [name, tsc] of Object.entries(compilers)) {
    await step(`declarations under ${name}`, capture(node, [tsc, "-p", project, "--pretty", "false"]));
  }
  for (const name of entryPoints) {
    const code = `await import(${JSON.stringify(name)})`;
    await step(`import "${name}"`, capture(node, ["--input-type=module", "--eval", code], { cwd: project }));
  }
}

async function main() {
  if (!existsSync(inRoot("dist", "index.js"))) {
    // Only a tree that has no entry points at all may do without.
    const started = existsSync(inRoot("src")) && readdirSync(inRoot("src")).some((name) => name.endsWith(".ts"));
    console.log("   no entry point has been built");
    process.exitCode = started ? 1 : 0;
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "athanor-package-"));
  try {
    await step("publint", capture(node, [inRoot("node_modules", "publint", "src", "cli.js"), "--strict"]));
    const archive = await pack(scratch);
    if (archive === undefined) return;
    const attw = inRoot("node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
    await step("attw", capture(node, [attw, archive, "--profile", "esm-only", "--no-color", "--format", "ascii"]));
    await consume(scratch, archive);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main();
