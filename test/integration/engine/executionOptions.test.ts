/** Execution options: which place wins, schema translation, page sizes, caches of one's own; through connections and sessions. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { event } from "../../../src/engine/events.ts";
import { declarativeBase, many, one, selectinload } from "../../../src/orm/index.ts";
import { insert, MetaData, select, t, text, update } from "../../../src/sql/index.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { Session } from "../../../src/sync/session.ts";
import { AsyncSession } from "../../../src/async/session.ts";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import { Lru } from "../../../src/util/lru.ts";
import type { Compiled } from "../../../src/sql/compile/compiled.ts";
import { coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

const Base = declarativeBase();
class Shop extends Base.model("shops", {
  id: t.integer().primaryKey(),
  name: t.string(50),
  get items() {
    return many(Item, { backPopulates: "shop" });
  },
}) {}
class Item extends Base.model("items", {
  id: t.integer().primaryKey(),
  get shopId() {
    return t.integer().foreignKey(Shop.c.id);
  },
  get shop() {
    return one(Shop, { backPopulates: "items" });
  },
}) {}

const metadata = new MetaData();
const things = metadata.table("things", { id: t.integer().primaryKey(), name: t.string(50) });

forEachDatabase("execution options", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    // Both colours have the same methods; awaiting what is no promise changes nothing.
    let engine: Engine;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl()) as Engine;
      await metadata.createAll(engine);
    });
    afterAll(async () => {
      await engine?.dispose();
    });

    test("call before statement before connection before engine", async () => {
      const copy = engine.executionOptions({ info: { from: "engine" }, maxRowBuffer: 1 });
      const seen: unknown[] = [];
      event.listen(
        copy,
        "beforeExecute",
        (_connection, _statement, _parameters, options) => void seen.push(options.info?.["from"]),
      );
      const connection = await copy.connect();
      await connection.execute(select(1));
      await connection.executionOptions({ info: { from: "connection" } });
      await connection.execute(select(1));
      const statement = select(1).executionOptions({ info: { from: "statement" } });
      await connection.execute(statement);
      await connection.execute(statement.limit(1).where(text("1 = 1") as never));
      await connection.execute(statement, {}, { executionOptions: { info: { from: "call" } } });
      expect(seen).toEqual(["engine", "connection", "statement", "statement", "call"]);
      expect(connection.getExecutionOptions()).toMatchObject({ maxRowBuffer: 1, info: { from: "connection" } });
      await expect(async () => await connection.execute(select(1).executionOptions({ yieldper: 1 } as never))).rejects.toThrow(
        /did you mean yieldPer/,
      );
      await connection.close();
    });

    test("every kind of statement keeps its options through its methods", () => {
      const options = { maxRowBuffer: 3 };
      const made = [
        select(things).executionOptions(options).where(things.c.id.eq(1)).orderBy(things.c.id).limit(1),
        select(things.c.id).union(select(things.c.id)).executionOptions(options).orderBy("id").limit(1),
        insert(things).executionOptions(options).values({ id: 1, name: "a" }),
        update(things).executionOptions(options).where(things.c.id.eq(1)).values({ name: "b" }),
        text("SELECT 1").executionOptions(options),
      ];
      for (const statement of made) expect(statement.ownExecutionOptions).toEqual(options);
      expect(select(things).ownExecutionOptions).toBeNull();
      expect(select(things).executionOptions(options).executionOptions({ yieldPer: 5 }).ownExecutionOptions).toEqual({
        ...options,
        yieldPer: 5,
      });
    });

    test("insertmanyvaluesPageSize", async () => {
      if (db.name === "sqlite") return;
      const connection = await engine.connect();
      let statements = 0;
      event.listen(connection, "beforeCursorExecute", () => void statements++);
      const rows = Array.from({ length: 10 }, (_, index) => ({ id: index + 1, name: `n${index}` }));
      await connection.execute(insert(things), rows, { executionOptions: { insertmanyvaluesPageSize: 4 } });
      expect(statements).toBe(3);
      await connection.rollback();
      const single = openEngine(colour, engine.url.renderAsString({ hidePassword: false }), {
        useInsertmanyvalues: false,
      }) as Engine;
      const other = await single.connect();
      statements = 0;
      event.listen(other, "beforeCursorExecute", () => void statements++);
      await other.execute(insert(things), rows);
      expect(statements).toBe(10);
      await other.close();
      await single.dispose();
      await connection.close();
    });

    test("a cache of one's own, and none", async () => {
      const connection = await engine.connect();
      const own = new Lru<string, Compiled>(10);
      await connection.execute(select(things.c.id), undefined, { executionOptions: { compiledCache: own } });
      expect(own.size).toBe(1);
      const before = engine.core.statementCache.size;
      await connection.execute(select(things.c.name, things.c.id, things.c.name), undefined, {
        executionOptions: { compiledCache: null },
      });
      expect(engine.core.statementCache.size).toBe(before);
      await connection.close();
    });
  });
});

forEachDatabase("schemaTranslateMap", { requires: ["schemas"] }, (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: Engine;
    let tenants: readonly string[];
    const quoted = (name: string): string => (db.name === "mysql" ? `\`${name}\`` : `"${name}"`);
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl()) as Engine;
      tenants = [1, 2].map((n) => `${engine.url.database}_Tenant ${n}`);
      const connection = await engine.connect();
      for (const tenant of tenants) {
        await connection.execDriverSql(`DROP SCHEMA IF EXISTS ${quoted(tenant)}${db.name === "mysql" ? "" : " CASCADE"}`);
        await connection.execDriverSql(`CREATE SCHEMA ${quoted(tenant)}`);
      }
      await connection.commit();
      await connection.close();
      for (const tenant of tenants)
        await Base.metadata.createAll(engine.executionOptions({ schemaTranslateMap: new Map([[null, tenant]]) }));
    });
    afterAll(async () => {
      const connection = await engine.connect();
      for (const tenant of tenants)
        await connection.execDriverSql(`DROP SCHEMA ${quoted(tenant)}${db.name === "mysql" ? "" : " CASCADE"}`);
      await connection.commit();
      await connection.close();
      await engine?.dispose();
    });

    function session(tenant: string): Session {
      const own = engine.executionOptions({ schemaTranslateMap: new Map([[null, tenant]]) });
      return colour === "sync" ? new Session(own) : (new AsyncSession(own as unknown as AsyncEngine) as unknown as Session);
    }

    test("one mapping, many schemas: flushes, gets and loads go where the engine says", async () => {
      for (const [index, tenant] of tenants.entries()) {
        const mine = session(tenant);
        const shop = new Shop({ name: `shop of ${index}` });
        shop.items.push(new Item({}), ...(index === 1 ? [new Item({})] : []));
        mine.add(shop);
        await mine.commit();
        await mine.close();
      }
      for (const [index, tenant] of tenants.entries()) {
        const mine = session(tenant);
        const [shop] = (await mine.scalars(select(Shop).options(selectinload(Shop.c.items)))).all();
        expect(shop).toMatchObject({ name: `shop of ${index}` });
        expect(shop!.items).toHaveLength(index + 1);
        expect((await mine.get(Item, shop!.items[0]!.id))?.shopId).toBe(shop!.id);
        await mine.close();
      }
    });

    test("per call, with one cached statement", async () => {
      const connection = await engine.connect();
      const before = engine.core.statementCache.size;
      const names: unknown[] = [];
      for (const tenant of [...tenants, ...tenants])
        names.push(
          await connection.scalar(select(Shop.c.name), undefined, {
            executionOptions: { schemaTranslateMap: new Map([[null, tenant]]) },
          }),
        );
      expect(names).toEqual(["shop of 0", "shop of 1", "shop of 0", "shop of 1"]);
      expect(engine.core.statementCache.size).toBe(before + 1);
      await connection.close();
    });
  });
});
