/**
 * The databases that the benchmarks run on: which of them answer, what version they are, and empty databases to measure in, which are
 * dropped at the end. Called by run.ts. Touches no database that it has not created.
 */
import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import type { DatabaseName } from "../harness.ts";
import { openMysql, openPostgresql } from "./raw.ts";

export interface BenchDatabase {
  readonly name: DatabaseName;
  /** As people call it: `SQLite 3.49.1`. */
  readonly product: string;
  freshUrl(): Promise<string>;
  /** Drops what freshUrl made. */
  dropAll(): Promise<void>;
}

const ADMIN_URLS = {
  postgresql: process.env["BENCH_POSTGRESQL_URL"] ?? "postgresql://postgres@127.0.0.1:5432/postgres",
  mysql: process.env["BENCH_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306/mysql",
};

/** Throws where no server answers. */
export async function openDatabase(name: DatabaseName): Promise<BenchDatabase> {
  return name === "sqlite" ? sqlite() : await server(name);
}

/** In memory, so that the numbers are about processor time and not about the disk. */
function sqlite(): BenchDatabase {
  const database = new Database(":memory:");
  const version = database.prepare("select sqlite_version()").pluck().get() as string;
  database.close();
  return {
    name: "sqlite",
    product: `SQLite ${version}`,
    freshUrl: async () => "sqlite:///:memory:",
    dropAll: async () => undefined,
  };
}

async function server(name: "postgresql" | "mysql"): Promise<BenchDatabase> {
  const adminUrl = ADMIN_URLS[name];
  const admin = await openAdmin(name, adminUrl);
  const prefix = `athanor_bench_${randomBytes(4).toString("hex")}`;
  const made: string[] = [];
  return {
    name,
    product: await admin.product(),
    freshUrl: async () => {
      const database = `${prefix}_${made.length + 1}`;
      await admin.run(`create database ${database}`);
      made.push(database);
      const url = new URL(adminUrl);
      url.pathname = `/${database}`;
      return url.href;
    },
    dropAll: async () => {
      for (const database of made) await admin.run(`drop database if exists ${database}`);
      await admin.close();
    },
  };
}

interface Admin {
  run(sql: string): Promise<void>;
  product(): Promise<string>;
  close(): Promise<void>;
}

async function openAdmin(name: "postgresql" | "mysql", url: string): Promise<Admin> {
  if (name === "postgresql") {
    const client = await openPostgresql(url);
    return {
      run: async (sql) => void (await client.query(sql)),
      product: async () => {
        const { rows } = await client.query<{ server_version: string }>("show server_version");
        return `PostgreSQL ${rows[0]!.server_version.split(" ")[0]}`;
      },
      close: () => client.end(),
    };
  }
  const connection = await openMysql(url);
  return {
    run: async (sql) => void (await connection.query(sql)),
    product: async () => {
      const [rows] = await connection.query("select version() as version");
      const { version } = (rows as { version: string }[])[0]!;
      return `${version.includes("MariaDB") ? "MariaDB" : "MySQL"} ${version.split("-")[0]}`;
    },
    close: () => connection.end(),
  };
}
