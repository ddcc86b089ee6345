/** Transactions and sessions found through AsyncLocalStorage: who joins, who begins, and who is refused. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import { asyncScopedSession } from "../../../src/async/scopedSession.ts";
import { asyncSessionmaker } from "../../../src/async/session.ts";
import { transactionContext, type AsyncTransactionContext } from "../../../src/async/transactionContext.ts";
import { InvalidRequestError, NotYetSupportedError } from "../../../src/errors/index.ts";
import { text } from "../../../src/sql/index.ts";
import { openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

forEachDatabase("contexts", (db) => {
  let engine: AsyncEngine;
  let context: AsyncTransactionContext;
  beforeAll(async () => {
    engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
    context = transactionContext(engine);
    await engine.begin(async (connection) => {
      await connection.execDriverSql(`CREATE TABLE work (n INTEGER)${db.name === "mysql" ? " ENGINE=InnoDB" : ""}`);
    });
  });
  beforeEach(async () => {
    await engine.begin(async (connection) => void (await connection.execDriverSql("DELETE FROM work")));
  });
  afterAll(async () => {
    await engine?.dispose();
  });

  async function numbers(): Promise<number[]> {
    await using connection = await engine.connect();
    return (await connection.execDriverSql("SELECT n FROM work ORDER BY n")).scalars().all().map(Number);
  }

  /** A function that knows nothing of its caller. */
  const add = (n: number, options: Parameters<AsyncTransactionContext["run"]>[1] = {}): Promise<void> =>
    context.run(async (connection) => {
      await connection.execute(text("INSERT INTO work (n) VALUES (:n)"), { n });
      if (n < 0) throw new RangeError("negative");
    }, options);

  test("required joins, and all is saved or lost together", async () => {
    await context.run(async (connection) => {
      await add(1);
      expect(context.connection).toBe(connection);
      await add(2, { propagation: "mandatory" });
    });
    expect(await numbers()).toEqual([1, 2]);
    await expect(
      context.run(async () => {
        await add(3);
        await add(-1);
      }),
    ).rejects.toThrow(RangeError);
    expect(await numbers()).toEqual([1, 2]);
    expect(context.connection).toBeNull();
    await add(4);
    expect(await numbers()).toEqual([1, 2, 4]);
  });

  test("nested is a savepoint", async () => {
    await context.run(async () => {
      await add(1);
      await expect(add(-1, { propagation: "nested" })).rejects.toThrow(RangeError);
      await add(2, { propagation: "nested" });
    });
    expect(await numbers()).toEqual([1, 2]);
  });

  test("mandatory and never", async () => {
    await expect(add(1, { propagation: "mandatory" })).rejects.toThrow(InvalidRequestError);
    await expect(context.run(() => add(1, { propagation: "never" }))).rejects.toThrow(/refuses to run in one/);
    await add(1, { propagation: "never" });
    await expect(add(1, { propagation: "requird" as "required" })).rejects.toThrow(/did you mean "required"/);
    await expect(context.run(() => add(1, { isolationLevel: "SERIALIZABLE" }))).rejects.toThrow(/joins a transaction/);
    expect(await numbers()).toEqual([1]);
  });

  // SQLite has one writer at a time, so that a second transaction would wait for the one it is called in.
  test.skipIf(db.name === "sqlite")("requiresNew and notSupported are saved by themselves", async () => {
    await expect(
      context.run(async () => {
        await add(1);
        await add(2, { propagation: "requiresNew" });
        await add(3, { propagation: "notSupported" });
        throw new RangeError("the outer one is lost");
      }),
    ).rejects.toThrow(RangeError);
    expect(await numbers()).toEqual([2, 3]);
    await expect(add(-5, { propagation: "supports" })).rejects.toThrow(RangeError);
    expect(await numbers()).toEqual([-5, 2, 3]);
  });

  test("scopes have sessions of their own", async () => {
    const session = asyncScopedSession(asyncSessionmaker(engine));
    expect(() => session()).toThrow(/no scope here/);
    const [first, second] = await Promise.all(
      [1, 2].map((n) =>
        session.scope(async () => {
          expect(session.has()).toBe(false);
          const mine = session();
          await new Promise((resolve) => setTimeout(resolve, 5));
          expect(session()).toBe(mine);
          if (n === 2) await session.remove();
          return mine;
        }),
      ),
    );
    expect(first).not.toBe(second);
    expect(engine.pool.checkedout()).toBe(0);
  });

  test("transactions of scoped sessions", async () => {
    const session = asyncScopedSession(asyncSessionmaker(engine));
    const put = async (n: number): Promise<void> => {
      await session.transaction(async (mine) => {
        expect(mine).toBe(session());
        await mine.execute(text("INSERT INTO work (n) VALUES (:n)"), { n });
      });
    };
    await session.transaction(async () => {
      await put(1);
      await put(2);
    });
    await expect(
      session.transaction(async () => {
        await put(3);
        throw new RangeError("lost");
      }),
    ).rejects.toThrow(RangeError);
    expect(await numbers()).toEqual([1, 2]);
    await expect(session.transaction(() => 1, { propagation: "mandatory" })).rejects.toThrow(InvalidRequestError);
    await expect(session.transaction(() => session.transaction(() => 1, { propagation: "nested" }))).rejects.toThrow(
      NotYetSupportedError,
    );
    expect(engine.pool.checkedout()).toBe(0);
  });
});
