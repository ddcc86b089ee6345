/**
 * 5,000 selects of ten rows each with WHERE, ORDER BY and LIMIT: raw with a prepared statement, Core with a statement that is built anew
 * each time. Run by run.ts. It measures building, the look-up in the cache of compiled statements, execution and ten rows.
 * On SQLite 5 of the 7 µs of the driver alone go into planning the statement anew, whenever a parameter of LIMIT is bound; the library spares
 * itself that (src/drivers/sqlite/statements.ts).
 */
import { and, select, type AsyncEngine, type Engine } from "../../src/index.ts";
import { RAW, type Contender, type DatabaseName, type Work, type Workload } from "../harness.ts";
import { fill, filledAsyncEngine, filledEngine, User, userRecords } from "../support/model.ts";
import * as raw from "../support/raw.ts";

const ROWS = 1_000;
const SELECTS = 5_000;
const LIMIT = 10;

interface Found {
  readonly id: number;
  readonly name: string;
  readonly age: number;
}

const firstKey = (index: number): number => (index * 37) % (ROWS - 100);
const minimumAge = (index: number): number => 18 + (index % 10);

/** Ten rows at a time, so that no contender has to keep 50,000. */
class Totals implements Work {
  rows = 0;
  checksum = 0;
  add(found: readonly Found[]): void {
    for (const { id, name, age } of found) this.addOne(id, name, age);
  }
  addOne(id: number, name: string, age: number): void {
    this.rows++;
    this.checksum += id + name.length + age;
  }
}

const check = (totals: Totals): Work => totals;

const rawSqlite: Contender<raw.SqliteStatement, Totals> = {
  name: RAW,
  setup: () => {
    const database = raw.openSqlite(userRecords(ROWS));
    const sql = "select id, name, age from users where id > ? and age >= ? order by id limit ?";
    return { database, statement: database.prepare(sql).raw() };
  },
  run: ({ database, statement }) => {
    const totals = new Totals();
    database.transaction(() => {
      for (let index = 0; index < SELECTS; index++) {
        const rows = statement.all(firstKey(index), minimumAge(index), LIMIT) as [number, string, number][];
        for (const [id, name, age] of rows) totals.addOne(id, name, age);
      }
    })();
    return totals;
  },
  check,
  teardown: ({ database }) => void database.close(),
};

const rawPostgresql: Contender<raw.PostgresqlClient, Totals> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, ROWS);
    return await raw.openPostgresql(url);
  },
  run: async (client) => {
    const totals = new Totals();
    const text = "select id, name, age from users where id > $1 and age >= $2 order by id limit $3";
    await client.query("begin");
    for (let index = 0; index < SELECTS; index++) {
      const values = [firstKey(index), minimumAge(index), LIMIT];
      totals.add((await client.query<Found>({ name: "select", text, values })).rows);
    }
    await client.query("commit");
    return totals;
  },
  check,
  teardown: (client) => client.end(),
};

const rawMysql: Contender<raw.MysqlConnection, Totals> = {
  name: RAW,
  setup: async (url) => {
    await fill(url, ROWS);
    return await raw.openMysql(url);
  },
  run: async (connection) => {
    const totals = new Totals();
    const sql = "select id, name, age from users where id > ? and age >= ? order by id limit ?";
    await connection.beginTransaction();
    for (let index = 0; index < SELECTS; index++) {
      // MySQL refuses the DOUBLE that mysql2 makes of a number as a LIMIT.
      const [rows] = await connection.execute(sql, [firstKey(index), minimumAge(index), String(LIMIT)]);
      totals.add(rows as Found[]);
    }
    await connection.commit();
    return totals;
  },
  check,
  teardown: (connection) => connection.end(),
};

const build = (index: number) =>
  select(User.c.id, User.c.name, User.c.age)
    .where(and(User.c.id.gt(firstKey(index)), User.c.age.ge(minimumAge(index))))
    .orderBy(User.c.id)
    .limit(LIMIT);

const core: Contender<Engine, Totals> = {
  name: "Core",
  setup: (url) => filledEngine(url, ROWS),
  run: (engine) => {
    const totals = new Totals();
    using connection = engine.connect();
    for (let index = 0; index < SELECTS; index++) totals.add(connection.execute(build(index)).all());
    return totals;
  },
  check,
  teardown: (engine) => engine.dispose(),
};

const asyncCore: Contender<AsyncEngine, Totals> = {
  name: "Core",
  setup: (url) => filledAsyncEngine(url, ROWS),
  run: async (engine) => {
    const totals = new Totals();
    await using connection = await engine.connect();
    for (let index = 0; index < SELECTS; index++) totals.add((await connection.execute(build(index))).all());
    return totals;
  },
  check,
  teardown: (engine) => engine.dispose(),
};

const contenders: Readonly<Record<DatabaseName, readonly Contender[]>> = {
  sqlite: [rawSqlite, core],
  postgresql: [rawPostgresql, asyncCore],
  mysql: [rawMysql, asyncCore],
};

export const coreSelect: Workload = {
  name: "core-select",
  title: "Select ten rows, statement built anew",
  measures: "One of 5,000 selects with WHERE, ORDER BY and LIMIT in one transaction.",
  databases: ["sqlite", "postgresql", "mysql"],
  repeats: SELECTS,
  contenders: (database) => contenders[database],
};
