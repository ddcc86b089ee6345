/**
 * PostgreSQL through the npm package postgres (postgres.js), for `postgresql+postgres:` URLs. The package is a pool that connects anew
 * behind its user's back; here it is one connection, over a socket that we bring and that it gets once. Values are as
 * values.ts says: the package neither parses nor serializes any by itself.
 */
import type { Socket } from "node:net";
import type { Sql } from "postgres";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../io/driver.ts";
import { unlessAbandoned } from "../abandonment.ts";
import { ConnectionLoss } from "../connectionLoss.ts";
import { refuseOptions } from "../options.ts";
import { loadPackage } from "../packages.ts";
import { refuseNul } from "../sqlText.ts";
import { type CursorQuery, PostgresCursor, rowsOf } from "./postgresCursor.ts";
import { type Backend, cancelUntilAnswered } from "./cancel.ts";
import { openSocket, type ServerAddress } from "./socket.ts";
import { checkCommitted, isStalePlan, StatementNames, StoppedBetweenSetsError } from "./statements.ts";
import { postgresqlTarget } from "./target.ts";
import { asText, PARSED_TYPES, valueParser, wireText } from "./values.ts";

/** How long a server may take to say goodbye. */
const GOODBYE_MS = 2_000;
/** So many statements go to the server at once; the package sends at most a hundred before it has an answer. */
const PIPELINE = 100;

/** JSON and dates, besides what valueParser reads: the package would parse, and serialize, these by itself. */
const TYPES_OF_THE_PACKAGE = [25, 114, 1082, 1114, 1184, 3802];

/** Options of the package that this driver has to set. */
const OWN_OPTIONS = ["max", "idle_timeout", "max_lifetime", "fetch_types", "types", "transform", "debug", "target_session_attrs"];
/** And those that say where the server is and how long to wait for it: the socket is ours, so that they would have no effect. */
const OPTIONS_OF_THE_URL = ["host", "hostname", "port", "path", "connect_timeout", "timeout"];

/** What the package answers with: the rows, and beside them what is known of the statement. */
interface Answer extends Array<unknown[]> {
  readonly count: number | null;
  readonly command: string | null;
  readonly columns: readonly { readonly name: string; readonly type: number }[] | null;
  readonly state: { readonly pid: number; readonly secret: number };
}

/** A COPY makes a stream of its query; there is nobody to read or fill it. */
interface CopyStream {
  on(event: "error" | "end" | "close", listener: () => void): this;
  destroy(error?: Error): void;
  resume?(): void;
}

/** A statement of the package; it is run when somebody waits for it. */
type Query = PromiseLike<Answer | Answer[] | CopyStream>;

interface UnsafeOptions {
  readonly prepare: boolean;
  readonly simple: boolean;
}

class PostgresConnection implements DriverConnection {
  readonly #sql: Sql;
  readonly #socket: Socket;
  readonly #backend: Backend;
  readonly #loss: ConnectionLoss;
  readonly #names: StatementNames | null;
  #isOpen: boolean;
  /** The last one that was opened. */
  #cursor: PostgresCursor | null = null;
  #isStopped = false;
  /** True only when the server has said so: what is in doubt counts as outside. */
  #isInTransaction = false;

  constructor(sql: Sql, socket: Socket, backend: Backend, loss: ConnectionLoss, mayPrepare: boolean) {
    this.#sql = sql;
    this.#socket = socket;
    this.#backend = backend;
    this.#loss = loss;
    this.#names = mayPrepare ? new StatementNames() : null;
    this.#isOpen = !socket.destroyed;
    socket.on("close", () => {
      this.#isOpen = false;
    });
  }

  get driverConnection(): unknown {
    return this.#sql;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async execute(statement: DriverStatement): Promise<DriverResult> {
    const answer = await this.#run(statement, statement.parameters);
    const columns = answer.columns ?? [];
    return {
      columns: columns.length === 0 ? null : columns.map((column) => ({ name: column.name, typeCode: column.type })),
      rows: columns.length === 0 ? [] : rowsOf(answer),
      rowCount: answer.count ?? -1,
      lastInsertId: null,
    };
  }

