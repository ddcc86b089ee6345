/**
 * Runs contenders side by side: one round of each in turns, so that whatever slows the machine slows all of them, then medians and the
 * ratio to the raw driver. Each round gives a checksum; contenders that did not do the same work are an error, not a result.
 */

/** One way of doing the work of a workload on one database. */
export interface Contender {
  readonly name: string;
  /** One round; gives a number that is the same for every contender that did the work. */
  run(): Promise<number>;
  close(): Promise<void>;
}

export interface Workload {
  readonly name: string;
  /** What one round does, for the table. */
  readonly title: string;
  /** Makes the contenders, the raw driver first, with their data in place. */
  prepare(target: BenchTarget): Promise<readonly Contender[]>;
}

/** A database to measure on. */
export interface BenchTarget {
  readonly name: DatabaseName;
  readonly url: string;
}
export type DatabaseName = "sqlite" | "postgresql" | "mysql";

export interface Measurement {
  readonly workload: string;
  readonly title: string;
  readonly database: DatabaseName;
  readonly contender: string;
  /** Milliseconds. */
  readonly median: number;
  readonly fastest: number;
  /** To the median of the raw driver; null where the raw driver has nothing to do. */
  readonly ratio: number | null;
}

export interface Rounds {
  readonly warmup: number;
  readonly measured: number;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("The median of nothing is not known.");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Every contender once per round, in turns, starting with another one each time. */
export function schedule(contenders: number, rounds: number): readonly number[] {
  return Array.from({ length: rounds }, (_round, round) =>
    Array.from({ length: contenders }, (_contender, index) => (index + round) % contenders),
  ).flat();
}

/** Measures a workload on one database. */
export async function measure(workload: Workload, target: BenchTarget, rounds: Rounds): Promise<readonly Measurement[]> {
  const contenders = await workload.prepare(target);
  try {
    const times = contenders.map((): number[] => []);
    let checksum: number | null = null;
    const total = rounds.warmup + rounds.measured;
    for (const [turn, index] of schedule(contenders.length, total).entries()) {
      const contender = contenders[index]!;
      // No forced collection between rounds: it throws compiled code away, and made everybody up to five times slower.
      const start = performance.now();
      const result = await contender.run();
      const elapsed = performance.now() - start;
      checksum ??= result;
      if (result !== checksum) {
        throw new Error(
          `${workload.name} on ${target.name}: ${contender.name} gives ${result} where another gave ${checksum}; they did not do the same work.`,
        );
      }
      if (turn >= rounds.warmup * contenders.length) times[index]!.push(elapsed);
    }
    return summarize(workload, target, contenders, times);
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

export function summarize(
  workload: Pick<Workload, "name" | "title">,
  target: Pick<BenchTarget, "name">,
  contenders: readonly Pick<Contender, "name">[],
  times: readonly (readonly number[])[],
): readonly Measurement[] {
  const raw = contenders.findIndex(({ name }) => name === "raw");
  return contenders.map(({ name }, index) => ({
    workload: workload.name,
    title: workload.title,
    database: target.name,
    contender: name,
    median: median(times[index]!),
    fastest: Math.min(...times[index]!),
    ratio: raw === -1 ? null : median(times[index]!) / median(times[raw]!),
  }));
}
