/** The pure parts of the benchmark harness: order, medians, ratios, the check for equal work, the table. No test looks at a clock. */
import { describe, expect, test } from "vitest";
import {
  assertSameWork,
  interleave,
  measure,
  median,
  summarize,
  type Contender,
  type Work,
  type Workload,
} from "../../bench/harness.ts";
import { formatTime, replaceBetweenMarkers, toMarkdown, type Report } from "../../bench/report.ts";

test("the median is the middle value, whatever the order, or the mean of the middle two", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 9, 1, 2])).toBe(5.5);
  expect(() => median([])).toThrow("no values");
});

test("contenders run in turns", () => {
  expect(interleave(["a", "b"], 3)).toEqual(["a", "b", "a", "b", "a", "b"]);
});

test("a ratio is the median of those of single rounds; without a raw driver there is none", () => {
  // The machine was half as fast in the first round, and something came between in the last.
  const withRaw = summarize(
    new Map([
      ["raw", [4, 2, 2]],
      ["ORM", [12, 6, 90]],
    ]),
  );
  expect(withRaw).toEqual([
    { contender: "raw", median: 2, min: 2, ratio: 1 },
    { contender: "ORM", median: 12, min: 6, ratio: 3 },
  ]);
  expect(summarize(new Map([["ORM", [1]]]))[0]!.ratio).toBeNull();
});

test("contenders that did other work are refused", () => {
  const work = (rows: number, checksum: number): Work => ({ rows, checksum });
  const done = (other: Work) =>
    new Map([
      ["raw", work(2, 7)],
      ["ORM", other],
    ]);
  expect(() => assertSameWork("load", done(work(2, 7)))).not.toThrow();
  expect(() => assertSameWork("load", done(work(1, 7)))).toThrow("load: ORM did other work than raw: 1 rows");
  expect(() => assertSameWork("load", done(work(2, 8)))).toThrow("checksum 8");
});

describe("measure", () => {
  const log: string[] = [];
  const contender = (name: string, rows: number): Contender<string, number> => ({
    name,
    setup: (url) => `${name} ${url}`,
    prepare: (state) => void log.push(`prepare ${state}`),
    run: (state) => {
      log.push(`run ${state}`);
      return rows;
    },
    check: (outcome) => ({ rows: outcome, checksum: 0 }),
    teardown: async (state) => void log.push(`teardown ${state}`),
  });
  const workload = (...contenders: readonly Contender[]): Workload => ({
    name: "w",
    title: "W",
    measures: "",
    databases: ["sqlite"],
    repeats: 1,
    contenders: () => contenders,
  });
  const run = async (work: Workload, warmUp: number, measured: number) => {
    log.length = 0;
    let made = 0;
    return await measure(work, "sqlite", { rounds: { warmUp, measured }, freshUrl: async () => `db${++made}` });
  };

  test("runs every round of every contender, each in a database of its own, and measures all but the warm-up", async () => {
    const measurements = await run(workload(contender("raw", 3), contender("ORM", 3)), 1, 1);
    expect(log).toEqual([
      ...["prepare raw db1", "run raw db1", "prepare ORM db2", "run ORM db2"],
      ...["prepare raw db1", "run raw db1", "prepare ORM db2", "run ORM db2"],
      ...["teardown raw db1", "teardown ORM db2"],
    ]);
    expect(measurements.map((measurement) => measurement.contender)).toEqual(["raw", "ORM"]);
  });

  test("fails, and tidies up, when one contender does less", async () => {
    await expect(run(workload(contender("raw", 3), contender("ORM", 2)), 0, 1)).rejects.toThrow("did other work");
    expect(log.slice(-2)).toEqual(["teardown raw db1", "teardown ORM db2"]);
  });
});

describe("the table", () => {
  test.each([
    [1234, "1234 ms"],
    [12.345, "12.3 ms"],
    [0.5, "500 µs"],
    [0.001234, "1.23 µs"],
    [0.00005, "50.0 ns"],
  ])("%d ms is written as %s", (time, text) => {
    expect(formatTime(time)).toBe(text);
  });

  test("has one line per workload and database, with ratios", () => {
    const report: Report = {
      date: "2025-01-02",
      node: "20.0.0",
      products: { sqlite: "SQLite 3.50.0" },
      rounds: { warmUp: 1, measured: 9 },
      results: [
        {
          workload: "load",
          database: "sqlite",
          measurements: [
            { contender: "raw", median: 2, min: 2, ratio: 1 },
            { contender: "ORM", median: 6, min: 6, ratio: 3 },
          ],
        },
      ],
    };
    const table = toMarkdown(report, []);
    expect(table.split("\n")[2]!.replace(/ +/g, " ")).toBe("| load | SQLite | 2.00 ms | | 6.00 ms (3.0×) |");
    expect(table).toContain("Medians of 9 rounds");
    expect(table).toContain("Node 20.0.0, SQLite 3.50.0, 2025-01-02.");
  });

  test("goes between the markers of the README, and nowhere else", () => {
    const text = "a\n<!-- bench:start -->\nold\n<!-- bench:end -->\nb\n";
    expect(replaceBetweenMarkers(text, "new")).toBe("a\n<!-- bench:start -->\n\nnew\n\n<!-- bench:end -->\nb\n");
    expect(replaceBetweenMarkers("no markers", "new")).toBeNull();
  });
});
