/** Read replicas on real servers: who serves whom, reading one's own writes while replication lags, and replicas that go and come back. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CommitMark, DBAPIError, type EngineOptions, InvalidRequestError, text } from "../../../src/index.ts";
import { createAsyncEngine, type AsyncEngine } from "../../../src/async/engine.ts";
import { createEngine } from "../../../src/sync/engine.ts";
import { type GaleraCluster, startGaleraCluster } from "../../support/servers/galera.ts";
import { type MariadbPair, startMariadbPair } from "../../support/servers/mysql.ts";
import { describeWithOwn } from "../../support/servers/needs.ts";
import { type PostgresqlPair, startPostgresqlPair } from "../../support/servers/postgresql.ts";
import type { TestServer } from "../../support/servers/server.ts";

// Servers start in seconds; on a machine that is busy with others, in many.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

/** Closed after each test, when nothing may be borrowed any more. */
const engines: AsyncEngine[] = [];

function open(primary: TestServer, replicas: readonly TestServer[], database: string, options: EngineOptions = {}): AsyncEngine {
  const urls = replicas.map((server) => server.url(database));
  const engine = createAsyncEngine(primary.url(database), { replicas: urls, replicaRetryAfter: 300, ...options });
  engines.push(engine);
  return engine;
}

afterEach(async () => {
  for (const engine of engines.splice(0)) {
    for (const pool of [engine.pool, ...engine.replicas.map((replica) => replica.pool)]) expect(pool.checkedout()).toBe(0);
    await engine.dispose();
  }
});

/** The port of the server that serves a connection with these options. */
async function port(
  engine: AsyncEngine,
  options: { readOnly?: boolean; mark?: CommitMark } = { readOnly: true },
): Promise<number> {
  await using connection = await engine.connect(options);
  const sql = engine.name === "postgresql" ? "SELECT current_setting('port')" : "SELECT @@port";
  return Number(await connection.scalar(text(sql)));
}

async function ids(engine: AsyncEngine): Promise<unknown[]> {
  await using connection = await engine.connect({ readOnly: true });
  return (await connection.scalars(text("SELECT id FROM notes ORDER BY id"))).all();
}

const add = (engine: AsyncEngine, id: number): Promise<unknown> =>
  engine.begin((connection) => connection.execute(text("INSERT INTO notes (id) VALUES (:id)"), { id }));

