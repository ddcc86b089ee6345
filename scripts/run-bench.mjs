/**
 * `npm run bench`: installs what is missing, builds the package, and runs the workloads of bench/ against the build, because that is what
 * users run. Arguments are handed on: `npm run bench -- --db sqlite --rounds 5`.
 */
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, run } from "./lib/project.mjs";

await ensureInstalled();

const built = await run(process.execPath, [inRoot("scripts", "run-gates.mjs"), "build"]);
if (built !== 0) process.exit(built);
// With this configuration `athanor` is the package itself, found through its exports, and not the sources.
process.env["TSX_TSCONFIG_PATH"] = inRoot("bench", "built.tsconfig.json");
process.exitCode = await run(process.execPath, [
  "--expose-gc",
  "--import",
  "tsx",
  inRoot("bench", "run.ts"),
  ...process.argv.slice(2),
]);
