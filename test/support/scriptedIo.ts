/**
 * Runs an I/O function against a script instead of a database: each step says which request must come and how it is answered.
 * Tests of the pool and of connections use it to put a fault at every step.
 */
import type { DriverConnection, DriverResult } from "../../src/io/driver.ts";
import type { Io, IoRequest } from "../../src/io/io.ts";

/** One expected request: its kind (and SQL text, where given), and either an answer or an error. */
export interface ScriptStep {
  readonly kind: IoRequest["kind"];
  readonly sql?: string;
  readonly answer?: unknown;
  readonly error?: unknown;
  /** Run just before the answer is given: what somebody else does meanwhile. */
  readonly meanwhile?: () => void;
}

/** Runs `io` to its end; throws when a request differs from the script, or when steps are left over. */
export function runScripted<T>(io: Io<T>, script: readonly ScriptStep[]): T {
  let position = 0;
  let step = io.next();
  while (step.done !== true) {
    const expected = script[position++];
    const got = describe(step.value);
    if (expected === undefined) throw new Error(`unexpected request at the end of the script: ${got}`);
    if (expected.kind !== step.value.kind || (expected.sql !== undefined && !got.endsWith(expected.sql)))
      throw new Error(`request ${position}: expected ${expected.kind} ${expected.sql ?? ""}, got ${got}`);
    expected.meanwhile?.();
    step = "error" in expected ? io.throw(expected.error) : io.next(expected.answer);
  }
  if (position < script.length) throw new Error(`the script has ${script.length - position} steps left`);
  return step.value;
}

function describe(request: IoRequest): string {
  return request.kind === "execute" || request.kind === "executeMany" ? `${request.kind} ${request.statement.sql}` : request.kind;
}

/** A connection that answers nothing by itself. */
export function fakeConnection(name = "fake"): DriverConnection & { isOpen: boolean } {
  return {
    driverConnection: name,
    isOpen: true,
    execute: () => emptyResult(),
    executeMany: () => ({ rowCount: 0, insertIds: null }),
    close() {
      this.isOpen = false;
    },
  };
}

export function emptyResult(): DriverResult {
  return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
}
