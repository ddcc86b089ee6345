/**
 * The drivers without the library: connections for the raw contenders, and rows as a program without an ORM would have them. Called by
 * the workloads and by databases.ts. Must not import the library.
 */
import Database from "better-sqlite3";
import mysql from "mysql2/promise";
import pg from "pg";

/** A row as the raw contenders give it; the same values as an entity's. A type, not an interface: `execute` takes no interfaces. */
export type UserRecord = {
  id: number;
  name: string;
  email: string;
  age: number;
  active: boolean;
  createdAt: Date;
};

/** SQLite has no booleans and no dates. Rows as arrays: better-sqlite3 makes an object of a row in twice the time. */
export type SqliteUserRow = [id: number, name: string, email: string, age: number, active: number, createdAt: string];
export type MysqlUserRow = Omit<UserRecord, "active"> & { active: number };

export function fromSqlite([id, name, email, age, active, createdAt]: SqliteUserRow): UserRecord {
  return { id, name, email, age, active: active === 1, createdAt: readDateTime(createdAt) };
}

export function fromMysql({ id, name, email, age, active, createdAt }: MysqlUserRow): UserRecord {
  return { id, name, email, age, active: active === 1, createdAt };
}

/** Reads `2024-02-29 01:02:03.123000`, in UTC; the fraction may be missing. Half the time of `new Date(text)`. */
export function readDateTime(text: string): Date {
  const two = (at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  const milliseconds = text.length > 19 ? Number(text.slice(20, 23).padEnd(3, "0")) : 0;
  return new Date(Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17), milliseconds));
}

const TIMESTAMP = 1114;

/** For queries with timestamps; pg's own parser reads them as local time, and is slower. */
export const postgresqlTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number) =>
    oid === TIMESTAMP ? readDateTime : (pg.types.getTypeParser(oid) as unknown)) as pg.CustomTypesConfig["getTypeParser"],
};

/** `2024-02-29 01:02:03.123000`, the text that the library stores too. */
export function sqliteDateTime(date: Date): string {
  return `${date.toISOString().slice(0, 23).replace("T", " ")}000`;
}

/** The database of a raw SQLite contender, and the one statement that it runs. */
export interface SqliteStatement {
  readonly database: Database.Database;
  readonly statement: Database.Statement<unknown[]>;
}
export type PostgresqlClient = pg.Client;
export type MysqlConnection = mysql.Connection;

export const SQLITE_INSERT = "insert into users (name, email, age, active, created_at) values (?, ?, ?, ?, ?)";

/** A database in memory, with the table as the library creates it. */
export function openSqlite(records: readonly UserRecord[]): Database.Database {
  const database = new Database(":memory:");
  database.exec(
    `create table users (id integer not null primary key, name varchar(100) not null, email varchar(200) not null,
     age integer not null, active boolean not null, created_at datetime not null)`,
  );
  const insert = database.prepare(SQLITE_INSERT);
  database.transaction(() => {
    for (const { name, email, age, active, createdAt } of records)
      insert.run(name, email, age, active ? 1 : 0, sqliteDateTime(createdAt));
  })();
  return database;
}

export async function openPostgresql(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  return client;
}

export async function openMysql(url: string): Promise<mysql.Connection> {
  return await mysql.createConnection({ uri: url, timezone: "Z", connectTimeout: 5000 });
}

/** `($1,$2),($3,$4)` for so many rows of so many values. */
export function postgresqlRows(rows: number, width: number): string {
  return Array.from(
    { length: rows },
    (_row, row) => `(${Array.from({ length: width }, (_value, column) => `$${row * width + column + 1}`).join(",")})`,
  ).join(",");
}
