/**
 * What goes wrong with real servers, and what is left afterwards: no leaked connection, no lost or doubled row, and the next query works.
 * The servers are of our own, so that they can be killed, paused and filled.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AsyncConnection } from "../../../src/async/connection.ts";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import { event } from "../../../src/engine/events.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import type { EngineOptions } from "../../../src/engine/options/options.ts";
import {
  CancelledError,
  CommitOutcomeUnknownError,
  DBAPIError,
  OperationalError,
  PendingRollbackError,
  StatementTimeoutError,
  TimeoutError,
} from "../../../src/errors/index.ts";
import { text } from "../../../src/sql/index.ts";
import { type Colour, openEngine } from "../../support/colours.ts";
import { sqliteScheme } from "../../support/databases.ts";
import { startMysql } from "../../support/servers/mysql.ts";
import { describeWithOwn } from "../../support/servers/needs.ts";
import { startPostgresql } from "../../support/servers/postgresql.ts";
import type { TestServer } from "../../support/servers/server.ts";

/** What differs between the two databases. */
interface Kind {
  readonly kind: "PostgreSQL" | "MariaDB";
  readonly database: string;
  readonly start: () => Promise<TestServer>;
  readonly sessionId: string;
  readonly kill: (id: number) => string;
  readonly sleeping: string;
  readonly many: string;
  /** Makes COMMIT wait until `release` is called. */
  readonly holdCommit: (server: TestServer) => Promise<() => Promise<void>>;
}

const KINDS: readonly Kind[] = [
  {
    kind: "PostgreSQL",
    database: "postgres",
    start: () => startPostgresql({ settings: { max_connections: 24, superuser_reserved_connections: 0, max_wal_senders: 2 } }),
    sessionId: "SELECT pg_backend_pid()",
    kill: (id) => `select pg_terminate_backend(${id})`,
    sleeping: "SELECT pg_sleep(20)",
    many: "SELECT n FROM generate_series(1, 100000) AS numbers(n)",
    async holdCommit(server) {
      // Nobody is there to confirm the commit to.
      await server.query("alter system set synchronous_standby_names = 'nobody'");
      await server.query("select pg_reload_conf()");
      await sleep(200);
      return async () => {
        await server.query("alter system reset synchronous_standby_names");
        await server.query("select pg_reload_conf()");
        await sleep(200);
      };
    },
  },
  {
    kind: "MariaDB",
    database: "mysql",
    start: () => startMysql({ settings: { "max-connections": 24 } }),
    sessionId: "SELECT CONNECTION_ID()",
    kill: (id) => `kill ${id}`,
    sleeping: "SELECT SLEEP(20)",
    many: "SELECT seq AS n, REPEAT('x', 1000) FROM seq_1_to_100000",
    async holdCommit(server) {
      const holder = await server.connect();
      await holder.query("flush tables with read lock");
      return () => holder.close();
    },
  },
];

