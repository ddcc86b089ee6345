/**
 * PostgreSQL through the npm package pg, the driver of `postgresql:` URLs. One statement at a time: pg's own queue is never used. Values
 * are as values.ts says; streaming goes through pg-cursor, stopping a statement through a CancelRequest of our own.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type Pg from "pg";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../io/driver.ts";
import { unlessAbandoned } from "../abandonment.ts";
import { ConnectionLoss } from "../connectionLoss.ts";
import { refuseOptions } from "../options.ts";
import { loadPackage } from "../packages.ts";
import { refuseNul } from "../sqlText.ts";
import { PgBatch } from "./pgBatch.ts";
import { openPgCursor } from "./pgCursor.ts";
import { cancelUntilAnswered } from "./cancel.ts";
import { openSocket, withMessage } from "./socket.ts";
import { checkCommitted, isStalePlan, StatementNames, StoppedBetweenSetsError } from "./statements.ts";
import { postgresqlTarget, settingsAsOptions } from "./target.ts";
import { valueParser, wireValue } from "./values.ts";

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 2_000;
/** So many parameter sets, or so many characters of them, go in one message. */
const BATCH_SETS = 1_000;
const BATCH_LENGTH = 262_144;

/** Options of the package that this driver has to set; with `query_timeout` pg gives a statement up that the server goes on with. */
const OWN_OPTIONS = ["binary", "pipeline", "types", "query_timeout"];

/** What pg asks for a column's parser; only the text format is used. */
const types: Pg.CustomTypesConfig = { getTypeParser: valueParser as Pg.CustomTypesConfig["getTypeParser"] };

/** What pg's client has beyond its published types. */
interface ClientInside {
  readonly connection: { readonly stream: Socket; readonly parsedStatements?: Record<string, string> };
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly ssl: boolean | ConnectionOptions;
  readonly sslNegotiation?: string;
  /** Absent before pg 8.17. */
  getTransactionStatus?(): string | null;
}

class PgConnection implements DriverConnection {
  readonly #client: Pg.Client;
  readonly #dial: (() => Promise<Socket>) | null;
  readonly #names = new StatementNames();
  readonly #loss = new ConnectionLoss();
  #isOpen = true;
  #isStopped = false;

  /** @param dial makes a socket where connectArgs says how; null otherwise */
  constructor(client: Pg.Client, dial: (() => Promise<Socket>) | null) {
    this.#client = client;
    this.#dial = dial;
    // Without a listener, a connection that the server ends while it is idle would end the process.
    client.on("error", () => {
      this.#isOpen = false;
    });
    client.on("end", () => {
      this.#isOpen = false;
      this.#loss.happened(new Error("Connection terminated unexpectedly"));
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
    if (result.command === "ROLLBACK") checkCommitted(statement.sql, result.command);
    const hasRows = result.fields.length > 0;
    return {
      columns: hasRows ? result.fields.map((field) => ({ name: field.name, typeCode: field.dataTypeID })) : null,
      rows: hasRows ? result.rows : [],
      rowCount: result.rowCount ?? -1,
      lastInsertId: null,
    };
  }

  async executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    refuseNul(statement.sql);
    this.#isStopped = false;
    let rowCount = 0;
    const isInTransaction = this.#inside.getTransactionStatus?.() === "T";
    if (isInTransaction && parameterSets.length > 1) {
      for (const sets of batches(parameterSets)) {
        this.#checkStopped();
        const batch = this.#client.query(new PgBatch(statement.sql, sets));
        rowCount += await batch.answer;
      }
    } else {
      for (const parameters of parameterSets) {
        this.#checkStopped();
        rowCount += (await this.#query(statement, parameters, parameterSets.length > 1)).rowCount ?? 0;
      }
    }
    return { rowCount, insertIds: null };
  }

  openCursor(statement: DriverStatement): Promise<DriverCursor> {
    return openPgCursor(this.#client, this.#loss, statement, types);
  }

  async cancel(running: Promise<unknown>): Promise<void> {
    this.#isStopped = true;
    const { processID, secretKey, ssl, sslNegotiation, connection } = this.#inside;
    const { host, port } = this.#client;
    if (processID === null || secretKey === null)
      throw new Error("The server has not said how it can be told to stop a statement");
    const address = {
      host,
      address: connection.stream.remoteAddress ?? host,
      port: connection.stream.remotePort ?? port,
      path: host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : null,
      tls: ssl === false ? null : ssl === true ? {} : ssl,
      isTlsDirect: sslNegotiation === "direct",
      dial: this.#dial,
    };
    await cancelUntilAnswered({ processId: processID, secretKey, open: (signal) => openSocket(address, signal) }, running);
  }

  ref(): void {
    this.#socket.ref?.();
  }

  unref(): void {
    this.#socket.unref?.();
  }

  async close(): Promise<void> {
    // On a dead connection `end` would wait for an answer that never comes.
    if (!this.#isOpen) return this.destroy();
    this.#isOpen = false;
    const impatience = setTimeout(() => this.destroy(), GOODBYE_MS);
    // While a statement runs, pg closes without waiting for it.
    await this.#client.end();
    clearTimeout(impatience);
  }

  destroy(): void {
    this.#isOpen = false;
    this.#inside.connection.stream.destroy();
  }

  /** That of `connectArgs.stream` may be any stream. */
  get #socket(): Partial<Pick<Socket, "ref" | "unref">> {
    return this.#inside.connection.stream;
  }

  get #inside(): ClientInside {
    return this.#client as unknown as ClientInside;
  }

  #checkStopped(): void {
    if (this.#isStopped) throw new StoppedBetweenSetsError();
  }

  async #query(
    statement: DriverStatement,
    parameters: readonly unknown[],
    comesAgain = false,
  ): Promise<Pg.QueryArrayResult<unknown[]>> {
    refuseNul(statement.sql);
    const name = statement.reusable || comesAgain ? this.#names.nameOf(statement.sql, comesAgain) : undefined;
    const query = {
      text: statement.sql,
      values: parameters.map(wireValue),
      rowMode: "array" as const,
      types,
      ...(name === undefined ? {} : { name }),
    };
    try {
      const result = await this.#client.query<unknown[]>(query);
      // Several statements in one text give several results; the last one counts, as in psql.
      return Array.isArray(result) ? (result.at(-1) as typeof result) : result;
    } catch (error) {
      if (name !== undefined && isStalePlan(error)) this.#forget(statement.sql, name);
      throw error;
    }
  }

  #forget(sql: string, name: string): void {
    this.#names.forget(sql);
    const { parsedStatements } = this.#inside.connection;
    if (parsedStatements !== undefined) delete parsedStatements[name];
  }
}

