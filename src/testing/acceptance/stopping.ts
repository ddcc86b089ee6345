/**
 * Cases about stopping what runs: on the server with `cancel`, by a deadline in the process, or with the connection itself.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { DriverConnection } from "../../io/driver.ts";
import { type Bench, command, inTime, statement } from "./bench.ts";
import type { CaseDefinition } from "./case.ts";
import { asPromise } from "./connecting.ts";
import { numbers } from "./sql.ts";

const LATE_CANCELS = 200;
/** Rows enough for a few seconds, and few enough for a driver that takes no notice of its deadline. */
const MANY_ROWS = `SELECT a.i, b.i FROM (${numbers(100_000)}) AS a, (${numbers(100_000)}) AS b LIMIT 2000000`;

export const STOPPING: readonly CaseDefinition[] = [
  {
    name: "a statement that waits is stopped on the server within a second, and the connection is usable",
    requires: ["server", "cancel"],
    run: (bench) => stops(bench, (connection) => connection.execute(statement(bench.sql.sleep(30)))),
  },
  {
    name: "a statement that computes is stopped on the server within a second, and the connection is usable",
    requires: ["server", "cancel"],
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "i INTEGER");
      await bench.run(connection, `INSERT INTO ${table} ${numbers(1000)}`);
      // A million million rows.
      const endless = `SELECT COUNT(*) FROM ${["a", "b", "c", "d"].map((name) => `${table} AS ${name}`).join(", ")}`;
      await stops(bench, (one) => one.execute(statement(endless)));
    },
  },
  {
    name: "many parameter sets are stopped on the server within a second, and none is run afterwards",
    requires: ["server", "cancel"],
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "n INTEGER");
      const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(1)})`, [], { reusable: true });
      const sets = Array.from({ length: 200_000 }, (_set, index) => [index]);
      await bench.begin(connection);
      await stops(bench, () => connection.executeMany(insert, sets), connection);
      await bench.rollback(connection);
      assert.deepEqual(await bench.rows(connection, `SELECT COUNT(*) FROM ${table}`), [[0]]);
    },
  },
  {
    name: "a cursor is stopped on the server within a second, while it is opened or read",
    requires: ["server", "cancel"],
    run: (bench) =>
      stops(bench, async (connection) => {
        const cursor = await connection.openCursor(statement(bench.sql.sleep(30)));
        try {
          return await cursor.fetch(1);
        } finally {
          await cursor.close();
        }
      }),
  },
  {
    name: "cancelling a statement that has just ended does no harm",
    requires: ["server", "cancel"],
    async run(bench) {
      const connection = await bench.connect();
      const running = asPromise(() => connection.execute(statement("SELECT 1")));
      await running;
      await inTime("a cancel that comes too late", connection.cancel!(running));
      await bench.requireUsable(connection, "after a cancel that came too late");
    },
  },
  {
    name: `a late cancel never hits the next statement (${LATE_CANCELS} random ones)`,
    requires: ["server", "cancel"],
    async run(bench) {
      const connection = await bench.connect();
      for (let round = 0; round < LATE_CANCELS; round++) {
        const running = asPromise(() =>
          connection.execute(statement(bench.sql.sleep(round % 4 === 0 ? 0 : Math.random() / 200))),
        );
        const settled = running.then(
          () => undefined,
          () => undefined,
        );
        if (round % 3 !== 0) await sleep(Math.random() * 5);
        await inTime("cancel", connection.cancel!(running));
        await inTime("the cancelled statement", settled);
        for (let next = 0; next < 2; next++) {
          const rows = await bench.rows(connection, "SELECT 7").catch((error: unknown) => String(error));
          assert.deepEqual(rows, [[7]], `round ${round + 1}: the statement after a cancelled one was hit`);
        }
      }
    },
  },
  {
    name: "destroying a connection rejects what is under way at once, as a disconnect",
    requires: ["server"],
    run: (bench) => endsWith(bench, "destroy", 1000),
  },
  {
    name: "closing a connection does not wait for the statement under way",
    requires: ["server"],
    run: (bench) => endsWith(bench, "close", 5000),
  },
  {
    name: "a deadline ends a query between two rows, and the connection is usable",
    requires: ["deadline"],
    async run(bench) {
      const connection = await bench.connect();
      await endsByDeadline(bench, "execute", () => connection.execute(statement(MANY_ROWS), performance.now() + 100));
      await bench.requireUsable(connection, "after a deadline");
      const reusable = statement(MANY_ROWS, [], { reusable: true });
      for (let times = 0; times < 2; times++)
        await endsByDeadline(bench, "execute, prepared", () => connection.execute(reusable, performance.now() + 100));
      await bench.requireUsable(connection, "after the deadline of a prepared statement");
    },
  },
  {
    name: "a deadline ends many parameter sets between two of them, and a portion of a cursor between two rows",
    requires: ["deadline"],
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "n INTEGER");
      const sets = Array.from({ length: 1_000_000 }, () => [1n]);
      const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(1)})`, [], { reusable: true });
      await bench.begin(connection);
      await endsByDeadline(bench, "executeMany", () => connection.executeMany(insert, sets, performance.now() + 100));
      await bench.rollback(connection);
      await bench.requireUsable(connection, "after the deadline of many sets");
      const cursor = await connection.openCursor(statement(MANY_ROWS), performance.now() + 60_000);
      await endsByDeadline(bench, "fetch", () => cursor.fetch(10 ** 9, performance.now() + 100));
      await cursor.close();
      await bench.requireUsable(connection, "after the deadline of a cursor");
    },
  },
  {
    name: "a deadline that has not come changes nothing",
    requires: ["deadline"],
    async run(bench) {
      const connection = await bench.connect();
      const query = statement(`${numbers(5000)} ORDER BY i`);
      for (const deadline of [Infinity, performance.now() + 60_000]) {
        const { rows, columns } = await connection.execute(query, deadline);
        assert.deepEqual([rows.length, columns?.map(({ name }) => name), Number(rows[4999]?.[0])], [5000, ["i"], 4999]);
        const none = await connection.execute(statement("SELECT 1 AS a, 2 AS b WHERE 1 = 0"), deadline);
        assert.deepEqual([none.rows, none.columns?.length], [[], 2]);
      }
    },
  },
];

