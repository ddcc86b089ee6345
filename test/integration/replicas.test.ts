/** The ways to a replica, on every database and in both colours; replication itself, and its faults, are in faults/replicas.test.ts. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ArgumentError, AsyncEngine, CommitMark, DBAPIError, engineFromConfig, text } from "../../src/index.ts";
import { AsyncSession, Session } from "../../src/orm.ts";
import { type AnyEngine, coloursOf, openEngine } from "../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";

const WHO = text("SELECT name FROM who");

forEachDatabase("replicas", (db) => {
  let replica: string;
  beforeAll(async () => {
    replica = await db.freshUrl();
    // Databases with different content in the place of copies: so one sees who has answered.
    for (const [url, name] of [
      [db.url, "primary"],
      [replica, "replica"],
    ] as const) {
      const connection = await db.raw(url);
      await connection.query("create table who (name varchar(20))");
      await connection.query(`insert into who values ('${name}')`);
      await connection.close();
    }
  });

  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: AnyEngine;
    beforeEach(() => {
      engine = openEngine(colour, db.url, { replicas: [replica], stickiness: 100 });
      return () => engine.dispose();
    });

    const who = async (...args: Parameters<typeof engine.connect>): Promise<unknown> => {
      const connection = await engine.connect(...args);
      try {
        return await connection.scalar(WHO);
      } finally {
        await connection.close();
      }
    };

    test("serve connections that are only for reading", async () => {
      expect([await who(), await who({ readOnly: true }), await who({ readOnly: false })]).toEqual([
        "primary",
        "replica",
        "primary",
      ]);
      expect(await engine.begin((connection) => connection.scalar(WHO), { readOnly: true })).toBe("replica");
      expect(await engine.run((connection) => connection.scalar(WHO), { readOnly: true })).toBe("replica");
      expect(await engine.begin((connection) => connection.scalar(WHO))).toBe("primary");
      engine.updateExecutionOptions({ readOnly: true });
      expect([await who(), await who({ readOnly: false })]).toEqual(["replica", "primary"]);
    });

    test("serve sessions of an engine that only reads", async () => {
      const reading = engine.executionOptions({ readOnly: true });
      const session = reading instanceof AsyncEngine ? new AsyncSession(reading) : new Session(reading);
      expect(await session.scalar(WHO)).toBe("replica");
      await session.close();
    });

    test("refuse to be written to, with advice", async () => {
      const connection = await engine.connect({ readOnly: true });
      try {
        const write = async (): Promise<unknown> => await connection.execute(text("DELETE FROM who"));
        await expect(write()).rejects.toThrow(/without readOnly/);
        await expect(write()).rejects.toBeInstanceOf(DBAPIError);
      } finally {
        await connection.close();
      }
      expect(await who({ readOnly: true })).toBe("replica");
    });

    test("are told apart from the primary in the engine's pools and its status", async () => {
      const connection = await engine.connect({ readOnly: true });
      expect([engine.pool.checkedout(), engine.replicas[0]?.pool.checkedout()]).toEqual([0, 1]);
      expect(engine.replicas[0]).toMatchObject({ isAvailable: true, retryAt: null, lastError: null });
      await connection.close();
      expect(engine.replicas[0]?.pool.checkedin()).toBe(1);
      await engine.dispose();
      expect(engine.replicas[0]?.pool.checkedin()).toBe(0);
    });

    test("readYourWrites gives what its work gives, and hands on errors", async () => {
      expect(await engine.readYourWrites((mark) => mark instanceof CommitMark)).toBe(true);
      const failing = async (): Promise<unknown> =>
        await engine.readYourWrites(() => {
          throw new RangeError("mine");
        });
      await expect(failing()).rejects.toThrow(RangeError);
      const wrong = async (): Promise<unknown> => await engine.readYourWrites(() => 1, { mark: "0/1~0" as never });
      await expect(wrong()).rejects.toThrow("mark must be a CommitMark");
    });

    test("in AUTOCOMMIT every statement counts as a commit, and a streamed one when it ends", async () => {
      const mark = new CommitMark();
      const saving = engine.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      const connection = await saving.connect({ mark });
      const until: number[] = [];
      const note = async (): Promise<void> => {
        until.push(mark.primaryUntil);
        await new Promise((resolve) => setTimeout(resolve, 5));
      };
      await note();
      for (let round = 0; round < 2; round++) {
        await connection.execute(WHO);
        await note();
      }
      const rows = await connection.stream(WHO);
      await note();
      await rows.all();
      await note();
      await connection.close();
      const [none, first, second, opened, read] = until as [number, number, number, number, number];
      expect(none).toBe(0);
      expect([first > 0, second > first, opened, read > second]).toEqual([true, true, second, true]);
      const reading = await engine.connect({ mark: new CommitMark(), readOnly: true });
      await reading.execute(WHO);
      await reading.close();
    });

    test("without replicas reading goes to the primary, and readYourWrites just runs its work", async () => {
      const alone = openEngine(colour, db.url);
      try {
        expect(alone.replicas).toEqual([]);
        const open = (): Promise<unknown> =>
          Promise.resolve(alone.begin((connection) => connection.scalar(WHO), { readOnly: true }));
        expect(await alone.readYourWrites(open)).toBe("primary");
      } finally {
        await alone.dispose();
      }
    });
  });
});

describe("options of replicas", () => {
  const url = `${sqliteScheme}:///a.db`;
  test.each([
    [{ replicaWait: 5 }, "replicaWait has no effect without replicas"],
    [{ stickiness: "1s" }, "stickiness has no effect without replicas"],
    [{ replicas: `${sqliteScheme}:///b.db` as never }, "replicas must be a list of URLs"],
    [{ replicas: ["postgresql://x/y"] }, "must begin with sqlite"],
    [{ replicas: [url], replicaWait: "soon" }, "replicaWait must be a duration"],
    [{ replicas: [url], replicaRetryAfter: -1 }, "replicaRetryAfter must be a duration"],
  ])("%j is refused", (options, message) => {
    expect(() => openEngine("async", url, options)).toThrow(message);
    expect(() => openEngine("async", url, options)).toThrow(ArgumentError);
  });

  test("come from configuration too", () => {
    const engine = engineFromConfig({
      "athanor.url": url,
      "athanor.replicas": `${sqliteScheme}:///b.db ${sqliteScheme}:///c.db`,
      "athanor.replica_retry_after": "5s",
    });
    expect(engine.replicas.map((replica) => replica.url.database)).toEqual(["b.db", "c.db"]);
    expect(openEngine("sync", url, { replicas: [], replicaWait: 5 }).replicas).toEqual([]);
  });
});
