/**
 * The databases to measure on: a SQLite file, and a database of its own on each server that answers at the usual local port or the URL of
 * the environment. Filled once, dropped at the end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import pg from "pg";
import { createAsyncEngine, insert } from "athanor";
import type { BenchTarget, DatabaseName } from "./harness.ts";
import { metadata, Person, personValues } from "./model.ts";

/** How many people there are before a workload starts. */
export const PEOPLE = 10_000;

export interface OpenTarget extends BenchTarget {
  /** Name and version of the database, for the table. */
  readonly description: string;
  readonly drop: () => Promise<void>;
}

/** Opens and fills a database; null where its server does not answer. */
export async function openTarget(name: DatabaseName): Promise<OpenTarget | null> {
  const place = name === "sqlite" ? sqlitePlace() : name === "postgresql" ? await postgresqlPlace() : await mysqlPlace();
  if (place === null) return null;
  const engine = createAsyncEngine(place.url);
  await metadata.createAll(engine);
  await engine.begin(async (connection) => {
    await connection.execute(
      insert(Person),
      Array.from({ length: PEOPLE }, (_row, n) => personValues(n)),
    );
  });
  const description = engine.dialect.serverDescription;
  await engine.dispose();
  return { name, url: place.url, drop: place.drop, description };
}

interface Place {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

const databaseName = `athanor_bench_${process.pid}`;

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "athanor-bench-"));
  return { url: `sqlite:///${join(folder, "bench.db")}`, drop: async () => rmSync(folder, { recursive: true, force: true }) };
}

async function postgresqlPlace(): Promise<Place | null> {
  const url = new URL(process.env["ATHANOR_POSTGRESQL_URL"] ?? "postgresql://postgres@127.0.0.1:5432/postgres");
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  try {
    await run(`CREATE DATABASE ${databaseName}`);
  } catch {
    return null;
  }
  const own = new URL(url);
  own.pathname = `/${databaseName}`;
  return { url: own.href, drop: () => run(`DROP DATABASE ${databaseName}`) };
}

async function mysqlPlace(): Promise<Place | null> {
  const url = new URL(process.env["ATHANOR_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306/");
  const run = async (sql: string): Promise<void> => {
    const connection = await mysql.createConnection(url.href);
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  };
  try {
    await run(`CREATE DATABASE ${databaseName}`);
  } catch {
    return null;
  }
  const own = new URL(url);
  own.pathname = `/${databaseName}`;
  return { url: own.href, drop: () => run(`DROP DATABASE ${databaseName}`) };
}
