/** How transactions run: isolation levels, AUTOCOMMIT, read-only, savepoints, and what is left on a connection afterwards. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { AsyncConnection } from "../../../src/async/connection.ts";
import { event } from "../../../src/engine/events.ts";
import type { IsolationLevel } from "../../../src/engine/options/executionOptions.ts";
import {
  ArgumentError,
  DBAPIError,
  InvalidRequestError,
  OperationalError,
  PendingRollbackError,
  ResourceClosedError,
} from "../../../src/errors/index.ts";
import { type AnyEngine, coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

forEachDatabase("transactions", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: AnyEngine;
    let url: string;
    beforeAll(async () => {
      url = await db.freshUrl();
      engine = openEngine(colour, url);
      const connection = await engine.connect();
      await connection.execDriverSql(`CREATE TABLE work (n INTEGER)${db.name === "mysql" ? " ENGINE=InnoDB" : ""}`);
      await connection.commit();
      await connection.close();
    });
    beforeEach(async () => {
      const connection = await engine.connect();
      await connection.execDriverSql("DELETE FROM work");
      await connection.commit();
      await connection.close();
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    async function count(): Promise<number> {
      const connection = await engine.connect();
      try {
        return Number((await connection.execDriverSql("SELECT count(*) FROM work")).scalar());
      } finally {
        await connection.close();
      }
    }

    /** Runs steps one after another: those of a synchronous connection at once, because a callback of its must not give a promise. */
    function inTurn(steps: readonly (() => unknown)[]): unknown {
      if (colour === "sync") return steps.forEach((step) => void step());
      return steps.reduce<Promise<unknown>>((before, step) => before.then(step), Promise.resolve());
    }
    type Borrowed = Awaited<ReturnType<AnyEngine["connect"]>>;
    const insertInto = (connection: Borrowed) => (): unknown => connection.execDriverSql("INSERT INTO work (n) VALUES (1)");

    test.each(["commit", "rollback"] as const)("after %s() a callback runs nothing more", async (how) => {
      const work = (connection: Borrowed): unknown =>
        inTurn([insertInto(connection), () => connection[how](), insertInto(connection)]);
      const ways = [
        () => engine.begin(work),
        () => engine.run(work),
        async () => {
          const connection = await engine.connect();
          try {
            await connection.begin(work as never);
          } finally {
            await connection.close();
          }
        },
      ];
      for (const run of ways) await expect(async () => await run()).rejects.toThrow(/transaction of this callback has ended/);
      expect(await count()).toBe(how === "commit" ? ways.length : 0);
    });

    test("a callback that ends its transaction as the last thing is fine, and its connection is of use afterwards", async () => {
      const connection = (await engine.connect()) as AsyncConnection;
      await connection.begin(() => inTurn([insertInto(connection), () => connection.commit()]));
      await insertInto(connection)();
      await connection.commit();
      await connection.close();
      expect(await count()).toBe(2);
    });

    test("what ends a savepoint in its callback ends the callback's work, and not that around it", async () => {
      const connection = (await engine.connect()) as AsyncConnection;
      await insertInto(connection)();
      const nested = async (): Promise<unknown> =>
        await connection.beginNested(() =>
          inTurn([
            insertInto(connection),
            () => connection.getNestedTransaction()!.rollback(),
            () => expect(connection.inTransaction()).toBe(true),
            insertInto(connection),
          ]),
        );
      await expect(nested).rejects.toThrow(/transaction of this callback has ended/);
      await insertInto(connection)();
      await connection.commit();
      await connection.close();
      expect(await count()).toBe(2);
    });

    const levels: readonly IsolationLevel[] =
      db.name === "sqlite"
        ? ["READ UNCOMMITTED", "SERIALIZABLE"]
        : ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

    test.each(levels)("isolation level %s for a transaction, a connection and an engine", async (level) => {
      const connection = await engine.connect();
      const usual = await connection.getIsolationLevel();
      const transaction = await connection.begin({ isolationLevel: level });
      expect(await connection.getIsolationLevel()).toBe(level);
      expect(await levelOnServer(connection)).toBe(level);
      await transaction.rollback();
      expect(await connection.getIsolationLevel()).toBe(usual);

      await connection.executionOptions({ isolationLevel: level });
      expect(await levelOnServer(connection)).toBe(level);
      expect(connection.getExecutionOptions()).toMatchObject({ isolationLevel: level });
      await connection.close();

      const again = await engine.connect();
      expect(await again.getIsolationLevel()).toBe(usual);
      expect(await levelOnServer(again)).toBe(usual);
      await again.close();

      const copy = engine.executionOptions({ isolationLevel: level });
      expect(copy.pool).toBe(engine.pool);
      const third = await copy.connect();
      expect(await levelOnServer(third)).toBe(level);
      await third.close();
      const other = openEngine(colour, url, { isolationLevel: level });
      const fourth = await other.connect();
      expect(await levelOnServer(fourth)).toBe(level);
      await fourth.close();
      await other.dispose();
    });

    /** What the transaction under way runs with, asked of the database itself where it can say. */
    async function levelOnServer(connection: Awaited<ReturnType<AnyEngine["connect"]>>): Promise<string> {
      if (db.name === "postgresql")
        return String((await connection.execDriverSql("SHOW transaction_isolation")).scalar()).toUpperCase();
      if (db.name === "sqlite") {
        await connection.execDriverSql("SELECT 1");
        return Number((await connection.execDriverSql("PRAGMA read_uncommitted")).scalar()) === 1
          ? "READ UNCOMMITTED"
          : "SERIALIZABLE";
      }
      await connection.execDriverSql("SELECT * FROM work");
      // The server makes this table anew only when it was not read for a tenth of a second.
      await connection.execDriverSql("SELECT SLEEP(0.15)");
      const sql = "SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = connection_id()";
      return String((await connection.execDriverSql(sql)).scalar());
    }

    test("a level that does not exist, and a change in the middle", async () => {
      const connection = await engine.connect();
      await expect(async () => await connection.begin({ isolationLevel: "CHAOS" as "SERIALIZABLE" })).rejects.toThrow(
        /isolationLevel must be one of/,
      );
      await expect(async () => await connection.begin({ isolation: "SERIALIZABLE" } as never)).rejects.toThrow(
        /no option isolation/,
      );
      await connection.execDriverSql("SELECT 1");
      await expect(async () => await connection.executionOptions({ isolationLevel: "SERIALIZABLE" })).rejects.toThrow(
        InvalidRequestError,
      );
      await connection.executionOptions({ info: { tenant: 5 } });
      expect(connection.getExecutionOptions().info).toEqual({ tenant: 5 });
      await connection.rollback();
      await connection.executionOptions({ isolationLevel: "SERIALIZABLE" });
      await connection.close();
      expect(() => engine.executionOptions({ isolatonLevel: "SERIALIZABLE" } as never)).toThrow(/did you mean isolationLevel/);
    });

    test("AUTOCOMMIT saves every statement by itself", async () => {
      const connection = await engine.connect();
      await connection.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      expect(await connection.getIsolationLevel()).toBe("AUTOCOMMIT");
      await connection.execDriverSql("INSERT INTO work VALUES (1)");
      expect(await count()).toBe(1);
      expect(connection.inTransaction()).toBe(true);
      await expect(async () => await connection.beginNested()).rejects.toThrow(/no savepoints in AUTOCOMMIT/);
      await connection.rollback();
      expect(await count()).toBe(1);
      await connection.commit();
      await connection.executionOptions({ isolationLevel: levels[0]! });
      await connection.execDriverSql("INSERT INTO work VALUES (2)");
      await connection.close();
      expect(await count()).toBe(1);
    });

    test("a BEGIN by hand in AUTOCOMMIT does not reach the next borrower", async () => {
      const own = openEngine(colour, url, { isolationLevel: "AUTOCOMMIT", poolSize: 1, maxOverflow: 0 });
      const connection = await own.connect();
      await connection.execDriverSql("BEGIN");
      await connection.execDriverSql("INSERT INTO work VALUES (1)");
      await connection.close();
      const next = await own.connect();
      expect(Number((await next.execDriverSql("SELECT count(*) FROM work")).scalar())).toBe(0);
      await next.close();
      await own.dispose();
    });

    test("read-only transactions refuse to write", async () => {
      const connection = await engine.connect();
      const transaction = await connection.begin({ readOnly: true });
      await expect(async () => await connection.execDriverSql("INSERT INTO work VALUES (1)")).rejects.toThrow(DBAPIError);
      await transaction.rollback();
      await connection.execDriverSql("INSERT INTO work VALUES (1)");
      await connection.commit();
      await connection.close();
      expect(await count()).toBe(1);
      const reader = engine.executionOptions({ readOnly: true });
      const second = await reader.connect();
      await expect(async () => await second.execDriverSql("INSERT INTO work VALUES (2)")).rejects.toThrow(DBAPIError);
      await second.close();
      const third = await engine.connect();
      await third.execDriverSql("INSERT INTO work VALUES (3)");
      await third.commit();
      await third.close();
      expect(await count()).toBe(2);
    });

    test("deferrable is for PostgreSQL", async () => {
      const connection = await engine.connect();
      const begin = async (): Promise<unknown> =>
        await connection.begin({ isolationLevel: "SERIALIZABLE", readOnly: true, deferrable: true });
      if (db.name === "postgresql") {
        await begin();
        expect((await connection.execDriverSql("SHOW transaction_deferrable")).scalar()).toBe("on");
      } else await expect(begin()).rejects.toThrow(ArgumentError);
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
    });

    test("events of transactions and savepoints", async () => {
      const connection = await engine.connect();
      const seen: unknown[] = [];
      const own = connection as never as Parameters<typeof event.listen<ListenedTo, "begin">>[0];
      for (const name of ["begin", "commit", "rollback"] as const)
        event.listen(own, name, (target: object) => void seen.push(name, target === connection));
      for (const name of ["savepoint", "rollbackSavepoint", "releaseSavepoint"] as const)
        event.listen(own, name, (_target: object, savepoint: string) => void seen.push(name, savepoint));
      const outer = await connection.begin();
      const first = await connection.beginNested();
      await first.commit();
      const second = await connection.beginNested();
      await second.rollback();
      await outer.commit();
      await connection.close();
      expect(seen).toEqual([
        ...["begin", true, "savepoint", "athanor_savepoint_1", "releaseSavepoint", "athanor_savepoint_1"],
        ...["savepoint", "athanor_savepoint_2", "rollbackSavepoint", "athanor_savepoint_2", "commit", true],
      ]);
    });

    test("getTransaction and getNestedTransaction", async () => {
      const connection = await engine.connect();
      expect(connection.getTransaction()).toBeNull();
      await connection.execDriverSql("SELECT 1");
      expect(connection.getTransaction()?.isActive).toBe(true);
      expect(connection.getNestedTransaction()).toBeNull();
      await connection.beginNested();
      expect(connection.getNestedTransaction()?.nested).toBe(true);
      await connection.getTransaction()!.rollback();
      expect(connection.inTransaction()).toBe(false);
      await connection.close();
    });

    test("a transaction is valid until it ends or its connection is lost", async () => {
      const connection = await engine.connect();
      const transaction = await connection.begin();
      const savepoint = await connection.beginNested();
      expect([transaction.isValid, savepoint.isValid]).toEqual([true, true]);
      await savepoint.rollback();
      expect([transaction.isValid, savepoint.isValid]).toEqual([true, false]);
      await connection.invalidate();
      expect([transaction.isActive, transaction.isValid]).toEqual([false, false]);
      await transaction.rollback();
      const next = await connection.begin();
      await next.commit();
      expect([transaction.isValid, next.isValid]).toEqual([false, false]);
      await connection.close();
    });

    test.runIf(db.has("killConnection"))("a transaction whose connection was cut is no longer valid", async () => {
      const connection = await engine.connect();
      const sql = db.name === "postgresql" ? "SELECT pg_backend_pid()" : "SELECT CONNECTION_ID()";
      const transaction = await connection.begin();
      const id = Number((await connection.execDriverSql(sql)).scalar());
      const raw = await db.raw(url);
      await raw.query(db.name === "postgresql" ? `SELECT pg_terminate_backend(${id})` : `KILL ${id}`);
      await raw.close();
      // The driver hears of it by itself; what a synchronous engine knows of its connection, it knows from its last answer.
      if (colour === "async") await vi.waitFor(() => expect(transaction.isValid).toBe(false));
      expect(transaction.isActive).toBe(true);
      await expect(async () => await connection.execDriverSql("SELECT 1")).rejects.toThrow(OperationalError);
      expect([transaction.isActive, transaction.isValid]).toEqual([false, false]);
      await connection.close();
    });

    test("invalidate and detach", async () => {
      const connection = await engine.connect();
      await connection.execDriverSql("INSERT INTO work VALUES (1)");
      await connection.invalidate();
      expect(connection.invalidated).toBe(true);
      await expect(async () => await connection.execDriverSql("SELECT 1")).rejects.toThrow(PendingRollbackError);
      await connection.rollback();
      await connection.execDriverSql("INSERT INTO work VALUES (2)");
      await connection.commit();
      await connection.detach();
      expect(engine.pool.checkedout()).toBe(0);
      await connection.execDriverSql("INSERT INTO work VALUES (3)");
      await connection.commit();
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
      expect(await count()).toBe(2);
      await expect(async () => await connection.detach()).rejects.toThrow(ResourceClosedError);
    });

    test("raw connections", async () => {
      const raw = await engine.rawConnection();
      expect(raw.driverConnection === null).toBe(colour === "sync" && !db.has("inProcess"));
      raw.info.set("mine", 1);
      expect(raw.isValid).toBe(true);
      await raw.close();
      await raw.close();
      expect(engine.pool.checkedout()).toBe(0);
    });

    test("raw connections that were given back are somebody else's", async () => {
      const raw = await engine.rawConnection();
      await raw.close();
      const other = await engine.rawConnection();
      expect([raw.isValid, raw.isDetached]).toEqual([false, false]);
      for (const attempt of [
        async () => await raw.invalidate(),
        async () => await raw.detach(),
        async () => raw.driverConnection,
        async () => raw.info,
        async () => raw.recordInfo,
      ])
        await expect(attempt).rejects.toThrow(ResourceClosedError);
      expect([other.isValid, other.isDetached, engine.pool.checkedout()]).toEqual([true, false, 1]);
      await other.close();
    });
  });
});

interface ListenedTo {
  begin: (target: object) => void;
  commit: (target: object) => void;
  rollback: (target: object) => void;
  savepoint: (target: object, name: string) => void;
  rollbackSavepoint: (target: object, name: string) => void;
  releaseSavepoint: (target: object, name: string) => void;
}
