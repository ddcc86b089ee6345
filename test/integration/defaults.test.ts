/**
 * Defaults that functions work out: when they are told of their row, and what they are told, by every way in which a row is written.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AsyncConnection } from "../../src/async/connection.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { AsyncSession } from "../../src/async/session.ts";
import { declarativeBase } from "../../src/orm/index.ts";
import { delete_, func, insert, literalColumn, MetaData, select, t, update, type DefaultContext } from "../../src/sql/index.ts";
import type { Engine } from "../../src/sync/engine.ts";
import { Session } from "../../src/sync/session.ts";
import { coloursOf, openEngine } from "../support/colours.ts";
import { forEachDatabase } from "../support/databases.ts";

const told: DefaultContext[] = [];
const handleOf = (context: DefaultContext): string => {
  told.push(context);
  return String(context.currentParameters["name"]).toLowerCase();
};

const metadata = new MetaData();

class Person extends declarativeBase({ metadata }).model("people", {
  id: t.integer().primaryKey(),
  // Before the column that it is made of, and after one that is made of it.
  handle: t.string(40).default(handleOf),
  name: t.string(40).named("full_name"),
  address: t.string(80).default(({ currentParameters }) => `${String(currentParameters["handle"])}@example.org`),
  token: t.uuid().default(randomUUID),
  how: t
    .string(20)
    .default(({ isInsert, isUpdate }) => `${isInsert} ${isUpdate}`)
    .onupdate(({ isInsert, isUpdate, currentParameters }) => `${isInsert} ${isUpdate} ${String(currentParameters["name"])}`),
  rank: t.integer().default(literalColumn<number>("1 + 2")),
}) {}
const { c } = Person;
const wanted = (name: string): unknown[] => [name, name.toLowerCase(), `${name.toLowerCase()}@example.org`, "true false", 3];

forEachDatabase("defaults that are told of their row", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: AsyncEngine;
    let connection: AsyncConnection;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl()) as AsyncEngine;
      await metadata.createAll(engine);
      connection = await engine.connect();
    });
    beforeEach(async () => {
      told.length = 0;
      await connection.execute(delete_(Person));
      await connection.commit();
    });
    afterAll(async () => {
      await connection?.close();
      await engine?.dispose();
    });
    const rows = async (): Promise<unknown[][]> => {
      const found = await connection.execute(select(c.name, c.handle, c.address, c.how, c.rank).orderBy(c.name));
      return found.all().map((row) => [...row]);
    };

    test("one row, by parameters and by values()", async () => {
      await connection.execute(insert(Person), { name: "Ada" });
      await connection.execute(insert(Person).values({ name: "Bob" }));
      expect(await rows()).toEqual([wanted("Ada"), wanted("Bob")]);
      expect(told.map(({ currentParameters }) => currentParameters)).toEqual([{ name: "Ada" }, { name: "Bob" }]);
    });

    test("a value that is given takes the place of the default, and the others are told of it", async () => {
      await connection.execute(insert(Person), { name: "Ada", handle: "countess" });
      expect((await rows())[0]!.slice(1, 3)).toEqual(["countess", "countess@example.org"]);
      expect(told).toEqual([]);
    });

    test("every row of a list by itself", async () => {
      const names = ["Ada", "Bob", "Cyd", "Dot", "Eve"];
      const statement = insert(Person).executionOptions({ insertmanyvaluesPageSize: 2 });
      const result = await connection.execute(
        statement,
        names.map((name) => ({ name })),
      );
      expect(await rows()).toEqual(names.map(wanted));
      expect(result.lastInsertedParams()).toMatchObject(names.map((name) => ({ name, handle: name.toLowerCase() })));
      expect(told).toHaveLength(5);
    });

    test("every row of a list whose rows come back", async () => {
      const names = ["Cyd", "Ada", "Bob"];
      const result = await connection.execute(
        insert(Person).returning(c.name, c.handle),
        names.map((name) => ({ name })),
      );
      expect(result.all()).toEqual(names.map((name) => [name, name.toLowerCase()]));
    });

    test("every row of one INSERT of several", async () => {
      await connection.execute(insert(Person).values([{ name: "Ada" }, { name: func.upper("bob") }, { name: "Cyd" }]));
      expect(told.map(({ currentParameters }) => currentParameters)).toEqual([{ name: "Ada" }, {}, { name: "Cyd" }]);
      expect((await rows()).map(([name, handle]) => [name, handle])).toEqual([
        ["Ada", "ada"],
        ["BOB", "undefined"],
        ["Cyd", "cyd"],
      ]);
    });

    test("an update, of one row and of a list", async () => {
      await connection.execute(insert(Person), [{ name: "Ada" }, { name: "Bob" }]);
      await connection.execute(update(Person).where(c.name.eq("Ada")).values({ name: "Zoe" }));
      expect((await rows()).map(([name, , , how]) => [name, how])).toEqual([
        ["Bob", "true false"],
        ["Zoe", "false true Zoe"],
      ]);
    });

    test("objects of a session", async () => {
      await connection.commit();
      const session = (colour === "sync" ? new Session(engine as unknown as Engine) : new AsyncSession(engine)) as AsyncSession;
      const ada = new Person({ name: "Ada" });
      session.addAll([ada, new Person({ name: "Bob", handle: "bobby" })]);
      await session.commit();
      const stored = await rows();
      await connection.rollback();
      expect(stored.map((row) => row.slice(0, 4))).toEqual([
        wanted("Ada").slice(0, 4),
        ["Bob", "bobby", "bobby@example.org", "true false"],
      ]);
      await session.refresh(ada);
      ada.name = "Zoe";
      await session.commit();
      expect((await rows()).at(-1)![3]).toBe("false true Zoe");
      await session.close();
      await connection.rollback();
    });

    test("a function of the platform can be a default as it is", async () => {
      await connection.execute(insert(Person), [{ name: "Ada" }, { name: "Bob" }]);
      const tokens = (await connection.execute(select(c.token))).scalars().all();
      expect(new Set(tokens).size).toBe(2);
    });

    test("what a default throws is the caller's, and nothing is written", async () => {
      const picky = new MetaData().table("people", {
        id: t.integer().primaryKey(),
        name: t.string(40).named("full_name"),
        handle: t.string(40).default(({ currentParameters }) => {
          throw new RangeError(`no handle for ${String(currentParameters["name"])}`);
        }),
      });
      await expect((async () => await connection.execute(insert(picky), { name: "Ada" }))()).rejects.toThrow("no handle for Ada");
      expect(await rows()).toEqual([]);
    });
  });
});
