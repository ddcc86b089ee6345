/** Stopping what runs: by signal and by timeout, on the server too, and what the connection is good for afterwards. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { CancelledError, StatementTimeoutError, TimeoutError } from "../../../src/errors/index.ts";
import { select, sql, text } from "../../../src/sql/index.ts";
import { type AnyEngine, coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase, type TestDatabase } from "../../support/databases.ts";

/** A statement that takes so many seconds. */
function sleeping(db: TestDatabase, seconds: number): string {
  return db.name === "postgresql" ? `SELECT pg_sleep(${seconds})` : `SELECT SLEEP(${seconds})`;
}

/** Many rows, made by the database. */
function counting(db: TestDatabase, rows: number): string {
  if (db.name === "postgresql") return `SELECT n FROM generate_series(1, ${rows}) AS numbers(n)`;
  if (db.name === "mysql") return `SELECT seq AS n FROM seq_1_to_${rows}`;
  return `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows}) SELECT n FROM numbers`;
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

forEachDatabase("cancelling on servers", { requires: ["killConnection"] }, (db) => {
  let engine: AsyncEngine;
  beforeAll(() => {
    engine = openEngine("async", db.url, { poolSize: 2, maxOverflow: 0 }) as AsyncEngine;
  });
  afterAll(async () => {
    await engine?.dispose();
  });

  async function running(): Promise<number> {
    const raw = await db.raw();
    try {
      const [rows] =
        db.name === "postgresql"
          ? await raw.query(
              "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(9)%' and pid <> pg_backend_pid() and datname = current_database()",
            )
          : await raw.query(
              "select count(*) from information_schema.processlist where info like '%SLEEP(9)%' and id <> connection_id() and db = database()",
            );
      return Number(rows![0]);
    } finally {
      await raw.close();
    }
  }

  test("a signal stops a statement on the server, and the connection goes on", async () => {
    await using connection = await engine.connect();
    const session = connection.driverConnection;
    const controller = new AbortController();
    const reason = new Error("the user has left");
    setTimeout(() => controller.abort(reason), 100);
    let error: unknown;
    const time = await elapsed(async () => {
      error = await connection
        .execute(text(sleeping(db, 9)), {}, { signal: controller.signal })
        .catch((caught: unknown) => caught);
    });
    // MariaDB answers an interrupted SLEEP with a row instead of an error: then the statement was faster, and nothing is thrown.
    if (db.name === "postgresql") {
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ reason, statement: "SELECT pg_sleep(9)", isRetryable: false });
    }
    expect(time).toBeLessThan(3000);
    expect(await running()).toBe(0);
    await connection.rollback();
    expect(connection.invalidated).toBe(false);
    expect(connection.driverConnection).toBe(session);
    expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
  });

  test("a timeout stops a statement that burns processor time", async () => {
    await using connection = await engine.connect();
    const slow = text(`SELECT count(*) FROM (${counting(db, 3_000_000)}) AS a CROSS JOIN (${counting(db, 3000)}) AS b`);
    const time = await elapsed(async () => {
      await expect(connection.execute(slow, {}, { timeout: "200ms" })).rejects.toThrow(StatementTimeoutError);
    });
    expect(time).toBeLessThan(3000);
    await connection.rollback();
    expect(Number(await connection.scalar(select(1)))).toBe(1);
    await expect(connection.execute(slow.executionOptions({ timeout: 100 }))).rejects.toThrow(/within its timeout of 100 ms/);
  });

  test("a signal that was raised before stops everything at once", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(engine.connect({ signal })).rejects.toThrow(CancelledError);
    await using connection = await engine.connect();
    await expect(connection.execute(select(1), {}, { signal })).rejects.toThrow(/too late/);
    expect(connection.inTransaction()).toBe(false);
    expect(engine.pool.checkedout()).toBe(1);
  });

  test("a waiter whose caller gives up leaves the queue at once", async () => {
    const first = await engine.connect();
    const second = await engine.connect();
    const controller = new AbortController();
    const waiting = engine.connect({ signal: controller.signal });
    const next = engine.connect();
    controller.abort();
    await expect(waiting).rejects.toThrow(CancelledError);
    await expect(engine.connect({ timeout: 20 })).rejects.toThrow(StatementTimeoutError);
    await first.close();
    await (await next).close();
    await second.close();
    expect(engine.pool.checkedout()).toBe(0);
    expect(engine.pool.metrics().waiting).toBe(0);
  });

  test("a stream is stopped between portions and in one", async () => {
    await using connection = await engine.connect();
    const controller = new AbortController();
    const seen: number[] = [];
    await expect(async () => {
      const stream = await connection.stream(
        text(counting(db, 1_000_000)),
        {},
        {
          signal: controller.signal,
          executionOptions: { yieldPer: 10 },
        },
      );
      for await (const [n] of stream) {
        seen.push(Number(n));
        if (seen.length === 25) controller.abort();
      }
    }).rejects.toThrow(CancelledError);
    expect(seen.length).toBeGreaterThanOrEqual(25);
    expect(seen.length).toBeLessThanOrEqual(30);
    await connection.rollback();
    expect(Number(await connection.scalar(select(1)))).toBe(1);
  });

  test("executeMany and batches are stopped between statements", async () => {
    await using connection = await engine.connect();
    await connection.execDriverSql(`CREATE TABLE IF NOT EXISTS many (n INTEGER)`);
    await connection.commit();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const update = sql`UPDATE many SET n = n WHERE n = ${1}`;
    const io = connection.execute(
      text("UPDATE many SET n = :n WHERE n = :n"),
      Array.from({ length: 100_000 }, (_, n) => ({ n })),
      { signal: controller.signal },
    );
    await expect(io).rejects.toThrow(CancelledError);
    await connection.rollback();
    await connection.execute(update);
  });

  test("a statement that is faster than its cancellation gives its result", async () => {
    await using connection = await engine.connect();
    for (let round = 1; round <= 50; round++) {
      const controller = new AbortController();
      const answer = connection.execute(select(round), {}, { signal: controller.signal }).then(
        (result) => Number(result.scalar()),
        (error: unknown) => error,
      );
      setTimeout(() => controller.abort(), Math.random() * 2);
      const got = await answer;
      if (got !== round) expect(got).toBeInstanceOf(CancelledError);
      if (got !== round) await connection.rollback();
      // Whatever became of it, the next statement is not hit by what was meant for this one.
      expect(Number(await connection.scalar(select(-round)))).toBe(-round);
    }
  });

  test("commit and rollback are not stopped", async () => {
    await using connection = await engine.connect();
    const controller = new AbortController();
    await connection.executionOptions({ signal: controller.signal });
    await connection.execDriverSql("SELECT 1");
    controller.abort();
    await expect(connection.execute(select(1))).rejects.toThrow(CancelledError);
    await connection.commit();
    expect(connection.inTransaction()).toBe(false);
  });

  test("options of the engine and the pool's own timeout", async () => {
    const quick = openEngine("async", db.url, {
      executionOptions: { timeout: 150 },
      poolSize: 1,
      maxOverflow: 0,
      poolTimeout: 30,
    }) as AsyncEngine;
    const connection = await quick.connect();
    if (db.name === "postgresql") await expect(connection.execDriverSql(sleeping(db, 9))).rejects.toThrow(StatementTimeoutError);
    await expect(quick.connect()).rejects.toThrow(TimeoutError);
    await connection.close();
    await quick.dispose();
    expect(() => openEngine("async", db.url, { executionOptions: { timeout: "soon" } })).toThrow(/timeout must be a duration/);
    await using other = await engine.connect();
    await expect(other.execute(select(1), {}, { signl: null } as never)).rejects.toThrow(/no option signl/);
  });
});

forEachDatabase("timeouts in both colours", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: AnyEngine;
    beforeAll(() => {
      engine = openEngine(colour, db.url);
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    test("a timeout between rows", async () => {
      const connection = await engine.connect();
      const many = text(counting(db, db.name === "mysql" ? 4_000_000 : 40_000_000));
      const time = await elapsed(async () => {
        await expect(async () => {
          if (colour === "sync") (connection as ReturnType<Engine["connect"]>).execute(many, {}, { timeout: 100 });
          else await connection.execute(many, {}, { timeout: 100 });
        }).rejects.toThrow(StatementTimeoutError);
      });
      expect(time).toBeLessThan(8000);
      await connection.rollback();
      expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
      await connection.close();
    });
  });
});
