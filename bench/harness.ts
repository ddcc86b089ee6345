/**
 * The measuring part of the benchmarks: runs the contenders of a workload in turns within one process, checks that all of them did the
 * same work, and gives medians and ratios. Called by run.ts; its pure parts are tested by test/unit/benchHarness.test.ts. It knows no
 * database and no library: those are in workloads/ and support/.
 */

/** The contender that the others are compared with. */
export const RAW = "raw";

/** What a round did, in few words: equal for contenders that did the same. */
export interface Work {
  readonly rows: number;
  readonly checksum: number;
}

/**
 * One way to do a workload's work. Only `run` is timed; everything that a round needs before, or leaves behind, belongs in `prepare`
 * and `check`. Methods, not function properties, so that contenders of different states fit in one list.
 */
export interface Contender<State = unknown, Outcome = unknown> {
  readonly name: string;
  /** Opens a database of its own and fills it. */
  setup(url: string): State | Promise<State>;
  /** Brings the database to where every round begins. */
  prepare?(state: State): void | Promise<void>;
  run(state: State): Outcome | Promise<Outcome>;
  /** What the round did, read from what it gave or from the database. */
  check(outcome: Outcome, state: State): Work | Promise<Work>;
  teardown(state: State): void | Promise<void>;
}

export type DatabaseName = "sqlite" | "postgresql" | "mysql";

export interface Workload {
  /** For the command line: `--workload load`. */
  readonly name: string;
  /** For the table. */
  readonly title: string;
  /** What the number says, and what the raw version does; for whoever reads the table. */
  readonly measures: string;
  readonly databases: readonly DatabaseName[];
  /** How often `run` repeats the measured operation; times are given for one. */
  readonly repeats: number;
  contenders(database: DatabaseName): readonly Contender[];
}

export interface Rounds {
  readonly warmUp: number;
  readonly measured: number;
}

/** The times of one contender, in milliseconds for one operation. */
export interface Measurement {
  readonly contender: string;
  readonly median: number;
  readonly min: number;
  /** How many times as long as the raw driver it took, in the median of all rounds; null where the workload has no raw version. */
  readonly ratio: number | null;
}

/** The middle value; the mean of the two middle ones where the count is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("The median of no values");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A B A B …: whatever slows the machine down for a while slows all contenders down. */
export function interleave<T>(contenders: readonly T[], rounds: number): T[] {
  return Array.from({ length: rounds }, () => contenders).flat();
}

/** Throws unless all contenders did what the first did; a faster contender that does less is no faster. */
export function assertSameWork(workload: string, done: ReadonlyMap<string, Work>): void {
  const [first, ...others] = done;
  if (first === undefined) return;
  const [firstName, expected] = first;
  for (const [name, work] of others) {
    if (work.rows === expected.rows && work.checksum === expected.checksum) continue;
    throw new Error(
      `${workload}: ${name} did other work than ${firstName}: ${work.rows} rows with checksum ${work.checksum}, not ${expected.rows} with ${expected.checksum}`,
    );
  }
}

/**
 * Medians, minima and ratios from the times of every round. A ratio is the median of those of single rounds, in which the contenders ran right
 * after each other: on a machine whose clock changes, the median times of two contenders may come from different clocks.
 */
export function summarize(times: ReadonlyMap<string, readonly number[]>): Measurement[] {
  const raw = times.get(RAW);
  return [...times].map(([contender, values]) => ({
    contender,
    median: median(values),
    min: Math.min(...values),
    ratio: raw === undefined ? null : median(values.map((value, round) => value / raw[round]!)),
  }));
}

export interface MeasureOptions {
  readonly rounds: Rounds;
  /** Gives the URL of an empty database that no other contender uses. */
  readonly freshUrl: () => Promise<string>;
}

/** Runs one workload on one database. */
export async function measure(workload: Workload, database: DatabaseName, options: MeasureOptions): Promise<Measurement[]> {
  const { rounds, freshUrl } = options;
  const running: { readonly contender: Contender; readonly state: unknown }[] = [];
  try {
    for (const contender of workload.contenders(database)) {
      running.push({ contender, state: await contender.setup(await freshUrl()) });
    }
    const done = new Map<string, Work>();
    const times = new Map(running.map(({ contender }) => [contender.name, [] as number[]]));
    const order = interleave(running, rounds.warmUp + rounds.measured);
    for (const [index, { contender, state }] of order.entries()) {
      const { elapsed, work } = await round(contender, state);
      done.set(contender.name, work);
      if (done.size === running.length) assertSameWork(workload.name, done);
      if (index >= rounds.warmUp * running.length) times.get(contender.name)!.push(elapsed / workload.repeats);
    }
    return summarize(times);
  } finally {
    for (const { contender, state } of running) await contender.teardown(state);
  }
}

async function round(contender: Contender, state: unknown): Promise<{ elapsed: number; work: Work }> {
  await contender.prepare?.(state);
  // Without --expose-gc a collection of one contender's garbage may fall into the other's time. A full one before every round would be
  // worse: it takes the hidden classes of dead objects with it, and the optimized code that relies on them; loading 10,000 entities
  // then took 47 ms instead of 10, because every round began cold.
  void globalThis.gc?.({ type: "minor" });
  const start = performance.now();
  const pending = contender.run(state);
  // A synchronous contender does not pay for a promise.
  const outcome = pending instanceof Promise ? ((await pending) as unknown) : pending;
  const elapsed = performance.now() - start;
  return { elapsed, work: await contender.check(outcome, state) };
}
