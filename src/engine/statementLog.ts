/**
 * What a connection logs of its statements: the SQL, how its text was come by, the parameters, and with "debug" the rows. SQLAlchemy
 * writes the same lines.
 */
import { formatParameters } from "../errors/dbapi.ts";
import type { ExecutionPlan } from "../sql/compile/plan.ts";
import type { Log } from "./logging.ts";
import type { Outcome } from "./results/collect.ts";
import { shownParameters } from "./shownParameters.ts";

export class StatementLog {
  readonly #log: Log;
  readonly #hidesParameters: boolean;
  /** Put before every line, in brackets. */
  token: string | null = null;

  constructor(log: Log, hidesParameters: boolean) {
    this.#log = log;
    this.#hidesParameters = hidesParameters;
  }

  get isOn(): boolean {
    return this.#log.isOn;
  }

  get isDebug(): boolean {
    return this.#log.isDebug;
  }

  info(message: string): void {
    if (this.#log.isOn) this.#log.info(this.#withToken(message));
  }

  /** @param started when planning began, by `performance.now()`; null for raw SQL */
  plan(plan: ExecutionPlan, started: number | null): void {
    const how = howMade(plan, started);
    if (plan.mode === "batches") {
      for (const [index, { sql, parameters }] of plan.statements.entries())
        this.#statement(sql, `${how} (insertmanyvalues) ${index + 1}/${plan.statements.length}`, parameters);
    } else if (plan.mode === "many") this.#statement(plan.statement.sql, how, plan.parameterSets);
    else this.#statement(plan.statement.sql, how, plan.statement.parameters);
  }

  /** The columns and rows that came back. */
  rows({ columns }: ExecutionPlan, outcome: Outcome): void {
    if ("many" in outcome) return;
    const named = outcome.results[0]?.columns == null ? null : (columns ?? outcome.results[0].columns);
    if (named === null) return;
    this.#log.debug(this.#withToken(`Col ${formatParameters(named.map(({ name }) => name))}`));
    for (const { rows } of outcome.results)
      for (const row of rows) this.#log.debug(this.#withToken(`Row ${formatParameters(row)}`));
  }

  #statement(sql: string, how: string, parameters: readonly unknown[]): void {
    this.info(sql);
    this.info(
      `${how} ${this.#hidesParameters ? "[parameters hidden by hideParameters]" : formatParameters(shownParameters(parameters))}`,
    );
  }

  #withToken(message: string): string {
    return this.token === null ? message : `[${this.token}] ${message}`;
  }
}

function howMade(plan: ExecutionPlan, started: number | null): string {
  if (started === null) return "[raw sql]";
  if (plan.cachedSince !== null) return `[cached since ${seconds(performance.now() - plan.cachedSince, 4)}s ago]`;
  return `[generated in ${seconds(performance.now() - started, 5)}s]`;
}

function seconds(milliseconds: number, digits: number): string {
  return (milliseconds / 1000).toFixed(digits);
}
