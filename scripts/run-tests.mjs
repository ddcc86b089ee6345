/**
 * `npm test`, `npm run test:all` and `npm run test:fast`: installs what is missing, then runs vitest once with the arguments given, for
 * example `npm test -- test/unit/util.test.ts -t "sorts"`. `--all` adds what takes minutes, `--fast` leaves out whatever needs a server.
 * The closing lines come from test/support/closing-lines.ts.
 */
import { ensureInstalled } from "./ensure-installed.mjs";
import { inRoot, run } from "./lib/project.mjs";

const FAST = ["test/unit", "test/compile", "test/types", "test/gates"];
/** Servers of our own that are killed, paused and filled; the drivers one by one: for `--all`, and for whoever names a file. */
const LONG = [
  "test/integration/faults/**",
  "test/integration/drivers/**",
  "test/integration/acceptance.test.ts",
  "test/property/values.test.ts",
];

await ensureInstalled();

const fast = process.argv.includes("--fast");
const all = process.argv.includes("--all");
const args = process.argv.slice(2).filter((argument) => argument !== "--fast" && argument !== "--all");
const left = all || args.some((argument) => argument.startsWith("test/")) ? [] : LONG;
const env = fast ? { ...process.env, ATHANOR_DATABASES: "sqlite", REQUIRE_DATABASES: "" } : process.env;

process.exitCode = await run(
  process.execPath,
  [
    inRoot("node_modules", "vitest", "vitest.mjs"),
    "run",
    ...(fast ? FAST : []),
    ...left.flatMap((glob) => ["--exclude", glob]),
    ...args,
  ],
  {
    env,
  },
);