  async executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    this.#isStopped = false;
    let rowCount = 0;
    let position = 0;
    while (position < parameterSets.length) {
      if (this.#isStopped) throw new StoppedBetweenSetsError();
      // The first one alone, so that the statement is prepared when the others come. Outside a transaction an error would not keep the
      // server from running those after it.
      const together = position === 0 || !this.#isInTransaction ? 1 : PIPELINE;
      const sets = parameterSets.slice(position, position + together);
      const answers = await Promise.allSettled(
        sets.map((parameters) => this.#run(statement, parameters, parameterSets.length > 1)),
      );
      for (const answer of answers) {
        if (answer.status === "rejected") throw answer.reason;
        rowCount += answer.value.count ?? 0;
      }
      position += together;
    }
    return { rowCount, insertIds: null };
  }

  async openCursor(statement: DriverStatement): Promise<DriverCursor> {
    this.#checkOpen();
    const query = this.#query(statement.sql, statement.parameters, { prepare: false, simple: false }) as unknown as CursorQuery;
    this.#cursor = new PostgresCursor(query, (this.#sql as unknown as { readonly CLOSE: unknown }).CLOSE, this.#loss);
    await this.#cursor.start();
    return this.#cursor;
  }

  cancel(running: Promise<unknown>): Promise<void> {
    this.#isStopped = true;
    return cancelUntilAnswered(this.#backend, running);
  }

  ref(): void {
    this.#keeper.ref?.();
  }

  unref(): void {
    this.#keeper.unref?.();
  }

  async close(): Promise<void> {
    // The package would wait for the statement that is under way, and on a dead connection for ever.
    if (!this.#isOpen || this.#loss.isAwaited || this.#cursor?.isOpen === true) return this.destroy();
    this.#isOpen = false;
    const impatience = setTimeout(() => this.destroy(), GOODBYE_MS);
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    void this.#sql.end();
    await closed;
    clearTimeout(impatience);
  }

  destroy(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  /** The socket; that of `connectArgs.socket` may be any stream. */
  get #keeper(): Partial<Pick<Socket, "ref" | "unref">> {
    return this.#socket;
  }

  async #run(statement: DriverStatement, parameters: readonly unknown[], comesAgain = false): Promise<Answer> {
    this.#checkOpen();
    const { sql } = statement;
    const isNamed = (statement.reusable || comesAgain) && this.#names?.nameOf(sql, comesAgain) !== undefined;
    const query = this.#query(sql, parameters, { prepare: isNamed, simple: !isNamed && parameters.length === 0 });
    try {
      const given = await this.#loss.orAnswer(query);
      if (!Array.isArray(given)) return await this.#endCopy(given);
      const answer = isAnswer(given) ? given : given.at(-1)!;
      this.#noteTransaction(sql, isAnswer(given) ? answer.command : null);
      checkCommitted(sql, answer.command);
      return answer;
    } catch (error) {
      if (isNamed && isStalePlan(error)) this.#names?.forget(sql);
      throw error;
    }
  }

  #query(sql: string, parameters: readonly unknown[], options: UnsafeOptions): Query {
    refuseNul(sql);
    return withoutOrigin(this.#sql.unsafe(sql, parameters.map(wireText), options).values());
  }

  /** The package would connect anew, and run the statement there, outside the transaction that it belongs to. */
  #checkOpen(): void {
    if (!this.#isOpen) throw lost();
  }

  /** The package does not tell, so it is read from what the server says that it did. */
  #noteTransaction(sql: string, command: string | null): void {
    if (command === "BEGIN" || command === "START TRANSACTION") this.#isInTransaction = true;
    else if (command === null || command === "COMMIT" || command === "PREPARE TRANSACTION") this.#isInTransaction = false;
    else if (command === "ROLLBACK" && !TO_SAVEPOINT.test(sql)) this.#isInTransaction = false;
  }

  async #endCopy(stream: CopyStream): Promise<Answer> {
    const ended = new Promise<void>((resolve) => stream.on("error", resolve).on("end", resolve).on("close", resolve));
    if (stream.resume === undefined) stream.destroy(new Error("COPY FROM STDIN has no data here"));
    else stream.resume();
    await this.#loss.orAnswer(ended);
    throw new ArgumentError(
      "COPY from or to the client cannot be run as a statement; use the npm package itself: driverConnection",
    );
  }
}

/** The one statement whose answer is ROLLBACK and that ends no transaction; with others behind it, it may. */
const TO_SAVEPOINT = /^\s*rollback\s+(?:(?:work|transaction)\s+)?to\b[^;]*;?\s*$/i;

/** Several statements in one text give several answers; the last one counts, as in psql. */
function isAnswer(given: Answer | Answer[]): given is Answer {
  return "command" in given;
}

/** For each error the package looks up where its query was made, and keeps the answer, which it does not have, for ever. */
function withoutOrigin<T extends object>(query: T): T {
  return Object.defineProperty(query, "origin", { value: "" });
}

function lost(): Error {
  return Object.assign(new Error("The connection to the PostgreSQL server is closed"), { code: "CONNECTION_CLOSED" });
}

