/**
 * MySQL and MariaDB through the npm package mariadb, with the same values on the way as through mysql2. Everything that has rows or
 * parameters goes through the binary protocol; statements stay prepared, at most 256 of them per connection.
 */
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type * as Mariadb from "mariadb";
import { formatDateTime } from "../../dialects/conversion/dates.ts";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import type { DriverColumn, DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../../io/driver.ts";
import { generatedKey, mysqlColumn } from "./columns.ts";
import { checkCount, lostConnection, MysqlConnection } from "./connection.ts";
import { unsendable } from "./parameters.ts";
import type { RowFlow, RowStream } from "./rowStream.ts";
import { unlessAbandoned } from "../abandonment.ts";
import { refuseOptions } from "../options.ts";
import { addressOf, type MysqlAddress, type MysqlTarget, mysqlTarget, openSocket } from "./target.ts";
import { loadPackage } from "../packages.ts";

const STATEMENTS_KEPT = 256;
/** ER_UNSUPPORTED_PS: this kind of statement cannot be prepared. */
const UNPREPARABLE = 1295;
/** ER_NEED_REPREPARE: the table was altered more often than the server retries. */
const NEEDS_REPREPARE = 1615;
/** A column's flag: it is a SET. */
const IS_SET = 2048;
const TIMESTAMP = 7;
const DATETIME = 12;
const ZERO_FRACTION = /\.0+$/;
const WHOLE_SECONDS = "2024-02-29 01:02:03".length;
/** How much goes to the server in one batch: the package cuts longer ones, and then sends the next before it knows how the last ended. */
const BATCH_SETS = 1_000;
const BATCH_BYTES = 1_000_000;

/** What the dialect's conversions and this file rely on; nobody can set it otherwise. */
const OWN_OPTIONS = {
  prepareCacheLength: STATEMENTS_KEPT,
  rowsAsArray: true,
  metaAsArray: true,
  dateStrings: true,
  jsonStrings: true,
  bitOneIsBoolean: false,
  bigIntAsNumber: false,
  supportBigNumbers: false,
  decimalAsNumber: false,
  insertIdAsNumber: false,
  namedPlaceholders: false,
  nestTables: false,
  typeCast: undefined,
  timezone: "local",
  multipleStatements: false,
  permitLocalInfile: false,
  // The socket is ours, and its server is the one that knows the thread's number.
  permitRedirect: false,
  // UPDATE reports the rows it matched, not only those it changed.
  foundRows: true,
  logParam: false,
};

/** What is used of a column's description; the package's own type leaves out the numbers. */
interface Field {
  readonly columnType: number;
  readonly collation: { readonly index: number } | undefined;
  readonly flags: number;
  readonly scale: number;
  name(): string;
}

interface Header {
  readonly affectedRows: number;
  readonly insertId: bigint;
}

/** Rows and their columns; several of each for a procedure, whose last "rows" are a header. */
type Answer = readonly [Header | unknown[][] | unknown[], readonly Field[] | readonly (readonly Field[] | null)[]];

/** What is used of the package beside its documented interface. */
interface Inside {
  readonly prepareCache: { reset(): void } | null;
}

class MariadbConnection extends MysqlConnection {
  readonly #connection: Mariadb.Connection & Inside;
  readonly #target: MysqlTarget;
  protected readonly socket: Socket;

  constructor(connection: Mariadb.Connection & Inside, target: MysqlTarget, socket: Socket) {
    super();
    this.#connection = connection;
    this.#target = target;
    this.socket = socket;
    // Without a listener, a connection that the server ends while it is idle would end the process.
    connection.on("error", (error: Error) => this.lose(this.#failure(error)));
    connection.on("end", () => this.lose(lostConnection("The server closed the connection")));
  }

  get driverConnection(): unknown {
    return this.#connection;
  }

  protected get threadId(): number {
    return this.#connection.threadId!;
  }

  protected openAnother(signal: AbortSignal): Promise<MysqlConnection> {
    return openConnection(this.#target, addressOf(this.socket, this.#target.address), signal);
  }

  protected leave(): Promise<void> {
    return this.#connection.end();
  }

  protected cut(): void {
    // The package's own way would first open a connection to kill this one.
    cutSocket(this.socket);
  }

  protected async run(statement: DriverStatement, parameters: readonly unknown[]): Promise<DriverResult> {
    const { sql } = statement;
    try {
      if (!statement.returnsRows && parameters.length === 0) return resultOf(await this.#connection.query<Answer>(sql));
      return resultOf(await this.#execute(sql, parameters));
    } catch (error) {
      if (!isUnpreparable(error, parameters)) throw this.#failure(error);
    }
    try {
      return resultOf(await this.#connection.query<Answer>(sql));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  protected override async runMany(
    statement: DriverStatement,
    parameterSets: readonly (readonly unknown[])[],
  ): Promise<DriverManyResult> {
    // For inserted rows servers before MariaDB 11.5 report one key for the whole batch.
    if (!/^\s*(?:update|delete)\b/i.test(statement.sql) || parameterSets.length < 2)
      return super.runMany(statement, parameterSets);
    let rowCount = 0;
    for (const batch of batches(parameterSets)) {
      this.checkInterrupt();
      rowCount += await this.#runBatch(statement, batch);
    }
    return { rowCount, insertIds: null };
  }

  async #execute(sql: string, parameters: readonly unknown[]): Promise<Answer> {
    const prepared = await this.#prepare(sql, parameters);
    try {
      return await prepared.execute<Answer>(parameters.map(toWire));
    } finally {
      // It stays in the package's cache.
      prepared.close();
    }
  }

  async #prepare(sql: string, parameters: readonly unknown[]): Promise<Mariadb.Prepare> {
    const prepared = (await this.#connection.prepare(sql)) as Mariadb.Prepare & { readonly parameterCount: number };
    try {
      checkCount(prepared.parameterCount, parameters);
      return prepared;
    } catch (error) {
      prepared.close();
      throw error;
    }
  }

  protected start(statement: DriverStatement, stream: RowStream): void {
    this.#stream(statement, stream).catch((error: unknown) => stream.fail(this.#failure(error)));
  }

  async #stream({ sql, parameters }: DriverStatement, stream: RowStream): Promise<void> {
    let prepared: Mariadb.Prepare;
    try {
      prepared = await this.#prepare(sql, parameters);
    } catch (error) {
      if (!isUnpreparable(error, parameters)) throw error;
      this.#feed(this.#connection.queryStream(sql), stream);
      return;
    }
    void stream.ended.then(() => prepared.close());
    this.#feed(prepared.executeStream(parameters.map(toWire)), stream);
  }

  #feed(input: Readable, stream: RowStream): void {
    const flow: RowFlow = { pause: () => void input.pause(), resume: () => void input.resume() };
    let repair: ((row: unknown[]) => void) | null = null;
    // A procedure may give several results; the first is the one, as in `execute`. How many of its rows are still to come is known when
    // the columns of the second do.
    let left = 0;
    input.on("fields", (fields: readonly Field[]) => {
      if (left > 0) left = Math.min(left, input.readableLength);
      if (stream.isOpen) return;
      left = Infinity;
      repair = repairFor(fields);
      stream.describe(fields.map(columnOf), flow);
    });
    input.on("data", (row: unknown) => {
      if (left === 0 || !Array.isArray(row)) return;
      left--;
      repair?.(row);
      stream.push(row);
    });
    input.on("error", (error: Error) => stream.fail(this.#failure(error)));
    input.on("end", () => stream.end());
  }

  /** Rows matched by one batch, which is one packet, so that nothing of it runs after the set that fails. */
  async #runBatch(statement: DriverStatement, sets: readonly (readonly unknown[])[]): Promise<number> {
    if (sets.length === 1) return (await this.run(statement, sets[0]!)).rowCount;
    try {
      // One answer for all sets: with one for each, the package would send statement after statement without waiting.
      const options: Mariadb.QueryOptions & { fullResult: boolean } = { sql: statement.sql, fullResult: false };
      const [header] = await this.#connection.batch<Answer>(options, sets);
      return (header as Header).affectedRows;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The message as the server sent it: the package puts the statement and its parameters into it, which may have to be hidden. */
  #failure(error: unknown): Error {
    const failure = error as Error & { sqlMessage?: unknown; errno?: unknown };
    if (failure.errno === NEEDS_REPREPARE) this.#connection.prepareCache?.reset();
    if (typeof failure.sqlMessage === "string") failure.message = failure.sqlMessage;
    return failure;
  }
}

function isUnpreparable(error: unknown, parameters: readonly unknown[]): boolean {
  return (error as { errno?: unknown }).errno === UNPREPARABLE && parameters.length === 0;
}

function resultOf([answer, fields]: Answer): DriverResult {
  if (!Array.isArray(answer)) {
    const { affectedRows, insertId } = answer;
    return { columns: null, rows: [], rowCount: affectedRows, lastInsertId: generatedKey(insertId) };
  }
  if (isOfMany(fields)) {
    // A procedure: its first rows, and if it has none, what it says at the end.
    const first = fields.findIndex((one) => Array.isArray(one) && one.length > 0);
    return resultOf(
      first < 0 ? [answer.at(-1) as Header, []] : [answer[first] as unknown[][], fields[first] as readonly Field[]],
    );
  }
  const rows = answer as unknown[][];
  const repair = repairFor(fields);
  if (repair !== null) rows.forEach(repair);
  return { columns: fields.map(columnOf), rows, rowCount: rows.length, lastInsertId: null };
}

function isOfMany(fields: Answer[1]): fields is readonly (readonly Field[] | null)[] {
  return fields.some((one) => one === null || one === undefined || Array.isArray(one));
}

function columnOf(field: Field): DriverColumn {
  return mysqlColumn(field.name(), field.columnType, field.collation?.index);
}

/**
 * Makes of some values what mysql2 gives, or is null where no column needs it: the package splits the text of a SET, no member of which has
 * a comma in it, and writes zeros where a DATETIME has no fraction.
 */
function repairFor(fields: readonly Field[]): ((row: unknown[]) => void) | null {
  const sets: number[] = [];
  const times: number[] = [];
  fields.forEach(({ flags, columnType, scale }, index) => {
    if ((flags & IS_SET) !== 0) sets.push(index);
    else if ((columnType === DATETIME || columnType === TIMESTAMP) && scale > 0) times.push(index);
  });
  if (sets.length === 0 && times.length === 0) return null;
  return (row) => {
    for (const index of sets) if (Array.isArray(row[index])) row[index] = row[index].join(",");
    for (const index of times) {
      const text = row[index];
      if (typeof text === "string" && ZERO_FRACTION.test(text)) row[index] = text.slice(0, WHOLE_SECONDS);
    }
  };
}

/**
 * The package sends integers outside of 32 bits as DOUBLE, and the last of them, too. Throws ArgumentError for what cannot be sent: the
 * package would make JSON or NULL of it, or never answer.
 */
function toWire(value: unknown): unknown {
  switch (typeof value) {
    case "string":
    case "bigint":
    case "boolean":
      return value;
    case "number":
      return value === (value | 0) && value !== 0x7fffffff ? value : Number.isSafeInteger(value) ? BigInt(value) : value;
    case "object":
      if (value === null || Buffer.isBuffer(value)) return value;
      if (value instanceof Date) return formatDateTime(value);
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  throw unsendable(value);
}

/**
 * The sets in portions whose values are of the same types, column by column: for others the package starts a new packet, and does not wait
 * for the answer to the last.
 */
function* batches(parameterSets: readonly (readonly unknown[])[]): Generator<readonly unknown[][]> {
  let batch: unknown[][] = [];
  let bytes = 0;
  for (const parameters of parameterSets) {
    const set = parameters.map(toWire);
    const size = set.reduce<number>((sum, value) => sum + sizeOf(value), 0);
    const fits = batch.length > 0 && batch.length < BATCH_SETS && bytes + size <= BATCH_BYTES && isAlike(batch[0]!, set);
    if (!fits && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(set);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** The most bytes that a value may take, roughly. */
function sizeOf(value: unknown): number {
  return typeof value === "string" ? 3 * value.length + 9 : value instanceof Uint8Array ? value.byteLength + 9 : 9;
}

function isAlike(first: readonly unknown[], set: readonly unknown[]): boolean {
  return first.length === set.length && set.every((value, index) => value === null || kindOf(value) === kindOf(first[index]));
}

/** As the package tells types apart. */
function kindOf(value: unknown): string {
  if (typeof value === "number") return value === (value | 0) ? "integer" : "float";
  // NULL counts as a text.
  if (value === null) return "string";
  return Buffer.isBuffer(value) ? "bytes" : typeof value;
}

/**
 * Closes the socket, and tells the package as if the server had: it listens for no other end, and would keep its timer. An error of the socket
 * would come out of the TLS socket that the package puts over it, too, where by then nobody listens any more, and end the process.
 */
function cutSocket(socket: Socket): void {
  socket.destroy();
  socket.emit("end");
}

async function openConnection(target: MysqlTarget, address: MysqlAddress, signal?: AbortSignal): Promise<MariadbConnection> {
  signal?.throwIfAborted();
  const mariadb = loadPackage("mariadb") as typeof Mariadb;
  const { user, password, database, charset, connectTimeout, options } = target;
  const socket = openSocket(address);
  const config = {
    host: "host" in target.address ? target.address.host : "localhost",
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    connectTimeout,
    ...options,
    stream: () => socket,
    charset,
    ...OWN_OPTIONS,
  } as unknown as Mariadb.ConnectionConfig;
  let connection: MariadbConnection | null = null;
  const open = async (): Promise<MariadbConnection> => {
    connection = new MariadbConnection((await mariadb.createConnection(config)) as Mariadb.Connection & Inside, target, socket);
    await connection.introduce();
    return connection;
  };
  const destroy = (): void => {
    if (connection === null) cutSocket(socket);
    else connection.destroy();
  };
  try {
    return await unlessAbandoned(open(), signal, destroy);
  } catch (error) {
    destroy();
    const { sqlMessage } = error as { sqlMessage?: unknown };
    if (typeof sqlMessage === "string") (error as Error).message = sqlMessage;
    throw error;
  }
}

export const mariadbDriver: Driver = {
  name: "mariadb",
  dialectName: "mysql",
  colour: "async",
  module: { url: import.meta.url, export: "mariadbDriver" },
  load() {
    loadPackage("mariadb");
  },
  async connect(target: ConnectTarget, _deadline?: number, signal?: AbortSignal): Promise<DriverConnection> {
    const read = mysqlTarget(target);
    refuseOptions(read.options, Object.keys(OWN_OPTIONS), "mariadb");
    refuseOptions(read.options, ["stream"], "mariadb", "it opens its socket by itself (mysql2 takes one)");
    return openConnection(read, read.address, signal);
  },
};
