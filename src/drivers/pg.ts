/**
 * PostgreSQL through the npm package pg. Values come back as the server's text, except booleans, small integers, floats and bytea, which
 * are exact and cheap as they are; the dialect converts the rest by the column's OID. A statement is never queued behind another.
 */
import type Pg from "pg";
import type { ConnectTarget, Driver } from "../dialects/contract.ts";
import type { DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import { Lru } from "../util/lru.ts";
import { loadPackage } from "./packages.ts";

/**
 * A connection prepares at most so many statements by name; later ones are run unnamed. Forgetting one would need a DEALLOCATE, which a
 * failed transaction refuses.
 */
const STATEMENTS_NAMED = 256;

const BOOL = 16;
const BYTEA = 17;
const INT2 = 21;
const INT4 = 23;
const OID = 26;
const FLOAT4 = 700;
const FLOAT8 = 701;

const parseBytea = (text: string): Uint8Array => Buffer.from(text.slice(2), "hex");
const identity = (text: string): unknown => text;

/** What pg asks for a column's parser; only the text format is used. */
const types: Pg.CustomTypesConfig = {
  getTypeParser: ((oid: number) => {
    switch (oid) {
      case BOOL:
        return (text: string) => text === "t";
      case INT2:
      case INT4:
      case OID:
      case FLOAT4:
      case FLOAT8:
        return Number;
      case BYTEA:
        return parseBytea;
      default:
        return identity;
    }
  }) as Pg.CustomTypesConfig["getTypeParser"],
};

/** The server answers COMMIT of a failed transaction by rolling back, and reports success: nobody would notice that nothing was saved. */
class FailedTransactionError extends Error {
  readonly code = "25P02";

  constructor() {
    super(
      "COMMIT rolled the transaction back, because a statement in it had failed; roll back after an error, or run what may fail in beginNested()",
    );
  }
}

class PgConnection implements DriverConnection {
  readonly #client: Pg.Client;
  readonly #seen = new Lru<string, true>(STATEMENTS_NAMED);
  readonly #names = new Map<string, string>();
  #isOpen = true;

  constructor(client: Pg.Client) {
    this.#client = client;
    // Without a listener, a connection that the server ends while it is idle would end the process.
    client.on("error", () => {
      this.#isOpen = false;
    });
    client.on("end", () => {
      this.#isOpen = false;
    });
  }

  get driverConnection(): unknown {
    return this.#client;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async execute(statement: DriverStatement): Promise<DriverResult> {
    const result = await this.#query(statement, statement.parameters);
    if (statement.sql === "COMMIT" && result.command === "ROLLBACK") throw new FailedTransactionError();
    const hasRows = result.fields.length > 0;
    return {
      columns: hasRows ? result.fields.map((field) => ({ name: field.name, typeCode: field.dataTypeID })) : null,
      rows: result.rows,
      rowCount: result.rowCount ?? -1,
      lastInsertId: null,
    };
  }

  async executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    let rowCount = 0;
    for (const parameters of parameterSets) rowCount += (await this.#query(statement, parameters)).rowCount ?? 0;
    return { rowCount, insertIds: null };
  }

  async close(): Promise<void> {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    if (wasOpen) await this.#client.end();
    // On a dead connection `end` would wait for an answer that never comes.
    else (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }

  async #query(statement: DriverStatement, parameters: readonly unknown[]): Promise<Pg.QueryArrayResult<unknown[]>> {
    const name = statement.reusable ? this.#nameOf(statement.sql) : undefined;
    const query = {
      text: statement.sql,
      values: parameters as unknown[],
      rowMode: "array" as const,
      types,
      ...(name === undefined ? {} : { name }),
    };
    try {
      return await this.#client.query<unknown[]>(query);
    } catch (error) {
      if (name !== undefined && isStalePlan(error)) this.#forget(statement.sql, name);
      throw error;
    }
  }

  /** A statement is prepared by name the second time it comes, so that those that come once take no room on the server. */
  #nameOf(sql: string): string | undefined {
    const name = this.#names.get(sql);
    if (name !== undefined) return name;
    if (this.#names.size >= STATEMENTS_NAMED) return undefined;
    if (this.#seen.get(sql) === undefined) {
      this.#seen.set(sql, true);
      return undefined;
    }
    const made = `athanor_${this.#names.size + 1}_${++preparedCounter}`;
    this.#names.set(sql, made);
    this.#seen.delete(sql);
    return made;
  }

  #forget(sql: string, name: string): void {
    this.#names.delete(sql);
    const { connection } = this.#client as unknown as { connection?: { parsedStatements?: Record<string, string> } };
    if (connection?.parsedStatements !== undefined) delete connection.parsedStatements[name];
  }
}

let preparedCounter = 0;

/** The server has no such prepared statement (any more), or the table it reads was altered: preparing it anew helps. */
function isStalePlan(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === "26000" || (code === "0A000" && /cached plan/.test(String((error as Error).message)));
}

export const pgDriver: Driver = {
  name: "pg",
  dialectName: "postgresql",
  colour: "async",
  load() {
    loadPackage("pg");
  },
  async connect(target: ConnectTarget): Promise<DriverConnection> {
    const pg = loadPackage("pg") as typeof Pg;
    const {
      sslmode,
      application_name: applicationName,
      connect_timeout: connectTimeout,
      host,
      port,
      ...parameters
    } = target.query;
    const config: Pg.ClientConfig = {
      ...(target.username === null ? {} : { user: target.username }),
      ...(target.password === null ? {} : { password: target.password }),
      ...(target.database === null ? {} : { database: target.database }),
      host: target.host ?? one(host) ?? "localhost",
      port: target.port ?? (port === undefined ? 5432 : Number(one(port))),
      ...(sslmode === undefined ? {} : { ssl: sslOf(one(sslmode)) }),
      ...(applicationName === undefined ? {} : { application_name: one(applicationName)! }),
      ...(connectTimeout === undefined ? {} : { connectionTimeoutMillis: Number(one(connectTimeout)) * 1000 }),
      ...parameters,
      ...target.connectArgs,
    };
    const client = new pg.Client(config);
    const connection = new PgConnection(client);
    await client.connect();
    return connection;
  },
};

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value[0];
}

/** libpq's words: `require` encrypts without checking the certificate, `verify-full` checks it. */
function sslOf(mode: string | undefined): Exclude<Pg.ClientConfig["ssl"], undefined> {
  if (mode === "disable" || mode === "allow" || mode === "prefer") return false;
  return { rejectUnauthorized: mode !== "require" };
}
