/**
 * MySQL and MariaDB through the npm package mysql2. Everything that has rows goes through the binary protocol: in the text protocol a
 * FLOAT arrives rounded to six digits. Nothing is rounded on the way: wide integers and decimals arrive as strings, dates as text.
 */
import type Mysql from "mysql2";
import type { ConnectTarget, Driver } from "../dialects/contract.ts";
import type { DriverColumn, DriverConnection, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import { loadPackage } from "./packages.ts";

const STATEMENTS_KEPT = 256;
/** ER_UNSUPPORTED_PS: this kind of statement cannot be prepared. */
const UNPREPARABLE = 1295;
/** ER_NEED_REPREPARE: the table was altered more often than the server retries. */
const NEEDS_REPREPARE = 1615;

interface Field {
  readonly name: string;
  readonly columnType: number;
  readonly characterSet: number;
}

/** Column types whose values are text or bytes; only the character set (63 is `binary`) tells which. */
const TEXT_OR_BYTES = new Set([15, 249, 250, 251, 252, 253, 254]);
const BINARY_CHARACTER_SET = 63;

type Answer = unknown[][] | { readonly affectedRows: number; readonly insertId: number | string };

class Mysql2Connection implements DriverConnection {
  readonly #connection: Mysql.Connection;
  readonly #bigint: ((value: bigint | number) => unknown) | null;
  #isOpen = true;

  constructor(connection: Mysql.Connection, bigint: ((value: bigint | number) => unknown) | null) {
    this.#connection = connection;
    this.#bigint = bigint;
    // Without a listener, a connection that the server ends while it is idle would end the process.
    connection.on("error", () => {
      this.#isOpen = false;
    });
    connection.on("end", () => {
      this.#isOpen = false;
    });
  }

  get driverConnection(): unknown {
    return this.#connection;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async execute(statement: DriverStatement): Promise<DriverResult> {
    const [answer, fields] = await this.#run(statement, statement.parameters);
    if (!Array.isArray(answer))
      return { columns: null, rows: [], rowCount: answer.affectedRows, lastInsertId: insertId(answer.insertId) };
    return { columns: fields.map(columnOf), rows: answer, rowCount: answer.length, lastInsertId: null };
  }

  async executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    const insertIds: (number | bigint)[] = [];
    let rowCount = 0;
    for (const parameters of parameterSets) {
      const [answer] = await this.#run(statement, parameters);
      if (Array.isArray(answer)) continue;
      rowCount += answer.affectedRows;
      insertIds.push(insertId(answer.insertId) ?? 0);
    }
    return { rowCount, insertIds };
  }

  close(): Promise<void> {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    // On a dead connection `end` would wait for an answer that never comes.
    if (!wasOpen) {
      this.#connection.destroy();
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#connection.end(() => resolve()));
  }

  async #run(statement: DriverStatement, parameters: readonly unknown[]): Promise<[Answer, readonly Field[]]> {
    const values = parameters.map((value) => this.#toWire(value));
    if (!statement.returnsRows && values.length === 0) return this.#send("query", statement.sql, values);
    try {
      return await this.#send("execute", statement.sql, values);
    } catch (error) {
      const code = (error as { errno?: unknown }).errno;
      if (code === NEEDS_REPREPARE) this.#connection.unprepare(statement.sql);
      if (code === UNPREPARABLE && values.length === 0) return this.#send("query", statement.sql, values);
      throw error;
    }
  }

  #send(how: "query" | "execute", sql: string, values: unknown[]): Promise<[Answer, readonly Field[]]> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null | undefined, answer: unknown, fields: unknown): void => {
        if (error !== null && error !== undefined) reject(error);
        else resolve([answer as Answer, (fields ?? []) as readonly Field[]]);
      };
      if (how === "query") this.#connection.query({ sql, rowsAsArray: true }, done);
      else this.#connection.execute({ sql, rowsAsArray: true }, values as never, done);
    });
  }

  /** mysql2 sends a number as DOUBLE, so that `10 DIV ?` or `CONCAT(?)` may answer otherwise than with an integer. */
  #toWire(value: unknown): unknown {
    if (value instanceof Uint8Array && !Buffer.isBuffer(value))
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (
      this.#bigint !== null &&
      (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)))
    ) {
      const wide = BigInt(value);
      if (wide === BigInt.asIntN(64, wide)) return this.#bigint(wide);
    }
    return value;
  }
}

function insertId(id: number | string): number | bigint | null {
  const exact = typeof id === "number" ? id : Number.isSafeInteger(Number(id)) ? Number(id) : BigInt(id);
  return exact === 0 ? null : exact;
}

function columnOf(field: Field): DriverColumn {
  const isText = TEXT_OR_BYTES.has(field.columnType) && field.characterSet !== BINARY_CHARACTER_SET;
  return { name: field.name, typeCode: isText ? `${field.columnType}:text` : field.columnType };
}

export const mysql2Driver: Driver = {
  name: "mysql2",
  dialectName: "mysql",
  colour: "async",
  load() {
    loadPackage("mysql2");
  },
  async connect(target: ConnectTarget): Promise<DriverConnection> {
    const mysql = loadPackage("mysql2") as typeof Mysql & {
      TypedParameter?: { readonly BIGINT: (value: bigint | number) => unknown };
    };
    const { charset, unix_socket: socket, connect_timeout: connectTimeout, ...query } = target.query;
    const connection = mysql.createConnection({
      host: target.host ?? "localhost",
      port: target.port ?? 3306,
      ...(target.username === null ? {} : { user: target.username }),
      ...(target.password === null ? {} : { password: target.password }),
      ...(target.database === null ? {} : { database: target.database }),
      ...(typeof socket === "string" ? { socketPath: socket } : {}),
      ...(typeof connectTimeout === "string" ? { connectTimeout: Number(connectTimeout) * 1000 } : {}),
      ...query,
      charset: typeof charset === "string" ? charset : "utf8mb4",
      maxPreparedStatements: STATEMENTS_KEPT,
      ...target.connectArgs,
      // What follows is what the dialect's conversions rely on; nobody can set it otherwise.
      supportBigNumbers: true,
      bigNumberStrings: true,
      decimalNumbers: false,
      dateStrings: true,
      jsonStrings: true,
      timezone: "Z",
      multipleStatements: false,
      // UPDATE reports the rows it matched, not only those it changed.
      flags: ["FOUND_ROWS"],
    } as Mysql.ConnectionOptions);
    const bigint = mysql.TypedParameter === undefined ? null : mysql.TypedParameter.BIGINT;
    const opened = new Mysql2Connection(connection, bigint);
    await new Promise<void>((resolve, reject) => connection.connect((error) => (error === null ? resolve() : reject(error))));
    return opened;
  },
};
