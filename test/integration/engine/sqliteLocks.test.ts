/** SQLite's locks under an asynchronous engine: whoever waits for one does not hold up the program, and gets it when it is free. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import { OperationalError, StatementTimeoutError } from "../../../src/errors/index.ts";
import { text } from "../../../src/sql/index.ts";
import { openEngine } from "../../support/colours.ts";
import { sqliteScheme } from "../../support/databases.ts";

const folder = mkdtempSync(join(tmpdir(), "athanor-locks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const url = (query: string): string => `${sqliteScheme}:///${join(folder, "locks.db")}${query}`;

const engines: AsyncEngine[] = [];
function open(query = ""): AsyncEngine {
  const engine = openEngine("async", url(query)) as AsyncEngine;
  engines.push(engine);
  return engine;
}
afterEach(async () => {
  for (const engine of engines.splice(0)) {
    expect(engine.pool.checkedout()).toBe(0);
    await engine.dispose();
  }
});
beforeAll(async () => {
  const engine = open();
  await engine.begin(async (connection) => {
    await connection.execDriverSql("CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER)");
    await connection.execDriverSql("INSERT INTO counters VALUES (1, 0)");
  });
});

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const increment = text("UPDATE counters SET n = n + 1 WHERE id = 1");

test("writers wait for each other, and the event loop turns meanwhile", async () => {
  const engine = open();
  let longestTurn = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longestTurn = Math.max(longestTurn, performance.now() - last);
    last = performance.now();
  }, 5);
  const start = Number(await (await engine.connect()).close().then(() => count(engine)));
  await Promise.all(
    Array.from({ length: 10 }, () =>
      engine.begin(async (connection) => {
        await connection.execute(increment);
        await sleep(20);
      }),
    ),
  );
  clearInterval(watch);
  expect(await count(engine)).toBe(start + 10);
  expect(longestTurn).toBeLessThan(1500);
});

async function count(engine: AsyncEngine): Promise<number> {
  await using connection = await engine.connect();
  return Number(await connection.scalar(text("SELECT n FROM counters WHERE id = 1")));
}

test("a lock that is not released in time is an error, after the timeout of the URL", async () => {
  const engine = open("?timeout=150");
  const holder = await engine.connect();
  await holder.execute(increment);
  const waiter = await engine.connect();
  const begun = performance.now();
  await expect(waiter.execute(increment)).rejects.toThrow(OperationalError);
  const waited = performance.now() - begun;
  expect(waited).toBeGreaterThan(100);
  expect(waited).toBeLessThan(2000);
  await waiter.close();
  await holder.close();
});

test("waiting can be stopped, and the connection goes on", async () => {
  const engine = open();
  const holder = await engine.connect();
  await holder.execute(increment);
  const waiter = await engine.connect();
  await expect(waiter.execute(increment, {}, { timeout: 50 })).rejects.toThrow(StatementTimeoutError);
  await holder.rollback();
  await waiter.rollback();
  await waiter.execute(increment);
  await waiter.rollback();
  expect(waiter.invalidated).toBe(false);
  await waiter.close();
  await holder.close();
});

test("who has read and then wants to write does not wait for a writer who waits for the readers", async () => {
  const engine = open();
  const reader = await engine.connect();
  await reader.execute(text("SELECT n FROM counters"));
  const writer = await engine.connect();
  await writer.execute(increment);
  const committing = writer.commit();
  const begun = performance.now();
  await expect(reader.execute(increment)).rejects.toMatchObject({ isRetryable: true });
  expect(performance.now() - begun).toBeLessThan(1000);
  await reader.rollback();
  await committing;
  await reader.close();
  await writer.close();
});

test("a stream meets no lock in its middle", async () => {
  const engine = open();
  const writer = await engine.connect();
  await writer.execDriverSql("BEGIN EXCLUSIVE").catch(() => undefined);
  await writer.rollback();
  await writer.executionOptions({ isolationLevel: "AUTOCOMMIT" });
  await writer.execDriverSql("BEGIN EXCLUSIVE");
  setTimeout(() => void writer.execDriverSql("COMMIT"), 50);
  const reader = await engine.connect();
  const rows: unknown[] = [];
  for await (const row of await reader.stream(text("SELECT n FROM counters"))) rows.push(row);
  expect(rows).toHaveLength(1);
  await reader.close();
  await writer.close();
});
