/**
 * What the cases of the acceptance suite work with: connections of the driver under test, prepared as an engine prepares them, tables that
 * go when the case is over, and answers read as an engine reads them. Every case has a bench of its own.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect as inspectValue } from "node:util";
import { control } from "../../dialects/server.ts";
import type { ConnectTarget, Dialect, Driver, ErrorClassification } from "../../dialects/contract.ts";
import type { DriverColumn, DriverConnection, DriverResult, DriverStatement } from "../../io/driver.ts";
import { runAsync } from "../../io/runAsync.ts";
import { NULL_TYPE, type SqlType } from "../../types/sqlType.ts";
import type { AcceptanceSql } from "./sql.ts";

/** How a statement of a case differs from the usual one, which is used once and has no wide integers. */
export type StatementOptions = Partial<Omit<DriverStatement, "sql" | "parameters">>;

export interface BenchOptions {
  readonly driver: Driver;
  readonly makeDialect: () => Dialect;
  readonly target: ConnectTarget;
  readonly sql: AcceptanceSql;
}

/** How long anything may take that is not meant to take long, in milliseconds. */
const PATIENCE = 15_000;

let tableCounter = 0;

export class Bench {
  readonly driver: Driver;
  readonly dialect: Dialect;
  readonly target: ConnectTarget;
  readonly sql: AcceptanceSql;
  readonly #open = new Set<DriverConnection>();
  readonly #tables: string[] = [];

  constructor({ driver, makeDialect, target, sql }: BenchOptions) {
    this.driver = driver;
    this.dialect = makeDialect();
    this.target = target;
    this.sql = sql;
  }

  /** A connection as an engine has it. It is closed when the case is over, if it is still open. */
  async connect(target: ConnectTarget = this.target): Promise<DriverConnection> {
    const connection = await this.driver.connect(target);
    this.#open.add(connection);
    await runAsync(this.dialect.initialize(connection));
    await runAsync(this.dialect.prepareConnection(connection));
    return connection;
  }

  /** Runs statements, of which the text is given. */
  async run(connection: DriverConnection, ...statements: readonly string[]): Promise<void> {
    for (const sql of statements) await connection.execute(statement(sql, [], { returnsRows: /^\s*select\b/i.test(sql) }));
  }

  /** The rows of a query, values converted as those of a statement in plain text are. */
  async rows(connection: DriverConnection, sql: string, parameters: readonly unknown[] = []): Promise<unknown[][]> {
    const result = await connection.execute(statement(sql, parameters, { wideIntegers: true }));
    return this.converted(result.rows, result.columns ?? []);
  }

  converted(rows: readonly unknown[][], columns: readonly DriverColumn[], types: readonly SqlType[] = []): unknown[][] {
    const converters = columns.map(({ typeCode }, index) => this.dialect.resultConverter(types[index] ?? NULL_TYPE, typeCode));
    return rows.map((row) =>
      row.map((value, index) => {
        const convert = converters[index] ?? null;
        return value === null || convert === null ? value : convert(value);
      }),
    );
  }

  /** Begins a transaction, as an engine does. */
  async begin(connection: DriverConnection): Promise<void> {
    const statements = this.dialect.beginStatements({ isolationLevel: null, readOnly: false, deferrable: false });
    for (const sql of statements) await connection.execute(control(connection, sql).statement);
  }

  commit(connection: DriverConnection): Promise<DriverResult> {
    return (async () => connection.execute(control(connection, "COMMIT").statement))();
  }

  rollback(connection: DriverConnection): Promise<DriverResult> {
    return (async () => connection.execute(control(connection, "ROLLBACK").statement))();
  }

  /** Creates a table and gives its name; it is dropped when the case is over. */
  async table(connection: DriverConnection, columns: string): Promise<string> {
    const name = `athanor_accept_${process.pid}_${++tableCounter}`;
    await this.run(connection, `CREATE TABLE ${name} (${columns})`);
    this.#tables.push(name);
    return name;
  }

  /** `?, ?, ?` or `$1, $2, $3`. */
  placeholders(count: number): string {
    return Array.from({ length: count }, (_one, index) => this.dialect.placeholder(index + 1, `p${index + 1}`)).join(", ");
  }

  bound(type: SqlType, value: unknown): unknown {
    const convert = this.dialect.bindConverter(type);
    return value === null || convert === null ? value : convert(value);
  }

  /** How the dialect sorts the error with which the work fails. Fails itself where the work succeeds. */
  async failure(what: string, work: () => unknown): Promise<{ error: unknown; sorted: ErrorClassification }> {
    let answer: unknown;
    try {
      answer = await work();
    } catch (error) {
      return { error, sorted: this.dialect.classifyError(error) };
    }
    return assert.fail(`${what} must fail, and was answered with ${inspect(answer)}`);
  }

  /** Requires that an error was sorted as expected; the message shows the error itself. */
  requireClass(
    what: string,
    { error, sorted }: { readonly error: unknown; readonly sorted: ErrorClassification },
    errorClasses: readonly ErrorClassification["errorClass"][],
    isDisconnect = false,
  ): void {
    assert.ok(error instanceof Error, `${what}: an Error must be thrown, got ${inspect(error)}`);
    assert.ok(
      errorClasses.includes(sorted.errorClass) && sorted.isDisconnect === isDisconnect,
      `${what}: expected an error of class ${errorClasses.join(" or ")}${isDisconnect ? ", a disconnect" : ""}; got ${sorted.errorClass}${
        sorted.isDisconnect ? ", a disconnect" : ""
      } for ${error.name}: ${error.message} (code ${String((error as { code?: unknown }).code)})`,
    );
  }

  /** Requires that the connection answers, and answers with what was asked. */
  async requireUsable(connection: DriverConnection, when: string): Promise<void> {
    assert.equal(connection.isOpen, true, `${when}, the connection must be open`);
    const rows = await inTime(`${when}, a query`, this.rows(connection, "SELECT 20061 AS answer"));
    assert.deepEqual(rows, [[20061]], `${when}, the connection must be usable`);
  }

  /** Drops the tables and closes the connections of the case. */
  async close(): Promise<void> {
    const connections = [...this.#open];
    this.#open.clear();
    for (const connection of connections) {
      if (connection.isOpen) await inTime("closing", Promise.resolve(connection.close())).catch(() => connection.destroy());
    }
    // A database in memory is gone with its connection.
    const isGone = this.target.database === null && this.driver.singleConnection?.(this.target) === true;
    if (this.#tables.length === 0 || isGone) return;
    const connection = await this.driver.connect(this.target);
    try {
      for (const table of this.#tables) await this.run(connection, `DROP TABLE IF EXISTS ${table}`);
    } finally {
      await connection.close();
    }
  }
}

export function statement(sql: string, parameters: readonly unknown[] = [], options: StatementOptions = {}): DriverStatement {
  return { sql, parameters, reusable: false, wideIntegers: false, returnsRows: true, ...options };
}

/** The statement without rows. */
export function command(sql: string, parameters: readonly unknown[] = [], options: StatementOptions = {}): DriverStatement {
  return statement(sql, parameters, { returnsRows: false, ...options });
}

/** The answer, or an AssertionError when it does not come in time (default 15 s). */
export async function inTime<T>(what: string, work: T | PromiseLike<T>, milliseconds = PATIENCE): Promise<T> {
  const over = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: over.signal }).then(
    () => assert.fail(`${what} must end within ${milliseconds} ms`),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** A value in a message, not all of it where it is large. */
export function inspect(value: unknown): string {
  return inspectValue(value, { maxArrayLength: 10, maxStringLength: 200, depth: 4, breakLength: Infinity });
}
