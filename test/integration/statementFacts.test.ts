/**
 * What a result says about its statement besides rows: keys by name, the values that were sent, which columns got a default and from where. And
 * what a connection says about itself: its usual isolation level, its schemas, its server.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AsyncConnection } from "../../src/async/connection.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { makeUrl } from "../../src/engine/url.ts";
import { ArgumentError, InvalidRequestError } from "../../src/errors/index.ts";
import { declarativeBase } from "../../src/orm/index.ts";
import { bindparam, Column, delete_, func, insert, MetaData, select, t, Table, text, update } from "../../src/sql/index.ts";
import { coloursOf, openEngine, placeholder } from "../support/colours.ts";
import { forEachDatabase } from "../support/databases.ts";
import { driversOf, urlWith } from "../support/driverUrls.ts";

const metadata = new MetaData();
let stamps = 0;
const stamp = (): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, stamps++));
const notes = metadata.table("notes", {
  id: t.integer().primaryKey(),
  title: t.string(20),
  isDone: t.boolean().default(false),
  createdAt: t.dateTime().default(stamp),
  changedAt: t.dateTime().nullable().onupdate(stamp),
  shout: t.string(20).nullable().default(func.upper("new")).onupdate(func.upper("changed")).named("shout_text"),
  state: t.string(20).serverDefault("open"),
});
const seats = metadata.table("seats", {
  rowNumber: t.integer().primaryKey().named("row_number_"),
  place: t.string(5).primaryKey(),
});
// Nothing but parameters, so that many rows can be put into one statement.
const visits = metadata.table("visits", { id: t.integer().primaryKey(), who: t.string(5), at: t.dateTime().default(stamp) });
const plain = metadata.table("plain", { n: t.integer() });
const { c } = notes;

forEachDatabase("statement facts", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    // Of either colour: `await` takes values as they are.
    let engine: AsyncEngine;
    let connection: AsyncConnection;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl()) as AsyncEngine;
      await metadata.createAll(engine);
      connection = await engine.connect();
    });
    beforeEach(() => {
      stamps = 0;
    });
    afterAll(async () => {
      await connection?.close();
      await engine?.dispose();
    });
    const second = (count: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, count));

    test("the values of one insert, with its defaults, before conversion", async () => {
      const result = await connection.execute(insert(notes), { title: "one" });
      expect(result.lastInsertedParams()).toEqual({ title: "one", isDone: false, createdAt: second(0), upper_1: "new" });
      expect(result.lastInsertedParams()).not.toBe(result.lastInsertedParams());
      const given = await connection.execute(insert(notes).values({ title: "two", isDone: true, createdAt: second(9) }));
      expect(given.lastInsertedParams()).toEqual({ title: "two", isDone: true, createdAt: second(9), upper_1: "new" });
      expect(stamps).toBe(1);
    });

    test("the values of a list, each with the default that was sent for it", async () => {
      const names = ["a", "b", "c"];
      const statement = insert(visits).executionOptions({ insertmanyvaluesPageSize: 2 });
      const result = await connection.execute(
        statement,
        names.map((who) => ({ who })),
      );
      expect(result.lastInsertedParams()).toEqual(names.map((who, index) => ({ who, at: second(index) })));
      expect(result.lastInsertedParams()).toEqual(result.lastInsertedParams());
      expect(stamps).toBe(3);
      const stored = await connection.execute(select(visits.c.who, visits.c.at).orderBy(visits.c.who));
      expect(stored.all()).toEqual(names.map((who, index) => [who, second(index)]));
      const only = await connection.execute(insert(visits), [{ who: "alone" }]);
      expect(only.lastInsertedParams()).toEqual([{ who: "alone", at: second(3) }]);
    });

    test("the same where rows cannot be put together", async () => {
      const result = await connection.execute(insert(notes), [{ title: "a" }, { title: "b" }]);
      const common = { isDone: false, upper_1: "new" };
      expect(result.lastInsertedParams()).toEqual([
        { title: "a", createdAt: second(0), ...common },
        { title: "b", createdAt: second(1), ...common },
      ]);
      const stored = await connection.execute(
        select(c.createdAt)
          .where(c.title.in(["a", "b"]))
          .orderBy(c.title),
      );
      expect(stored.scalars().all()).toEqual([second(0), second(1)]);
    });

    test("several rows in one statement have parameters of their own", async () => {
      const result = await connection.execute(insert(visits).values([{ who: "x" }, { who: "y" }]));
      expect(result.lastInsertedParams()).toEqual({ who_1: "x", at: second(0), who_2: "y", at_m1: second(1) });
      expect(result.prefetchCols()).toEqual([visits.c.at]);
    });

    test("the values of an update, with those of its condition", async () => {
      await connection.execute(insert(notes), [{ title: "u1" }, { title: "u2" }]);
      stamps = 0;
      const one = await connection.execute(
        update(notes)
          .where(c.title.in(["u1", "u3"]))
          .values({ isDone: true }),
      );
      expect(one.lastUpdatedParams()).toEqual({ isDone: true, changedAt: second(0), upper_1: "changed", title_1: ["u1", "u3"] });
      const statement = update(notes).where(c.title.eq(bindparam("who")));
      const many = await connection.execute(statement, [
        { who: "u1", isDone: false },
        { who: "u2", isDone: true },
      ]);
      expect(many.lastUpdatedParams()).toEqual([
        { isDone: false, changedAt: second(1), upper_1: "changed", who: "u1" },
        { isDone: true, changedAt: second(2), upper_1: "changed", who: "u2" },
      ]);
      expect([many.rowcount, many.isInsert]).toEqual([2, false]);
    });

    test("which columns got a default here, and which from the database", async () => {
      const inserted = await connection.execute(insert(notes), { title: "p" });
      expect(inserted.prefetchCols()).toEqual([c.isDone, c.createdAt]);
      expect(inserted.postfetchCols()).toEqual([c.shout, c.state]);
      expect(inserted.lastrowHasDefaults()).toBe(true);
      const given = await connection.execute(
        insert(notes).values({ title: func.lower("P"), isDone: true, createdAt: second(0), shout: "s", state: "shut" }),
      );
      expect(given.prefetchCols()).toEqual([]);
      expect(given.postfetchCols()).toEqual([c.title]);
      const updated = await connection.execute(
        update(notes)
          .where(c.title.eq("p"))
          .values({ state: func.lower("DONE") }),
      );
      expect(updated.prefetchCols()).toEqual([c.changedAt]);
      expect(updated.postfetchCols()).toEqual([c.shout, c.state]);
      const known = await connection.execute(
        update(notes).where(c.title.eq("p")).values({ state: "open", shout: null, changedAt: null }),
      );
      expect([known.prefetchCols(), known.postfetchCols(), known.lastrowHasDefaults()]).toEqual([[], [], false]);
    });

    test.skipIf(!db.has("returning"))("what an insert returns is known", async () => {
      const result = await connection.execute(insert(notes).returning(c.state, c.id), { title: "r" });
      expect(result.postfetchCols()).toEqual([c.shout]);
      expect(result.lastInsertedParams()).toMatchObject({ title: "r" });
      const { state, id } = result.one();
      expect([state, result.insertedPrimaryKey.id]).toEqual(["open", id]);
      const many = await connection.execute(insert(notes).returning(c.id), [{ title: "r1" }, { title: "r2" }]);
      const ids = many.scalars().all();
      expect(many.lastInsertedParams()).toMatchObject([{ title: "r1" }, { title: "r2" }]);
      expect(many.insertedPrimaryKeyRows).toEqual(ids.map((one) => [one]));
    });

    test("keys are rows with names", async () => {
      const { insertedPrimaryKey: key } = await connection.execute(insert(notes), { title: "k" });
      const id = (await connection.execute(select(c.id).where(c.title.eq("k")))).scalarOne();
      expect(key).toEqual([id]);
      expect([key.id, key[0], key._get(c.id), key._fields, key._asdict()]).toEqual([id, id, id, ["id"], { id }]);
      const seat = (await connection.execute(insert(seats), { rowNumber: 4, place: "D" })).insertedPrimaryKey;
      expect([seat.rowNumber, seat.place, seat._get(seats.c.place)]).toEqual([4, "D", "D"]);
      expect(() => seat._get("row_number_")).toThrow(/no column "row_number_"/);
      expect([...(await connection.execute(insert(plain), { n: 1 })).insertedPrimaryKey]).toEqual([]);
    });

    test("keys of a list: those that were given, in any way of sending", async () => {
      const rows = [
        { rowNumber: 5, place: "A" },
        { rowNumber: 5, place: "B" },
      ];
      const result = await connection.execute(insert(seats), rows);
      expect(result.insertedPrimaryKeyRows.map((key) => key.place)).toEqual(["A", "B"]);
      expect(() => result.insertedPrimaryKey).toThrow(InvalidRequestError);
      rows.length = 0;
      expect(result.insertedPrimaryKeyRows.map((key) => key.length)).toEqual([2, 2]);
      const generated = await connection.execute(insert(visits), [{ who: "g1" }, { who: "g2" }]);
      const { id, who } = visits.c;
      const ids = (
        await connection.execute(
          select(id)
            .where(who.in(["g1", "g2"]))
            .orderBy(who),
        )
      ).all();
      // Nobody has asked a server for them, which RETURNING would do.
      expect(generated.insertedPrimaryKeyRows).toEqual(db.name === "sqlite" ? ids : [[null], [null]]);
    });

    test("row counts", async () => {
      await connection.execute(insert(plain), [{ n: 7 }, { n: 7 }]);
      const results = [
        await connection.execute(update(plain).where(plain.c.n.eq(7)).values({ n: 7 })),
        await connection.execute(delete_(plain).where(plain.c.n.eq(7))),
        await connection.execute(text("DELETE FROM plain")),
        await connection.execDriverSql(`DELETE FROM plain WHERE n = ${placeholder(db, 1)}`, [1]),
      ];
      expect(results.map(({ rowcount }) => rowcount)).toEqual([2, 2, 1, 0]);
      for (const result of results)
        expect([result.supportsSaneRowcount(), result.supportsSaneMultiRowcount()]).toEqual([true, true]);
      expect((await connection.execute(select(plain))).supportsSaneRowcount()).toBe(false);
    });

    test("of other statements there is nothing to tell", async () => {
      const inserted = await connection.execute(insert(plain), { n: 1 });
      expect(() => inserted.lastUpdatedParams()).toThrow(/lastUpdatedParams\(\) is for the result of an update\(\)/);
      const updated = await connection.execute(update(plain).values({ n: 2 }));
      expect(() => updated.lastInsertedParams()).toThrow(/lastInsertedParams\(\) is for the result of an insert\(\)/);
      expect(() => updated.insertedPrimaryKey).toThrow(InvalidRequestError);
      for (const result of [
        await connection.execute(select(plain)),
        await connection.execute(delete_(plain)),
        await connection.execute(text("INSERT INTO plain (n) VALUES (1)")),
      ]) {
        expect(() => result.lastInsertedParams()).toThrow(InvalidRequestError);
        expect(() => result.lastUpdatedParams()).toThrow(InvalidRequestError);
        expect(() => result.prefetchCols()).toThrow(/prefetchCols\(\) is for the result of an insert\(\) or update\(\)/);
        expect(() => result.postfetchCols()).toThrow(InvalidRequestError);
        expect(result.lastrowHasDefaults()).toBe(false);
      }
    });

    test("in results that can be streamed too", async () => {
      const result = await connection.stream(insert(notes), { title: "s" });
      expect(result.lastInsertedParams()).toMatchObject({ title: "s", isDone: false });
      expect(result.insertedPrimaryKey.id).toBe(result.insertedPrimaryKeyRows[0]![0]);
      expect([result.prefetchCols().length, result.postfetchCols().length]).toEqual([2, 2]);
      expect([result.lastrowHasDefaults(), result.supportsSaneRowcount(), result.supportsSaneMultiRowcount()]).toEqual([
        true,
        true,
        true,
      ]);
      const changed = await connection.stream(update(plain).values({ n: 3 }));
      expect(changed.lastUpdatedParams()).toEqual({ n: 3 });
    });

    test("the usual isolation level and the server's version, once connected", async () => {
      const level = { sqlite: "SERIALIZABLE", postgresql: "READ COMMITTED", mysql: "REPEATABLE READ" }[db.name];
      const own = openEngine(colour, db.url, { isolationLevel: "READ UNCOMMITTED" }) as AsyncEngine;
      expect([own.dialect.defaultIsolationLevel, own.dialect.serverVersionInfo]).toEqual([null, []]);
      expect(own.dialect.defaultSchemaName).toBeNull();
      const other = await own.connect();
      expect([other.defaultIsolationLevel, own.dialect.defaultIsolationLevel]).toEqual([level, level]);
      expect(await other.getIsolationLevel()).toBe("READ UNCOMMITTED");
      const schema = { sqlite: "main", postgresql: "public", mysql: makeUrl(db.url).database }[db.name];
      expect(own.dialect.defaultSchemaName).toBe(schema);
      expect(own.dialect.serverDescription).toContain(own.dialect.serverVersionInfo.join("."));
      expect(other.inTransaction()).toBe(false);
      await other.close();
      await own.dispose();
    });

    test("the default schema with every driver", async () => {
      for (const driver of driversOf(db.name)) {
        const own = openEngine(colour, urlWith(driver, db.url)) as AsyncEngine;
        await (await own.connect()).close();
        const schema = { sqlite: "main", postgresql: "public", mysql: makeUrl(db.url).database }[db.name];
        expect([driver.name, own.dialect.defaultSchemaName]).toEqual([driver.name, schema]);
        await own.dispose();
      }
    });

    test("an engine on another's pool asks the server by itself", async () => {
      const sharing = openEngine(colour, db.url, { pool: engine.pool }) as AsyncEngine;
      const borrowed = await sharing.connect();
      expect(borrowed.defaultIsolationLevel).toBe(connection.defaultIsolationLevel);
      expect(await borrowed.getIsolationLevel()).toBe(await connection.getIsolationLevel());
      expect(sharing.dialect.serverVersionInfo).toEqual(engine.dialect.serverVersionInfo);
      await borrowed.close();
    });

    test("the schema that is written for a table", async () => {
      const elsewhere = new Table(
        "notes",
        new MetaData(),
        [new Column("id", "id", t.integer().primaryKey())],
        () => [],
        "shared",
      );
      class Note extends declarativeBase({ metadata: new MetaData() }).model("notes", { id: t.integer().primaryKey() }) {}
      const own = await engine.connect();
      expect([own.schemaForObject(notes), own.schemaForObject(elsewhere), own.schemaForObject(Note)]).toEqual([
        null,
        "shared",
        null,
      ]);
      await own.executionOptions({
        schemaTranslateMap: new Map<string | null, string | null>([
          [null, "tenant"],
          ["shared", null],
        ]),
      });
      expect([own.schemaForObject(notes), own.schemaForObject(elsewhere), own.schemaForObject(Note)]).toEqual([
        "tenant",
        null,
        "tenant",
      ]);
      expect(() => own.schemaForObject("notes" as never)).toThrow(ArgumentError);
      await own.close();
    });
  });

  // What the dialect says of row counts must hold with whatever driver carries them.
  test.each(driversOf(db.name).map((driver) => [driver.name, driver] as const))("row counts of %s", async (name, driver) => {
    const engine = openEngine("async", urlWith(driver, db.url)) as AsyncEngine;
    const counted = new MetaData().table(`counted_${name.replaceAll(/\W/g, "_")}`, {
      id: t.integer().primaryKey({ autoincrement: false }),
      n: t.integer(),
    });
    await counted.metadata.createAll(engine);
    await engine.begin(async (connection) => {
      await connection.execute(
        insert(counted),
        [1, 2, 3, 4].map((id) => ({ id, n: 0 })),
      );
      const one = await connection.execute(update(counted).where(counted.c.id.le(3)).values({ n: 0 }));
      expect([one.supportsSaneRowcount(), one.rowcount]).toEqual([true, 3]);
      const statement = update(counted).where(counted.c.id.eq(bindparam("which")));
      const many = await connection.execute(statement, [
        { which: 1, n: 0 },
        { which: 9, n: 5 },
        { which: 4, n: 5 },
      ]);
      expect([many.supportsSaneMultiRowcount(), many.rowcount]).toEqual([true, 2]);
      const gone = await connection.execute(delete_(counted).where(counted.c.id.eq(bindparam("which"))), [
        { which: 1 },
        { which: 9 },
        { which: 2 },
      ]);
      expect(gone.rowcount).toBe(2);
    });
    await engine.dispose();
  });
});
