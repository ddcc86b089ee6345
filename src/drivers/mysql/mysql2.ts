/**
 * MySQL and MariaDB through the npm package mysql2. Everything that has rows goes through the binary protocol: in the text protocol a
 * FLOAT arrives rounded to six digits. Nothing is rounded on the way: wide integers and decimals arrive as strings, dates as text.
 */
import type { Socket } from "node:net";
import type Mysql from "mysql2";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import type { DriverColumn, DriverConnection, DriverResult, DriverStatement } from "../../io/driver.ts";
import { generatedKey, mysqlColumn } from "./columns.ts";
import { checkCount, lostConnection, MysqlConnection } from "./connection.ts";
import { encodeParameters } from "./parameters.ts";
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

const CHANGES_DATABASE = /^\s*use\b/i;

/** COM_STMT_EXECUTE, after the four bytes of a packet's header; a packet without parameters is this long. */
const EXECUTE = 0x17;
const COMMAND_AT = 4;
const BARE_EXECUTE_LENGTH = 14;

/** What the dialect's conversions and this file rely on; nobody can set it otherwise. */
const OWN_OPTIONS = {
  supportBigNumbers: true,
  bigNumberStrings: true,
  decimalNumbers: false,
  dateStrings: true,
  jsonStrings: true,
  nestTables: false,
  timezone: "Z",
  typeCast: true,
  multipleStatements: false,
  namedPlaceholders: false,
  // UPDATE reports the rows it matched, not only those it changed. No server may ask for our files. Parameters have no names.
  flags: ["FOUND_ROWS", "-LOCAL_FILES", "-CLIENT_QUERY_ATTRIBUTES"],
};

interface Field {
  readonly name: string;
  readonly columnType: number;
  readonly characterSet: number;
}

interface Header {
  readonly affectedRows: number;
  readonly insertId: number | string;
}

interface Packet {
  readonly buffer: Buffer;
  length(): number;
}

/** What is used of the package beside its documented interface. */
interface Inside {
  readonly stream: Socket;
  /** The prepared statements that are kept. */
  readonly _statements: { readonly size: number; evict(count: number): void };
  /** The command under way, with its prepared statement. */
  readonly _command: { readonly statement: { readonly parameters: readonly unknown[] } };
  writePacket: (packet: Packet) => void;
}

type RawConnection = Omit<Mysql.Connection, keyof Inside> & Inside;

class Mysql2Connection extends MysqlConnection {
  readonly #connection: RawConnection;
  readonly #target: MysqlTarget;
  /** Those of the statement that is about to be sent. */
  #parameters: readonly unknown[] | null = null;

  constructor(connection: RawConnection, target: MysqlTarget) {
    super();
    this.#connection = connection;
    this.#target = target;
    // Without a listener, a connection that the server ends while it is idle would end the process.
    connection.on("error", (error: Error) => this.lose(error));
    connection.on("end", () => this.lose(lostConnection("The server closed the connection")));
    const write = connection.writePacket.bind(connection);
    connection.writePacket = (packet) => write(this.#withParameters(packet));
  }

  get driverConnection(): unknown {
    return this.#connection;
  }

  protected get socket(): Socket {
    return this.#connection.stream;
  }

  protected get threadId(): number {
    return this.#connection.threadId;
  }

  protected openAnother(signal: AbortSignal): Promise<MysqlConnection> {
    return openConnection(this.#target, addressOf(this.#connection.stream, this.#target.address), signal);
  }

  protected leave(): Promise<void> {
    this.#connection.end();
    this.#connection.stream.destroySoon();
    return Promise.resolve();
  }

  protected cut(): void {
    this.#connection.destroy();
    this.#connection.stream.destroy();
  }

  protected async run(statement: DriverStatement, parameters: readonly unknown[]): Promise<DriverResult> {
    const { sql } = statement;
    if (!statement.returnsRows && parameters.length === 0) {
      const result = await this.#query(sql);
      // The package would go on with statements that mean the tables of the database before.
      if (CHANGES_DATABASE.test(sql)) this.#connection._statements.evict(this.#connection._statements.size);
      return result;
    }
    try {
      return await this.#execute(sql, parameters);
    } catch (error) {
      // What was not prepared has taken none, and would leave them to a statement that the application runs on the package's object.
      this.#parameters = null;
      if (isUnpreparable(error, parameters)) return this.#query(sql);
      this.#forgetStale(sql, error);
      throw error;
    }
  }

  protected start(statement: DriverStatement, stream: RowStream): void {
    const { sql, parameters } = statement;
    this.#parameters = parameters;
    const command = this.#connection.execute({ sql, rowsAsArray: true }, []);
    this.#feed(command, stream, (error) => {
      this.#parameters = null;
      if (isUnpreparable(error, parameters)) {
        this.#feed(this.#connection.query({ sql, rowsAsArray: true }), stream, (failure) => stream.fail(failure));
      } else {
        this.#forgetStale(sql, error);
        stream.fail(error);
      }
    });
  }

