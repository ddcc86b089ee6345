/**
 * Load 10,000 rows of six columns with one SELECT: raw as plain objects, Core as rows, ORM as entities in the identity map of a new
 * session. Run by run.ts. Booleans and dates have to be booleans and Dates for everybody.
 */
import { select, type AsyncEngine, type Engine } from "../../src/index.ts";
import { AsyncSession, Session } from "../../src/orm.ts";
import { RAW, type Contender, type DatabaseName, type Workload } from "../harness.ts";
import { fill, filledAsyncEngine, filledEngine, User, userRecords, workOf } from "../support/model.ts";
import * as raw from "../support/raw.ts";
import type { UserRecord } from "../support/raw.ts";

const COUNT = 10_000;

const rawSqlite: Contender<raw.SqliteStatement, UserRecord[]> = {
  name: RAW,
  setup: () => {
    const database = raw.openSqlite(userRecords(COUNT));
    return {
      database,
      statement: database.prepare("select id, name, email, age, active, created_at from users order by id").raw(),
    };
  },
  run: ({ statement }) => (statement.all() as raw.SqliteUserRow[]).map(raw.fromSqlite),
  check: workOf,
  teardown: ({ database }) => void database.close(),
};

const rawPostgresql: Contender<raw.PostgresqlClient, UserRecord[]> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, COUNT);
    return await raw.openPostgresql(url);
  },
  run: async (client) => {
    const text = 'select id, name, email, age, active, created_at as "createdAt" from users order by id';
    return (await client.query<UserRecord>({ name: "load", text, types: raw.postgresqlTypes })).rows;
  },
  check: workOf,
  teardown: (client) => client.end(),
};

const rawMysql: Contender<raw.MysqlConnection, UserRecord[]> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, COUNT);
    return await raw.openMysql(url);
  },
  run: async (connection) => {
    const sql = "select id, name, email, age, active, created_at as createdAt from users order by id";
    const [rows] = await connection.execute(sql);
    return (rows as raw.MysqlUserRow[]).map(raw.fromMysql);
  },
  check: workOf,
  teardown: (connection) => connection.end(),
};

const coreSelect = () =>
  select(User.c.id, User.c.name, User.c.email, User.c.age, User.c.active, User.c.createdAt).orderBy(User.c.id);

const core: Contender<Engine, readonly UserRecord[]> = {
  name: "Core",
  setup: (url) => filledEngine(url, COUNT),
  run: (engine) => {
    using connection = engine.connect();
    return connection.execute(coreSelect()).all();
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const asyncCore: Contender<AsyncEngine, readonly UserRecord[]> = {
  name: "Core",
  setup: (url) => filledAsyncEngine(url, COUNT),
  run: async (engine) => {
    await using connection = await engine.connect();
    return (await connection.execute(coreSelect())).all();
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const orm: Contender<Engine, User[]> = {
  name: "ORM",
  setup: (url) => filledEngine(url, COUNT),
  run: (engine) => {
    using session = new Session(engine);
    return session.scalars(select(User).orderBy(User.c.id)).all();
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const asyncOrm: Contender<AsyncEngine, User[]> = {
  name: "ORM",
  setup: (url) => filledAsyncEngine(url, COUNT),
  run: async (engine) => {
    await using session = new AsyncSession(engine);
    return (await session.scalars(select(User).orderBy(User.c.id))).all();
  },
  check: workOf,
  teardown: (engine) => engine.dispose(),
};

const contenders: Readonly<Record<DatabaseName, readonly Contender[]>> = {
  sqlite: [rawSqlite, core, orm],
  postgresql: [rawPostgresql, asyncCore, asyncOrm],
  mysql: [rawMysql, asyncCore, asyncOrm],
};

export const load: Workload = {
  name: "load",
  title: `Load ${COUNT.toLocaleString("en")} entities`,
  measures: "One SELECT of six columns, all rows fetched; the ORM opens and closes a session for it.",
  databases: ["sqlite", "postgresql", "mysql"],
  repeats: 1,
  contenders: (database) => contenders[database],
};
