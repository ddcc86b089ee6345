/**
 * `npm run demo`: installs what is missing, then runs the package-graph example straight from its TypeScript sources.
 * Arguments are handed on: `npm run demo -- --url postgresql://…`.
 */
import { existsSync } from "node:fs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, run } from "./lib/project.mjs";

await ensureInstalled();

const example = inRoot("examples", "package-graph", "main.ts");
if (!existsSync(example)) {
  console.error("examples/package-graph/main.ts does not exist");
  process.exit(1);
}
process.exitCode = await run(process.execPath, ["--import", "tsx", example, ...process.argv.slice(2)]);
