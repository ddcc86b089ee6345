/** Events: who is called when, in which order, what listeners may change, and that promises are awaited or refused. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DISPATCHER, event } from "../../../src/engine/events.ts";
import type { Listenable } from "../../../src/io/dispatcher.ts";
import { AsyncEngine } from "../../../src/async/engine.ts";
import { Engine } from "../../../src/sync/engine.ts";
import {
  ArgumentError,
  IntegrityError,
  OperationalError,
  PendingRollbackError,
  SyncWaitError,
} from "../../../src/errors/index.ts";
import { select, text } from "../../../src/sql/index.ts";
import { type AnyEngine, coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../../support/databases.ts";

type AnyListener = (...args: readonly never[]) => unknown;

/** Listens without the types of one colour, since the tests run in both. */
function listen(target: object, name: string, listener: AnyListener, options?: object): void {
  event.listen(target as Listenable<Record<string, AnyListener>>, name, listener, options);
}

forEachDatabase("events", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let url: string;
    const engines: AnyEngine[] = [];
    function open(options: object = {}): AnyEngine {
      const engine = openEngine(colour, url, options);
      engines.push(engine);
      return engine;
    }
    beforeAll(async () => {
      url = await db.freshUrl();
      const engine = open();
      const connection = await engine.connect();
      await connection.execDriverSql("CREATE TABLE kept (n INTEGER PRIMARY KEY)");
      await connection.commit();
      await connection.close();
    });
    afterAll(async () => {
      for (const engine of engines) await engine.dispose();
    });

    test("a statement's events, in order, around the engine's and the connection's listeners", async () => {
      const engine = open();
      const seen: string[] = [];
      for (const name of ["beforeExecute", "afterExecute", "beforeCursorExecute", "afterCursorExecute", "engineConnect", "begin"])
        listen(engine, name, () => void seen.push(`engine ${name}`));
      const connection = await engine.connect();
      listen(connection, "beforeCursorExecute", () => void seen.push("connection beforeCursorExecute"));
      await connection.execute(text("SELECT 1"));
      await connection.close();
      expect(seen).toEqual([
        "engine engineConnect",
        "engine beforeExecute",
        "engine begin",
        "engine beforeCursorExecute",
        "connection beforeCursorExecute",
        "engine afterCursorExecute",
        "engine afterExecute",
      ]);
      expect(() => listen(connection, "checkout", () => undefined)).toThrow(ArgumentError);
    });

    test("once, insert, remove and contains", async () => {
      const engine = open();
      const seen: string[] = [];
      const first = (): void => void seen.push("first");
      const second = (): void => void seen.push("second");
      listen(engine, "begin", first);
      listen(engine, "begin", second, { insert: true });
      listen(engine, "begin", () => void seen.push("once"), { once: true });
      const target = engine as unknown as Listenable<{ begin: AnyListener }>;
      expect(event.contains(target, "begin", first)).toBe(true);
      for (let round = 0; round < 2; round++) {
        const connection = await engine.connect();
        await connection.begin();
        await connection.close();
      }
      event.remove(target, "begin", first);
      expect(event.contains(target, "begin", first)).toBe(false);
      const connection = await engine.connect();
      await connection.begin();
      await connection.close();
      expect(seen).toEqual(["second", "first", "once", "second", "first", "second"]);
    });

    test("listensFor gives back the listener that it adds", async () => {
      const engine = open();
      const target = engine as unknown as Listenable<{ begin: AnyListener }>;
      const seen: string[] = [];
      const first = event.listensFor(target, "begin")(() => void seen.push("first"));
      event.listensFor(target, "begin", { insert: true, once: true })(() => void seen.push("once"));
      for (let round = 0; round < 2; round++) {
        const connection = await engine.connect();
        await connection.begin();
        await connection.close();
        if (round === 0) expect(event.contains(target, "begin", first)).toBe(true);
        event.remove(target, "begin", first);
      }
      expect(seen).toEqual(["once", "first"]);
      expect(() => event.listensFor(target, "begins" as "begin")).not.toThrow();
      expect(() => event.listensFor(target, "begins" as "begin")(first)).toThrow(ArgumentError);
    });

    test("retval replaces statements and parameters, and only where it is asked for", async () => {
      const engine = open();
      listen(engine, "beforeExecute", () => [text("SELECT 7 AS n"), undefined], { retval: true });
      listen(engine, "beforeCursorExecute", () => ["SELECT 8 AS n", []]);
      const connection = await engine.connect();
      expect(Number((await connection.execute(select(1))).scalar())).toBe(7);
      listen(
        connection,
        "beforeCursorExecute",
        (...[, , sql, parameters]: unknown[]) => [`${String(sql)} `.replace("7", "9"), parameters],
        {
          retval: true,
        },
      );
      expect(Number((await connection.execute(select(1))).scalar())).toBe(9);
      await connection.close();
      expect(() => listen(engine, "commit", () => undefined, { retval: true })).toThrow(/retval is for/);
      expect(() => listen(engine, "commit", () => undefined, { onec: true })).toThrow(/no option onec/);
    });

    test("doExecute may do the driver's work", async () => {
      const engine = open();
      const done: string[] = [];
      listen(
        engine,
        "doExecute",
        (...[, sql]: unknown[]) => {
          if (!String(sql).startsWith("DELETE")) return undefined;
          done.push(String(sql));
          return true;
        },
        { retval: true },
      );
      const connection = await engine.connect();
      await connection.execDriverSql("INSERT INTO kept VALUES (77)");
      await connection.execDriverSql("DELETE FROM kept WHERE n = 77");
      expect(Number((await connection.execDriverSql("SELECT count(*) FROM kept WHERE n = 77")).scalar())).toBe(1);
      expect(done).toEqual(["DELETE FROM kept WHERE n = 77"]);
      await connection.close();
    });

    test("handleError sees everything, and may say something else", async () => {
      const engine = open();
      const contexts: Record<string, unknown>[] = [];
      listen(engine, "handleError", (context: never) => void contexts.push(context));
      const connection = await engine.connect();
      await connection.execDriverSql("INSERT INTO kept VALUES (1)");
      await expect(async () => await connection.execDriverSql("INSERT INTO kept VALUES (1)")).rejects.toThrow(IntegrityError);
      expect(contexts).toHaveLength(1);
      expect(contexts[0]).toMatchObject({ statement: "INSERT INTO kept VALUES (1)", isDisconnect: false, isPrePing: false });
      expect(contexts[0]!["error"]).toBeInstanceOf(IntegrityError);
      expect(contexts[0]!["connection"]).toBe(connection);
      await connection.rollback();
      const special = new RangeError("mine");
      listen(engine, "handleError", () => special, { retval: true });
      await expect(async () => await connection.execDriverSql("SELEC 1")).rejects.toBe(special);
      await connection.close();
    });

    test("handleError may call an error a lost connection", async () => {
      const engine = open();
      listen(engine, "handleError", (context: { isDisconnect: boolean; invalidatePoolOnDisconnect: boolean }) => {
        context.isDisconnect = true;
        context.invalidatePoolOnDisconnect = false;
      });
      const connection = await engine.connect();
      await expect(async () => await connection.execDriverSql("SELEC 1")).rejects.toMatchObject({ isDisconnect: true });
      expect(connection.invalidated).toBe(true);
      await expect(async () => await connection.execDriverSql("SELECT 1")).rejects.toThrow(PendingRollbackError);
      await connection.rollback();
      expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
    });

    test("a listener that throws stops what it was told of, and leaves nothing behind", async () => {
      const engine = open();
      const refusal = new Error("not now");
      let refused = "begin";
      for (const name of [
        "begin",
        "beforeExecute",
        "beforeCursorExecute",
        "afterCursorExecute",
        "commit",
        "engineConnect",
        "checkout",
        "connect",
      ])
        listen(engine, name, () => {
          if (name === refused) throw refusal;
        });
      for (refused of ["begin", "beforeExecute", "beforeCursorExecute", "afterCursorExecute", "commit"]) {
        const connection = await engine.connect();
        await expect(async () => {
          await connection.execute(text("INSERT INTO kept VALUES (50)"));
          await connection.commit();
        }, refused).rejects.toBe(refusal);
        await connection.close();
        expect(engine.pool.checkedout(), refused).toBe(0);
      }
      for (refused of ["engineConnect", "checkout"]) {
        await expect(async () => await engine.connect()).rejects.toBe(refusal);
        expect(engine.pool.checkedout(), refused).toBe(0);
      }
      await engine.dispose();
      refused = "connect";
      await expect(async () => await engine.connect()).rejects.toBe(refusal);
      expect(engine.pool.checkedout()).toBe(0);
      refused = "";
      const connection = await engine.connect();
      expect(Number((await connection.execDriverSql("SELECT count(*) FROM kept WHERE n = 50")).scalar())).toBe(0);
      await connection.close();
    });

    test("the pool's events reach the engine's listeners, and the pool's own", async () => {
      const engine = open();
      const seen: string[] = [];
      for (const name of ["firstConnect", "connect", "checkout", "reset", "checkin", "close"])
        listen(engine, name, () => void seen.push(name));
      listen(engine.pool, "checkout", () => void seen.push("pool checkout"));
      const connection = await engine.connect();
      await connection.execDriverSql("SELECT 1");
      await connection.close();
      await engine.dispose();
      expect(seen).toEqual(["firstConnect", "connect", "checkout", "pool checkout", "reset", "checkin", "close"]);
    });

    test("doConnect may change where to, or bring a connection", async () => {
      const engine = open();
      let target: { database: string | null } | null = null;
      listen(engine, "doConnect", (given: never) => void (target = given));
      const connection = await engine.connect();
      expect(target).toHaveProperty("database");
      const driverConnection = connection.driverConnection;
      await connection.close();
      const failing = open();
      listen(failing, "doConnect", () => {
        throw new Error("no password today");
      });
      await expect(async () => await failing.connect()).rejects.toThrow("no password today");
      expect(failing.pool.checkedout()).toBe(0);
      expect(driverConnection).toBe(driverConnection);
    });

    test("options events", async () => {
      const engine = open();
      listen(engine, "setConnectionExecutionOptions", (_connection: never, options: never) => {
        (options as Record<string, unknown>)["loggingToken"] = "from the listener";
      });
      const seen: unknown[] = [];
      listen(engine, "setEngineExecutionOptions", (_engine: never, options: never) => void seen.push({ ...(options as object) }));
      listen(engine, "engineDisposed", (which: never) => void seen.push(which));
      const connection = await engine.connect();
      await connection.executionOptions({ info: {} });
      expect(connection.getExecutionOptions().loggingToken).toBe("from the listener");
      await connection.close();
      const copy = engine.executionOptions({ maxRowBuffer: 5 });
      expect(copy.getExecutionOptions()).toMatchObject({ maxRowBuffer: 5 });
      expect(engine.getExecutionOptions()).toEqual({});
      await engine.dispose();
      expect(seen).toEqual([{ maxRowBuffer: 5 }, engine]);
    });

    test("a copy with other options calls the original's listeners too", async () => {
      const engine = open();
      const seen: string[] = [];
      listen(engine, "begin", () => void seen.push("original"));
      const copy = engine.executionOptions({ maxRowBuffer: 5 });
      listen(copy, "begin", () => void seen.push("copy"));
      for (const one of [copy, engine]) {
        const connection = await one.connect();
        await connection.begin();
        await connection.close();
      }
      expect(seen).toEqual(["original", "copy", "original"]);
    });

    test("all engines of a colour", async () => {
      const All = colour === "sync" ? Engine : AsyncEngine;
      const engine = open();
      const seen: unknown[] = [];
      const listener = (connection: { engine: unknown }): void => void seen.push(connection.engine);
      listen(All, "begin", listener);
      const connection = await engine.connect();
      await connection.begin();
      await connection.close();
      (All as unknown as Listenable<Record<string, AnyListener>>)[DISPATCHER].remove("begin", listener);
      expect(seen.filter((one) => one === engine)).toHaveLength(1);
    });

    test("a listener's promise is awaited, or refused", async () => {
      const engine = open();
      let isDone = false;
      listen(engine, "begin", async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        isDone = true;
      });
      const connection = await engine.connect();
      if (colour === "async") {
        await connection.begin();
        expect(isDone).toBe(true);
      } else expect(() => connection.begin()).toThrow(SyncWaitError);
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
    });
  });
});

test("an error while connecting reaches handleError without a connection", async () => {
  const engine = openEngine("sync", `${sqliteScheme}:////no/such/folder/file.db`);
  const contexts: { connection: unknown; error: unknown }[] = [];
  listen(engine, "handleError", (context: never) => void contexts.push(context));
  await expect(async () => await engine.connect()).rejects.toThrow(OperationalError);
  expect(contexts).toMatchObject([{ connection: null }]);
});