describeWithOwn("PostgreSQL pair", "replicas of PostgreSQL", () => {
  let pair: PostgresqlPair;
  let first: TestServer;
  let second: TestServer;

  beforeAll(async () => {
    pair = await startPostgresqlPair({ standbys: 2 });
    [first, second] = pair.standbys as [TestServer, TestServer];
    await pair.primary.query("create table notes (id integer primary key)");
  });
  afterAll(() => pair.stop());
  beforeEach(async () => {
    await pair.primary.query("delete from notes");
    for (const standby of pair.standbys) await pair.caughtUp(standby);
  });

  test("reading goes to them in turn, writing to the primary", async () => {
    const engine = open(pair.primary, [first, second], "postgres");
    expect([await port(engine), await port(engine), await port(engine)]).toEqual([first.port, second.port, first.port]);
    expect(await port(engine, {})).toBe(pair.primary.port);
    expect(await port(engine.executionOptions({ readOnly: true }), {})).toBe(second.port);
    expect(await port(engine.executionOptions({ postgresqlReadonly: true }), {})).toBe(first.port);
    expect(await port(engine.executionOptions({ readOnly: true }), { readOnly: false })).toBe(pair.primary.port);
    const ask = text("SELECT current_setting('port')");
    expect(await engine.begin((connection) => connection.scalar(ask), { readOnly: true })).toBe(String(second.port));
    expect(await engine.run((connection) => connection.scalar(ask), { readOnly: true })).toBe(String(first.port));
    expect(await engine.run((connection) => connection.scalar(ask))).toBe(String(pair.primary.port));
  });

  test("a synchronous engine has them too", () => {
    const engine = createEngine(pair.primary.url("postgres"), { replicas: [first.url("postgres")] });
    try {
      const ask = (readOnly: boolean): number => {
        const connection = engine.connect({ readOnly });
        try {
          return Number(connection.scalar(text("SELECT current_setting('port')")));
        } finally {
          connection.close();
        }
      };
      expect([ask(true), ask(false)]).toEqual([first.port, pair.primary.port]);
      const seen = engine.readYourWrites(() => {
        engine.begin((connection) => connection.execute(text("INSERT INTO notes (id) VALUES (1)")));
        return engine.begin((connection) => connection.scalar(text("SELECT id FROM notes")), { readOnly: true });
      });
      expect(seen).toBe(1);
    } finally {
      engine.dispose();
    }
  });

  test("whoever has committed sees it, from the primary while replication is held back, and others go on reading", async () => {
    const engine = open(pair.primary, [first, second], "postgres");
    await Promise.all([pair.hold(first), pair.hold(second)]);
    try {
      await engine.readYourWrites(async () => {
        expect(await port(engine)).not.toBe(pair.primary.port);
        await add(engine, 1);
        expect(await ids(engine)).toEqual([1]);
        expect(await port(engine)).toBe(pair.primary.port);
      });
      expect(await ids(engine)).toEqual([]);
    } finally {
      await Promise.all([pair.release(first), pair.release(second)]);
    }
  });

  test("a replica that has caught up serves, while another lags", async () => {
    const engine = open(pair.primary, [first, second], "postgres");
    await pair.hold(first);
    try {
      await engine.readYourWrites(async () => {
        await add(engine, 1);
        await pair.caughtUp(second);
        for (let round = 0; round < 4; round++) {
          expect(await port(engine)).toBe(second.port);
          expect(await ids(engine)).toEqual([1]);
        }
      });
    } finally {
      await pair.release(first);
    }
  });

  test("a reader waits for a replica as long as it may", async () => {
    const engine = open(pair.primary, [first], "postgres", { replicaWait: "5s" });
    await pair.hold(first);
    await engine.readYourWrites(async () => {
      await add(engine, 1);
      const reading = port(engine);
      expect(await Promise.race([reading, sleep(200, "waiting")])).toBe("waiting");
      await pair.release(first);
      expect(await reading).toBe(first.port);
      expect(await ids(engine)).toEqual([1]);
    });
    const impatient = open(pair.primary, [first], "postgres", { replicaWait: 100 });
    await pair.hold(first);
    try {
      await impatient.readYourWrites(async () => {
        await add(impatient, 2);
        expect(await port(impatient)).toBe(pair.primary.port);
      });
    } finally {
      await pair.release(first);
    }
  });

  test("waiting ends when the caller gives up", async () => {
    const engine = open(pair.primary, [first], "postgres", { replicaWait: "30s" });
    await pair.hold(first);
    try {
      await engine.readYourWrites(async () => {
        await add(engine, 1);
        await expect(engine.connect({ readOnly: true, timeout: 150 })).rejects.toMatchObject({ code: "statement-timeout" });
      });
    } finally {
      await pair.release(first);
    }
  });

  test("a mark carries commits elsewhere, as text", async () => {
    const engine = open(pair.primary, [first], "postgres");
    const mark = new CommitMark();
    await pair.hold(first);
    try {
      await using writer = await engine.connect({ mark });
      await writer.execute(text("INSERT INTO notes (id) VALUES (1)"));
      expect(mark.position).toBeNull();
      await writer.commit();
      expect(mark.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
      const copy = CommitMark.parse(mark.toString());
      expect(await port(engine, { readOnly: true, mark: copy })).toBe(pair.primary.port);
      expect(await port(engine, { readOnly: true })).toBe(first.port);
      await engine.readYourWrites(async () => expect(await ids(engine)).toEqual([1]), { mark: copy });
      await pair.release(first);
      await pair.caughtUp(first);
      expect(await port(engine, { readOnly: true, mark: copy })).toBe(first.port);
    } finally {
      await pair.release(first);
    }
  });

  test("what is not committed, and what only reads, is not waited for", async () => {
    const engine = open(pair.primary, [first], "postgres");
    await engine.readYourWrites(async (mark) => {
      await using connection = await engine.connect();
      await connection.execute(text("INSERT INTO notes (id) VALUES (1)"));
      await connection.rollback();
      await engine.begin((reader) => reader.scalar(text("SELECT 1")), { readOnly: true });
      expect(mark.toString()).toBe("~0");
      const savepoint = await connection.beginNested();
      await connection.execute(text("INSERT INTO notes (id) VALUES (2)"));
      await savepoint.commit();
      expect(mark.position).toBeNull();
      await connection.commit();
      expect(mark.position).not.toBeNull();
    });
  });

  test("a two-phase commit counts too", async () => {
    const engine = open(pair.primary, [first], "postgres");
    await engine.readYourWrites(async (mark) => {
      await using connection = await engine.connect();
      const transaction = await connection.beginTwophase();
      await connection.execute(text("INSERT INTO notes (id) VALUES (1)"));
      await transaction.prepare();
      expect(mark.position).toBeNull();
      await transaction.commit();
      expect(mark.position).not.toBeNull();
      expect(await ids(engine)).toEqual([1]);
    });
  });

  test("in AUTOCOMMIT the primary serves for a while", async () => {
    const engine = open(pair.primary, [first], "postgres", { stickiness: 1500 });
    await engine.readYourWrites(async () => {
      await using connection = await engine.executionOptions({ isolationLevel: "AUTOCOMMIT" }).connect();
      await connection.execute(text("INSERT INTO notes (id) VALUES (1)"));
      expect(await port(engine)).toBe(pair.primary.port);
      await sleep(1600);
      expect(await port(engine)).toBe(first.port);
    });
  });

  test("who tries to write on one is told where to", async () => {
    const engine = open(pair.primary, [first], "postgres");
    await using connection = await engine.connect({ readOnly: true });
    const failure: unknown = await connection.execute(text("INSERT INTO notes (id) VALUES (1)")).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DBAPIError);
    expect(failure).toMatchObject({ driverCode: "25006" });
    expect((failure as Error).message).toMatch(
      /read-only transaction \(this connection is for reading alone.*without readOnly\)/,
    );
    await connection.rollback();
    await connection.executionOptions({ readOnly: false });
    await expect(connection.execute(text("SELECT 1"))).rejects.toThrow(InvalidRequestError);
  });

  test("one that is down is left out, and comes back", async () => {
    const engine = open(pair.primary, [first, second], "postgres");
    expect(new Set([await port(engine), await port(engine)])).toEqual(new Set([first.port, second.port]));
    await first.shutDown("immediate");
    for (let round = 0; round < 4; round++) expect(await port(engine)).toBe(second.port);
    expect(engine.replicas.map(({ isAvailable }) => isAvailable)).toEqual([false, true]);
    expect(engine.replicas[0]?.lastError).toBeInstanceOf(DBAPIError);
    await second.shutDown("immediate");
    for (let round = 0; round < 3; round++) expect(await port(engine)).toBe(pair.primary.port);
    await Promise.all([first.start(), second.start()]);
    await sleep(350);
    expect(new Set([await port(engine), await port(engine)])).toEqual(new Set([first.port, second.port]));
    expect(engine.replicas.map(({ isAvailable }) => isAvailable)).toEqual([true, true]);
  });

  test("a connection that loses its replica goes on with another server", async () => {
    const engine = open(pair.primary, [first], "postgres");
    await using connection = await engine.connect({ readOnly: true });
    await connection.execute(text("SELECT 1"));
    await first.shutDown("immediate");
    await expect(connection.execute(text("SELECT 1"))).rejects.toMatchObject({ isDisconnect: true });
    await connection.rollback();
    expect(await connection.scalar(text("SELECT current_setting('port')"))).toBe(String(pair.primary.port));
    expect(engine.pool.checkedout()).toBe(1);
    await connection.close();
    expect(engine.pool.checkedout()).toBe(0);
    await first.start();
  });

  test("one that falls silent is left out", async () => {
    const engine = open(pair.primary, [first], "postgres", { replicaRetryAfter: "1m" });
    await engine.readYourWrites(async () => {
      await add(engine, 1);
      await pair.caughtUp(first);
      // The question whether it has caught up gets no answer, and neither does a new connection.
      expect(await port(engine, { readOnly: true, mark: new CommitMark() })).toBe(first.port);
      first.pause();
      try {
        const started = performance.now();
        expect(await ids(engine)).toEqual([1]);
        expect(performance.now() - started).toBeLessThan(9500);
        expect(engine.replicas[0]).toMatchObject({ isAvailable: false });
        expect(await port(engine)).toBe(pair.primary.port);
      } finally {
        first.resume();
      }
    });
  });

  describe("when one becomes the primary", () => {
    test("it serves readers on, and those who move to it see their own writes", async () => {
      const before = open(pair.primary, [first, second], "postgres");
      const mark = new CommitMark();
      await before.readYourWrites(() => add(before, 1), { mark });
      for (const standby of pair.standbys) await pair.caughtUp(standby);
      await pair.primary.shutDown();
      await pair.promote(first);
      expect(await port(before, { readOnly: true, mark })).not.toBe(pair.primary.port);
      await expect(add(before, 2)).rejects.toBeInstanceOf(DBAPIError);

      const after = open(first, [second], "postgres");
      await after.readYourWrites(
        async () => {
          // The other standby still follows the old primary: it has the first note, and will never have the next.
          expect(await port(after)).toBe(second.port);
          await add(after, 2);
          expect(await ids(after)).toEqual([1, 2]);
          expect(await port(after)).toBe(first.port);
        },
        { mark },
      );
    });
  });
});

