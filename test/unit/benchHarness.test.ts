/** The pure parts of the benchmark harness; no test measures time. */
import { describe, expect, it } from "vitest";
import { measure, median, schedule, summarize, type Contender, type Workload } from "../../bench/harness.ts";
import { markdownTable, README_END, README_START, withTable } from "../../bench/table.ts";

const contender = (name: string, result: number, log: string[] = []): Contender => ({
  name,
  run: async () => {
    log.push(name);
    return result;
  },
  close: async () => void log.push(`close ${name}`),
});
const workload = (contenders: readonly Contender[]): Workload => ({ name: "w", title: "work", prepare: async () => contenders });
const target = { name: "sqlite", url: "sqlite://" } as const;

describe("the harness", () => {
  it("takes the middle, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow("not known");
  });
  it("gives every contender a turn per round, and the first turn to another one each time", () => {
    expect(schedule(2, 3)).toEqual([0, 1, 1, 0, 0, 1]);
  });
  it("runs warm-up rounds as well, closes everyone, and measures only the rest", async () => {
    const log: string[] = [];
    const results = await measure(workload([contender("raw", 7, log), contender("athanor", 7, log)]), target, {
      warmup: 1,
      measured: 2,
    });
    expect(log.filter((entry) => entry === "raw")).toHaveLength(3);
    expect(log.slice(-2)).toEqual(["close raw", "close athanor"]);
    expect(results.map((each) => each.contender)).toEqual(["raw", "athanor"]);
  });
  it("refuses contenders that did not do the same work, and closes them all the same", async () => {
    const log: string[] = [];
    const run = measure(workload([contender("raw", 7, log), contender("athanor", 8, log)]), target, { warmup: 0, measured: 1 });
    await expect(run).rejects.toThrow("did not do the same work");
    expect(log).toContain("close athanor");
  });
  it("gives ratios to the raw driver, and none where there is no raw driver", () => {
    const [raw, own] = summarize(workload([]), target, [{ name: "raw" }, { name: "athanor" }], [[2], [3]]);
    expect([raw!.ratio, own!.ratio]).toEqual([1, 1.5]);
    expect(summarize(workload([]), target, [{ name: "athanor" }], [[3]])[0]!.ratio).toBeNull();
  });
});

describe("the table", () => {
  const measurements = summarize(workload([]), target, [{ name: "raw" }, { name: "athanor" }], [[2], [3]]);
  it("has a line per workload with ratio and time", () => {
    expect(markdownTable(measurements, "About.")).toContain("| work | 1.5 × (3.0 ms) |");
  });
  it("replaces what stands between the marks of the README, and nothing else", () => {
    const readme = `before\n${README_START}\nold\n${README_END}\nafter`;
    expect(withTable(readme, "new")).toBe(`before\n${README_START}\n\nnew\n\n${README_END}\nafter`);
    expect(() => withTable("no marks", "new")).toThrow("no <!-- bench:start -->");
  });
});
