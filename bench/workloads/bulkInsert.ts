/**
 * Insert 50,000 rows that are there already, in one transaction and without asking for their keys: raw as a careful program would write it
 * by hand, Core with one `execute` and the list of rows. Run by run.ts. The table is empty before every round.
 */
import { insert, type AsyncEngine, type Engine } from "../../src/index.ts";
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

const COUNT = 50_000;
const ROWS_PER_STATEMENT = 1_000;
const WIDTH = 5;

/** The same rows for everybody and every round: making them is the program's work, not the database's. */
const rows = Array.from({ length: COUNT }, (_, index) => userValues(index));

const rawSqlite: Contender<raw.SqliteStatement, void> = {
  name: RAW,
  setup: () => {
    const database = raw.openSqlite([]);
    return { database, statement: database.prepare(raw.SQLITE_INSERT) };
  },
  prepare: ({ database }) => void database.exec("delete from users"),
  run: ({ database, statement }) => {
    database.transaction(() => {
      for (const { name, email, age, active, createdAt } of rows)
        statement.run(name, email, age, active ? 1 : 0, raw.sqliteDateTime(createdAt));
    })();
  },
  check: (_outcome, { database }) => {
    const { rows_, ids, ages } = database.prepare(TABLE_SUMMARY_SQL).get() as TableSummaryRow;
    return workOfTable(rows_, ids, ages);
  },
  teardown: ({ database }) => void database.close(),
};

/** The rows one after another, each a list of values as the driver takes them. */
function* batches(valueOf: (createdAt: Date) => unknown): Generator<unknown[], void, undefined> {
  for (let start = 0; start < COUNT; start += ROWS_PER_STATEMENT) {
    const values: unknown[] = [];
    for (let index = start; index < start + ROWS_PER_STATEMENT; index++) {
      const { name, email, age, active, createdAt } = rows[index]!;
      values.push(name, email, age, active, valueOf(createdAt));
    }
    yield values;
  }
}

const rawPostgresql: Contender<raw.PostgresqlClient, void> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, 0);
    return await raw.openPostgresql(url);
  },
  prepare: async (client) => void (await client.query("truncate users restart identity")),
  run: async (client) => {
    const text = `insert into users (name, email, age, active, created_at) values ${raw.postgresqlRows(ROWS_PER_STATEMENT, WIDTH)}`;
    await client.query("begin");
    for (const values of batches((date) => date.toISOString())) await client.query({ name: "insert", text, values });
    await client.query("commit");
  },
  check: async (_outcome, client) => {
    const { rows_, ids, ages } = (await client.query<TableSummaryRow>(TABLE_SUMMARY_SQL)).rows[0]!;
    return workOfTable(rows_, ids, ages);
  },
  teardown: (client) => client.end(),
};

const rawMysql: Contender<raw.MysqlConnection, void> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, 0);
    return await raw.openMysql(url);
  },
  prepare: async (connection) => void (await connection.query("truncate users")),
  run: async (connection) => {
    const placeholders = Array.from({ length: ROWS_PER_STATEMENT }, () => "(?,?,?,?,?)").join(",");
    const sql = `insert into users (name, email, age, active, created_at) values ${placeholders}`;
    await connection.beginTransaction();
    for (const values of batches((date) => date)) await connection.execute(sql, values as Date[]);
    await connection.commit();
  },
  check: async (_outcome, connection) => {
    const [answer] = await connection.query(TABLE_SUMMARY_SQL);
    const { rows_, ids, ages } = (answer as TableSummaryRow[])[0]!;
    return workOfTable(rows_, ids, ages);
  },
  teardown: (connection) => connection.end(),
};

const core: Contender<Engine, void> = {
  name: "Core",
  setup: (url) => filledEngine(url, 0),
  prepare: emptyTable,
  run: (engine) => {
    using connection = engine.connect();
    connection.execute(insert(User), rows);
    connection.commit();
  },
  check: (_outcome, engine) => tableWork(engine),
  teardown: (engine) => engine.dispose(),
};

const asyncCore: Contender<AsyncEngine, void> = {
  name: "Core",
  setup: (url) => filledAsyncEngine(url, 0),
  prepare: emptyAsyncTable,
  run: async (engine) => {
    await using connection = await engine.connect();
    await connection.execute(insert(User), rows);
    await connection.commit();
  },
  check: (_outcome, engine) => asyncTableWork(engine),
  teardown: (engine) => engine.dispose(),
};

const contenders: Readonly<Record<DatabaseName, readonly Contender[]>> = {
  sqlite: [rawSqlite, core],
  postgresql: [rawPostgresql, asyncCore],
  mysql: [rawMysql, asyncCore],
};

export const bulkInsert: Workload = {
  name: "bulk-insert",
  title: `Insert ${COUNT.toLocaleString("en")} rows`,
  measures:
    "One transaction, no keys fetched; raw is one prepared statement run per row on SQLite and prepared INSERTs of 1,000 rows elsewhere, Core one execute.",
  databases: ["sqlite", "postgresql", "mysql"],
  repeats: 1,
  contenders: (database) => contenders[database],
};
