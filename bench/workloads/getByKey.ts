/**
 * Get 1,000 rows by primary key, one statement each: raw with a prepared statement, Core with a select built anew for each, the ORM with
 * `session.get` in a session that has none of them yet. Run by run.ts.
 */
import { select, type AsyncEngine, type Engine } from "../../src/index.ts";
import { AsyncSession, Session } from "../../src/orm.ts";
import { RAW, type Contender, type DatabaseName, type Workload } from "../harness.ts";
import { fill, filledAsyncEngine, filledEngine, User, userRecords, workOf } from "../support/model.ts";
import * as raw from "../support/raw.ts";
import type { UserRecord } from "../support/raw.ts";

const ROWS = 10_000;
const GETS = 1_000;

/** Spread over the table, none twice. */
const keys = Array.from({ length: GETS }, (_, index) => 1 + ((index * 7_919) % ROWS));

const COLUMNS = "id, name, email, age, active, created_at";

const rawSqlite: Contender<raw.SqliteStatement, UserRecord[]> = {
  name: RAW,
  setup: () => {
    const database = raw.openSqlite(userRecords(ROWS));
    const statement = database.prepare(`select ${COLUMNS} from users where id = ?`).raw();
    return { database, statement };
  },
  run: ({ database, statement }) =>
    database.transaction(() => keys.map((key) => raw.fromSqlite(statement.get(key) as raw.SqliteUserRow)))(),
  check: workOf,
  teardown: ({ database }) => void database.close(),
};

const rawPostgresql: Contender<raw.PostgresqlClient, UserRecord[]> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, ROWS);
    return await raw.openPostgresql(url);
  },
  run: async (client) => {
    const text = `select ${COLUMNS} as "createdAt" from users where id = $1`;
    const users: UserRecord[] = [];
    await client.query("begin");
    for (const key of keys) {
      const { rows } = await client.query<UserRecord>({ name: "get", text, values: [key], types: raw.postgresqlTypes });
      users.push(rows[0]!);
    }
    await client.query("commit");
    return users;
  },
  check: workOf,
  teardown: (client) => client.end(),
};

const rawMysql: Contender<raw.MysqlConnection, UserRecord[]> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, ROWS);
    return await raw.openMysql(url);
  },
  run: async (connection) => {
    const users: UserRecord[] = [];
    await connection.beginTransaction();
    for (const key of keys) {
      const [rows] = await connection.execute(`select ${COLUMNS} as createdAt from users where id = ?`, [key]);
      users.push(raw.fromMysql((rows as raw.MysqlUserRow[])[0]!));
    }
    await connection.commit();
    return users;
  },
  check: workOf,
  teardown: (connection) => connection.end(),
};

const selectOne = (key: number) =>
  select(User.c.id, User.c.name, User.c.email, User.c.age, User.c.active, User.c.createdAt).where(User.c.id.eq(key));

const core: Contender<Engine, UserRecord[]> = {
  name: "Core",
  setup: (url) => filledEngine(url, ROWS),
  run: (engine) => {
    using connection = engine.connect();
    return keys.map((key) => connection.execute(selectOne(key)).one());
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const asyncCore: Contender<AsyncEngine, UserRecord[]> = {
  name: "Core",
  setup: (url) => filledAsyncEngine(url, ROWS),
  run: async (engine) => {
    await using connection = await engine.connect();
    const users: UserRecord[] = [];
    for (const key of keys) users.push((await connection.execute(selectOne(key))).one());
    return users;
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const orm: Contender<Engine, User[]> = {
  name: "ORM",
  setup: (url) => filledEngine(url, ROWS),
  run: (engine) => {
    using session = new Session(engine);
    return keys.map((key) => session.getOne(User, key));
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const asyncOrm: Contender<AsyncEngine, User[]> = {
  name: "ORM",
  setup: (url) => filledAsyncEngine(url, ROWS),
  run: async (engine) => {
    await using session = new AsyncSession(engine);
    const users: User[] = [];
    for (const key of keys) users.push(await session.getOne(User, key));
    return users;
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const contenders: Readonly<Record<DatabaseName, readonly Contender[]>> = {
  sqlite: [rawSqlite, core, orm],
  postgresql: [rawPostgresql, asyncCore, asyncOrm],
  mysql: [rawMysql, asyncCore, asyncOrm],
};

export const getByKey: Workload = {
  name: "get",
  title: "Get one entity by key",
  measures: "One of 1,000 gets in one transaction, each with its own SELECT; nothing is in the identity map before.",
  databases: ["sqlite", "postgresql", "mysql"],
  repeats: GETS,
  contenders: (database) => contenders[database],
};
