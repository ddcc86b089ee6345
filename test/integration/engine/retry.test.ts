/** `run`: a transaction is done again when the database asks for it, and only then; with real deadlocks and serialization failures. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { ArgumentError, CancelledError, DBAPIError, IntegrityError, SyncWaitError } from "../../../src/errors/index.ts";
import { text } from "../../../src/sql/index.ts";
import { coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

forEachDatabase("run", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: Engine | AsyncEngine;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl());
      const connection = await engine.connect();
      await connection.execDriverSql(
        `CREATE TABLE accounts (id INTEGER PRIMARY KEY, n INTEGER)${db.name === "mysql" ? " ENGINE=InnoDB" : ""}`,
      );
      await connection.commit();
      await connection.close();
    });
    beforeEach(async () => {
      const connection = await engine.connect();
      await connection.execDriverSql("DELETE FROM accounts");
      await connection.execDriverSql("INSERT INTO accounts VALUES (1, 0)");
      await connection.execDriverSql("INSERT INTO accounts VALUES (2, 0)");
      await connection.commit();
      await connection.close();
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    const total = async (): Promise<number> => {
      const connection = await engine.connect();
      try {
        return Number((await connection.execDriverSql("SELECT sum(n) FROM accounts")).scalar());
      } finally {
        await connection.close();
      }
    };

    /** An error such as the database gives for a collision. */
    const collision = (): DBAPIError => new DBAPIError("collided", { isRetryable: true });

    test("commits what the callback did, and gives what it gives", async () => {
      const result = await (engine as Engine).run((connection) => {
        const done = connection.execute(text("UPDATE accounts SET n = n + 5 WHERE id = 1")) as unknown;
        return colour === "sync" ? "done" : (Promise.resolve(done).then(() => "done") as unknown as string);
      });
      expect(result).toBe("done");
      expect(await total()).toBe(5);
    });

    test("repeats, with the failed attempt undone, as often as it is told", async () => {
      let calls = 0;
      const work = (connection: Parameters<Parameters<Engine["run"]>[0]>[0]): unknown => {
        const fail = (): void => {
          if (++calls < 3) throw new Error("wrapped", { cause: collision() });
        };
        const done = connection.execute(text("UPDATE accounts SET n = n + 1 WHERE id = 1")) as unknown;
        return colour === "sync" ? fail() : Promise.resolve(done).then(fail);
      };
      await (engine as Engine).run(work, { backoff: 1 });
      expect(calls).toBe(3);
      expect(await total()).toBe(1);
      calls = -10;
      await expect(async () => await (engine as Engine).run(work, { retries: 2, backoff: 1, maxBackoff: 2 })).rejects.toThrow(
        "wrapped",
      );
      expect(calls).toBe(-7);
      expect(await total()).toBe(1);
      expect(engine.pool.checkedout()).toBe(0);
    });

    test("does not repeat what would fail again", async () => {
      let calls = 0;
      await expect(
        async () =>
          await (engine as Engine).run((connection) => {
            calls++;
            return connection.execDriverSql("INSERT INTO accounts VALUES (1, 1)");
          }),
      ).rejects.toThrow(IntegrityError);
      expect(calls).toBe(1);
      await expect(async () => await engine.run(() => 1, { retries: -1 })).rejects.toThrow(ArgumentError);
      await expect(async () => await engine.run(() => 1, { retry: 1 } as never)).rejects.toThrow(/no option retry/);
      await expect(async () => await engine.run(() => 1, { backoff: "soon" })).rejects.toThrow(/duration/);
    });

    test("a promise under a synchronous engine is refused, and nothing is saved", async () => {
      if (colour === "async") return;
      expect(() => (engine as Engine).run(async () => Promise.resolve(1))).toThrow(SyncWaitError);
      expect(engine.pool.checkedout()).toBe(0);
    });

    test("a signal ends the repeating", async () => {
      if (colour === "sync") return;
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 30);
      await expect(
        (engine as AsyncEngine).run(
          () => {
            throw collision();
          },
          { backoff: "10s", maxBackoff: "10s", signal: controller.signal },
        ),
      ).rejects.toThrow(CancelledError);
      expect(engine.pool.checkedout()).toBe(0);
    });
  });
});

forEachDatabase("run against real collisions", { requires: ["killConnection"] }, (db) => {
  let engine: AsyncEngine;
  beforeAll(async () => {
    engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
    await engine.begin(async (connection) => {
      await connection.execDriverSql(
        `CREATE TABLE accounts (id INTEGER PRIMARY KEY, n INTEGER)${db.name === "mysql" ? " ENGINE=InnoDB" : ""}`,
      );
      for (let id = 1; id <= 2; id++) await connection.execute(text("INSERT INTO accounts VALUES (:id, 0)"), { id });
    });
  });
  afterAll(async () => {
    await engine?.dispose();
  });

  test("deadlocks: both transfers arrive", async () => {
    const transfer = (from: number, to: number): Promise<void> =>
      engine.run(
        async (connection) => {
          await connection.execute(text("UPDATE accounts SET n = n - 1 WHERE id = :id"), { id: from });
          await new Promise((resolve) => setTimeout(resolve, 20));
          await connection.execute(text("UPDATE accounts SET n = n + 1 WHERE id = :id"), { id: to });
        },
        { retries: 20 },
      );
    await Promise.all([transfer(1, 2), transfer(2, 1), transfer(1, 2), transfer(2, 1), transfer(1, 2)]);
    await using connection = await engine.connect();
    const rows = (await connection.execDriverSql("SELECT n FROM accounts ORDER BY id")).scalars().all();
    expect(rows).toEqual([-1, 1]);
  });

  test("serialization failures: no increment is lost", async () => {
    await engine.begin(async (connection) => void (await connection.execDriverSql("UPDATE accounts SET n = 0")));
    await Promise.all(
      Array.from({ length: 10 }, () =>
        engine.run(
          async (connection) => {
            const n = Number(await connection.scalar(text("SELECT n FROM accounts WHERE id = 1")));
            await new Promise((resolve) => setTimeout(resolve, 5));
            await connection.execute(text("UPDATE accounts SET n = :n WHERE id = 1"), { n: n + 1 });
          },
          { isolationLevel: "SERIALIZABLE", retries: 50, backoff: "5ms", maxBackoff: "50ms" },
        ),
      ),
    );
    await using connection = await engine.connect();
    expect(Number(await connection.scalar(text("SELECT n FROM accounts WHERE id = 1")))).toBe(10);
  });
});
