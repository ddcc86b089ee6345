/**
 * A vitest reporter for the last lines of a run: which databases were covered and which not, and why; then, alone on the
 * very last line, `N passed, N failed, N skipped`, which every reader of logs understands. Named in vitest.config.ts.
 */
import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, Vitest } from "vitest/node";
import type { DatabaseSetup } from "./database-setup.ts";
import { isWanted, ownServers, whyNotStartable } from "./servers/startable.ts";

export default class ClosingLines implements Reporter {
  #vitest: Vitest | undefined;
  #setups: readonly DatabaseSetup[] = [];
  #counts: { passed: number; failed: number; skipped: number } | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    // Not in onTestRunEnd: the other reporters and the global teardown still print after it.
    process.once("exit", (code) => this.#print(code));
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that cannot be loaded, or whose hooks fail, holds no failed test to count.
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "pending") continue;
        counts[state] += 1;
      }
    }
    this.#counts = counts;
    this.#setups = this.#vitest?.getRootProject().getProvidedContext().databaseSetups ?? [];
  }

  #print(code: number): void {
    const counts = this.#counts ?? { passed: 0, failed: 0, skipped: 0 };
    // The run can also fail as a whole: no test files, an error in the global setup.
    const exitCode = code || Number(process.exitCode ?? 0);
    if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
    const lines = [...this.#databaseLines(), `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`];
    writeSync(1, `\n${lines.join("\n")}\n`);
  }

  #databaseLines(): string[] {
    const covered: string[] = [];
    const lines: string[] = [];
    for (const setup of this.#setups) {
      if ("missing" in setup) lines.push(`not covered: ${setup.name}, because ${setup.missing}`);
      else if (setup.name === "sqlite") covered.push(`sqlite (${setup.driver} ${setup.version})`);
      else covered.push(`${setup.product} ${setup.version}`);
    }
    // Kinds that lack the same program say so once.
    const reasons = new Set(this.#setups.length === 0 ? [] : ownServers.filter(isWanted).map(whyNotStartable));
    for (const reason of reasons)
      if (reason !== null) lines.push(`not covered: tests with servers of their own, because ${reason}`);
    if (covered.length > 0) lines.unshift(`databases: ${covered.join(", ")}`);
    return lines;
  }
}
