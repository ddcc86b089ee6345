/** Pools without an engine: what they lend, which options they take, and how an engine shares one. */
import { afterEach, describe, expect, test } from "vitest";
import { type AsyncConnectionPool, createAsyncPoolFromUrl } from "../../../src/async/connectionPool.ts";
import { event } from "../../../src/engine/events.ts";
import { ArgumentError, ResourceClosedError, TimeoutError } from "../../../src/errors/index.ts";
import { AssertionPool } from "../../../src/pool/assertionPool.ts";
import { NullPool } from "../../../src/pool/nullPool.ts";
import { text } from "../../../src/sql/index.ts";
import { type ConnectionPool, createPoolFromUrl } from "../../../src/sync/connectionPool.ts";
import type { PoolFromUrlOptions } from "../../../src/engine/connectionPool.ts";
import { coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

type AnyPool = ConnectionPool | AsyncConnectionPool;

forEachDatabase("a pool from a URL", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    const pools: AnyPool[] = [];
    afterEach(async () => {
      for (const pool of pools.splice(0)) await pool.dispose();
    });
    const open = (options: PoolFromUrlOptions = {}): AnyPool => {
      const pool = colour === "sync" ? createPoolFromUrl(db.url, options) : createAsyncPoolFromUrl(db.url, options);
      pools.push(pool);
      return pool;
    };

    test("lends raw connections and takes them back", async () => {
      const pool = open({ poolSize: 1, maxOverflow: 1, poolTimeout: 50 });
      expect([pool.size(), pool.overflow(), pool.timeout(), pool.checkedin()]).toEqual([1, -1, 50, 0]);
      const raw = await pool.connect();
      expect([raw.isValid, pool.checkedout(), pool.metrics().lent]).toEqual([true, 1, 1]);
      expect(raw.driverConnection === null).toBe(colour === "sync" && !db.has("inProcess"));
      const other = await pool.connect();
      await expect(async () => await pool.connect()).rejects.toThrow(TimeoutError);
      await other.close();
      await raw.close();
      expect([pool.checkedin(), pool.checkedout()]).toEqual([1, 0]);
      expect(() => raw.driverConnection).toThrow(ResourceClosedError);
      expect(pool.status()).toMatch(/^Pool size: 1/);
      expect(pool.prometheus({ name: "p" })).toContain('athanor_pool_idle{pool="p"} 1');
      await pool.dispose();
      expect(pool.checkedin()).toBe(0);
    });

    test("its events, and those of all engines of its colour", async () => {
      const pool = open();
      const seen: string[] = [];
      event.listen(pool, "connect", () => void seen.push("connect"));
      event.listen(pool, "checkout", () => void seen.push("checkout"));
      event.listen(pool, "checkin", () => void seen.push("checkin"));
      await (await pool.connect()).close();
      await (await pool.connect()).close();
      expect(seen).toEqual(["connect", "checkout", "checkin", "checkout", "checkin"]);
    });

    test("an engine shares it", async () => {
      const pool = open();
      const engine = openEngine(colour, db.url, { pool: pool.core });
      const connection = await engine.connect();
      expect((await connection.execute(text("SELECT 1"))).scalar()).toBe(1);
      expect(pool.checkedout()).toBe(1);
      await connection.close();
      const raw = await pool.connect();
      expect(engine.pool.checkedout()).toBe(1);
      await raw.close();
    });

    test("another of the same kind", async () => {
      const pool = open({ poolClass: AssertionPool });
      const again = pool.recreate();
      pools.push(again);
      const [one, other] = [await pool.connect(), await again.connect()];
      await expect(async () => await again.connect()).rejects.toThrow(/lent/);
      await one.close();
      await other.close();
    });

    test("only what is about pools and connecting is taken", () => {
      const caller = colour === "sync" ? "createPoolFromUrl" : "createAsyncPoolFromUrl";
      const wrong =
        (options: object): (() => unknown) =>
        () =>
          open(options);
      expect(wrong({ echo: true })).toThrow(new RegExp(`${caller}: there is no option echo`));
      expect(wrong({ pool_size: 1 })).toThrow(/there is no option pool_size; did you mean poolSize/);
      expect(wrong({ poolSize: -1 })).toThrow(new RegExp(`^${caller}: poolSize must be`));
      expect(wrong({ poolClass: NullPool, poolSize: 1 })).toThrow(new RegExp(`^${caller}: NullPool has no use for poolSize`));
      expect(wrong({ queryCacheSize: 1 })).toThrow(ArgumentError);
    });
  });
});
