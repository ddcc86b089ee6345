/**
 * A driver that answers with promises and needs no database: the text of a statement says how it behaves. Tests of the bridge run it in
 * the worker thread, where they have no other hold on it.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectTarget, Driver } from "../../src/dialects/contract.ts";
import { DataError, NoSuchModuleError, OperationalError } from "../../src/errors/index.ts";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../src/io/driver.ts";

class DatabaseError extends Error {
  override name = "error";
  severity = "ERROR";
  code = "23505";
  detail = "Key (id)=(1) already exists.";
  constraint = "users_pkey";
  position = undefined;
  helper = (): void => {};
}

class OwnDataError extends DataError {
  readonly hint = "smaller";
}

const ERRORS: Readonly<Record<string, () => unknown>> = {
  driver: () => new DatabaseError("duplicate key", { cause: new RangeError("inner", { cause: "innermost" }) }),
  system: () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", errno: -111, syscall: "connect" }),
  aggregate: () => new AggregateError([new TypeError("one"), Object.assign(new Error("two"), { code: "X" })], "both"),
  missing: () => new NoSuchModuleError("npm install it"),
  retry: () => new OperationalError("deadlock", { driverCode: "40P01", isRetryable: true }),
  own: () => new OwnDataError("too large", { driverCode: 22003 }),
  text: () => "only a text",
};

class ScriptedConnection implements DriverConnection {
  readonly driverConnection = this;
  readonly #log: string | undefined;
  isOpen = true;
  #stop: ((error: Error) => void) | null = null;

  constructor(log: string | undefined) {
    this.#log = log;
  }

  async execute({ sql, parameters }: DriverStatement): Promise<DriverResult> {
    const [word, argument = ""] = sql.split(" ");
    switch (word) {
      case "echo":
        return rowsOf([parameters]);
      case "describe":
        return rowsOf([parameters.map(describe)]);
      case "fail":
        throw ERRORS[argument]!();
      case "function":
        return rowsOf([[() => 1]]);
      case "lose":
        setTimeout(() => (this.isOpen = false), 20);
        return rowsOf([]);
      case "count":
        return rowsOf(Array.from({ length: Number(argument) }, (_, index) => [index]));
      case "exit":
        return process.exit(3);
      case "vanish":
        if (argument === "") vanish();
        setTimeout(vanish, 20);
        return rowsOf([]);
      case "throw":
        setImmediate(() => {
          throw new Error("thrown by nobody's promise");
        });
        break;
      case "block":
        for (;;);
    }
    // Everything else waits until it is stopped.
    return new Promise((_resolve, reject) => (this.#stop = reject));
  }

  async executeMany(_statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    return { rowCount: parameterSets.length, insertIds: parameterSets.map((_, index) => BigInt(index)) };
  }

  async openCursor(statement: DriverStatement): Promise<DriverCursor> {
    const { rows } = await this.execute(statement);
    return {
      columns: [{ name: "n", typeCode: 23 }],
      fetch: async (count) => rows.splice(0, count),
      close: async () => this.#write("cursor closed"),
    };
  }

  async cancel(): Promise<void> {
    this.#stop?.(Object.assign(new Error("canceling statement"), { code: "57014" }));
  }

  async close(): Promise<void> {
    this.isOpen = false;
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.#write("closed");
  }

  destroy(): void {
    this.isOpen = false;
    this.#write("destroyed");
  }

  #write(line: string): void {
    if (this.#log !== undefined) appendFileSync(this.#log, `${line}\n`);
  }
}

/** Whose statements cannot be stopped, not even by destroying their connection. */
class StubbornConnection extends ScriptedConnection {
  override cancel(): Promise<void> {
    return new Promise(() => {});
  }
}

function rowsOf(rows: readonly (readonly unknown[])[]): DriverResult {
  const columns = (rows[0] ?? []).map((_, index) => ({ name: `c${index}`, typeCode: index }));
  return { columns, rows: rows.map((row) => [...row]), rowCount: rows.length, lastInsertId: 7n };
}

/** Ends the thread without a word, as running out of memory does. */
function vanish(): void {
  (process as unknown as { reallyExit(code: number): void }).reallyExit(3);
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.constructor.name} ${value.join()} of ${value.buffer.byteLength}`;
  return value instanceof Date ? `Date ${value.toISOString()}` : typeof value;
}

/** How long it takes to connect to a slow host. */
const SLOW_MS = 100;

/** `database` of the target: a file for the connection to write down what becomes of it, or null. */
export const scriptedDriver: Driver = {
  name: "scripted",
  dialectName: "postgresql",
  colour: "async",
  module: { url: import.meta.url, export: "scriptedDriver" },
  load() {},
  async connect(target: ConnectTarget, _deadline?: number, signal?: AbortSignal) {
    if (target.host === "refuse") throw ERRORS["system"]!();
    const log = target.database ?? undefined;
    // One takes notice of its signal, the other opens all the same.
    if (target.host === "slow")
      await sleep(SLOW_MS, undefined, { signal }).catch((error: unknown) => {
        if (log !== undefined) appendFileSync(log, "given up\n");
        throw error;
      });
    if (target.host === "slow and deaf") await sleep(SLOW_MS);
    return target.host === "stubborn" ? new StubbornConnection(log) : new ScriptedConnection(log);
  },
};
