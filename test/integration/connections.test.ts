/** Connections and transactions in both colours: who commits, who rolls back, and that nothing leaks when the server goes away. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { AsyncConnection } from "../../src/async/connection.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { event } from "../../src/engine/events.ts";
import {
  ArgumentError,
  ConcurrentUseError,
  DBAPIError,
  InvalidRequestError,
  NotYetSupportedError,
  OperationalError,
  PendingRollbackError,
  ResourceClosedError,
  TimeoutError,
} from "../../src/errors/index.ts";
import { createEngine, type Engine } from "../../src/sync/engine.ts";
import { type AnyEngine, coloursOf, openEngine, placeholder } from "../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";

forEachDatabase("connections", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: AnyEngine;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl());
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
      expect(engine.pool.checkedout()).toBe(0);
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    const add = (connection: Awaited<ReturnType<AnyEngine["connect"]>>, n: number): unknown =>
      connection.execDriverSql(`INSERT INTO work VALUES (${placeholder(db, 1)})`, [n]);
    async function numbers(): Promise<unknown[]> {
      const connection = await engine.connect();
      const found = (await connection.execDriverSql("SELECT n FROM work ORDER BY n")).scalars().all();
      await connection.close();
      return found;
    }

    test("commit as you go; closing rolls back the rest", async () => {
      const connection = await engine.connect();
      expect(connection.inTransaction()).toBe(false);
      await add(connection, 1);
      expect(connection.inTransaction()).toBe(true);
      await connection.commit();
      expect(connection.inTransaction()).toBe(false);
      await add(connection, 2);
      await connection.rollback();
      await add(connection, 3);
      await connection.close();
      await connection.close();
      expect(connection.closed).toBe(true);
      expect(await numbers()).toEqual([1]);
    });

    test("begin() once, and only once", async () => {
      const connection = await engine.connect();
      const transaction = await connection.begin();
      await expect(async () => await connection.begin()).rejects.toThrow(InvalidRequestError);
      await add(connection, 1);
      await transaction.commit();
      expect(transaction.isActive).toBe(false);
      await expect(async () => await transaction.commit()).rejects.toThrow(/ended already/);
      await transaction.rollback();
      await connection.close();
      expect(await numbers()).toEqual([1]);
    });

    test("savepoints", async () => {
      const connection = await engine.connect();
      await add(connection, 1);
      const outer = await connection.beginNested();
      await add(connection, 2);
      const inner = await connection.beginNested();
      expect(connection.inNestedTransaction()).toBe(true);
      await add(connection, 3);
      await inner.rollback();
      await add(connection, 4);
      await outer.commit();
      const dropped = await connection.beginNested();
      await add(connection, 5);
      const within = await connection.beginNested();
      await dropped.rollback();
      expect(within.isActive).toBe(false);
      await connection.commit();
      await connection.close();
      expect(await numbers()).toEqual([1, 2, 4]);
    });

    test("an error inside a savepoint leaves the transaction usable", async () => {
      const connection = await engine.connect();
      await add(connection, 1);
      const savepoint = await connection.beginNested();
      await expect(async () => await connection.execDriverSql("SELECT * FROM no_such_table")).rejects.toThrow(/no_such_table/);
      await savepoint.rollback();
      await add(connection, 2);
      await connection.commit();
      await connection.close();
      expect(await numbers()).toEqual([1, 2]);
    });

    test("a closed connection says so", async () => {
      const connection = await engine.connect();
      await connection.close();
      await expect(async () => await connection.execDriverSql("SELECT 1")).rejects.toThrow(ResourceClosedError);
    });

    test("events", async () => {
      const seen: unknown[] = [];
      const onStatement = (
        connection: object,
        cursor: null,
        statement: string,
        parameters: unknown,
        context: null,
        isMany: boolean,
      ): void => {
        seen.push([connection === current, cursor, statement, parameters, context, isMany]);
      };
      const [onBegin, onCommit, onRollback] = ["begin", "commit", "rollback"].map((name) => (): void => void seen.push(name));
      const target = engine as AsyncEngine;
      event.listen(target, "beforeCursorExecute", onStatement);
      event.listen(target, "begin", onBegin!);
      event.listen(target, "commit", onCommit!);
      event.listen(target, "rollback", onRollback!);
      const current: object = await engine.connect();
      const connection = current as AsyncConnection;
      await add(connection, 1);
      await connection.commit();
      await connection.execDriverSql(`INSERT INTO work VALUES (${placeholder(db, 1)})`, [[2], [3]]);
      await connection.close();
      event.remove(target, "beforeCursorExecute", onStatement);
      event.remove(target, "begin", onBegin!);
      event.remove(target, "commit", onCommit!);
      event.remove(target, "rollback", onRollback!);
      await numbers();
      const sql = `INSERT INTO work VALUES (${placeholder(db, 1)})`;
      expect(seen).toEqual([
        "begin",
        [true, null, sql, [1], null, false],
        "commit",
        "begin",
        [true, null, sql, [[2], [3]], null, true],
        "rollback",
      ]);
      expect(() => {
        event.listen(target, "beforeCursorExecut" as "begin", onBegin!);
      }).toThrow(/did you mean "beforeCursorExecute"/);
    });

    test("the user's line is in the stack of an error", async () => {
      const connection = await engine.connect();
      async function theUsersOwnFunction(): Promise<void> {
        await connection.execDriverSql("SELECT * FROM no_such_table");
      }
      const error = await theUsersOwnFunction().then(
        () => null,
        (reason: unknown) => reason as Error,
      );
      expect(error!.stack).toContain("theUsersOwnFunction");
      await connection.close();
    });

    test("a full pool times out, and takes up again", async () => {
      const small = openEngine(colour, db.url, { poolSize: 1, maxOverflow: 0, poolTimeout: 50 });
      const connection = await small.connect();
      await expect(async () => await small.connect()).rejects.toThrow(TimeoutError);
      await connection.close();
      await (await small.connect()).close();
      expect(small.pool.status()).toContain("Connections in pool: 1");
      await small.dispose();
    });

    test("an engine is disposed of at the end of the block that declares it", async () => {
      const declared = openEngine(colour, db.url) as AsyncEngine;
      const opened = await declared.connect();
      await opened.execDriverSql("SELECT 1");
      await opened.close();
      expect(declared.pool.checkedin()).toBe(1);
      if (colour === "sync") (declared as unknown as Disposable)[Symbol.dispose]();
      else await declared[Symbol.asyncDispose]();
      expect(declared.pool.checkedin()).toBe(0);
    });

    test("an error says whether its parameters are one set or a list of them", async () => {
      const connection = await engine.connect();
      const sql = `INSERT INTO no_such_table VALUES (${placeholder(db, 1)})`;
      const failure = async (parameters: readonly unknown[] | readonly (readonly unknown[])[]): Promise<DBAPIError> => {
        const error = await (async () => await connection.execDriverSql(sql, parameters))().catch((caught: unknown) => caught);
        await connection.rollback();
        return error as DBAPIError;
      };
      const one = await failure([1]);
      expect(one).toBeInstanceOf(DBAPIError);
      expect([one.isMulti, one.parameters, one.statement]).toEqual([false, [1], sql]);
      expect(one.cause).toBeInstanceOf(Error);
      const many = await failure([[1], [2]]);
      expect([many.isMulti, many.parameters, many.isDisconnect]).toEqual([true, [[1], [2]], false]);
      await connection.close();
    });

    test("connect listeners, echo and hidden parameters", async () => {
      const lines: string[] = [];
      const loud = openEngine(colour, db.url, { echo: true, logger: (line) => lines.push(line), hideParameters: true });
      const opened = vi.fn();
      event.listen(loud, "connect", opened);
      const connection = await loud.connect();
      expect(opened).toHaveBeenCalledOnce();
      expect(opened.mock.calls[0]![1]).toMatchObject({ info: connection.info });
      const error = await Promise.resolve(0)
        .then(async () => await connection.execDriverSql(`INSERT INTO no_such_table VALUES (${placeholder(db, 1)})`, ["s3cret"]))
        .then(
          () => null,
          (reason: unknown) => reason as OperationalError,
        );
      expect(`${error!.message}${JSON.stringify(error!.parameters)}${lines.join("")}`).not.toContain("s3cret");
      await connection.rollback();
      await connection.close();
      expect(lines).toEqual([
        "BEGIN (implicit)",
        `INSERT INTO no_such_table VALUES (${placeholder(db, 1)})`,
        "[raw sql] [parameters hidden by hideParameters]",
        "ROLLBACK",
      ]);
      await loud.dispose();
    });
  });

  describe("callbacks", () => {
    test("async: commits on return, rolls back on throw", async () => {
      const engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
      await engine.begin(async (connection) => {
        await connection.execDriverSql("CREATE TABLE made (n INTEGER)");
        await connection.execDriverSql("INSERT INTO made VALUES (1)");
      });
      await expect(
        engine.begin(async (connection) => {
          await connection.execDriverSql("INSERT INTO made VALUES (2)");
          throw new Error("no");
        }),
      ).rejects.toThrow("no");
      await using connection = await engine.connect();
      const answer = await connection.begin(async (same) => {
        await same
          .beginNested(async () => {
            await same.execDriverSql("INSERT INTO made VALUES (3)");
            throw new Error("inner");
          })
          .catch(() => undefined);
        return (await same.execDriverSql("SELECT n FROM made")).scalars().all();
      });
      expect(answer).toEqual([1]);
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
      await engine.dispose();
    });

    test("two operations at a time on one connection", { skip: db.has("inProcess") }, async () => {
      const engine = openEngine("async", db.url) as AsyncEngine;
      const connection = await engine.connect();
      const first = connection.execDriverSql("SELECT 1");
      await expect(connection.execDriverSql("SELECT 2")).rejects.toThrow(ConcurrentUseError);
      await first;
      const forgotten = connection.execDriverSql("SELECT 3");
      await expect(connection.close()).rejects.toThrow(/await missing/);
      await forgotten.catch(() => undefined);
      expect(engine.pool.checkedout()).toBe(0);
      await engine.dispose();
    });
  });
});

forEachDatabase("lost connections", { requires: ["killConnection"] }, (db) => {
  async function killed(engine: AsyncEngine, connection: AsyncConnection): Promise<void> {
    const id = (
      await connection.execDriverSql(db.name === "postgresql" ? "SELECT pg_backend_pid()" : "SELECT CONNECTION_ID()")
    ).scalar();
    await using other = await engine.connect();
    await other.execDriverSql(
      db.name === "postgresql" ? "SELECT pg_terminate_backend($1::int)" : `KILL ${String(id)}`,
      db.name === "postgresql" ? [id] : [],
    );
  }

  test("in the middle of a transaction", async () => {
    const engine = openEngine("async", db.url) as AsyncEngine;
    const connection = await engine.connect();
    await killed(engine, connection);
    const error = await connection.execDriverSql("SELECT 1").then(
      () => null,
      (reason: unknown) => reason as OperationalError,
    );
    expect(error).toBeInstanceOf(OperationalError);
    expect(error!.isDisconnect).toBe(true);
    expect(connection.invalidated).toBe(true);
    expect(engine.pool.checkedout()).toBe(0);
    await expect(connection.execDriverSql("SELECT 1")).rejects.toThrow(PendingRollbackError);
    await expect(connection.commit()).rejects.toThrow(PendingRollbackError);
    await connection.rollback();
    expect((await connection.execDriverSql("SELECT 2")).scalar()).toBe(2);
    await connection.close();
    expect(engine.pool.checkedout()).toBe(0);
    await engine.dispose();
  });

  test("while idle in the pool, with and without prePing", async () => {
    for (const poolPrePing of [true, false]) {
      const engine = openEngine("async", db.url, { poolPrePing, poolSize: 2 }) as AsyncEngine;
      const connection = await engine.connect();
      await killed(engine, connection);
      await connection.close();
      // Whether the socket's end has been seen yet or not: at most one statement fails, and the pool recovers.
      const attempt = async (): Promise<unknown> => {
        await using again = await engine.connect();
        return (await again.execDriverSql("SELECT 5")).scalar();
      };
      const first = await attempt().catch((error: unknown) => error);
      if (first !== 5) expect(first).toMatchObject({ isDisconnect: true });
      if (poolPrePing) expect(first).toBe(5);
      expect(await attempt()).toBe(5);
      expect(engine.pool.checkedout()).toBe(0);
      await engine.dispose();
    }
  });

  test("inside a callback", async () => {
    const engine = openEngine("async", db.url) as AsyncEngine;
    await expect(
      engine.begin(async (connection) => {
        await killed(engine, connection);
        await connection.execDriverSql("SELECT 1");
      }),
    ).rejects.toMatchObject({ isDisconnect: true });
    expect(engine.pool.checkedout()).toBe(0);
    await engine.dispose();
  });
});

describe("createEngine", () => {
  const memory = (options: object = {}): Engine => openEngine("sync", `${sqliteScheme}://`, options) as Engine;

  test("an in-memory database is one connection", () => {
    const engine = memory();
    {
      using connection = engine.connect();
      connection.execDriverSql("CREATE TABLE kept (n INTEGER)");
      connection.commit();
      expect(() => engine.connect()).toThrow(/lives in its one connection/);
    }
    expect(engine.begin((connection) => connection.execDriverSql("SELECT count(*) FROM kept").scalar())).toBe(0);
  });

  test("a synchronous callback must not be async", () => {
    const engine = memory();
    engine.begin((connection) => void connection.execDriverSql("CREATE TABLE t (n INTEGER)"));
    expect(() =>
      engine.begin(async (connection) => {
        connection.execDriverSql("INSERT INTO t VALUES (1)");
        await Promise.resolve();
      }),
    ).toThrow(ArgumentError);
    expect(engine.begin((connection) => connection.execDriverSql("SELECT count(*) FROM t").scalar())).toBe(0);
    expect(engine.pool.checkedout()).toBe(0);
  });

  test("what SQLite leaves open after a failed COMMIT is rolled back", () => {
    const engine = memory();
    using connection = engine.connect();
    connection.execDriverSql("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
    connection.execDriverSql("CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)");
    connection.commit();
    connection.execDriverSql("INSERT INTO child VALUES (1)");
    expect(() => {
      connection.commit();
    }).toThrow(/FOREIGN KEY/);
    expect(connection.execDriverSql("SELECT count(*) FROM child").scalar()).toBe(0);
    connection.commit();
  });

  test("INSERT OR ROLLBACK ends the transaction, and rolling back is no error", () => {
    const engine = memory();
    using connection = engine.connect();
    connection.execDriverSql("CREATE TABLE t (n INTEGER PRIMARY KEY)");
    connection.commit();
    connection.execDriverSql("INSERT INTO t VALUES (1)");
    expect(() => connection.execDriverSql("INSERT OR ROLLBACK INTO t VALUES (1)")).toThrow(/UNIQUE/);
    connection.rollback();
    expect(connection.execDriverSql("SELECT count(*) FROM t").scalar()).toBe(0);
  });

  test("options are checked", () => {
    expect(() => memory({ pool_size: 5 })).toThrow(/did you mean poolSize/);
    expect(() => memory({ labelLength: 30 })).toThrow(NotYetSupportedError);
    expect(() => memory({ isolationLevel: "REPEATABLE READ" })).toThrow(/sqlite has no isolation level/);
    expect(() => memory({ poolTimeout: "soon" })).toThrow(/duration/);
    expect(memory({ isolationLevel: undefined, poolTimeout: "2s" }).pool.timeout()).toBe(2000);
    expect(String(createEngine("postgresql://u:s3cret@h/db").url)).toBe("postgresql://u:***@h/db");
    expect(() => createEngine("oracle://h/db")).toThrow(/no dialect "oracle"/);
    expect(() => createEngine("sqlite+better-sqlite:///x")).toThrow(/did you mean sqlite\+better-sqlite3/);
  });
});
