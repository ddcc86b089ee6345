/**
 * Cases about statements that run more than once: with many parameter sets, prepared and used again, and used again after the table has
 * changed.
 */
import assert from "node:assert/strict";
import { SqlType } from "../../types/sqlType.ts";
import { type Bench, command, inTime, statement } from "./bench.ts";
import type { CaseDefinition } from "./case.ts";

const INTEGER = new SqlType<number>("integer");
/** More than drivers keep prepared. */
const DIFFERENT_STATEMENTS = 600;

export const MANY: readonly CaseDefinition[] = [
  {
    name: "many parameter sets: rows are counted, and keys reported in the order of the sets where the protocol has them",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, `id ${bench.sql.generatedKey}, n INTEGER`);
      const insert = command(`INSERT INTO ${table} (n) VALUES (${bench.placeholders(1)})`, [], { reusable: true });
      const { rowCount, insertIds } = await connection.executeMany(insert, integers(bench, [30, 10, 20]));
      assert.equal(rowCount, 3);
      if (insertIds !== null) {
        const stored = await bench.rows(connection, `SELECT id, n FROM ${table} ORDER BY id`);
        assert.deepEqual(
          insertIds.map((id) => stored.find(([key]) => Number(key) === Number(id))?.[1]),
          [30, 10, 20],
          "insertIds must be in the order of the sets",
        );
      } else {
        assert.notEqual(
          bench.dialect.features.generatedKeysOfMany,
          "executeMany",
          "the dialect relies on the ids of executeMany",
        );
      }
      const update = command(`UPDATE ${table} SET n = n + 1 WHERE n < ${bench.placeholders(1)}`);
      assert.equal((await connection.executeMany(update, integers(bench, [15, 25, 100]))).rowCount, 6);
    },
  },
  {
    name: "five thousand parameter sets in one call",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "n INTEGER");
      await bench.begin(connection);
      const sets = integers(
        bench,
        Array.from({ length: 5000 }, (_set, index) => index),
      );
      const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(1)})`, [], { reusable: true });
      assert.equal((await inTime("5000 sets", connection.executeMany(insert, sets), 60_000)).rowCount, 5000);
      await bench.commit(connection);
      assert.deepEqual(await bench.rows(connection, `SELECT COUNT(*), MIN(n), MAX(n) FROM ${table}`), [[5000, 0, 4999]]);
    },
  },
  {
    name: "many parameter sets stop at the first error: no later set is run, and the connection is usable",
    async run(bench) {
      const connection = await bench.connect();
      for (const inTransaction of [false, true]) {
        const table = await bench.table(connection, "n INTEGER PRIMARY KEY");
        if (inTransaction) await bench.begin(connection);
        const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(1)})`, [], { reusable: true });
        const failed = await bench.failure("a duplicate among many", () =>
          connection.executeMany(insert, integers(bench, [1, 2, 2, 3, 4])),
        );
        bench.requireClass("a duplicate among many", failed, ["integrity"]);
        if (inTransaction) await bench.rollback(connection);
        const kept = (await bench.rows(connection, `SELECT n FROM ${table} ORDER BY n`)).map(([n]) => n);
        const allowed = inTransaction ? [[]] : [[1, 2], []];
        assert.ok(
          allowed.some((rows) => JSON.stringify(rows) === JSON.stringify(kept)),
          `${inTransaction ? "after ROLLBACK" : "outside a transaction"}, the table holds ${JSON.stringify(kept)}`,
        );
        await bench.requireUsable(connection, "after an error among many");
      }
    },
  },
  {
    name: "a prepared statement is used again with other values, and after it has failed",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "n INTEGER PRIMARY KEY");
      const insert = command(`INSERT INTO ${table} VALUES (${bench.placeholders(1)})`, [], { reusable: true });
      for (let n = 0; n < 5; n++) {
        await connection.execute({ ...insert, parameters: [bench.bound(INTEGER, n)] });
        await bench.failure("a duplicate", () => connection.execute({ ...insert, parameters: [bench.bound(INTEGER, n)] }));
      }
      const select = statement(`SELECT n FROM ${table} WHERE n >= ${bench.placeholders(1)} ORDER BY n`, [], { reusable: true });
      for (const least of [0, 3, 9, 4]) {
        const { rows } = await connection.execute({ ...select, parameters: [bench.bound(INTEGER, least)] });
        assert.deepEqual(
          rows.map(([n]) => Number(n)),
          [0, 1, 2, 3, 4].filter((n) => n >= least),
        );
      }
    },
  },
  {
    name: "more different statements than are kept prepared, twice",
    async run(bench) {
      const connection = await bench.connect();
      for (let round = 0; round < 2; round++) {
        for (let n = 0; n < DIFFERENT_STATEMENTS; n++) {
          const { rows } = await connection.execute(statement(`SELECT ${n} AS n`, [], { reusable: true }));
          assert.equal(Number(rows[0]?.[0]), n);
        }
      }
    },
  },
  {
    name: "a prepared statement sees an altered table; at most one error, which says that a retry helps",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "a INTEGER");
      await bench.run(connection, `INSERT INTO ${table} VALUES (1)`);
      const select = statement(`SELECT * FROM ${table}`, [], { reusable: true });
      const columns = async (): Promise<readonly string[] | undefined> =>
        (await connection.execute(select)).columns?.map(({ name }) => name);
      for (let times = 0; times < 4; times++) assert.deepEqual(await columns(), ["a"]);
      await bench.run(connection, `ALTER TABLE ${table} ADD COLUMN b INTEGER`);
      try {
        await columns();
      } catch (error) {
        assert.equal(bench.dialect.classifyError(error).isRetryable, true, `expected a retryable error, got ${String(error)}`);
      }
      for (let times = 0; times < 3; times++) {
        const { rows } = await connection.execute(select);
        assert.deepEqual(await columns(), ["a", "b"]);
        assert.equal(rows[0]?.length, 2);
      }
    },
  },
];

function integers(bench: Bench, values: readonly number[]): readonly (readonly unknown[])[] {
  return values.map((value) => [bench.bound(INTEGER, value)]);
}
