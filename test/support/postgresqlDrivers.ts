/**
 * What the tests of the PostgreSQL drivers share: connections straight from a driver, without engine or pool, and short ways to run
 * statements on them.
 */
import type { ConnectTarget, Driver } from "../../src/dialects/contract.ts";
import { classifyPostgresqlError } from "../../src/dialects/postgresql/errors.ts";
import { makeUrl } from "../../src/engine/url.ts";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../src/io/driver.ts";

export function statement(sql: string, parameters: readonly unknown[] = [], reusable = false): DriverStatement {
  return { sql, parameters, reusable, wideIntegers: true, returnsRows: true };
}

export function targetOf(url: string, connectArgs: Readonly<Record<string, unknown>> = {}): ConnectTarget {
  const { host, port, username, password, database, query } = makeUrl(url);
  return { host, port, username, password, database, query, connectArgs };
}

/** A driver's connection, and what is mostly asked of it. */
export class Session {
  readonly connection: DriverConnection;

  private constructor(connection: DriverConnection) {
    this.connection = connection;
  }

  static async open(driver: Driver, url: string, connectArgs: Readonly<Record<string, unknown>> = {}): Promise<Session> {
    return new Session(await driver.connect(targetOf(url, connectArgs)));
  }

  async run(sql: string, parameters: readonly unknown[] = [], reusable = false): Promise<DriverResult> {
    return await this.connection.execute(statement(sql, parameters, reusable));
  }

  async rows(sql: string, parameters: readonly unknown[] = [], reusable = false): Promise<unknown[][]> {
    return (await this.run(sql, parameters, reusable)).rows;
  }

  async value(sql: string, parameters: readonly unknown[] = []): Promise<unknown> {
    return (await this.rows(sql, parameters))[0]?.[0];
  }

  async many(sql: string, sets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    return await this.connection.executeMany({ ...statement(sql), returnsRows: false }, sets);
  }

  async cursor(sql: string, parameters: readonly unknown[] = []): Promise<DriverCursor> {
    return await this.connection.openCursor(statement(sql, parameters));
  }

  async pid(): Promise<number> {
    return Number(await this.value("select pg_backend_pid()"));
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** What somebody rejects with, and what the dialect makes of it. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<ReturnType<typeof classifyPostgresqlError> & { error: Error }> {
  const error: unknown = await promise.then(
    (value) => new Error(`no error, but ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  return { ...classifyPostgresqlError(error), error: error as Error };
}