/** Portions of the sets as they go over the wire, small enough not to fill the memory with messages that wait to be sent. */
function* batches(parameterSets: readonly (readonly unknown[])[]): Generator<(string | Buffer | null)[][]> {
  let sets: (string | Buffer | null)[][] = [];
  let length = 0;
  for (const parameters of parameterSets) {
    const values = parameters.map(wireValue);
    for (const value of values) length += value?.length ?? 0;
    sets.push(values);
    if (sets.length < BATCH_SETS && length < BATCH_LENGTH) continue;
    yield sets;
    sets = [];
    length = 0;
  }
  if (sets.length > 0) yield sets;
}

export const pgDriver: Driver = {
  name: "pg",
  dialectName: "postgresql",
  colour: "async",
  module: { url: import.meta.url, export: "pgDriver" },
  load() {
    loadPackage("pg");
  },
  async connect(target: ConnectTarget, _deadline?: number, signal?: AbortSignal): Promise<DriverConnection> {
    signal?.throwIfAborted();
    const pg = loadPackage("pg") as typeof Pg;
    refuseOptions(target.connectArgs, OWN_OPTIONS, "pg");
    const wanted = postgresqlTarget(target);
    const options = settingsAsOptions(wanted);
    const config: Pg.ClientConfig = {
      ...(target.username === null ? {} : { user: target.username }),
      ...(target.password === null ? {} : { password: target.password }),
      ...(target.database === null ? {} : { database: target.database }),
      host: wanted.host,
      port: wanted.port,
      ...(wanted.tls === null ? {} : { ssl: wanted.tls, sslnegotiation: wanted.isTlsDirect ? "direct" : "postgres" }),
      ...(wanted.channelBinding === "disable" ? {} : { enableChannelBinding: true }),
      ...(wanted.applicationName === null ? {} : { application_name: wanted.applicationName }),
      ...(wanted.connectTimeout === null ? {} : { connectionTimeoutMillis: wanted.connectTimeout }),
      ...(options === null ? {} : { options }),
      ...target.connectArgs,
    };
    const client = new pg.Client(config);
    const connection = new PgConnection(client, dialOf(config.stream, client));
    try {
      await unlessAbandoned(client.connect(), signal, () => connection.destroy());
    } catch (error) {
      connection.destroy();
      throw withMessage(error);
    }
    return connection;
  },
};

/** How to make one more socket where the user's connectArgs make them; pg itself tells it where to connect. */
function dialOf(stream: Pg.ClientConfig["stream"], { host, port }: Pg.Client): (() => Promise<Socket>) | null {
  if (stream === undefined) return null;
  return async () => {
    if (typeof stream !== "function")
      throw new Error("connectArgs.stream is one socket; to stop a statement, it must be a function");
    const socket = stream() as Socket;
    const connected = once(socket, "connect");
    if (host.startsWith("/")) socket.connect(`${host}/.s.PGSQL.${port}`);
    else socket.connect(port, host);
    await connected;
    return socket;
  };
}
