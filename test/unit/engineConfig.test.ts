/** Making engines: options, flat configuration, plugins, creators, JSON codecs, shared pools. */
import { inspect } from "node:util";
import { afterEach, describe, expect, test, vi } from "vitest";
import { builtInDrivers } from "../../src/drivers/index.ts";
import { registerDriver } from "../../src/engine/driverRegistry.ts";
import type { EngineOptions } from "../../src/engine/options/options.ts";
import { registerPlugin } from "../../src/engine/options/plugins.ts";
import { makeUrl, URL } from "../../src/engine/url.ts";
import { ArgumentError, NoSuchModuleError, NotYetSupportedError } from "../../src/errors/index.ts";
import { NullPool } from "../../src/pool/nullPool.ts";
import { StaticPool } from "../../src/pool/staticPool.ts";
import { insert, MetaData, select, t } from "../../src/sql/index.ts";
import type { Engine } from "../../src/sync/engine.ts";
import { createEngine, engineFromConfig } from "../../src/sync/engine.ts";

for (const driver of builtInDrivers) registerDriver(driver);
const scheme =
  Number(process.versions.node.split(".")[0]) >= 24 && process.env["ATHANOR_DATABASES"] === "sqlite" ? "sqlite+node" : "sqlite";

const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});
function keep(engine: Engine): Engine {
  engines.push(engine);
  return engine;
}

test("an engine prints as its URL, without passwords", () => {
  const engine = keep(createEngine(`${scheme}:///x.db`, { connectArgs: { password: "s3cret" } }));
  expect(String(engine)).toBe(`Engine(${scheme}:///x.db)`);
  expect(inspect(engine, { depth: 20 })).toBe(`Engine(${scheme}:///x.db)`);
});

describe("options", () => {
  test("an unknown option suggests the nearest, one of SQLAlchemy's says what to do", () => {
    expect(() => createEngine("sqlite://", { poolsize: 5 } as EngineOptions)).toThrow(/did you mean poolSize/);
    expect(() => createEngine("sqlite://", { poolclass: NullPool } as EngineOptions)).toThrow(/it is called poolClass/);
    expect(() => createEngine("sqlite://", { paramstyle: "named" } as EngineOptions)).toThrow(
      /placeholders are those of the driver/,
    );
    expect(() => createEngine("sqlite://", { maxIdentifierLength: 30 } as EngineOptions)).toThrow(NotYetSupportedError);
  });

  test.each<[object, RegExp]>([
    [{ echo: "loud" }, /echo must be true, false or "debug"/],
    [{ poolSize: 1.5 }, /poolSize must be an integer/],
    [{ poolTimeout: "soon" }, /poolTimeout must be a duration/],
    [{ future: false }, /no other style of engine/],
    [{ creator: 5 }, /creator must be a function/],
    [{ loggingName: 5 }, /loggingName must be a string/],
    [{ poolClass: NullPool, poolSize: 5 }, /NullPool has no use for poolSize/],
    [{ poolClass: {} }, /poolClass must be a class of pools/],
    [{ poolResetOnReturn: "maybe" }, /poolResetOnReturn must be/],
    [{ executionOptions: { isolationLevl: "SERIALIZABLE" } }, /did you mean isolationLevel/],
    [{ isolationLevel: "CHAOS" }, /isolationLevel must be one of/],
    [{ insertmanyvaluesPageSize: 0 }, /insertmanyvaluesPageSize must be an integer of at least 1/],
  ])("%o is refused", (options, message) => {
    expect(() => createEngine("sqlite:///file.db", options as EngineOptions)).toThrow(message);
    expect(() => createEngine("sqlite:///file.db", options as EngineOptions)).toThrow(ArgumentError);
  });

  test("future, and undefined for absent", () => {
    keep(createEngine(`${scheme}://`, { future: true, poolTimeout: "1s" }));
    keep(createEngine(`${scheme}://`, { echo: undefined } as unknown as EngineOptions));
  });

  test("a creator opens the connections, and may ask the driver to", () => {
    const creator = vi.fn<NonNullable<EngineOptions["creator"]>>((target, connect) =>
      connect({ ...target, database: ":memory:" }),
    );
    const engine = keep(createEngine(`${scheme}:////no/such/folder/x.db`, { creator }));
    using connection = engine.connect();
    expect(connection.scalar(select(1))).toBe(1);
    expect(creator).toHaveBeenCalledTimes(1);
  });

  test("JSON goes through one's own functions", () => {
    const engine = keep(
      createEngine(`${scheme}://`, {
        jsonSerializer: (value) => JSON.stringify({ wrapped: value }),
        jsonDeserializer: (text) => (JSON.parse(text) as { wrapped: unknown }).wrapped,
      }),
    );
    const metadata = new MetaData();
    const table = metadata.table("t", { id: t.integer().primaryKey(), j: t.json<unknown>(), raw: t.text().nullable() });
    metadata.createAll(engine);
    engine.begin((connection) => {
      connection.execute(insert(table).values({ id: 1, j: [1, 2] }));
      expect(connection.execute(select(table.c.j)).scalarOne()).toEqual([1, 2]);
      expect(connection.execDriverSql("SELECT j FROM t").scalar()).toBe('{"wrapped":[1,2]}');
    });
  });

  test("another engine's pool", () => {
    const first = keep(createEngine(`${scheme}://`, { poolClass: StaticPool }));
    const second = keep(createEngine(`${scheme}://`, { pool: first.pool }));
    first.begin((connection) => void connection.execDriverSql("CREATE TABLE shared (n INTEGER)"));
    using connection = second.connect();
    expect(connection.execDriverSql("SELECT count(*) FROM shared").scalar()).toBe(0);
    expect(() => createEngine("sqlite://", { pool: first.pool, poolSize: 5 })).toThrow(/no effect on a pool that exists/);
  });
});