describeWithOwn("MariaDB pair", "replicas of MariaDB", () => {
  let pair: MariadbPair;

  beforeAll(async () => {
    pair = await startMariadbPair();
    await pair.primary.query("create database app");
    await pair.primary.query("create table notes (id integer primary key)", "app");
    await pair.caughtUp();
  });
  afterAll(() => pair.stop());
  beforeEach(async () => {
    await pair.primary.query("delete from notes", "app");
    await pair.caughtUp();
  });

  test.each(["mysql2", "mariadb"])("whoever has committed sees it (%s)", async (driver) => {
    const url = (server: TestServer): string => server.url("app").replace("mysql:", `mysql+${driver}:`);
    const engine = createAsyncEngine(url(pair.primary), { replicas: [url(pair.replica)] });
    engines.push(engine);
    expect([await port(engine), await port(engine, {})]).toEqual([pair.replica.port, pair.primary.port]);
    await pair.hold();
    try {
      await engine.readYourWrites(async (mark) => {
        await engine.begin((connection) => connection.scalar(text("SELECT 1")));
        await add(engine, 1);
        expect(mark.position).toMatch(/^0-1-\d+$/);
        expect([await ids(engine), await port(engine)]).toEqual([[1], pair.primary.port]);
      });
      expect(await ids(engine)).toEqual([]);
    } finally {
      await pair.release();
    }
    await engine.readYourWrites(async () => {
      await add(engine, 2);
      await pair.caughtUp();
      expect([await ids(engine), await port(engine)]).toEqual([[1, 2], pair.replica.port]);
    });
  });

  test("who tries to write on one is told where to", async () => {
    const engine = open(pair.primary, [pair.replica], "app");
    await expect(
      engine.begin((connection) => connection.execute(text("INSERT INTO notes (id) VALUES (9)")), { readOnly: true }),
    ).rejects.toThrow(/READ ONLY transaction.*without readOnly/);
  });
});

