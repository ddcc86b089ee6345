/**
 * `npm run bench`: installs what is missing, compiles the benchmarks and the library with the compiler and the settings of the published
 * build, and runs the result. What is measured is therefore what users run, and `dist` is left alone. Arguments are handed on; see bench/run.ts.
 */
import { rmSync } from "node:fs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, nativeTsc, run } from "./lib/project.mjs";

await ensureInstalled();

rmSync(inRoot(".cache", "bench"), { recursive: true, force: true });
const compiled = await run(process.execPath, [nativeTsc, "-p", inRoot("bench", "tsconfig.json")]);
if (compiled !== 0) process.exit(compiled);

const flags = ["--expose-gc", "--enable-source-maps"];
process.exitCode = await run(process.execPath, [
  ...flags,
  inRoot(".cache", "bench", "bench", "run.js"),
  ...process.argv.slice(2),
]);