/** For each type: values are read by valueParser, and parameters, which are text by then, go as they are. */
function exactTypes(): Record<string, object> {
  const types: Record<string, object> = {};
  for (const oid of [...PARSED_TYPES, ...TYPES_OF_THE_PACKAGE])
    types[`type${oid}`] = { to: oid, from: [oid], parse: valueParser(oid), serialize: asText };
  return types;
}

export const postgresDriver: Driver = {
  name: "postgres",
  dialectName: "postgresql",
  colour: "async",
  module: { url: import.meta.url, export: "postgresDriver" },
  load() {
    loadPackage("postgres");
  },
  async connect(target: ConnectTarget, _deadline?: number, signal?: AbortSignal): Promise<DriverConnection> {
    signal?.throwIfAborted();
    const postgres = loadPackage("postgres") as (options: object) => Sql;
    const { ssl, socket: dial, prepare, ...connectArgs } = target.connectArgs;
    refuseOptions(connectArgs, OWN_OPTIONS, "postgres");
    refuseOptions(connectArgs, OPTIONS_OF_THE_URL, "postgres", "the URL says where the server is and how long to wait for it");
    const wanted = postgresqlTarget(target);
    if (wanted.channelBinding === "require")
      throw new ArgumentError(
        "The driver postgres cannot do channel_binding=require; use postgresql+pg:, or leave the parameter out",
      );
    const address: ServerAddress = {
      host: wanted.host,
      address: wanted.host,
      port: wanted.port,
      path: wanted.path,
      tls: ssl === undefined ? wanted.tls : tlsOf(ssl),
      isTlsDirect: wanted.isTlsDirect,
      dial: dial === undefined ? null : (dial as ServerAddress["dial"]),
    };
    const loss = new ConnectionLoss();
    const stop = new AbortController();
    let socket: Socket | null = null;
    const sql = postgres({
      ...(target.username === null ? {} : { user: target.username }),
      ...(target.password === null ? {} : { password: target.password }),
      ...(target.database === null ? {} : { database: target.database }),
      // A server may be talkative; the package would print what it says.
      onnotice: () => undefined,
      ...connectArgs,
      connection: {
        ...(wanted.applicationName === null ? {} : { application_name: wanted.applicationName }),
        ...(wanted.options === null ? {} : { options: wanted.options }),
        ...wanted.settings,
        ...(connectArgs["connection"] as object | undefined),
      },
      host: wanted.host,
      port: wanted.port,
      ...(wanted.path === null ? {} : { path: wanted.path }),
      max: 1,
      idle_timeout: 0,
      max_lifetime: 0,
      connect_timeout: 0,
      fetch_types: false,
      types: exactTypes(),
      ssl: false,
      async socket() {
        // Asked a second time, the package wants to connect anew.
        if (socket !== null) throw lost();
        socket = await openSocket(address, stop.signal);
        socket.on("close", () => loss.happened(lost()));
        return socket;
      },
    });
    const patience =
      wanted.connectTimeout === null
        ? undefined
        : setTimeout(() => stop.abort(tooSlow(wanted.connectTimeout)), wanted.connectTimeout);
    try {
      // The package connects with its first statement, and then knows how the server can be told to stop one.
      const first = loss.orAnswer(withoutOrigin(sql.unsafe("SELECT 1")) as unknown as PromiseLike<Answer>);
      const { state } = await unlessAbandoned(first, signal, () => stop.abort(signal?.reason));
      const opened = socket as unknown as Socket;
      const { remoteAddress, remotePort } = opened;
      const same = { ...address, address: remoteAddress ?? address.address, port: remotePort ?? address.port };
      const backend: Backend = {
        processId: state.pid,
        secretKey: state.secret,
        open: (signal) => openSocket(same, signal),
      };
      return new PostgresConnection(sql, opened, backend, loss, prepare !== false);
    } catch (error) {
      (socket as Socket | null)?.destroy();
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      clearTimeout(patience);
    }
  },
};

/** The package's own words for TLS. */
function tlsOf(ssl: unknown): ServerAddress["tls"] {
  if (ssl === false || ssl === "disable") return null;
  if (ssl === true || ssl === "verify-full") return {};
  if (ssl === "require") return { rejectUnauthorized: false };
  if (typeof ssl === "object" && ssl !== null) return ssl;
  throw new ArgumentError('connectArgs.ssl is true, false, "disable", "require", "verify-full" or an object of TLS options');
}

function tooSlow(milliseconds: number | null): Error {
  return Object.assign(new Error(`The server did not answer within ${milliseconds} ms (connect_timeout)`), { code: "ETIMEDOUT" });
}
