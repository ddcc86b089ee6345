/**
 * What the drivers of MySQL and MariaDB read from a URL alike: where the server is, who we are, and options for the npm package. They also
 * share how a second connection to the very same server is opened, which a statement is stopped over.
 */
import { connect as connectSocket, type Socket } from "node:net";
import type { ConnectTarget } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import { refuseOptions } from "../options.ts";

const DEFAULT_PORT = 3306;
const DEFAULT_CONNECT_TIMEOUT = 10_000;

/** The drivers bring the socket, so that these would have no effect. */
const OPTIONS_OF_THE_URL = ["host", "port", "socketPath", "uri"];

export interface MysqlTarget {
  readonly address: MysqlAddress;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** `utf8mb4`, or a collation or older set of UTF-8. */
  readonly charset: string;
  /** Milliseconds; 10,000 where nothing else is asked for (`?connect_timeout=` is in seconds, as everywhere). */
  readonly connectTimeout: number;
  /**
   * The rest of the query, as booleans, numbers, JSON or text, and then `connectArgs`: handed to the npm package as they are, but for what
   * the driver refuses because it sets it itself.
   */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Where the server listens. */
export type MysqlAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** Throws ArgumentError for what cannot be used. */
export function mysqlTarget(target: ConnectTarget): MysqlTarget {
  const { charset, unix_socket: socket, connect_timeout: connectTimeout, ...query } = target.query;
  if (Array.isArray(socket))
    throw new ArgumentError("The parameter unix_socket stands several times in the MySQL URL; one value is possible");
  const options = {
    ...Object.fromEntries(
      Object.entries(query).map(([name, value]) => [name, typeof value === "string" ? optionValue(value) : value]),
    ),
    ...target.connectArgs,
  };
  refuseOptions(options, OPTIONS_OF_THE_URL, "of MySQL", "the URL says where the server is");
  const wantedCharset = options["charset"] ?? charset ?? "utf8mb4";
  // Text is written in UTF-8, whatever the server is told.
  if (typeof wantedCharset !== "string" || !/^utf8/i.test(wantedCharset))
    throw new ArgumentError(`The charset of a MySQL connection must be utf8mb4: texts are exchanged in UTF-8`);
  return {
    address:
      typeof socket === "string" ? { path: socket } : { host: target.host ?? "localhost", port: target.port ?? DEFAULT_PORT },
    user: target.username ?? undefined,
    password: target.password ?? undefined,
    database: target.database ?? undefined,
    charset: wantedCharset,
    connectTimeout: connectTimeout === undefined ? DEFAULT_CONNECT_TIMEOUT : seconds(connectTimeout) * 1000,
    options,
  };
}

/** `true`, `12` and `{"rejectUnauthorized": true}` are not texts for the npm packages. */
function optionValue(text: string): unknown {
  if (!/^(?:true|false|\d+|\{.*\})$/s.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function seconds(value: string | readonly string[]): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0)
    throw new ArgumentError("connect_timeout must be a number of seconds greater than 0");
  return number;
}

/** A socket to the server; the handshake is the npm package's. */
export function openSocket(address: MysqlAddress): Socket {
  return connectSocket({ ...address, noDelay: true, keepAlive: true });
}

/** Where the socket has arrived: one name may stand for several servers. */
export function addressOf(socket: Socket, address: MysqlAddress): MysqlAddress {
  const { remoteAddress, remotePort } = socket;
  return "path" in address || remoteAddress === undefined || remotePort === undefined
    ? address
    : { host: remoteAddress, port: remotePort };
}
