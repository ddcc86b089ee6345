/**
 * Insert 5,000 new objects and know their keys afterwards: raw makes plain objects, inserts them in one transaction and sets their
 * ids; the ORM makes entities, adds them to a session, flushes and commits. Run by run.ts. The table is empty before every round.
 */
import { insert, type AsyncEngine, type Engine } from "../../src/index.ts";
import { AsyncSession, Session } from "../../src/orm.ts";
import { RAW, type Contender, type DatabaseName, type Workload } from "../harness.ts";
import {
  asyncTableWork,
  emptyAsyncTable,
  emptyTable,
  fill,
  filledAsyncEngine,
  filledEngine,
  TABLE_SUMMARY_SQL,
  tableWork,
  User,
  userValues,
  workOfTable,
  type TableSummaryRow,
} from "../support/model.ts";
import * as raw from "../support/raw.ts";
import type { UserRecord } from "../support/raw.ts";

const COUNT = 5_000;
/** Big enough that round trips hardly count, small enough for the 65,535 parameters of both servers. */
const ROWS_PER_STATEMENT = 1_000;

function newRecords(): UserRecord[] {
  return Array.from({ length: COUNT }, (_, index) => ({ id: 0, ...userValues(index) }));
}

function assertKeys(records: readonly UserRecord[]): void {
  if (records.some((record, index) => record.id !== index + 1)) throw new Error("A record does not have its row's key");
}

const rawSqlite: Contender<raw.SqliteStatement, UserRecord[]> = {
  name: RAW,
  setup: () => {
    const database = raw.openSqlite([]);
    return { database, statement: database.prepare(raw.SQLITE_INSERT) };
  },
  prepare: ({ database }) => void database.exec("delete from users"),
  run: ({ database, statement }) => {
    const records = newRecords();
    database.transaction(() => {
      for (const record of records) {
        const { name, email, age, active, createdAt } = record;
        const { lastInsertRowid } = statement.run(name, email, age, active ? 1 : 0, raw.sqliteDateTime(createdAt));
        record.id = Number(lastInsertRowid);
      }
    })();
    return records;
  },
  check: (records, { database }) => {
    assertKeys(records);
    const { rows_, ids, ages } = database.prepare(TABLE_SUMMARY_SQL).get() as TableSummaryRow;
    return workOfTable(rows_, ids, ages);
  },
  teardown: ({ database }) => void database.close(),
};

const rawPostgresql: Contender<raw.PostgresqlClient, UserRecord[]> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, 0);
    return await raw.openPostgresql(url);
  },
  prepare: async (client) => void (await client.query("truncate users restart identity")),
  run: async (client) => {
    const records = newRecords();
    const text = `insert into users (name, email, age, active, created_at) values ${raw.postgresqlRows(ROWS_PER_STATEMENT, 5)} returning id`;
    await client.query("begin");
    for (let start = 0; start < COUNT; start += ROWS_PER_STATEMENT) {
      const batch = records.slice(start, start + ROWS_PER_STATEMENT);
      const values = batch.flatMap(({ name, email, age, active, createdAt }) => [
        name,
        email,
        age,
        active,
        createdAt.toISOString(),
      ]);
      const { rows } = await client.query<{ id: number }>({ name: "insert", text, values });
      for (const [index, record] of batch.entries()) record.id = rows[index]!.id;
    }
    await client.query("commit");
    return records;
  },
  check: async (records, client) => {
    assertKeys(records);
    const { rows } = await client.query<TableSummaryRow>(TABLE_SUMMARY_SQL);
    const { rows_, ids, ages } = rows[0]!;
    return workOfTable(rows_, ids, ages);
  },
  teardown: (client) => client.end(),
};

