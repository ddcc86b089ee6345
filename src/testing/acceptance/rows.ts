/**
 * Cases about one statement and its answer: rows, columns, counts and generated keys, and how errors are sorted.
 */
import assert from "node:assert/strict";
import { command, statement } from "./bench.ts";
import type { CaseDefinition } from "./case.ts";
import { numbers } from "./sql.ts";

export const ROWS: readonly CaseDefinition[] = [
  {
    name: "rows are arrays, and columns of one name both arrive",
    async run(bench) {
      const connection = await bench.connect();
      const result = await connection.execute(statement("SELECT 1 AS a, 2 AS a, 'x' AS b", [], { wideIntegers: true }));
      assert.deepEqual(
        result.columns?.map(({ name }) => name),
        ["a", "a", "b"],
      );
      assert.ok(Array.isArray(result.rows[0]), "a row must be an array");
      assert.deepEqual(bench.converted(result.rows, result.columns), [[1, 2, "x"]]);
      assert.equal(result.lastInsertId, null, "a query inserts nothing, so lastInsertId must be null");
    },
  },
  {
    name: "no rows still have columns, and a statement without rows has none",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "a INTEGER, b INTEGER");
      for (const reusable of [false, true, true]) {
        const none = await connection.execute(statement(`SELECT a, b FROM ${table}`, [], { reusable }));
        assert.deepEqual([none.columns?.map(({ name }) => name), none.rows], [["a", "b"], []]);
        const changed = await connection.execute(command(`DELETE FROM ${table}`, [], { reusable }));
        assert.deepEqual([changed.columns, changed.rows, changed.rowCount], [null, [], 0]);
      }
    },
  },
  {
    name: "every answer has rows of its own, which the caller may change",
    async run(bench) {
      const connection = await bench.connect();
      const query = statement("SELECT 1 AS a", [], { reusable: true });
      const first = await connection.execute(query);
      first.rows[0]![0] = "changed";
      const second = await connection.execute(query);
      assert.notEqual(second.rows[0]![0], "changed");
    },
  },
  {
    name: "ten thousand rows arrive, in their order",
    async run(bench) {
      const connection = await bench.connect();
      const { rows } = await connection.execute(statement(`${numbers(10_000)} ORDER BY i`));
      assert.equal(rows.length, 10_000);
      assert.ok(
        rows.every((row, index) => Number(row[0]) === index),
        "the rows must be in the order of the query",
      );
    },
  },
  {
    name: "rows are counted: inserted, matched (not only changed), deleted",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "n INTEGER");
      const p = bench.placeholders(1);
      const count = async (sql: string, parameters: readonly unknown[] = []): Promise<number> =>
        (await connection.execute(command(sql, parameters, { reusable: true }))).rowCount;
      assert.equal(await count(`INSERT INTO ${table} VALUES (1), (1), (2)`), 3);
      assert.equal(await count(`UPDATE ${table} SET n = 1 WHERE n = ${p}`, [1]), 2, "an UPDATE counts the rows that it matches");
      assert.equal(await count(`UPDATE ${table} SET n = 3 WHERE n = ${p}`, [77]), 0);
      assert.equal(await count(`DELETE FROM ${table}`), 3);
    },
  },
  {
    name: "the generated key of an inserted row is reported, where the protocol has it",
    async run(bench) {
      if (bench.dialect.features.generatedKeys !== "lastInsertId") return;
      const connection = await bench.connect();
      const table = await bench.table(connection, `id ${bench.sql.generatedKey}, n INTEGER`);
      for (const id of [1, 2]) {
        const { lastInsertId } = await connection.execute(
          command(`INSERT INTO ${table} (n) VALUES (${bench.placeholders(1)})`, [5], { reusable: true }),
        );
        assert.equal(lastInsertId, id);
      }
    },
  },
  {
    name: "errors are sorted, and the connection can be used after each",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "id INTEGER PRIMARY KEY, n INTEGER NOT NULL");
      await bench.run(connection, `INSERT INTO ${table} VALUES (1, 1)`);
      const wrong: readonly (readonly [string, readonly unknown[], "programming" | "integrity"])[] = [
        ["SELEC 1", [], "programming"],
        ["SELECT * FROM athanor_no_such_table", [], "programming"],
        [`SELECT no_such_column FROM ${table}`, [], "programming"],
        [`INSERT INTO ${table} VALUES (${bench.placeholders(1)}, 2)`, [1], "integrity"],
        [`INSERT INTO ${table} VALUES (2, ${bench.placeholders(1)})`, [null], "integrity"],
      ];
      for (const reusable of [false, true]) {
        for (const [sql, parameters, errorClass] of wrong) {
          const returnsRows = sql.startsWith("SEL");
          for (let times = 0; times < 3; times++) {
            const failed = await bench.failure(sql, () =>
              connection.execute(statement(sql, parameters, { returnsRows, reusable })),
            );
            bench.requireClass(sql, failed, [errorClass]);
          }
          await bench.requireUsable(connection, `after ${sql}`);
        }
      }
    },
  },
  {
    name: "COMMIT of a transaction in which a statement failed either keeps the rest or fails: it never says that it kept what it dropped",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "id INTEGER PRIMARY KEY");
      await bench.begin(connection);
      await bench.run(connection, `INSERT INTO ${table} VALUES (1)`);
      await bench.failure("a duplicate key", () => connection.execute(command(`INSERT INTO ${table} VALUES (1)`)));
      const wasCommitted = await bench.commit(connection).then(
        () => true,
        () => false,
      );
      if (!wasCommitted) await bench.rollback(connection);
      assert.equal(wasCommitted, !bench.sql.failureEndsTransaction, "COMMIT must tell what became of the transaction");
      assert.deepEqual(await bench.rows(connection, `SELECT id FROM ${table}`), wasCommitted ? [[1]] : []);
    },
  },
];
