/**
 * The table of all workloads, its mapped class, its data, and how the library's contenders come to an engine with them. Called by the
 * workloads. The data are the same in every run and for every contender, so that checksums can be compared.
 */
import { createAsyncEngine, createEngine, func, insert, select, type AsyncEngine, type Engine } from "../../src/index.ts";
import { declarativeBase, t } from "../../src/orm.ts";
import type { Work } from "../harness.ts";
import type { UserRecord } from "./raw.ts";

const Base = declarativeBase({ casing: "snake_case" });

export class User extends Base.model("users", {
  id: t.integer().primaryKey(),
  name: t.string(100),
  email: t.string(200),
  age: t.integer(),
  active: t.boolean(),
  createdAt: t.dateTime(),
}) {}

/** The columns of a new row, without the key that the database makes. */
export function userValues(index: number): Omit<UserRecord, "id"> {
  return {
    name: `User number ${index}`,
    email: `user${index}@example.com`,
    age: 18 + ((index * 7) % 60),
    active: index % 3 !== 0,
    createdAt: new Date(Date.UTC(2024, 0, 1) + index * 61_000),
  };
}

/** Rows with the keys 1 to `count`. */
export function userRecords(count: number): UserRecord[] {
  return Array.from({ length: count }, (_, index) => ({ id: index + 1, ...userValues(index + 1) }));
}

/** Creates the table and fills it with `count` rows. */
export async function fill(url: string, count: number): Promise<void> {
  const engine = createAsyncEngine(url);
  await fillEngine(engine, count);
  await engine.dispose();
}

async function fillEngine(engine: AsyncEngine, count: number): Promise<void> {
  await Base.metadata.createAll(engine);
  await using connection = await engine.connect();
  if (count > 0) await connection.execute(insert(User), userRecords(count));
  await connection.commit();
}

/** An engine over SQLite in memory, with the table and its rows. */
export function filledEngine(url: string, count: number): Engine {
  const engine = createEngine(url);
  Base.metadata.createAll(engine);
  using connection = engine.connect();
  if (count > 0) connection.execute(insert(User), userRecords(count));
  connection.commit();
  return engine;
}

/** An engine over a server, with the table and its rows. */
export async function filledAsyncEngine(url: string, count: number): Promise<AsyncEngine> {
  const engine = createAsyncEngine(url);
  await fillEngine(engine, count);
  return engine;
}

/** Reads every attribute, so that a contender that reads lazily pays as well. */
export function workOf(users: Iterable<UserRecord>): Work {
  let rows = 0;
  let checksum = 0;
  for (const user of users) {
    rows++;
    checksum += user.id + user.name.length + 3 * user.email.length + 5 * user.age + (user.active ? 7 : 0);
    checksum += user.createdAt.getTime() / 1000;
  }
  return { rows, checksum };
}

/** Empties the table before a round of writing; the keys begin at 1 again. */
export function emptyTable(engine: Engine): void {
  using connection = engine.connect();
  connection.execDriverSql("delete from users");
  connection.commit();
}

export async function emptyAsyncTable(engine: AsyncEngine): Promise<void> {
  await using connection = await engine.connect();
  await connection.execDriverSql(connection.dialect.name === "postgresql" ? "truncate users restart identity" : "truncate users");
  await connection.commit();
}

/** What is in the table, read through the library by each of its contenders after a round of writing. */
const tableSummary = select(func.count().label("rows"), func.sum(User.c.id).label("ids"), func.sum(User.c.age).label("ages"));

export const TABLE_SUMMARY_SQL = "select count(*) as rows_, sum(id) as ids, sum(age) as ages from users";

/** A row of the same in the raw contenders. */
export interface TableSummaryRow {
  readonly rows_: unknown;
  readonly ids: unknown;
  readonly ages: unknown;
}

export function tableWork(engine: Engine): Work {
  using connection = engine.connect();
  const { rows, ids, ages } = connection.execute(tableSummary).one();
  return workOfTable(rows, ids, ages);
}

export async function asyncTableWork(engine: AsyncEngine): Promise<Work> {
  await using connection = await engine.connect();
  const { rows, ids, ages } = (await connection.execute(tableSummary)).one();
  return workOfTable(rows, ids, ages);
}

/** Sums arrive as strings where the database makes them wide. */
export function workOfTable(rows: unknown, ids: unknown, ages: unknown): Work {
  return { rows: Number(rows), checksum: Number(ids) + 1000 * Number(ages) };
}