/** Starts something, cancels it after a moment, and requires that it ends soon, with an error that is no disconnect (or faster than the cancel). */
async function stops(
  bench: Bench,
  start: (connection: DriverConnection) => unknown,
  given: DriverConnection | null = null,
): Promise<void> {
  const connection = given ?? (await bench.connect());
  for (let times = 0; times < 2; times++) {
    if (times > 0 && given !== null) break;
    const running = asPromise(() => start(connection));
    const settled = running.then(
      () => null,
      (error: unknown) => error,
    );
    await sleep(150);
    assert.ok(
      connection.cancel !== undefined,
      'the connection has no cancel(): give { lacks: ["cancel"] } where there is no way',
    );
    const began = performance.now();
    await inTime("cancel()", connection.cancel(running));
    const error = await inTime("the cancelled statement", settled);
    const took = performance.now() - began;
    assert.ok(took < 1000, `the statement must end within a second of cancel(), and took ${Math.round(took)} ms`);
    if (error !== null)
      assert.equal(
        bench.dialect.classifyError(error).isDisconnect,
        false,
        `a cancelled statement must fail without losing the connection, and failed with ${String(error)}`,
      );
    if (given === null) await bench.requireUsable(connection, "after a cancel");
    else assert.equal(connection.isOpen, true, "after a cancel, the connection must be open");
  }
}

async function endsWith(bench: Bench, how: "destroy" | "close", milliseconds: number): Promise<void> {
  const connection = await bench.connect();
  const running = asPromise(() => connection.execute(statement(bench.sql.sleep(30))));
  const settled = bench.failure("the statement under way", () => running);
  settled.catch(() => undefined);
  await sleep(100);
  const closed = asPromise(() => connection[how]());
  const lost = await inTime(`the statement under way at ${how}()`, settled, milliseconds);
  await inTime(`${how}()`, closed, milliseconds);
  assert.equal(lost.sorted.isDisconnect, true, `after ${how}(), expected a disconnect, got ${String(lost.error)}`);
  assert.equal(connection.isOpen, false);
}

async function endsByDeadline(bench: Bench, what: string, work: () => unknown): Promise<void> {
  const began = performance.now();
  await bench.failure(`${what} with a deadline`, work);
  const took = performance.now() - began;
  assert.ok(took < 2000, `${what} must end soon after its deadline of 100 ms, and took ${Math.round(took)} ms`);
}
