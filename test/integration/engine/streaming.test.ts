/** Streamed results: portions, what closes them, what the connection refuses meanwhile, and that a large result takes little memory. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncConnection } from "../../../src/async/connection.ts";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import type { Connection } from "../../../src/sync/connection.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { event } from "../../../src/engine/events.ts";
import { ConcurrentUseError, DBAPIError, InvalidRequestError, ResourceClosedError } from "../../../src/errors/index.ts";
import { insert, MetaData, select, t, text } from "../../../src/sql/index.ts";
import { coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

const ROWS = 1000;
const metadata = new MetaData();
const numbers = metadata.table("numbers", { n: t.integer().primaryKey({ autoincrement: false }), wide: t.bigInteger() });

forEachDatabase("streaming", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: Engine | AsyncEngine;
    const statement = select(numbers.c.n, numbers.c.wide).orderBy(numbers.c.n);

    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl(), { poolSize: 1, maxOverflow: 0 });
      await (metadata.createAll.bind(metadata) as (bind: object) => unknown)(engine);
      const connection = await engine.connect();
      const rows = Array.from({ length: ROWS }, (_, n) => ({ n, wide: 2n ** 60n + BigInt(n) }));
      await (connection as Connection).execute(insert(numbers), rows);
      await connection.commit();
      await connection.close();
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    /** Reads rows in the way of the colour; stops after `stopAfter`. */
    async function read(connection: Connection | AsyncConnection, options: object, stopAfter = Infinity): Promise<number[]> {
      const seen: number[] = [];
      if (colour === "sync") {
        for (const { n, wide } of (connection as Connection).stream(statement, {}, { executionOptions: options })) {
          expect(wide).toBe(2n ** 60n + BigInt(n));
          if (seen.push(n) >= stopAfter) break;
        }
      } else {
        const stream = await (connection as AsyncConnection).stream(statement, {}, { executionOptions: options });
        for await (const { n, wide } of stream) {
          expect(wide).toBe(2n ** 60n + BigInt(n));
          if (seen.push(n) >= stopAfter) break;
        }
      }
      return seen;
    }
    const expected = Array.from({ length: ROWS }, (_, n) => n);

    test.each([{}, { yieldPer: 1 }, { yieldPer: 300 }, { yieldPer: 1000 }, { yieldPer: 5000 }, { maxRowBuffer: 7 }])(
      "all rows, exactly, with %j",
      async (options) => {
        const connection = await engine.connect();
        expect(await read(connection, options)).toEqual(expected);
        expect(Number(await connection.scalar(select(1)))).toBe(1);
        await connection.close();
        expect(engine.pool.checkedout()).toBe(0);
      },
    );

    test("leaving the loop frees the connection", async () => {
      const connection = await engine.connect();
      for (const stopAfter of [1, 5, 6, 37, ROWS]) {
        expect(await read(connection, { yieldPer: 10 }, stopAfter)).toEqual(expected.slice(0, stopAfter));
        expect(Number(await connection.scalar(select(stopAfter)))).toBe(stopAfter);
      }
      await connection.commit();
      await connection.close();
    });

    test("while a stream is open its connection runs nothing else", async () => {
      const connection = await engine.connect();
      const stream = await connection.stream(statement.executionOptions({ yieldPer: 10 }));
      expect(await stream.fetchone()).toMatchObject({ n: 0 });
      await expect(async () => await connection.execute(select(1))).rejects.toThrow(ConcurrentUseError);
      await expect(async () => await connection.commit()).rejects.toThrow(/streamed result is open/);
      await expect(async () => await connection.stream(statement)).rejects.toThrow(ConcurrentUseError);
      expect(await stream.fetchone()).toMatchObject({ n: 1 });
      await stream.close();
      await stream.close();
      await expect(async () => await stream.fetchone()).rejects.toThrow(ResourceClosedError);
      await connection.commit();
      await connection.close();
    });

    test("rollback and close close the stream", async () => {
      const connection = await engine.connect();
      const stream = await connection.stream(statement.executionOptions({ yieldPer: 10 }));
      await stream.fetchone();
      await connection.rollback();
      await expect(async () => await stream.fetchmany(20)).rejects.toThrow(ResourceClosedError);
      const second = await connection.stream(statement.executionOptions({ yieldPer: 10 }));
      await second.fetchone();
      await connection.close();
      expect(engine.pool.checkedout()).toBe(0);
      const next = await engine.connect();
      expect(Number(await next.scalar(select(1)))).toBe(1);
      await next.close();
    });

    test("an error in the middle closes the stream and names the statement", async () => {
      const connection = await engine.connect();
      const failing =
        db.name === "postgresql"
          ? "SELECT 1 / (500 - n) FROM numbers ORDER BY n"
          : db.name === "sqlite"
            ? "SELECT json_extract(CASE WHEN n = 500 THEN 'x' ELSE '{}' END, '$') FROM numbers ORDER BY n"
            : "SELECT n FROM numbers WHERE n < 500 UNION ALL SELECT (SELECT n FROM numbers) FROM numbers";
      let seen = 0;
      await expect(async () => {
        const stream = await connection.stream(text(failing), {}, { executionOptions: { yieldPer: 50 } });
        for (;;) {
          const rows = await stream.fetchmany(50);
          if (rows.length === 0) break;
          seen += rows.length;
        }
      }).rejects.toThrow(DBAPIError);
      if (db.name !== "mysql") expect(seen).toBe(500);
      await connection.rollback();
      expect(Number(await connection.scalar(select(1)))).toBe(1);
      await connection.close();
    });

    test("scalars, mappings, partitions, unique and first on a stream", async () => {
      const connection = await engine.connect();
      const streamed = statement.executionOptions({ streamResults: true });
      expect(await (await connection.streamScalars(streamed)).fetchmany(3)).toEqual([0, 1, 2]);
      await connection.rollback();
      expect(await (await connection.stream(streamed)).mappings().first()).toEqual({ n: 0, wide: 2n ** 60n });
      const sizes: number[] = [];
      const parts = (await connection.stream(streamed)).partitions(300);
      if (Symbol.asyncIterator in parts) for await (const part of parts) sizes.push(part.length);
      else for (const part of parts as Iterable<unknown[]>) sizes.push(part.length);
      expect(sizes).toEqual([300, 300, 300, 100]);
      await expect(async () => await (await connection.stream(streamed)).one()).rejects.toThrow(/Several rows/);
      expect(await (await connection.stream(select(numbers.c.n).where(numbers.c.n.lt(0)))).all()).toEqual([]);
      await connection.close();
    });

    test("what gives no rows runs at once", async () => {
      const connection = await engine.connect();
      const result = await connection.stream(text("UPDATE numbers SET n = n WHERE n < 3"));
      expect(result.returnsRows).toBe(false);
      expect(result.rowcount).toBe(3);
      await connection.rollback();
      await connection.close();
    });

    test("execute() with yieldPer streams in the synchronous colour, and says where to go in the other", async () => {
      const connection = await engine.connect();
      const streamed = statement.executionOptions({ yieldPer: 100 });
      if (colour === "sync") {
        using result = (connection as Connection).execute(streamed);
        expect(result.fetchmany(2)).toHaveLength(2);
        expect(() => connection.execute(select(1))).toThrow(ConcurrentUseError);
      } else await expect(async () => await connection.execute(streamed)).rejects.toThrow(InvalidRequestError);
      await connection.close();
    });

    test("events see a streamed statement", async () => {
      const connection = await engine.connect();
      const seen: unknown[] = [];
      const target = connection as Connection;
      event.listen(target, "beforeCursorExecute", (_connection, _cursor, sql) => void seen.push(sql));
      event.listen(target, "afterCursorExecute", () => void seen.push("after"));
      await read(connection, { yieldPer: 500 });
      expect(seen).toEqual([expect.stringContaining("FROM numbers"), "after"]);
      await connection.close();
    });
  });
});