describeWithOwn("Galera cluster", "a Galera cluster", () => {
  let cluster: GaleraCluster;

  beforeAll(async () => {
    cluster = await startGaleraCluster(3);
    await cluster.nodes[0]!.query("create database app");
    await cluster.nodes[0]!.query("create table notes (id integer primary key, n integer not null default 0)", "app");
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    await cluster.nodes[0]!.query("delete from notes", "app");
  });

  test("whoever has committed sees it on another node, or on the first while the others are held back", async () => {
    const [first, second, third] = cluster.nodes as [TestServer, TestServer, TestServer];
    const engine = open(first, [second, third], "app", { replicaWait: "2s" });
    await engine.readYourWrites(async (mark) => {
      for (let id = 1; id <= 20; id++) {
        await add(engine, id);
        expect(mark.position).toMatch(/^wsrep:\d+-\d+-\d+$/);
        expect(await port(engine)).not.toBe(first.port);
        expect((await ids(engine)).length).toBe(id);
      }
    });
    const impatient = open(first, [second], "app");
    const holder = await second.connect();
    await holder.query("flush tables with read lock");
    try {
      await impatient.readYourWrites(async () => {
        await add(impatient, 100);
        expect([(await ids(impatient)).length, await port(impatient)]).toEqual([21, first.port]);
      });
    } finally {
      await holder.close();
    }
  });

  test("a conflict between nodes is a deadlock that a repetition resolves", async () => {
    const [first, second] = cluster.nodes as [TestServer, TestServer];
    const [one, other] = [open(first, [], "app"), open(second, [], "app")];
    await one.readYourWrites(() => add(one, 1));
    await cluster.nodes[1]!.query("set statement wsrep_sync_wait=1 for select * from app.notes");

    // Both change the row before either commits: the second to commit fails, wherever it is in its transaction.
    const increase = text("UPDATE notes SET n = n + 1 WHERE id = 1");
    const failures: DBAPIError[] = [];
    for (let round = 0; round < 20 && failures.length === 0; round++) {
      await using a = await one.connect();
      await using b = await other.connect();
      await Promise.all([a.execute(increase), b.execute(increase)]);
      for (const result of await Promise.allSettled([a.commit(), b.commit()]))
        if (result.status === "rejected") failures.push(result.reason as DBAPIError);
    }
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) expect(failure).toMatchObject({ driverCode: 1213, isRetryable: true, isDisconnect: false });

    const before = Number((await first.query("select n from app.notes"))[0]?.[0]);
    const attempts = { count: 0 };
    const work = (engine: AsyncEngine): Promise<unknown> =>
      engine.run(
        async (connection) => {
          attempts.count++;
          await connection.execute(increase);
          await sleep(5);
        },
        { retries: 50 },
      );
    await Promise.all(Array.from({ length: 10 }, (_unused, index) => work(index % 2 === 0 ? one : other)));
    expect(Number((await first.query("set statement wsrep_sync_wait=1 for select n from app.notes"))[0]?.[0])).toBe(before + 10);
    expect(attempts.count).toBeGreaterThan(10);
  });
});
