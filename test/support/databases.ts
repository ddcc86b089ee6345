/**
 * The databases that a test file runs on. Importing it makes, on each server, a database of this worker's own and empties it
 * (workers run at the same time, files within one worker one after another), so every file starts with nothing and no two disturb each
 * other. Use `forEachDatabase`; unit and compile tests must not import this.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, inject } from "vitest";
import type { AvailableDatabase, DatabaseName, Product } from "./database-setup.ts";
import { connectRaw, type RawConnection } from "./raw-connections.ts";
import { hasCapability, type Capability } from "./requires.ts";

export interface TestDatabase {
  readonly name: DatabaseName;
  readonly product: Product;
  readonly driver: string;
  readonly version: string;
  /** What createEngine takes: this worker's own database, empty at the beginning of the file. For SQLite a file. */
  readonly url: string;
  /** The URL of another, empty database that nothing else in this run uses. */
  freshUrl(): Promise<string>;
  /** A connection that bypasses the library, to the database of `url` unless told otherwise. Close it. */
  raw(url?: string): Promise<RawConnection>;
  has(capability: Capability): boolean;
}

const setups = inject("databaseSetups");

const sqliteFolder = mkdtempSync(join(tmpdir(), "athanor-sqlite-"));
afterAll(() => rmSync(sqliteFolder, { recursive: true, force: true }));

/** The same server, another database. */
function withDatabase(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

function sqliteUrl(driver: string): string {
  const scheme = driver === "node:sqlite" ? "sqlite+node" : "sqlite";
  return `${scheme}:///${join(sqliteFolder, `${randomBytes(4).toString("hex")}.db`)}`;
}

async function createDatabase({ name, adminUrl }: AvailableDatabase, database: string): Promise<void> {
  const connection = await connectRaw(name, adminUrl);
  try {
    if (name === "postgresql") {
      const existing = await connection.query("select 1 from pg_database where datname = $1", [database]);
      if (existing.length === 0) {
        await connection.query(`create database ${database}`);
        return;
      }
      // A test that failed may have left a transaction open, whose locks would keep us waiting.
      await connection.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [database]);
    } else {
      const sessions = await connection.query("select id from information_schema.processlist where db = ?", [database]);
      for (const [id] of sessions) await connection.query(`kill ${Number(id)}`).catch(() => undefined);
      await connection.query(`drop database if exists ${database}`);
      await connection.query(`create database ${database} character set utf8mb4`);
      return;
    }
  } finally {
    await connection.close();
  }
  await emptyPostgresql(withDatabase(adminUrl, database));
}

/** Dropping the schemas takes a few milliseconds; dropping the database would wait for a checkpoint. */
async function emptyPostgresql(url: string): Promise<void> {
  const connection = await connectRaw("postgresql", url);
  try {
    const schemas = await connection.query(
      "select quote_ident(nspname) from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema'",
    );
    for (const [schema] of schemas) await connection.query(`drop schema ${String(schema)} cascade`);
    await connection.query("create schema public");
  } finally {
    await connection.close();
  }
}

async function open(setup: AvailableDatabase): Promise<TestDatabase> {
  const { name, product, driver, version, adminUrl, prefix } = setup;
  const freshUrl = async (database: string): Promise<string> => {
    if (name === "sqlite") return sqliteUrl(driver);
    await createDatabase(setup, database);
    return withDatabase(adminUrl, database);
  };
  const worker = `${prefix}_w${process.env["VITEST_POOL_ID"] ?? "0"}`;
  const url = await freshUrl(worker);
  return {
    name,
    product,
    driver,
    version,
    url,
    freshUrl: () => freshUrl(`${worker}_${randomBytes(3).toString("hex")}`),
    raw: (other = url) => connectRaw(name, other),
    has: (capability) => hasCapability(setup, capability),
  };
}

/** The databases that this run has. */
export const databases: readonly TestDatabase[] = await Promise.all(
  setups.flatMap((setup) => ("missing" in setup ? [] : [open(setup)])),
);

/** `sqlite`, or `sqlite+node` where the run uses the SQLite that Node carries: for tests that make a URL of their own. */
export const sqliteScheme: string = databases.find(({ name }) => name === "sqlite")?.url.split(":")[0] ?? "sqlite";

export interface ForEachDatabaseOptions {
  /** Databases without one of these are skipped. */
  readonly requires?: readonly Capability[];
}

/**
 * `describe`, once for each database: `name [postgresql]`. Databases that this run does not have, and those that lack what
 * the options ask for, count as skipped.
 */
export function forEachDatabase(name: string, body: (db: TestDatabase) => void): void;
export function forEachDatabase(name: string, options: ForEachDatabaseOptions, body: (db: TestDatabase) => void): void;
export function forEachDatabase(
  name: string,
  optionsOrBody: ForEachDatabaseOptions | ((db: TestDatabase) => void),
  maybeBody?: (db: TestDatabase) => void,
): void {
  const body = typeof optionsOrBody === "function" ? optionsOrBody : maybeBody;
  const { requires = [] } = typeof optionsOrBody === "function" ? {} : optionsOrBody;
  if (body === undefined) throw new TypeError("forEachDatabase needs the function that declares the tests");

  for (const setup of setups) {
    const title = `${name} [${setup.name}]`;
    const database = databases.find((candidate) => candidate.name === setup.name);
    const lacking = database === undefined ? [] : requires.filter((capability) => !database.has(capability));
    if (database !== undefined && lacking.length === 0) {
      describe(title, () => body(database));
    } else {
      // The tests are declared all the same, so that they are counted; a skipped one never touches its database.
      describe.skip(title, () => body(database ?? absent(setup.name)));
    }
  }
}

/** Stands in where a database is missing: tests read its name while they are declared, and are then skipped. */
function absent(name: DatabaseName): TestDatabase {
  const fail = (): never => {
    throw new Error(`there is no ${name} in this run`);
  };
  return { name, product: name, driver: "", version: "0", url: "", freshUrl: fail, raw: fail, has: () => false };
}