const rawMysql: Contender<raw.MysqlConnection, UserRecord[]> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, 0);
    return await raw.openMysql(url);
  },
  prepare: async (connection) => void (await connection.query("truncate users")),
  run: async (connection) => {
    const records = newRecords();
    const rowsSql = Array.from({ length: ROWS_PER_STATEMENT }, () => "(?,?,?,?,?)").join(",");
    const sql = `insert into users (name, email, age, active, created_at) values ${rowsSql}`;
    await connection.beginTransaction();
    for (let start = 0; start < COUNT; start += ROWS_PER_STATEMENT) {
      const batch = records.slice(start, start + ROWS_PER_STATEMENT);
      const values = batch.flatMap(({ name, email, age, active, createdAt }) => [name, email, age, active, createdAt]);
      const [answer] = await connection.execute(sql, values);
      // The keys of one INSERT are consecutive.
      const first = (answer as { insertId: number }).insertId;
      for (const [index, record] of batch.entries()) record.id = first + index;
    }
    await connection.commit();
    return records;
  },
  check: async (records, connection) => {
    const [rows] = await connection.query(TABLE_SUMMARY_SQL);
    const { rows_, ids, ages } = (rows as TableSummaryRow[])[0]!;
    const known = records.reduce((sum, { id }) => sum + id, 0);
    if (known !== Number(ids)) throw new Error("The records do not have their rows' keys");
    return workOfTable(rows_, ids, ages);
  },
  teardown: (connection) => connection.end(),
};

const newRows = () => Array.from({ length: COUNT }, (_, index) => userValues(index));
const newUsers = () => Array.from({ length: COUNT }, (_, index) => new User(userValues(index)));

/** One execute with a list of parameter sets. It fetches no keys, which is less work, so it must not stand in the column of the others. */
const CORE = "Core, without keys";

const core: Contender<Engine, void> = {
  name: CORE,
  setup: (url) => filledEngine(url, 0),
  prepare: emptyTable,
  run: (engine) => {
    using connection = engine.connect();
    connection.execute(insert(User), newRows());
    connection.commit();
  },
  check: (_outcome, engine) => tableWork(engine),
  teardown: (engine) => engine.dispose(),
};

const asyncCore: Contender<AsyncEngine, void> = {
  name: CORE,
  setup: (url) => filledAsyncEngine(url, 0),
  prepare: emptyAsyncTable,
  run: async (engine) => {
    await using connection = await engine.connect();
    await connection.execute(insert(User), newRows());
    await connection.commit();
  },
  check: (_outcome, engine) => asyncTableWork(engine),
  teardown: (engine) => engine.dispose(),
};

const orm: Contender<Engine, void> = {
  name: "ORM",
  setup: (url) => filledEngine(url, 0),
  prepare: emptyTable,
  run: (engine) => {
    using session = new Session(engine);
    session.addAll(newUsers());
    session.flush();
    session.commit();
  },
  check: (_outcome, engine) => tableWork(engine),
  teardown: (engine) => engine.dispose(),
};

const asyncOrm: Contender<AsyncEngine, void> = {
  name: "ORM",
  setup: (url) => filledAsyncEngine(url, 0),
  prepare: emptyAsyncTable,
  run: async (engine) => {
    await using session = new AsyncSession(engine);
    session.addAll(newUsers());
    await session.flush();
    await session.commit();
  },
  check: (_outcome, engine) => asyncTableWork(engine),
  teardown: (engine) => engine.dispose(),
};

const contenders: Readonly<Record<DatabaseName, readonly Contender[]>> = {
  sqlite: [rawSqlite, core, orm],
  postgresql: [rawPostgresql, asyncCore, asyncOrm],
  mysql: [rawMysql, asyncCore, asyncOrm],
};

export const insertFlush: Workload = {
  name: "insert",
  title: `Insert ${COUNT.toLocaleString("en")} entities`,
  measures:
    "Making the objects, one flush and the commit, with the generated keys; raw is one prepared statement per row on SQLite and 1,000 rows per statement elsewhere.",
  databases: ["sqlite", "postgresql", "mysql"],
  repeats: 1,
  contenders: (database) => contenders[database],
};
