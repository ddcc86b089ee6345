/**
 * The raw drivers, used as somebody would who knows them well: statements prepared and kept, rows as the driver likes them best, many rows
 * in one statement. Values are converted where any program would have to (dates, booleans), so that the comparison is about work, not
 * about what was left out.
 */
import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import mysql from "mysql2/promise";
import pg from "pg";
import { COLUMNS, personValues } from "./model.ts";
import type { BenchTarget } from "./harness.ts";

export interface RawPerson {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly age: number;
  readonly active: boolean;
  readonly createdAt: Date;
}

/** The operations that workloads need of a raw driver. */
export interface RawDriver {
  all(): Promise<readonly RawPerson[]>;
  get(id: number): Promise<RawPerson>;
  /** Inserts so many rows in a transaction, learns their keys, and rolls back; gives the number of keys. */
  insertAndRollBack(count: number): Promise<number>;
  /** `WHERE age >= ? ORDER BY id LIMIT ?`; gives the ids. */
  select(age: number, limit: number): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function openRaw({ name, url }: BenchTarget): Promise<RawDriver> {
  if (name === "sqlite") return openSqlite(url);
  return name === "postgresql" ? openPostgresql(url) : openMysql(url);
}

type Row = [number, string, string, number, unknown, string];

function toPerson([id, name, email, age, active, createdAt]: Row): RawPerson {
  return { id, name, email, age, active: Boolean(active), createdAt: new Date(`${createdAt.replace(" ", "T")}Z`) };
}

const stamp = (date: Date): string => date.toISOString().slice(0, -1).replace("T", " ");

function openSqlite(url: string): RawDriver {
  const Database = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite3;
  const database = new Database(url.replace("sqlite:///", ""));
  const all = database.prepare(`SELECT ${COLUMNS} FROM bench_people`).raw(true);
  const get = database.prepare(`SELECT ${COLUMNS} FROM bench_people WHERE id = ?`).raw(true);
  const insert = database.prepare("INSERT INTO bench_people (name, email, age, active, created_at) VALUES (?, ?, ?, ?, ?)");
  const some = database.prepare(`SELECT ${COLUMNS} FROM bench_people WHERE age >= ? ORDER BY id LIMIT ?`).raw(true);
  return {
    all: async () => (all.all() as Row[]).map(toPerson),
    get: async (id) => toPerson(get.get(id) as Row),
    insertAndRollBack: async (count) => {
      database.exec("BEGIN");
      const keys = new Set<number | bigint>();
      for (let n = 0; n < count; n++) {
        const { name, email, age, active, createdAt } = personValues(n);
        keys.add(insert.run(name, email, age, active ? 1 : 0, stamp(createdAt)).lastInsertRowid);
      }
      database.exec("ROLLBACK");
      return keys.size;
    },
    select: async (age, limit) => (some.all(age, limit) as Row[]).map(([id]) => id),
    close: async () => void database.close(),
  };
}

const ROWS_PER_INSERT = 1000;

/** The values of many rows in one list, and their places in the text. */
function batch(start: number, count: number, placeholder: (position: number) => string): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const rows: string[] = [];
  for (let n = start; n < start + count; n++) {
    const { name, email, age, active, createdAt } = personValues(n);
    values.push(name, email, age, active, stamp(createdAt));
    rows.push(`(${[5, 4, 3, 2, 1].map((back) => placeholder(values.length - back + 1)).join(", ")})`);
  }
  return {
    text: `INSERT INTO bench_people (name, email, age, active, created_at) VALUES ${rows.join(", ")} RETURNING id`,
    values,
  };
}

async function openPostgresql(url: string): Promise<RawDriver> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const types = {
    getTypeParser: ((oid: number) =>
      oid === 1114 ? (text: string) => text : (pg.types.getTypeParser(oid, "text") as never)) as never,
  };
  const rows = async (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    (await client.query<Row>({ name, text, values, rowMode: "array", types })).rows;
  return {
    all: async () => (await rows("all", `SELECT ${COLUMNS} FROM bench_people`, [])).map(toPerson),
    get: async (id) => toPerson((await rows("get", `SELECT ${COLUMNS} FROM bench_people WHERE id = $1`, [id]))[0]!),
    insertAndRollBack: async (count) => {
      await client.query("BEGIN");
      const keys = new Set<number>();
      for (let start = 0; start < count; start += ROWS_PER_INSERT) {
        const { text, values } = batch(start, Math.min(ROWS_PER_INSERT, count - start), (position) => `$${position}`);
        for (const [id] of await rows(`insert ${Math.min(ROWS_PER_INSERT, count - start)}`, text, values)) keys.add(id);
      }
      await client.query("ROLLBACK");
      return keys.size;
    },
    select: async (age, limit) =>
      (await rows("some", `SELECT ${COLUMNS} FROM bench_people WHERE age >= $1 ORDER BY id LIMIT $2`, [age, limit])).map(
        ([id]) => id,
      ),
    close: () => client.end(),
  };
}

async function openMysql(url: string): Promise<RawDriver> {
  const connection = await mysql.createConnection({ uri: url, rowsAsArray: true, dateStrings: true });
  const rows = async (sql: string, values: (string | number | boolean)[]): Promise<Row[]> =>
    (await connection.execute(sql, values))[0] as unknown as Row[];
  return {
    all: async () => (await rows(`SELECT ${COLUMNS} FROM bench_people`, [])).map(toPerson),
    get: async (id) => toPerson((await rows(`SELECT ${COLUMNS} FROM bench_people WHERE id = ?`, [id]))[0]!),
    insertAndRollBack: async (count) => {
      await connection.query("BEGIN");
      const keys = new Set<number>();
      for (let start = 0; start < count; start += ROWS_PER_INSERT) {
        const { text, values } = batch(start, Math.min(ROWS_PER_INSERT, count - start), () => "?");
        for (const [id] of await rows(text, values as string[])) keys.add(id);
      }
      await connection.query("ROLLBACK");
      return keys.size;
    },
    select: async (age, limit) =>
      (await rows(`SELECT ${COLUMNS} FROM bench_people WHERE age >= ? ORDER BY id LIMIT ?`, [age, String(limit)])).map(
        ([id]) => id,
      ),
    close: () => connection.end(),
  };
}