  #feed(command: Mysql.Query, stream: RowStream, failed: (error: Error) => void): void {
    const flow: RowFlow = { pause: () => this.#connection.pause(), resume: () => this.#connection.resume() };
    let hasFailed = false;
    command.on("error", (error: Error) => {
      hasFailed = true;
      failed(error);
    });
    // A procedure may give several results; the first is the one, as in `execute`.
    let results = 0;
    command.on("fields", (fields: readonly Field[] | undefined) => {
      if (fields === undefined || ++results > 1) return;
      stream.describe(fields.map(columnOf), flow);
    });
    command.on("result", (row: unknown) => {
      if (results === 1 && Array.isArray(row)) stream.push(row);
    });
    command.on("end", () => {
      if (!hasFailed) stream.end();
    });
  }

  #query(sql: string): Promise<DriverResult> {
    return new Promise((resolve, reject) => {
      this.#connection.query({ sql, rowsAsArray: true }, answerTo(resolve, reject));
    });
  }

  #execute(sql: string, parameters: readonly unknown[]): Promise<DriverResult> {
    return new Promise((resolve, reject) => {
      this.#parameters = parameters;
      this.#connection.execute({ sql, rowsAsArray: true }, [], answerTo(resolve, reject));
    });
  }

  /** The package knows of no parameters, and we write them into its packet; parameters.ts says why. */
  #withParameters(packet: Packet): Packet {
    const { buffer } = packet;
    if (this.#parameters === null || buffer[COMMAND_AT] !== EXECUTE) return packet;
    const parameters = this.#parameters;
    this.#parameters = null;
    checkCount(this.#connection._command.statement.parameters.length, parameters);
    if (parameters.length === 0) return packet;
    const whole = encodeParameters(buffer.subarray(0, BARE_EXECUTE_LENGTH), parameters);
    const PacketClass = packet.constructor as new (id: number, buffer: Buffer, start: number, end: number) => Packet;
    return new PacketClass(0, whole, 0, whole.length);
  }

  #forgetStale(sql: string, error: unknown): void {
    if ((error as { errno?: unknown }).errno === NEEDS_REPREPARE) this.#connection.unprepare(sql);
  }
}

function isUnpreparable(error: unknown, parameters: readonly unknown[]): boolean {
  return (error as { errno?: unknown }).errno === UNPREPARABLE && parameters.length === 0;
}

type Done = (error: Error | null | undefined, answer: unknown, fields: unknown) => void;

function answerTo(resolve: (result: DriverResult) => void, reject: (error: Error) => void): Done {
  return (error, answer, fields) => {
    if (error !== null && error !== undefined) reject(error);
    else resolve(resultOf(answer, fields as FieldsOfAnswer));
  };
}

/** Of one result, or of each; undefined for one without rows. */
type FieldsOfAnswer = readonly Field[] | readonly (readonly Field[] | undefined)[] | undefined;

function resultOf(answer: unknown, fields: FieldsOfAnswer): DriverResult {
  if (!Array.isArray(answer)) {
    const { affectedRows, insertId } = answer as Header;
    return { columns: null, rows: [], rowCount: affectedRows, lastInsertId: generatedKey(insertId) };
  }
  if (isOfMany(fields)) {
    // A procedure: its first rows, and if it has none, what it says at the end.
    const first = fields.findIndex((one) => one !== undefined);
    return first < 0 ? resultOf(answer.at(-1), undefined) : resultOf(answer[first], fields[first]);
  }
  return { columns: (fields ?? []).map(columnOf), rows: answer as unknown[][], rowCount: answer.length, lastInsertId: null };
}

function isOfMany(fields: FieldsOfAnswer): fields is readonly (readonly Field[] | undefined)[] {
  return fields !== undefined && (fields[0] === undefined || Array.isArray(fields[0]));
}

function columnOf(field: Field): DriverColumn {
  return mysqlColumn(field.name, field.columnType, field.characterSet);
}

async function openConnection(target: MysqlTarget, address: MysqlAddress, signal?: AbortSignal): Promise<Mysql2Connection> {
  signal?.throwIfAborted();
  const mysql = loadPackage("mysql2") as typeof Mysql;
  const { user, password, database, charset, connectTimeout, options } = target;
  const raw = mysql.createConnection({
    // Beside the socket that leads there, for the certificate's sake.
    host: "host" in target.address ? target.address.host : "localhost",
    stream: () => openSocket(address),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    connectTimeout,
    maxPreparedStatements: STATEMENTS_KEPT,
    ...options,
    charset,
    ...OWN_OPTIONS,
  } as unknown as Mysql.ConnectionOptions) as unknown as RawConnection;
  const connection = new Mysql2Connection(raw, target);
  try {
    await unlessAbandoned(connectedAndKnown(raw, connection), signal, () => connection.destroy());
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}

async function connectedAndKnown(raw: RawConnection, connection: Mysql2Connection): Promise<void> {
  await new Promise<void>((resolve, reject) => raw.connect((error) => (error === null ? resolve() : reject(error))));
  await connection.introduce();
}

export const mysql2Driver: Driver = {
  name: "mysql2",
  dialectName: "mysql",
  colour: "async",
  module: { url: import.meta.url, export: "mysql2Driver" },
  load() {
    loadPackage("mysql2");
  },
  async connect(target: ConnectTarget, _deadline?: number, signal?: AbortSignal): Promise<DriverConnection> {
    const read = mysqlTarget(target);
    refuseOptions(read.options, Object.keys(OWN_OPTIONS), "mysql2");
    return openConnection(read, read.address, signal);
  },
};
