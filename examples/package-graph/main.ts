/**
 * `npm run demo`: reads the packages of this checkout, loads them into a database, and answers questions about them. This file reads the
 * arguments and puts the others together; what each does is said there. Start reading with models.ts.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { URL as DatabaseUrl } from "athanor";
import { openDatabase, type Database } from "./database.ts";
import { loadGraph } from "./load.ts";
import { Base } from "./models.ts";
import { askCore, askOrm, type Answers } from "./queries.ts";
import { readPackageGraph } from "./read.ts";
import { printAnswers, printEnd, printLoading, printReading, printTitle, printTrial, showProgress } from "./report.ts";
import { tryAndTakeBack } from "./trial.ts";

const HELP = `Reads the packages in node_modules, loads them into a database through the ORM, and answers questions about them.

  npm run demo -- [options]

  --url URL   the database: sqlite:///file.db, postgresql://user:password@host/name, mysql://…
              (default: a SQLite file in examples/package-graph/.data; run it twice to see that nothing is written again)
  --async     use the asynchronous engine
  --fresh     drop the example's tables first
  --echo      print every statement
  --help      print this`;

const here = dirname(fileURLToPath(import.meta.url));
const projectRoot = join(here, "..", "..");

interface Options {
  readonly url: string;
  readonly async: boolean;
  readonly fresh: boolean;
  readonly echo: boolean;
}

/** Throws for an option that does not exist; null when only help is wanted. */
function readOptions(args: string[]): Options | null {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args,
    options: { url: { type: "string" }, async: flag, fresh: flag, echo: flag, help: { ...flag, short: "h" } },
  });
  return values.help ? null : { ...values, url: values.url ?? defaultUrl() };
}

function defaultUrl(): string {
  const folder = join(here, ".data");
  mkdirSync(folder, { recursive: true });
  return DatabaseUrl.create({ drivername: "sqlite", database: join(folder, "package-graph.db") }).renderAsString();
}

async function run({ url, async: isAsync, fresh, echo }: Options): Promise<void> {
  const start = performance.now();
  const database = openDatabase(url, isAsync, { echo });
  try {
    printTitle(database);
    await load(database, fresh, echo);
    const answers = await ask(database);
    printAnswers(answers);
    const [subject] = answers.mostDependedOn.rows;
    if (subject !== undefined) await takeBack(database, subject.id);
    printEnd(performance.now() - start);
  } finally {
    await database.dispose();
  }
}

async function load(database: Database, fresh: boolean, echo: boolean): Promise<void> {
  let start = performance.now();
  const graph = readPackageGraph(projectRoot);
  printReading(graph, performance.now() - start);

  start = performance.now();
  if (fresh) await database.drop(Base.metadata);
  await database.create(Base.metadata);
  database.sent.clear();
  // `await using` closes a session of either colour, and rolls back what was not committed.
  await using session = database.session();
  const tallies = await loadGraph(session, graph, showProgress(echo));
  await session.commit();
  printLoading(tallies, database, performance.now() - start);
}

async function ask(database: Database): Promise<Answers> {
  return { ...(await askOnConnection(database)), ...(await askInSession(database)) };
}

async function askOnConnection(database: Database) {
  await using connection = await database.connect();
  return await askCore(connection);
}

async function askInSession(database: Database) {
  await using session = database.session();
  return await askOrm(session);
}

async function takeBack(database: Database, packageId: number): Promise<void> {
  const start = performance.now();
  const trial = await tryAndTakeBack(database, packageId);
  printTrial(trial, performance.now() - start);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// `npm run demo | head` ends the reader before the writer; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

let options: Options | null = null;
try {
  options = readOptions(process.argv.slice(2));
  if (options === null) console.log(HELP);
} catch (error) {
  console.error(`${messageOf(error)}\n\n${HELP}`);
  process.exitCode = 2;
}
if (options !== null) {
  try {
    await run(options);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
