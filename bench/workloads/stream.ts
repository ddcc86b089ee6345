/**
 * Stream 200,000 rows without holding them: raw with the driver's own stream at its best (better-sqlite3's `iterate`, pg-cursor, mysql2's
 * `stream()`, rows as arrays), Core with `stream()`. Run by run.ts, and by streamMemory.ts for the memory that it takes.
 */
import Database from "better-sqlite3";
import type { Connection as StreamingConnection } from "mysql2";
import Cursor from "pg-cursor";
import { createAsyncEngine, createEngine, select, type AsyncEngine, type Engine } from "../../src/index.ts";
import { RAW, type Contender, type DatabaseName, type Work, type Workload } from "../harness.ts";
import { fill, filledEngine, User, userRecords } from "../support/model.ts";
import * as raw from "../support/raw.ts";

export const ROWS = 200_000;
/** What Core's portions grow to. */
const ROWS_PER_READ = 1_000;

const SQL = "select id, name, email, age from users";

type StreamedRow = readonly [id: number, name: string, email: string, age: number];

class Totals implements Work {
  rows = 0;
  checksum = 0;
  add(id: number, name: string, email: string, age: number): void {
    this.rows++;
    this.checksum += id + name.length + 3 * email.length + 5 * age;
  }
}

function runSqlite(database: Database.Database): Totals {
  const totals = new Totals();
  const statement = database.prepare<unknown[], StreamedRow>(SQL).raw();
  for (const [id, name, email, age] of statement.iterate()) totals.add(id, name, email, age);
  return totals;
}

async function runPostgresql(client: raw.PostgresqlClient): Promise<Totals> {
  const totals = new Totals();
  const cursor = client.query(new Cursor<StreamedRow>(SQL, [], { rowMode: "array" }));
  for (;;) {
    const rows = await cursor.read(ROWS_PER_READ);
    for (const [id, name, email, age] of rows) totals.add(id, name, email, age);
    if (rows.length < ROWS_PER_READ) break;
  }
  await cursor.close();
  return totals;
}

async function runMysql(connection: raw.MysqlConnection): Promise<Totals> {
  const totals = new Totals();
  // Only the connection that the promises are made over has streams.
  const { connection: inner } = connection as unknown as { readonly connection: StreamingConnection };
  const rows = inner.query({ sql: SQL, rowsAsArray: true }).stream({ highWaterMark: ROWS_PER_READ });
  for await (const [id, name, email, age] of rows as AsyncIterable<StreamedRow>) totals.add(id, name, email, age);
  return totals;
}

const streamed = () => select(User.c.id, User.c.name, User.c.email, User.c.age);

function runCore(engine: Engine): Totals {
  const totals = new Totals();
  using connection = engine.connect();
  for (const { id, name, email, age } of connection.stream(streamed())) totals.add(id, name, email, age);
  return totals;
}

async function runAsyncCore(engine: AsyncEngine): Promise<Totals> {
  const totals = new Totals();
  await using connection = await engine.connect();
  for await (const { id, name, email, age } of await connection.stream(streamed())) totals.add(id, name, email, age);
  return totals;
}

const check = (totals: Totals): Work => totals;

const rawSqlite: Contender<Database.Database, Totals> = {
  name: RAW,
  setup: () => raw.openSqlite(userRecords(ROWS)),
  run: runSqlite,
  check,
  teardown: (database) => void database.close(),
};

const rawPostgresql: Contender<raw.PostgresqlClient, Totals> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, ROWS);
    return await raw.openPostgresql(url);
  },
  run: runPostgresql,
  check,
  teardown: (client) => client.end(),
};

const rawMysql: Contender<raw.MysqlConnection, Totals> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, ROWS);
    return await raw.openMysql(url);
  },
  run: runMysql,
  check,
  teardown: (connection) => connection.end(),
};

const core: Contender<Engine, Totals> = {
  name: "Core",
  setup: (url) => filledEngine(url, ROWS),
  run: runCore,
  check,
  teardown: (engine) => engine.dispose(),
};

const asyncCore: Contender<AsyncEngine, Totals> = {
  name: "Core",
  setup: async (url) => {
    await fill(url, ROWS);
    return createAsyncEngine(url);
  },
  run: runAsyncCore,
  check,
  teardown: (engine) => engine.dispose(),
};

const contenders: Readonly<Record<DatabaseName, readonly Contender[]>> = {
  sqlite: [rawSqlite, core],
  postgresql: [rawPostgresql, asyncCore],
  mysql: [rawMysql, asyncCore],
};

export const stream: Workload = {
  name: "stream",
  title: `Stream ${ROWS.toLocaleString("en")} rows`,
  measures: "One SELECT of four columns, its rows read as they come; raw is the driver's own stream, with rows as arrays.",
  databases: ["sqlite", "postgresql", "mysql"],
  repeats: 1,
  contenders: (database) => contenders[database],
};

/** Streams a table that is filled already, once, and says what was read. */
export async function streamOnce(contender: string, database: DatabaseName, url: string): Promise<Work> {
  if (contender !== RAW) {
    if (database === "sqlite") {
      const engine = createEngine(url);
      const totals = runCore(engine);
      engine.dispose();
      return totals;
    }
    const engine = createAsyncEngine(url);
    const totals = await runAsyncCore(engine);
    await engine.dispose();
    return totals;
  }
  switch (database) {
    case "sqlite": {
      const file = new Database(url.slice("sqlite:///".length), { readonly: true });
      const totals = runSqlite(file);
      file.close();
      return totals;
    }
    case "postgresql": {
      const client = await raw.openPostgresql(url);
      const totals = await runPostgresql(client);
      await client.end();
      return totals;
    }
    case "mysql": {
      const connection = await raw.openMysql(url);
      const totals = await runMysql(connection);
      await connection.end();
      return totals;
    }
  }
}