for (const { kind, database, start, sessionId, kill, sleeping, many, holdCommit } of KINDS)
  describeWithOwn(kind, "faults", () => {
    let server: TestServer;
    const engines: AsyncEngine[] = [];
    beforeAll(async () => {
      server = await start();
      await server.query(`create table kept (n integer primary key)${kind === "MariaDB" ? " engine=innodb" : ""}`, database);
    });
    afterAll(() => server?.stop());
    afterEach(async () => {
      for (const engine of engines.splice(0)) {
        expect(engine.pool.checkedout()).toBe(0);
        await engine.dispose();
      }
      await server.query("delete from kept", database);
    });

    function open(options: EngineOptions = {}): AsyncEngine {
      const engine = openEngine("async", server.url(database), options) as AsyncEngine;
      engines.push(engine);
      return engine;
    }
    const idOf = async (connection: AsyncConnection): Promise<number> =>
      Number((await connection.execDriverSql(sessionId)).scalar());
    const add = (connection: AsyncConnection, n: number): Promise<unknown> =>
      connection.execute(text("INSERT INTO kept (n) VALUES (:n)"), { n });
    const kept = async (): Promise<number[]> =>
      (await server.query("select n from kept order by n", database)).map(([n]) => Number(n));
    async function works(engine: AsyncEngine): Promise<void> {
      await using connection = await engine.connect();
      expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
    }

    test("killed in a query", async () => {
      const engine = open();
      await using connection = await engine.connect();
      await add(connection, 1);
      const id = await idOf(connection);
      const running = connection.execDriverSql(sleeping);
      running.catch(() => undefined);
      await sleep(100);
      await server.query(kill(id));
      await expect(running).rejects.toMatchObject({ isDisconnect: true });
      expect(connection.invalidated).toBe(true);
      await expect(add(connection, 2)).rejects.toThrow(PendingRollbackError);
      await connection.rollback();
      await add(connection, 3);
      await connection.commit();
      expect(await kept()).toEqual([3]);
    });

    test("killed between two statements of a transaction", async () => {
      const engine = open();
      const connection = await engine.connect();
      const transaction = await connection.begin();
      await add(connection, 1);
      await server.query(kill(await idOf(connection)));
      await sleep(50);
      await expect(add(connection, 2)).rejects.toThrow(OperationalError);
      await expect(transaction.commit()).rejects.toThrow(PendingRollbackError);
      await transaction.rollback();
      await connection.close();
      expect(await kept()).toEqual([]);
      await works(engine);
    });

    test("killed in COMMIT: the error says that nobody knows", async () => {
      const engine = open();
      const connection = await engine.connect();
      await add(connection, 1);
      const id = await idOf(connection);
      const release = await holdCommit(server);
      const committing = connection.commit();
      committing.catch(() => undefined);
      await sleep(200);
      await server.query(kill(id));
      await expect(committing).rejects.toThrow(CommitOutcomeUnknownError);
      await expect(committing).rejects.toMatchObject({ isRetryable: false, isDisconnect: true, statement: "COMMIT" });
      expect(connection.inTransaction()).toBe(false);
      await release();
      await connection.close();
      await works(engine);
    });

    test("killed before COMMIT: nothing was saved, and the error does not say otherwise", async () => {
      const engine = open();
      const connection = await engine.connect();
      await add(connection, 1);
      await server.query(kill(await idOf(connection)));
      await sleep(100);
      const failure: unknown = await connection.commit().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(OperationalError);
      expect(failure).not.toBeInstanceOf(CommitOutcomeUnknownError);
      await connection.close();
      expect(await kept()).toEqual([]);
      await works(engine);
    });

    test("killed while streaming", async () => {
      const engine = open();
      const connection = await engine.connect();
      const id = await idOf(connection);
      let seen = 0;
      await expect(async () => {
        for await (const _row of await connection.stream(text(many), {}, { executionOptions: { yieldPer: 50 } })) {
          seen++;
          if (seen === 75) {
            await server.query(kill(id));
            await sleep(50);
          }
        }
      }).rejects.toMatchObject({ isDisconnect: true });
      expect(seen).toBeGreaterThanOrEqual(75);
      await connection.rollback();
      expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
      await connection.close();
      await works(engine);
    });

    test("killed in a callback of run(): not repeated, because nothing says that it may be", async () => {
      const engine = open();
      let calls = 0;
      await expect(
        engine.run(async (connection) => {
          calls++;
          await add(connection, 1);
          await server.query(kill(await idOf(connection)));
          await sleep(50);
          await add(connection, 2);
        }),
      ).rejects.toThrow(DBAPIError);
      expect(calls).toBe(1);
      expect(await kept()).toEqual([]);
    });

    test.each(["fast", "immediate"] as const)("server restarted (%s) under a full pool", async (mode) => {
      const engine = open({ poolSize: 4, maxOverflow: 0, poolPrePing: true });
      const plain = open({ poolSize: 3, maxOverflow: 0 });
      for (const one of [engine, plain]) {
        const full = await Promise.all(Array.from({ length: one.pool.size() }, () => one.connect()));
        await Promise.all(full.map((connection) => connection.execDriverSql("SELECT 1")));
        await Promise.all(full.map((connection) => connection.close()));
        expect(one.pool.checkedin()).toBe(one.pool.size());
      }
      await server.restart(mode);
      // A sign of life before lending: nobody notices.
      await Promise.all(Array.from({ length: 8 }, () => works(engine)));
      // Without: one statement fails, and with it the whole generation of connections is given up.
      const failures = await Promise.allSettled(Array.from({ length: 3 }, () => works(plain)));
      expect(failures.filter(({ status }) => status === "rejected").length).toBeLessThanOrEqual(3);
      await works(plain);
      await works(plain);
      await works(plain);
    });

    test("restarted while transactions are open", async () => {
      const engine = open({ poolSize: 3, maxOverflow: 0 });
      const open3 = await Promise.all(Array.from({ length: 3 }, () => engine.connect()));
      await Promise.all(open3.map((connection, index) => add(connection, index)));
      await server.restart("immediate");
      const outcomes = await Promise.allSettled(open3.map((connection) => connection.commit()));
      expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
      await Promise.all(open3.map((connection) => connection.close()));
      expect(await kept()).toEqual([]);
      await works(engine);
    });

    test("a pool exhausted by 200 waiters serves them all, in order", async () => {
      const engine = open({ poolSize: 3, maxOverflow: 2, poolTimeout: "20s" });
      const served: number[] = [];
      await Promise.all(
        Array.from({ length: 200 }, async (_, n) => {
          await using connection = await engine.connect();
          served.push(n);
          await add(connection, n);
          await connection.commit();
        }),
      );
      // The first five open connections, at their own pace; whoever had to wait comes in the order of asking.
      const waited = served.filter((n) => n >= 5);
      expect(waited).toEqual(Array.from({ length: 195 }, (_, n) => n + 5));
      expect(await kept()).toHaveLength(200);
      expect(engine.pool.metrics()).toMatchObject({ waiting: 0, lent: 0 });
    });

    test("waiters whose server goes away get an error, all of them", async () => {
      const engine = open({ poolSize: 2, maxOverflow: 0, poolTimeout: "20s" });
      const holders = await Promise.all([engine.connect(), engine.connect()]);
      const waiting = Array.from({ length: 20 }, () => engine.connect());
      for (const one of waiting) one.catch(() => undefined);
      await server.shutDown("immediate");
      try {
        await Promise.allSettled(holders.map((connection) => connection.execDriverSql("SELECT 1")));
        await Promise.all(holders.map((connection) => connection.close()));
        const outcomes = await Promise.allSettled(waiting);
        expect(outcomes.filter(({ status }) => status === "fulfilled")).toEqual([]);
        expect(engine.pool.checkedout()).toBe(0);
      } finally {
        await server.start();
      }
      await works(engine);
    });

    test("connect: refused, too slow, wrong password, unknown database, too many", async () => {
      const nowhere = openEngine("async", server.url(database).replace(/:\d+\//, ":1/"));
      await expect(async () => await nowhere.connect()).rejects.toMatchObject({ name: "OperationalError", statement: null });
      expect(nowhere.pool.checkedout()).toBe(0);

      const unknown = openEngine("async", server.url("no_such_database"));
      await expect(async () => await unknown.connect()).rejects.toThrow(DBAPIError);
      expect(unknown.pool.checkedout()).toBe(0);

      const engine = open({ poolSize: 40, maxOverflow: 0 });
      const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => engine.connect()));
      const opened = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
      expect(opened.length).toBeGreaterThan(5);
      expect(refused.length).toBeGreaterThan(0);
      for (const error of refused) expect(error).toBeInstanceOf(OperationalError);
      expect(engine.pool.checkedout()).toBe(opened.length);
      await Promise.all(opened.map((connection) => connection.close()));
      await works(engine);
      await engine.dispose();

      server.pause();
      try {
        const slow = open();
        await expect(slow.connect({ timeout: 200 })).rejects.toThrow(StatementTimeoutError);
        expect(slow.pool.checkedout()).toBe(0);
        const blocked = openEngine("sync", server.url(database)) as Engine;
        const begun = performance.now();
        expect(() => blocked.connect({ timeout: 200 })).toThrow(StatementTimeoutError);
        expect(performance.now() - begun).toBeLessThan(5000);
        expect(blocked.pool.checkedout()).toBe(0);
      } finally {
        server.resume();
      }
    });

    test("a server that never answers: the statement ends, its connection is destroyed, nobody else is lent it", async () => {
      const engine = open({ poolSize: 1, maxOverflow: 0 });
      const connection = await engine.connect();
      await connection.execDriverSql("SELECT 1");
      server.pause();
      const begun = performance.now();
      const asked = connection.execDriverSql("SELECT 2", [], { timeout: 200 });
      asked.catch(() => undefined);
      try {
        await expect(asked).rejects.toThrow(StatementTimeoutError);
        // Five seconds for the cancellation, which is not answered either.
        expect(performance.now() - begun).toBeLessThan(7000);
      } finally {
        server.resume();
      }
      expect(connection.invalidated).toBe(true);
      await connection.close();
      await works(engine);
    });

    test("a sign of life that never comes", async () => {
      const engine = open({ poolSize: 1, maxOverflow: 0, poolPrePing: true });
      await works(engine);
      server.pause();
      const connecting = engine.connect();
      connecting.catch(() => undefined);
      await sleep(6000);
      server.resume();
      const connection = await connecting;
      expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
      await connection.close();
      expect(engine.pool.metrics().invalidated).toBeGreaterThan(0);
    });

    test("a reset that fails closes the connection", async () => {
      const engine = open({ poolSize: 1, maxOverflow: 0 });
      const raw = await engine.rawConnection();
      const lost = raw.driverConnection;
      event.listen(
        engine.pool,
        "reset",
        () => {
          throw new RangeError("cannot be put in order");
        },
        { once: true },
      );
      await raw.close();
      expect(engine.pool.checkedout()).toBe(0);
      expect(engine.pool.checkedin()).toBe(0);
      const next = await engine.rawConnection();
      expect(next.driverConnection).not.toBe(lost);
      await next.close();

      const connection = await engine.connect();
      await add(connection, 1);
      await server.query(kill(await idOf(connection)));
      await sleep(50);
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
      expect(await kept()).toEqual([]);
      await works(engine);
    });

    test("10,000 queries with random cancellations: no row lost or doubled, nothing leaked, memory flat", async () => {
      const engine = open({ poolSize: 4, maxOverflow: 0, poolTimeout: "60s" });
      const saved: number[] = [];
      let cancelled = 0;
      let next = 0;
      const heap: number[] = [];
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let n = next++; n < 2500; n = next++) {
            if (n % 500 === 499) heap.push(process.memoryUsage().heapUsed);
            const controller = new AbortController();
            const { signal } = controller;
            // Half of them are let be; the others are stopped somewhere, or a little too late.
            const timer = n % 2 === 0 ? null : setTimeout(() => controller.abort(), Math.random() * 15);
            try {
              await using connection = await engine.connect({ signal });
              await connection.execute(text("SELECT count(*) FROM kept"), {}, { signal });
              await connection.execute(text("INSERT INTO kept (n) VALUES (:n)"), { n }, { signal });
              await connection.execute(text("SELECT n FROM kept WHERE n = :n"), { n }, { signal });
              await connection.execute(text("UPDATE kept SET n = n WHERE n = :n"), { n }, { signal });
              await connection.commit();
              saved.push(n);
            } catch (error) {
              if (!(error instanceof CancelledError)) throw error;
              cancelled++;
            } finally {
              if (timer !== null) clearTimeout(timer);
            }
          }
        }),
      );
      expect(await kept()).toEqual(saved.sort((a, b) => a - b));
      expect(saved.length + cancelled).toBe(2500);
      expect(saved.length).toBeGreaterThanOrEqual(1250);
      expect(cancelled).toBeGreaterThan(0);
      expect(engine.pool.metrics()).toMatchObject({ lent: 0, waiting: 0 });
      expect(heap.at(-1)! - heap[0]!).toBeLessThan(60 * 2 ** 20);
      await works(engine);
    }, 90_000);
  });

describe.each<Colour>(["sync", "async"])("a pool of SQLite under %s", (colour) => {
  test("exhausted: an error that says what to do", async () => {
    const engine = openEngine(colour, `${sqliteScheme}://`, { poolTimeout: 20 });
    const connection = await engine.connect();
    await expect(async () => await engine.connect()).rejects.toThrow(TimeoutError);
    await connection.close();
    await engine.dispose();
  });
});
