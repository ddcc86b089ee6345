/** What docs/guides/coming-from-sqlalchemy-engine.md says of behaviour, so that it stays true. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncConnection } from "../../src/async/connection.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import type { EnginePlugin } from "../../src/engine/options/plugins.ts";
import { event } from "../../src/engine/events.ts";
import { makeUrl } from "../../src/engine/url.ts";
import {
  ArgumentError,
  CompileError,
  NotYetSupportedError,
  ObjectNotExecutableError,
  ResourceClosedError,
  TimeoutError,
} from "../../src/errors/index.ts";
import type { PooledConnection } from "../../src/pool/pool.ts";
import { bindparam, func, insert, MetaData, select, t, text } from "../../src/sql/index.ts";
import { coloursOf, openEngine } from "../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";
import { driversOf, urlWith } from "../support/driverUrls.ts";

const metadata = new MetaData();
const items = metadata.table("items", { id: t.integer().primaryKey(), name: t.string(20) });
const memory = `${sqliteScheme}://`;

describe("options that are left out", () => {
  test.each([
    ["paramstyle", /placeholders are those of the driver/],
    ["module", /option driver/],
    ["implicitReturning", /RETURNING is used/],
    ["emptyInStrategy", /an empty list finds nothing/],
    ["serverSideCursors", /stream\(\)/],
    ["poolclass", /called poolClass/],
    ["nativeDatetime", /no option nativeDatetime/],
    ["events", /no option events/],
  ])("%s", (name, message) => {
    const make = (): unknown => openEngine("sync", memory, { [name]: "x" });
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });

  test.each(["enableFromLinting", "labelLength", "maxIdentifierLength"])("%s is planned", (name) => {
    expect(() => openEngine("sync", memory, { [name]: 1 })).toThrow(NotYetSupportedError);
  });

  test.each(["noParameters", "preserveRowcount", "myOwn"])("the execution option %s", (name) => {
    expect(() => openEngine("sync", memory, { executionOptions: { [name]: true } })).toThrow(ArgumentError);
  });

  test("a plugin sees the pool's options", () => {
    const plugin: EnginePlugin = { updateOptions: (options) => ({ ...options, poolSize: (options.poolSize ?? 0) + 1 }) };
    expect(openEngine("sync", `${memory}/x.db`, { plugins: [plugin], poolSize: 2 }).pool.size()).toBe(3);
  });
});

forEachDatabase("coming from SQLAlchemy", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    // Of either colour: `await` takes values as they are.
    let engine: AsyncEngine;
    let connection: AsyncConnection;
    beforeAll(async () => {
      engine = openEngine(colour, await db.freshUrl()) as AsyncEngine;
      await metadata.createAll(engine);
      connection = await engine.connect();
      await connection.execute(insert(items), [{ name: "a" }, { name: "b" }]);
      await connection.commit();
    });
    afterAll(async () => {
      await connection?.close();
      await engine?.dispose();
    });

    test("an empty list finds nothing, and its opposite everything", async () => {
      const found = await connection.execute(select(items.c.name).where(items.c.name.in([])));
      expect(found.all()).toEqual([]);
      const others = await connection.execute(select(items.c.name).where(items.c.name.notIn([])));
      expect(others.all().length).toBe(2);
      await connection.rollback();
    });

    test("a percent sign is one, with every driver", async () => {
      for (const driver of driversOf(db.name)) {
        const own = openEngine(colour, urlWith(driver, db.url)) as AsyncEngine;
        const each = await own.connect();
        expect(Number((await each.execDriverSql("SELECT 5 % 3")).scalar())).toBe(2);
        expect((await each.execute(text("SELECT '100%s %% %(a)s'"))).scalar()).toBe("100%s %% %(a)s");
        await each.close();
        await own.dispose();
      }
    });

    test("rows are counted, for SELECT too, but not in streams", async () => {
      expect((await connection.execute(select(items))).rowcount).toBe(2);
      expect((await connection.execute(text("UPDATE items SET name = 'c'"))).rowcount).toBe(2);
      const streamed = await connection.stream(select(items));
      expect(streamed.rowcount).toBe(-1);
      await streamed.close();
      await connection.rollback();
    });

    test("columns are asked for by their objects on the result, rows by names", async () => {
      const order = select(items).orderBy(items.c.id);
      expect((await connection.execute(order)).scalars(items.c.name).all()).toEqual(["a", "b"]);
      expect((await connection.execute(order)).columns(items.c.name, items.c.id).first()).toEqual(["a", 1]);
      const row = (await connection.execute(order)).first()!;
      expect(Object.getPrototypeOf(row._mapping)).toBe(Object.prototype);
      expect(row._mapping).toEqual({ id: 1, name: "a" });
      await connection.rollback();
    });

    test("what is no statement cannot be executed", async () => {
      await expect(async () => await connection.execute(func.now() as never)).rejects.toThrow(CompileError);
      expect((await connection.execute(select(func.now()))).all().length).toBe(1);
      await expect(async () => await connection.execute(select(items).compile() as never)).rejects.toThrow(
        ObjectNotExecutableError,
      );
      await expect(async () => await connection.execute(items as never)).rejects.toThrow();
      await connection.rollback();
    });

    test("sets with other keys are refused", async () => {
      const statement = select(items).where(items.c.id.eq(bindparam("id")));
      const run = async (): Promise<unknown> => await connection.execute(statement, [{ id: 1 }, { id: 2, name: "x" }]);
      await expect(run).rejects.toThrow(/Parameter set 2/);
      await connection.rollback();
    });

    test("raw connections have no cursor(), records say since when they are lent", async () => {
      const records: PooledConnection[] = [];
      event.listen(engine, "checkout", (_driverConnection, record) => void records.push(record));
      const raw = await engine.rawConnection();
      expect("cursor" in raw).toBe(false);
      expect(raw.info).toBeInstanceOf(Map);
      expect(records[0]!.lentAt).not.toBeNull();
      await raw.close();
      expect(records[0]!.lentAt).toBeNull();
      expect(() => raw.driverConnection).toThrow(ResourceClosedError);
    });

    test("data of one's own stands in info", async () => {
      const own = engine.executionOptions({ info: { tenant: 1 } });
      expect(own.getExecutionOptions().info).toEqual({ tenant: 1 });
    });

    test("portions of an asynchronous execute() are refused, and those of a synchronous one given", async () => {
      const run = async (): Promise<unknown> =>
        (await connection.execute(select(items).executionOptions({ yieldPer: 1 }))).all().length;
      if (colour === "async") await expect(run).rejects.toThrow(/stream\(\)/);
      else expect(await run()).toBe(2);
      await connection.rollback();
    });
  });
});

describe("other statements of the guide", () => {
  test("URLs are no tuples, and normalizedQuery() makes a new object", () => {
    const url = makeUrl("postgresql://h/d?a=1&a=2&b=3");
    expect(Symbol.iterator in url).toBe(false);
    expect(url.normalizedQuery()).toEqual({ a: ["1", "2"], b: ["3"] });
    expect(url.normalizedQuery()).not.toBe(url.normalizedQuery());
  });

  test("a synchronous engine does not wait for a connection", () => {
    const engine = openEngine("sync", memory);
    const first = engine.connect();
    const started = performance.now();
    expect(() => engine.connect()).toThrow(TimeoutError);
    expect(performance.now() - started).toBeLessThan(1000);
    void first;
  });

  test("an asynchronous engine is no wrapper", () => {
    expect("syncEngine" in openEngine("async", memory)).toBe(false);
  });
});
