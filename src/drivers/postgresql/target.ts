/**
 * What the PostgreSQL drivers read from a URL alike, in libpq's words: where the server is, whether and how to use TLS, how long to
 * wait. Every other query parameter is a run-time setting of the session, which the server itself refuses when it does not know it.
 */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { ArgumentError } from "../../errors/base.ts";
import type { ConnectTarget } from "../../dialects/contract.ts";

export interface PostgresqlTarget {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** The Unix socket's file; null for TCP. */
  readonly path: string | null;
  /** Null for a connection without TLS. */
  readonly tls: ConnectionOptions | null;
  readonly isTlsDirect: boolean;
  readonly channelBinding: "disable" | "prefer" | "require";
  /** Milliseconds; null for no limit. */
  readonly connectTimeout: number | null;
  readonly applicationName: string | null;
  /** Command-line options for the server, such as `-c search_path=app`; null where there are none. */
  readonly options: string | null;
  readonly settings: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = 5432;
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/** Throws ArgumentError for a parameter whose value it cannot use. */
export function postgresqlTarget(target: ConnectTarget): PostgresqlTarget {
  const query = new Map(Object.entries(target.query).map(([name, value]) => [name, only(name, value)]));
  const take = (name: string): string | null => {
    const value = query.get(name) ?? null;
    query.delete(name);
    return value;
  };
  const where = once("host", target.host, take("host")) ?? "localhost";
  const port = take("port");
  const number = once("port", target.port, port === null ? null : portNumber(port)) ?? DEFAULT_PORT;
  const isTlsDirect = choice("sslnegotiation", take("sslnegotiation"), ["postgres", "direct"], "postgres") === "direct";
  return {
    host: where,
    port: number,
    path: where.startsWith("/") ? `${where}/.s.PGSQL.${number}` : null,
    tls: tlsOptions(take),
    isTlsDirect,
    channelBinding: choice("channel_binding", take("channel_binding"), ["disable", "prefer", "require"], "disable"),
    connectTimeout: timeout(take("connect_timeout")),
    applicationName: take("application_name"),
    options: take("options"),
    settings: Object.fromEntries(query),
  };
}

/** Run-time settings in the form of command-line options, for a package that passes on only those. */
export function settingsAsOptions({ options, settings }: PostgresqlTarget): string | null {
  const all = Object.entries(settings).map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, "\\$&")}`);
  if (options !== null) all.unshift(options);
  return all.length === 0 ? null : all.join(" ");
}

function only(name: string, value: string | readonly string[]): string {
  if (typeof value === "string") return value;
  throw new ArgumentError(`The parameter ${name} stands several times in the PostgreSQL URL; one value is possible`);
}

/** What the URL says before its query or in it, but not in both places, of which one would be ignored. */
function once<T>(name: string, before: T | null, inQuery: T | null): T | null {
  if (before !== null && inQuery !== null)
    throw new ArgumentError(`The PostgreSQL URL names the ${name} twice, before its query and in it; one is possible`);
  return before ?? inQuery;
}

function choice<T extends string>(name: string, value: string | null, possible: readonly T[], otherwise: T): T {
  if (value === null) return otherwise;
  if (possible.includes(value as T)) return value as T;
  throw new ArgumentError(`The parameter ${name} of the PostgreSQL URL is ${possible.join(", ")}, not "${value}"`);
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw new ArgumentError(`The parameter port of the PostgreSQL URL is not a port number: "${text}"`);
}

function timeout(text: string | null): number | null {
  if (text === null) return null;
  const seconds = Number(text);
  if (text.trim() === "" || !Number.isFinite(seconds))
    throw new ArgumentError(`The parameter connect_timeout of the PostgreSQL URL is a number of seconds, not "${text}"`);
  // As in libpq, zero and less mean no limit.
  return seconds <= 0 ? null : seconds * 1000;
}

/**
 * `require` encrypts without looking at the certificate, unless a root certificate is given; `verify-ca` checks who signed it,
 * `verify-full` the server's name too. `allow` and `prefer` do without.
 */
function tlsOptions(take: (name: string) => string | null): ConnectionOptions | null {
  const mode = take("sslmode");
  const [root, certificate, key] = [take("sslrootcert"), take("sslcert"), take("sslkey")];
  const wanted = choice("sslmode", mode, SSL_MODES, root === null ? "prefer" : "verify-full");
  if (wanted === "disable" || wanted === "allow" || wanted === "prefer") {
    if (root ?? certificate ?? key)
      throw new ArgumentError(`sslmode=${wanted} does without TLS: sslrootcert, sslcert and sslkey have no use with it`);
    return null;
  }
  return {
    rejectUnauthorized: wanted !== "require" || root !== null,
    ...(wanted === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(root === null || root === "system" ? {} : { ca: certificateFile("sslrootcert", root) }),
    ...(certificate === null ? {} : { cert: certificateFile("sslcert", certificate) }),
    ...(key === null ? {} : { key: certificateFile("sslkey", key) }),
  };
}

function certificateFile(parameter: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ArgumentError(`The file of ${parameter} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