describe("flat configuration", () => {
  test("strings become what options want", () => {
    const engine = keep(
      engineFromConfig({
        "athanor.url": `${scheme}:///:memory:`,
        "athanor.echo": "false",
        "athanor.pool_timeout": "2s",
        "athanor.execution_options": '{"maxRowBuffer": 50}',
        "athanor.hideParameters": "yes",
        "other.thing": "left alone",
      }),
    );
    expect(engine.core.settings).toMatchObject({ echo: false, hideParameters: true, poolOptions: { poolTimeout: 2000 } });
    expect(engine.getExecutionOptions()).toEqual({ maxRowBuffer: 50 });
  });

  test.each<[Record<string, string>, RegExp]>([
    [{}, /no athanor\.url/],
    [{ "athanor.url": "sqlite://", "athanor.pool_size": "many" }, /athanor\.pool_size must be an integer/],
    [{ "athanor.url": "sqlite://", "athanor.echo": "maybe" }, /athanor\.echo must be true or false/],
    [{ "athanor.url": "sqlite://", "athanor.pool_timeout": "30" }, /must be a time with its unit/],
    [{ "athanor.url": "sqlite://", "athanor.connect_args": "5" }, /must be a JSON object/],
    [{ "athanor.url": "sqlite://", "athanor.pool_sise": "5" }, /did you mean poolSize/],
  ])("%o is refused", (config, message) => {
    expect(() => engineFromConfig(config)).toThrow(message);
  });

  test("a prefix of one's own", () => {
    const engine = keep(engineFromConfig({ url: `${scheme}://` }, { prefix: "" }));
    expect(engine.url.database).toBeNull();
  });
});

describe("plugins", () => {
  test("change the URL and the options, and see the engine", () => {
    const engineCreated = vi.fn();
    registerPlugin("limits", () => ({
      updateUrl: (url) => url.differenceUpdateQuery(["limit"]),
      updateOptions: (options) => ({ ...options, queryCacheSize: 7 }),
      engineCreated,
    }));
    const engine = keep(createEngine(`${scheme}://?plugin=limits&limit=5`));
    expect(engine.url.query).toEqual({});
    expect(engine.core.settings.queryCacheSize).toBe(7);
    expect(engineCreated).toHaveBeenCalledWith(engine);
    expect(() => createEngine("sqlite://?plugin=limit")).toThrow(NoSuchModuleError);
    expect(() => createEngine("sqlite://?plugin=limit")).toThrow(/did you mean "limits"/);
    expect(() => createEngine("sqlite://", { plugins: {} as never })).toThrow(/list of plugins/);
    expect(() => createEngine("sqlite://", { plugins: ["registered"] as never })).toThrow(/named in the URL/);
  });
});

describe("URL queries", () => {
  const url = makeUrl("postgresql://u:secret@h/db?a=1&b=2&b=3");
  test("pairs are added, replaced and appended; the URL itself stays as it is", () => {
    expect(url.updateQueryDict({ a: "9", c: "4" }).query).toEqual({ a: "9", b: ["2", "3"], c: "4" });
    expect(url.updateQueryDict({ b: "4" }, { append: true }).query).toEqual({ a: "1", b: ["2", "3", "4"] });
    expect(
      url.updateQueryPairs([
        ["x", "1"],
        ["x", "2"],
      ]).query["x"],
    ).toEqual(["1", "2"]);
    expect(url.updateQueryString("sslmode=require&a=%26").query).toMatchObject({ sslmode: "require", a: "&" });
    expect(url.differenceUpdateQuery(["b", "nothing"]).query).toEqual({ a: "1" });
    expect(url.normalizedQuery()).toEqual({ a: ["1"], b: ["2", "3"] });
    expect(url.query).toEqual({ a: "1", b: ["2", "3"] });
    expect(url.updateQueryDict({ a: "9" }).password).toBe("secret");
    expect(() => url.updateQueryDict({ a: 5 as unknown as string })).toThrow(ArgumentError);
    expect(URL.create({ drivername: "sqlite" }).updateQueryString("__proto__=x").query["__proto__"]).toBe("x");
  });
});
