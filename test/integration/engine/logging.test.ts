/** What is logged, where to, and what never is. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { ArgumentError } from "../../../src/errors/index.ts";
import type { LogRecord } from "../../../src/engine/logging.ts";
import type { EngineOptions } from "../../../src/engine/options/options.ts";
import { createEngine, type Engine } from "../../../src/sync/engine.ts";
import { bindparam, insert, MetaData, select, t, text } from "../../../src/sql/index.ts";
import { openEngine } from "../../support/colours.ts";
import { sqliteScheme } from "../../support/databases.ts";

const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

function memory(options: EngineOptions): Engine {
  const engine = openEngine("sync", `${sqliteScheme}://`, options) as Engine;
  engines.push(engine);
  return engine;
}

/** The messages, with times left out. */
function recorded(options: EngineOptions = {}): { engine: Engine; lines: string[]; records: LogRecord[] } {
  const lines: string[] = [];
  const records: LogRecord[] = [];
  const logger = (message: string, record: LogRecord): void => {
    lines.push(message.replace(/\d+\.\d{3,}s/g, "…s"));
    records.push(record);
  };
  return { engine: memory({ echo: true, logger, ...options }), lines, records };
}

describe("logging", () => {
  test("statements in SQLAlchemy's shape", () => {
    const { engine, lines, records } = recorded();
    using connection = engine.connect();
    const statement = select(bindparam("n", { type: t.integer() }).label("n"));
    connection.execute(statement, { n: 5 });
    connection.execute(statement, { n: 6 });
    connection.execDriverSql("SELECT 1");
    connection.commit();
    expect(lines).toEqual([
      "BEGIN (implicit)",
      "SELECT ? AS n",
      "[generated in …s] [5]",
      "SELECT ? AS n",
      expect.stringMatching(/^\[cached since …s ago\] \[6\]$/),
      "SELECT 1",
      "[raw sql] []",
      "COMMIT",
    ]);
    expect(records[0]).toMatchObject({ level: "info", logger: "athanor.engine.Engine" });
    expect(records[0]!.time).toBeInstanceOf(Date);
  });

  test("many rows, long values and hidden ones", () => {
    const { engine, lines } = recorded();
    const metadata = new MetaData();
    const notes = metadata.table("notes", { id: t.integer().primaryKey(), body: t.text() });
    metadata.createAll(engine);
    lines.length = 0;
    engine.begin((connection) => {
      connection.execute(insert(notes), [
        { id: 1, body: "x".repeat(400) },
        { id: 2, body: "b" },
      ]);
    });
    expect(lines[2]).toMatch(/^\[generated in …s\] \[\[1, "x{299}… \(\d+ characters cut\)\], \[2, "b"\]\]$/);
    const hidden = recorded({ hideParameters: true });
    using connection = hidden.engine.connect();
    connection.execute(text("SELECT :secret"), { secret: "s3cret" });
    expect(hidden.lines.join("\n")).not.toContain("s3cret");
    expect(hidden.lines.at(-1)).toContain("parameters hidden by hideParameters");
  });

  test("debug shows columns and rows", () => {
    const { engine, lines, records } = recorded({ echo: "debug" });
    using connection = engine.connect();
    expect(connection.execute(text("SELECT 1 AS a, 'x' AS b")).all()).toEqual([[1, "x"]]);
    expect(lines.slice(-2)).toEqual(['Col ["a", "b"]', 'Row [1, "x"]']);
    expect(records.at(-1)!.level).toBe("debug");
  });

  test("names, tokens, and the pool", () => {
    const { engine, lines, records } = recorded({ loggingName: "shop", echoPool: true, poolLoggingName: "main" });
    using connection = engine.connect();
    connection.executionOptions({ loggingToken: "request 7" });
    connection.execDriverSql("SELECT 1");
    expect(lines).toContain("[request 7] BEGIN (implicit)");
    expect(lines).toContain("[request 7] SELECT 1");
    const names = new Set(records.map((record) => record.logger));
    expect(names).toContain("athanor.engine.Engine.shop");
    expect([...names].some((name) => /^athanor\.pool\.SingleConnectionPool\.main$/.test(name))).toBe(true);
  });

  test("the token of an engine, a connection, a statement or a call, the narrowest of them", () => {
    const { engine, lines } = recorded({ executionOptions: { loggingToken: "engine" } });
    using connection = engine.connect();
    const statement = text("SELECT 1");
    connection.execute(statement);
    connection.execute(statement.executionOptions({ loggingToken: "statement" }));
    connection.execute(statement, {}, { executionOptions: { loggingToken: "call" } });
    connection.commit();
    connection.close();
    using copy = engine.executionOptions({ loggingToken: "copy" }).connect();
    copy.execute(statement);
    const tokens = lines.flatMap((line) => (line.includes("SELECT 1") || line.includes("COMMIT") ? [line] : []));
    expect(tokens).toEqual([
      "[engine] SELECT 1",
      "[statement] SELECT 1",
      "[call] SELECT 1",
      "[engine] COMMIT",
      "[copy] SELECT 1",
    ]);
  });

  test("an object with info and debug is a logger", () => {
    const info = vi.fn();
    const debug = vi.fn();
    using connection = memory({ echo: "debug", logger: { info, debug } }).connect();
    connection.execDriverSql("SELECT 1");
    expect(info).toHaveBeenCalledWith("SELECT 1");
    expect(debug).toHaveBeenCalled();
    expect(() => createEngine("sqlite://", { logger: {} as never })).toThrow(/info\(\) and debug\(\)/);
  });

  test("the default logger writes time, level and name", () => {
    const write = vi.spyOn(console, "info").mockImplementation(() => undefined);
    try {
      using connection = memory({ echo: true }).connect();
      connection.execDriverSql("SELECT 1");
      expect(write.mock.calls[0]![0]).toMatch(
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO athanor\.engine\.Engine BEGIN \(implicit\)$/,
      );
    } finally {
      write.mockRestore();
    }
  });

  test("nothing is logged unless it is asked for", () => {
    const logger = vi.fn();
    using connection = memory({ logger }).connect();
    connection.execDriverSql("SELECT 1");
    expect(logger).not.toHaveBeenCalled();
  });

  test("echo can be read and set, for connections that are open too", () => {
    const { engine, lines } = recorded({ echo: false });
    const copy = engine.executionOptions({ loggingToken: "copy" });
    using connection = engine.connect();
    connection.execute(text("SELECT 1"));
    expect([engine.echo, lines]).toEqual([false, []]);
    engine.echo = true;
    expect(copy.echo).toBe(true);
    connection.execute(text("SELECT 2"));
    expect(lines).toEqual(["SELECT 2", "[generated in …s] []"]);
    lines.length = 0;
    engine.echo = "debug";
    connection.execDriverSql("SELECT 3");
    expect(lines).toEqual(["SELECT 3", "[raw sql] []", 'Col ["3"]', "Row [3]"]);
    lines.length = 0;
    engine.echo = false;
    connection.commit();
    expect(lines).toEqual([]);
    expect(() => {
      engine.echo = "loud" as never;
    }).toThrow(ArgumentError);
    expect(engine.echo).toBe(false);
  });
});
