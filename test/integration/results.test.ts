/**
 * Rows of real statements, asked by the expressions that were selected: also where a statement is built anew each time and runs on what was
 * compiled for an equal one before it, and in streams.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncConnection } from "../../src/async/connection.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { MultipleResultsFound, NoSuchColumnError } from "../../src/errors/index.ts";
import { func, insert, literal, MetaData, select, t } from "../../src/sql/index.ts";
import { coloursOf, openEngine } from "../support/colours.ts";
import { forEachDatabase } from "../support/databases.ts";

const metadata = new MetaData();
const people = metadata.table("people", { id: t.integer().primaryKey(), name: t.string(20), bossId: t.integer().nullable() });

forEachDatabase("results", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    // Of either colour: `await` takes values as they are.
    let engine: AsyncEngine;
    let connection: AsyncConnection;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl()) as AsyncEngine;
      await metadata.createAll(engine);
      connection = await engine.connect();
      await connection.execute(insert(people), [
        { id: 1, name: "Ada", bossId: null },
        { id: 2, name: "Bea", bossId: 1 },
        { id: 3, name: "Cem", bossId: 1 },
      ]);
      await connection.commit();
    });
    afterAll(async () => {
      await connection?.close();
      await engine?.dispose();
    });

    test("by the columns of tables and of aliases, which have the same names", async () => {
      for (let round = 0; round < 3; round++) {
        const boss = people.alias();
        const statement = select(people.c.id, people.c.name, boss.c.id, boss.c.name)
          .join(boss, people.c.bossId.eq(boss.c.id))
          .orderBy(people.c.id);
        const row = (await connection.execute(statement)).first()!;
        expect([row._get(people.c.id), row._get(people.c.name)]).toEqual([2, "Bea"]);
        expect([row._get(boss.c.id), row._get(boss.c.name)]).toEqual([1, "Ada"]);
        expect((await connection.execute(statement)).scalars(boss.c.name).all()).toEqual(["Ada", "Ada"]);
        expect((await connection.execute(statement)).columns(boss.c.id, people.c.id).first()).toEqual([1, 2]);
      }
    });

    test("by labels and functions made anew, in streams too", async () => {
      for (let round = 0; round < 3; round++) {
        const [count, mark] = [func.count(people.c.id), literal(round).label("mark")];
        const statement = select(people.c.bossId, count, mark).groupBy(people.c.bossId).orderBy(people.c.bossId.desc());
        const row = (await connection.execute(statement)).all().find((each) => each._get(people.c.bossId) === 1)!;
        expect([Number(row._get(count)), Number(row._get(mark))]).toEqual([2, round]);
        expect(() => row._get(func.count(people.c.id))).toThrow(NoSuchColumnError);
        await using stream = await connection.stream(statement);
        const counts = await stream.scalars(count).all();
        expect(counts.map(Number).sort()).toEqual([1, 2]);
      }
    });

    test("by the first select's columns, in a union", async () => {
      for (let round = 0; round < 2; round++) {
        const name = people.c.name.label("who");
        const other = select(people.c.name.label("who")).where(people.c.id.eq(2));
        const statement = select(name).where(people.c.id.eq(1)).union(other).orderBy("who");
        const row = (await connection.execute(statement)).first()!;
        expect(row._get(name)).toBe("Ada");
      }
    });

    test("a row of text has names only", async () => {
      const row = (await connection.execDriverSql("SELECT id, name FROM people WHERE id = 1")).one();
      expect(row._get("name")).toBe("Ada");
      expect(() => row._get(people.c.name)).toThrow(NoSuchColumnError);
    });

    test.skipIf(!db.has("returning"))("by what an insert returns", async () => {
      for (let round = 0; round < 2; round++) {
        const shout = func.upper(people.c.name);
        const statement = insert(people)
          .values({ id: 10 + round, name: "dee", bossId: null })
          .returning(people.c.id, shout);
        const result = await connection.execute(statement);
        expect(result.isInsert).toBe(true);
        const row = result.one();
        expect([row._get(people.c.id), row._get(shout)]).toEqual([10 + round, "DEE"]);
      }
      await connection.rollback();
    });

    test("merged and frozen results of two statements", async () => {
      const statement = (id: number) => select(people.c.id, people.c.name).where(people.c.id.eq(id));
      const merged = (await connection.execute(statement(1))).merge(await connection.execute(statement(3)));
      const frozen = merged.freeze();
      expect(frozen().mappings().all()).toEqual([
        { id: 1, name: "Ada" },
        { id: 3, name: "Cem" },
      ]);
      expect(() => frozen().one()).toThrow(MultipleResultsFound);
    });
  });
});
