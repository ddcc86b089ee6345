/**
 * What tests of the bridge share: the contract of a driver connection as the bridge keeps it, with answers that are there at once, and
 * short ways to make statements and to get at errors.
 */
import type { ConnectTarget } from "../../src/dialects/contract.ts";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../src/io/driver.ts";

export interface SyncCursor extends DriverCursor {
  fetch(count: number, deadline?: number): unknown[][];
  close(): void;
}

export interface SyncConnection extends DriverConnection {
  execute(statement: DriverStatement, deadline?: number): DriverResult;
  executeMany(statement: DriverStatement, sets: readonly (readonly unknown[])[], deadline?: number): DriverManyResult;
  openCursor(statement: DriverStatement, deadline?: number): SyncCursor;
  close(): void;
}

export const NOWHERE: ConnectTarget = {
  host: null,
  port: null,
  username: null,
  password: null,
  database: null,
  query: {},
  connectArgs: {},
};

export function statement(sql: string, ...parameters: unknown[]): DriverStatement {
  return { sql, parameters, reusable: false, wideIntegers: true, returnsRows: true };
}

/** What the work throws. */
export function caught(work: () => unknown): Error & Record<string, unknown> {
  try {
    work();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error("nothing was thrown");
}

/** Lets the worker go on while this thread does nothing. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
