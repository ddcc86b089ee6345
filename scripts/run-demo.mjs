/**
 * `npm run demo`: installs what is missing, then runs an example straight from its TypeScript sources: package-graph, or the one that
 * the first argument names. Other arguments are handed on: `npm run demo -- bank postgresql://…`.
 */
import { existsSync, readdirSync } from "node:fs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, run } from "./lib/project.mjs";

await ensureInstalled();

const examples = readdirSync(inRoot("examples")).filter((name) => existsSync(inRoot("examples", name, "main.ts")));
const [first, ...rest] = process.argv.slice(2);
const isNamed = first !== undefined && examples.includes(first);
const main = inRoot("examples", isNamed ? first : "package-graph", "main.ts");
process.exitCode = await run(process.execPath, ["--import", "tsx", main, ...(isNamed ? rest : process.argv.slice(2))]);
