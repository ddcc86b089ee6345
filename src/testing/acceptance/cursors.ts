/**
 * Cases about cursors: portions, early ends, errors in the middle, and that the connection is free afterwards.
 */
import assert from "node:assert/strict";
import type { DriverCursor } from "../../io/driver.ts";
import { inTime, statement } from "./bench.ts";
import type { CaseDefinition } from "./case.ts";
import { numbers } from "./sql.ts";

const ROWS = 1000;

export const CURSORS: readonly CaseDefinition[] = [
  {
    name: "a cursor gives exactly the portions that are asked for, inside a transaction and outside",
    async run(bench) {
      const connection = await bench.connect();
      for (const inTransaction of [false, true]) {
        if (inTransaction) await bench.begin(connection);
        for (const reusable of [false, true, true]) {
          const cursor = await connection.openCursor(statement(`${numbers(ROWS)} ORDER BY i`, [], { reusable }));
          assert.deepEqual(
            cursor.columns.map(({ name }) => name),
            ["i"],
          );
          const seen: number[] = [];
          for (const count of [1, 7, 100, 1, 391, 499, 2, 5, 5]) {
            const rows = await inTime("fetch", cursor.fetch(count));
            const expected = Math.min(count, ROWS - seen.length);
            assert.equal(rows.length, expected, `fetch(${count}) after ${seen.length} of ${ROWS} rows must give ${expected}`);
            seen.push(...rows.map(([i]) => Number(i)));
          }
          assert.deepEqual(
            seen,
            Array.from({ length: ROWS }, (_row, index) => index),
          );
          await cursor.close();
          await bench.requireUsable(connection, "after a cursor that was read to its end");
        }
        if (inTransaction) await bench.commit(connection);
      }
    },
  },
  {
    name: "a cursor without rows has columns",
    async run(bench) {
      const connection = await bench.connect();
      const cursor = await connection.openCursor(statement("SELECT 1 AS a, 2 AS a WHERE 1 = 0"));
      assert.deepEqual(
        cursor.columns.map(({ name }) => name),
        ["a", "a"],
      );
      assert.deepEqual(await cursor.fetch(10), []);
      assert.deepEqual(await cursor.fetch(10), []);
      await cursor.close();
      await bench.requireUsable(connection, "after a cursor without rows");
    },
  },
  {
    name: "a cursor takes parameters",
    async run(bench) {
      const connection = await bench.connect();
      const source = `SELECT i FROM (${numbers(100)}) AS n WHERE i >= ${bench.placeholders(1)} ORDER BY i`;
      for (const least of [95, 98]) {
        const cursor = await connection.openCursor(statement(source, [least], { reusable: true }));
        assert.deepEqual((await cursor.fetch(50)).length, 100 - least);
        await cursor.close();
      }
    },
  },
  {
    name: "a cursor closed early, twice, leaves the connection usable, whatever is left",
    async run(bench) {
      const connection = await bench.connect();
      for (const inTransaction of [false, true]) {
        if (inTransaction) await bench.begin(connection);
        for (const [total, taken] of [
          [100, 0],
          [100, 10],
          [100, 100],
          [100_000, 0],
          [100_000, 3],
        ] as const) {
          const cursor = await connection.openCursor(statement(numbers(total)));
          if (taken > 0) assert.equal((await cursor.fetch(taken)).length, taken);
          await inTime(`closing a cursor with ${total - taken} rows left`, cursor.close());
          await cursor.close();
          await bench.requireUsable(connection, `after closing a cursor with ${total - taken} rows left`);
        }
        if (inTransaction) await bench.commit(connection);
      }
    },
  },
  {
    name: "an error in the middle of a cursor comes out, after none but right rows, and the connection is usable",
    async run(bench) {
      const connection = await bench.connect();
      for (const inTransaction of [false, true]) {
        if (inTransaction) await bench.begin(connection);
        let cursor: DriverCursor | null = null;
        let seen = 0;
        const failed = await bench.failure("a query that fails at a row", async () => {
          cursor = await connection.openCursor(statement(bench.sql.failing(numbers(ROWS))));
          for (;;) {
            const rows: unknown[][] = await inTime("fetch", cursor.fetch(50));
            for (const [i] of rows) assert.equal(Number(i), seen++, "the rows before the error must be right");
            if (rows.length < 50) return `all ${seen} rows`;
          }
        });
        bench.requireClass("a query that fails at a row", failed, ["data", "operational"]);
        await (cursor as DriverCursor | null)?.close();
        if (inTransaction) await bench.rollback(connection);
        await bench.requireUsable(connection, "after an error in the middle of a cursor");
      }
    },
  },
  {
    name: "a cursor over wrong SQL fails when it is opened or first read, sorted as execute would sort it",
    async run(bench) {
      const connection = await bench.connect();
      for (const sql of ["SELEC 1", "SELECT * FROM athanor_no_such_table"]) {
        const failed = await bench.failure(sql, async () => (await connection.openCursor(statement(sql))).fetch(1));
        bench.requireClass(sql, failed, ["programming"]);
        await bench.requireUsable(connection, `after a cursor over ${sql}`);
      }
    },
  },
];
