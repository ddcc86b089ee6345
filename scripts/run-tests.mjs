/**
 * `npm test` and `npm run test:fast`: installs what is missing, then runs vitest once with the arguments given, for example
 * `npm test -- test/unit/util.test.ts -t "sorts"`. `--fast` leaves out whatever needs a server. The closing lines come from
 * test/support/closing-lines.ts.
 */
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, run } from "./lib/project.mjs";

const FAST = ["test/unit", "test/compile", "test/types", "test/gates"];

await ensureInstalled();

const fast = process.argv.includes("--fast");
const args = process.argv.slice(2).filter((argument) => argument !== "--fast");
const env = fast ? { ...process.env, ATHANOR_DATABASES: "sqlite", REQUIRE_DATABASES: "" } : process.env;

process.exitCode = await run(
  process.execPath,
  [inRoot("node_modules", "vitest", "vitest.mjs"), "run", ...(fast ? FAST : []), ...args],
  {
    env,
  },
);
