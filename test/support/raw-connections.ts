/**
 * Connections that bypass the library: the harness prepares databases with them, and tests use them to see what is really
 * stored, or to disturb a session from outside. One small interface over pg, mysql2 and both SQLite drivers. Rows are arrays.
 */
import { createRequire } from "node:module";
import type { DatabaseName } from "./database-setup.ts";

export interface RawConnection {
  /** Runs one statement, with the driver's own placeholders, and answers with its rows. */
  query(sql: string, parameters?: readonly unknown[]): Promise<unknown[][]>;
  close(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** The parts of a database URL that drivers ask for; `postgresql+pg://…` and the like are accepted. */
function parts(url: string) {
  const parsed = new URL(url);
  return {
    host: decodeURIComponent(parsed.hostname) || "127.0.0.1",
    port: parsed.port === "" ? undefined : Number(parsed.port),
    user: decodeURIComponent(parsed.username) || undefined,
    password: decodeURIComponent(parsed.password) || undefined,
    database: decodeURIComponent(parsed.pathname.slice(1)) || undefined,
  };
}

export async function connectRaw(name: DatabaseName, url: string): Promise<RawConnection> {
  if (name === "postgresql") return connectPostgresql(url);
  if (name === "mysql") return connectMysql(url);
  return connectSqlite(url);
}

async function connectPostgresql(url: string): Promise<RawConnection> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ ...parts(url), connectionTimeoutMillis: 5000 });
  // A server that goes away while the connection idles is the next query's error, not an uncaught one.
  client.on("error", () => {});
  await client.connect();
  return {
    async query(sql, parameters = []) {
      const { rows } = await client.query<unknown[]>({ text: sql, values: [...parameters], rowMode: "array" });
      return rows;
    },
    close: () => client.end(),
  };
}

async function connectMysql(url: string): Promise<RawConnection> {
  const { createConnection } = await import("mysql2/promise");
  const { host, port, user, password, database } = parts(url);
  const connection = await createConnection({
    host,
    connectTimeout: 5000,
    supportBigNumbers: true,
    rowsAsArray: true,
    ...(port !== undefined && { port }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
  });
  connection.on("error", () => {});
  return {
    async query(sql, parameters = []) {
      const [rows] = await connection.query(sql, [...parameters]);
      return Array.isArray(rows) ? (rows as unknown[][]) : [];
    },
    close: () => connection.end(),
  };
}

/** What both SQLite drivers have in common, as far as it is needed here. */
interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  close(): void;
}

interface SqliteStatement {
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): unknown;
  /** better-sqlite3 alone: whether the statement yields rows, and rows as arrays. */
  readonly reader?: boolean;
  raw?(): SqliteStatement;
  /** node:sqlite alone. */
  setReturnArrays?(enabled: boolean): void;
}

/** @throws when this Node cannot load better-sqlite3 (it is compiled for one version of Node) and has no node:sqlite either */
export function openSqlite(file: string): { handle: SqliteHandle; driver: "better-sqlite3" | "node:sqlite" } {
  try {
    const Database = require("better-sqlite3") as new (file: string) => SqliteHandle;
    return { handle: new Database(file), driver: "better-sqlite3" };
  } catch (error) {
    // Asked at run time: Node 20's bundled list of modules, which bundlers and type checkers know, lacks it.
    const builtin = process.getBuiltinModule("node:sqlite") as { DatabaseSync: new (file: string) => SqliteHandle } | undefined;
    if (builtin === undefined) throw error;
    return { handle: new builtin.DatabaseSync(file), driver: "node:sqlite" };
  }
}

function connectSqlite(url: string): Promise<RawConnection> {
  const file = url.replace(/^sqlite(\+[\w-]+)?:(\/\/\/?)?/, "") || ":memory:";
  const { handle } = openSqlite(file);
  return Promise.resolve({
    query(sql, parameters = []) {
      const statement = handle.prepare(sql);
      if (statement.raw === undefined) {
        statement.setReturnArrays?.(true);
        return Promise.resolve(statement.all(...parameters) as unknown[][]);
      }
      if (statement.reader !== true) {
        statement.run(...parameters);
        return Promise.resolve([]);
      }
      return Promise.resolve(statement.raw().all(...parameters) as unknown[][]);
    },
    close() {
      handle.close();
      return Promise.resolve();
    },
  });
}
