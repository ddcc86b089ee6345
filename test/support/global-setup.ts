/**
 * vitest's globalSetup: finds the databases of this run, or starts them, before the first test, and drops and stops what it
 * made after the last. Runs once, in the main process; tests learn the result from databases.ts.
 *
 * Environment: ATHANOR_POSTGRESQL_URL, ATHANOR_MYSQL_URL (servers to use); ATHANOR_DATABASES=sqlite,postgresql (only these);
 * REQUIRE_DATABASES=all (a missing one is a failure).
 */
import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { databaseNames, type AvailableDatabase, type DatabaseName, type DatabaseSetup } from "./database-setup.ts";
import { connectRaw, openSqlite } from "./raw-connections.ts";
import { startMysql } from "./servers/mysql.ts";
import { startPostgresql } from "./servers/postgresql.ts";
import type { TestServer } from "./servers/server.ts";

type ServerName = Exclude<DatabaseName, "sqlite">;

const SERVERS = {
  postgresql: {
    urlVariable: "ATHANOR_POSTGRESQL_URL",
    usualUrl: "postgresql://postgres@127.0.0.1:5432/postgres",
    start: startPostgresql,
  },
  mysql: { urlVariable: "ATHANOR_MYSQL_URL", usualUrl: "mysql://root@127.0.0.1:3306/", start: startMysql },
};

const message = (error: unknown): string => {
  // A refused connection to a name with several addresses is an AggregateError without a message of its own.
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
};

function setUpSqlite(): DatabaseSetup {
  try {
    const { handle, driver } = openSqlite(":memory:");
    const [row] = handle.prepare("select sqlite_version() as version").all() as { version: string }[];
    handle.close();
    return { name: "sqlite", product: "sqlite", driver, version: row?.version ?? "", adminUrl: "", prefix: "" };
  } catch (error) {
    return { name: "sqlite", missing: message(error) };
  }
}

/** Connects, asks for the version, and tries whether databases can be made there. */
async function probe(name: ServerName, adminUrl: string, prefix: string): Promise<AvailableDatabase> {
  const connection = await connectRaw(name, adminUrl);
  try {
    const [[version] = []] = await connection.query(name === "postgresql" ? "show server_version" : "select version()");
    await connection.query(`create database ${prefix}_probe`);
    await connection.query(`drop database ${prefix}_probe`);
    const text = String(version);
    const product = name === "postgresql" ? name : text.includes("MariaDB") ? "mariadb" : "mysql";
    const driver = name === "postgresql" ? "pg" : "mysql2";
    return { name, product, driver, version: /^[\d.]+/.exec(text)?.[0] ?? text, adminUrl, prefix };
  } finally {
    await connection.close();
  }
}

async function setUpServer(name: ServerName, prefix: string, started: TestServer[]): Promise<DatabaseSetup> {
  const { urlVariable, usualUrl, start } = SERVERS[name];
  const given = process.env[urlVariable];
  if (given !== undefined && given !== "") {
    try {
      return await probe(name, given, prefix);
    } catch (error) {
      // Whoever names a server wants that one tested, no other.
      return { name, missing: `the server of ${urlVariable} cannot be used: ${message(error)}` };
    }
  }
  let refusal = "";
  try {
    return await probe(name, usualUrl, prefix);
  } catch (error) {
    if ((error as { code?: string }).code !== "ECONNREFUSED") refusal = `${new URL(usualUrl).host} says "${message(error)}"; `;
  }
  try {
    const server = await start();
    started.push(server);
    return await probe(name, server.adminUrl, prefix);
  } catch (error) {
    return { name, missing: refusal + message(error) };
  }
}

/** Drops every database that a worker of this run has made. */
async function dropDatabases({ name, adminUrl, prefix }: AvailableDatabase): Promise<void> {
  const connection = await connectRaw(name, adminUrl);
  try {
    const catalogue =
      name === "postgresql" ? "select datname from pg_database" : "select schema_name from information_schema.schemata";
    for (const [database] of await connection.query(catalogue)) {
      if (typeof database !== "string" || !database.startsWith(`${prefix}_`)) continue;
      if (name === "postgresql") {
        // Rather than DROP DATABASE … WITH (FORCE), which PostgreSQL 12 lacks.
        await connection.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [database]);
        await connection.query(`drop database if exists "${database}"`);
      } else {
        await connection.query(`drop database if exists \`${database}\``);
      }
    }
  } finally {
    await connection.close();
  }
}

function wantedNames(): readonly DatabaseName[] {
  const restriction = process.env["ATHANOR_DATABASES"];
  if (restriction === undefined || restriction === "") return databaseNames;
  const wanted = restriction.split(",").map((name) => name.trim());
  const unknown = wanted.filter((name) => !databaseNames.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`ATHANOR_DATABASES names ${unknown.join(", ")}; known are ${databaseNames.join(", ")}`);
  return databaseNames.filter((name) => wanted.includes(name));
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const prefix = `athanor_test_${process.pid}_${randomBytes(3).toString("hex")}`;
  const wanted = wantedNames();
  const started: TestServer[] = [];
  const setups = await Promise.all(
    databaseNames.map(async (name): Promise<DatabaseSetup> => {
      if (!wanted.includes(name)) return { name, missing: "ATHANOR_DATABASES leaves it out" };
      return name === "sqlite" ? setUpSqlite() : await setUpServer(name, prefix, started);
    }),
  );
  project.provide("databaseSetups", setups);

  const teardown = async () => {
    for (const setup of setups) {
      if (!("missing" in setup) && setup.name !== "sqlite") await dropDatabases(setup);
    }
    await Promise.all(started.map((server) => server.stop()));
  };

  const missing = setups.flatMap((setup) =>
    "missing" in setup && wanted.includes(setup.name) ? [`${setup.name}: ${setup.missing}`] : [],
  );
  if (process.env["REQUIRE_DATABASES"] === "all" && missing.length > 0) {
    await teardown();
    throw new Error(`REQUIRE_DATABASES=all, but there is no ${missing.join("; no ")}`);
  }
  return teardown;
}
