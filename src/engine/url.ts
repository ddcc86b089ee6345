/**
 * Database URLs as SQLAlchemy writes them: `dialect+driver://user:password@host:port/database?key=value`. Engines are made from
 * them. A URL never shows its password unless it is asked to, and neither do the errors of this file.
 */
import type { Dialect } from "../dialects/contract.ts";
import { makeDialect } from "../dialects/index.ts";
import { ArgumentError } from "../errors/base.ts";

export type UrlQuery = Readonly<Record<string, string | readonly string[]>>;

/** The parts of a URL; what is absent is null, or {} for the query. */
export interface UrlParts {
  readonly drivername: string;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly host?: string | null;
  readonly port?: number | null;
  readonly database?: string | null;
  readonly query?: UrlQuery;
}

/** What `translateConnectArgs` calls each part of a URL; null leaves it out. */
export interface ConnectArgNames {
  readonly host?: string | null;
  readonly database?: string | null;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly port?: string | null;
}

const CONNECT_ARGS = ["host", "database", "username", "password", "port"] as const satisfies readonly (keyof ConnectArgNames)[];

/**
 * An immutable database URL.
 *
 * @example
 * ```ts no-check
 * URL.create({ drivername: "postgresql+pg", username: "u", password: "p@ss", host: "localhost", database: "db" })
 * ```
 */
export class URL {
  readonly drivername: string;
  readonly username: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly database: string | null;
  readonly query: UrlQuery;
  readonly #password: string | null;

  private constructor(parts: UrlParts) {
    this.drivername = parts.drivername;
    this.username = parts.username ?? null;
    this.#password = parts.password ?? null;
    this.host = parts.host ?? null;
    this.port = parts.port ?? null;
    this.database = parts.database ?? null;
    this.query = Object.freeze({ ...parts.query });
    Object.freeze(this);
  }

  /** A URL from its parts, none of them escaped. Throws ArgumentError where a part is not of its type. */
  static create(parts: UrlParts): URL {
    if (typeof parts.drivername !== "string" || !/^[A-Za-z][\w.-]*(\+[\w.-]+)?$/.test(parts.drivername))
      throw new ArgumentError('URL.create: drivername must be a name such as "postgresql" or "postgresql+pg"');
    for (const name of ["username", "password", "host", "database"] as const) {
      const value: unknown = parts[name];
      if (value !== undefined && value !== null && typeof value !== "string")
        throw new ArgumentError(`URL.create: ${name} must be a string`);
    }
    const port: unknown = parts.port;
    if (
      port !== undefined &&
      port !== null &&
      !(typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65535)
    )
      throw new ArgumentError("URL.create: port must be an integer from 0 to 65535");
    return new URL(parts);
  }

  /** Not enumerable, so that printing or serializing the URL does not show it. */
  get password(): string | null {
    return this.#password;
  }

  /** A copy with some parts replaced; null removes a part. */
  set(parts: Partial<UrlParts>): URL {
    const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
    return URL.create({
      drivername: this.drivername,
      username: this.username,
      password: this.#password,
      host: this.host,
      port: this.port,
      database: this.database,
      query: this.query,
      ...given,
    });
  }

  /** A copy whose query has these pairs too; a key that is there already is replaced, or with `append` keeps its values. */
  updateQueryDict(pairs: UrlQuery, options: { readonly append?: boolean } = {}): URL {
    const entries = Object.entries(pairs).flatMap(([key, value]) =>
      // What is neither a string nor a list is refused with the pairs.
      (Array.isArray(value) ? (value as readonly string[]) : [value as string]).map((one): [string, string] => [key, one]),
    );
    return this.updateQueryPairs(entries, options);
  }

  /** A copy whose query has these pairs too; a key that comes several times has several values. */
  updateQueryPairs(pairs: Iterable<readonly [string, string]>, options: { readonly append?: boolean } = {}): URL {
    const added = new Map<string, string[]>();
    for (const [key, value] of pairs) {
      if (typeof key !== "string" || typeof value !== "string")
        throw new ArgumentError("URL.updateQueryPairs: keys and values must be strings");
      added.set(key, [...(added.get(key) ?? []), value]);
    }
    const merged = new Map<string, readonly string[]>(Object.entries(this.normalizedQuery()));
    for (const [key, values] of added)
      merged.set(key, options.append === true ? [...(merged.get(key) ?? []), ...values] : values);
    return this.set({ query: queryOf(merged) });
  }

  /** A copy whose query has the pairs of a query string too, such as "sslmode=require&application_name=shop". */
  updateQueryString(text: string, options: { readonly append?: boolean } = {}): URL {
    return this.updateQueryDict(parseQuery(text), options);
  }

  /** A copy without these keys of the query; those that it does not have are no error. */
  differenceUpdateQuery(names: Iterable<string>): URL {
    const gone = new Set(names);
    return this.set({ query: Object.fromEntries(Object.entries(this.query).filter(([key]) => !gone.has(key))) });
  }

  /** The query with a list of values for every key. */
  normalizedQuery(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      Object.entries(this.query).map(([key, value]) => [key, typeof value === "string" ? [value] : value]),
    );
  }

  /** The database of the URL, such as `postgresql`, without the driver. */
  getBackendName(): string {
    return this.drivername.split("+")[0]!;
  }

  /** The driver that the URL names, or "" where it leaves the choice to the dialect. */
  getDriverName(): string {
    return this.drivername.split("+")[1] ?? "";
  }

  /**
   * A dialect for this URL, as an engine would have one, that has not learned from any server yet. The driver is not looked for.
   *
   * @throws NoSuchModuleError where there is no such dialect
   */
  getDialect(): Dialect {
    return makeDialect(this.getBackendName());
  }

  /**
   * The parts with which one connects, as a plain object: `host`, `database`, `username`, `password` and `port`, without those that the URL does
   * not have. The password is among them, readable.
   *
   * @param names what they are to be called instead; null leaves a part out
   * @throws ArgumentError for a part that does not exist, or a name that is no text
   * @example
   * ```ts no-check
   * new pg.Client(url.translateConnectArgs({ username: "user" }));
   * ```
   */
  translateConnectArgs(names: ConnectArgNames = {}): Record<string, string | number> {
    for (const [part, name] of Object.entries(names) as [string, unknown][]) {
      if (!(CONNECT_ARGS as readonly string[]).includes(part))
        throw new ArgumentError(`URL.translateConnectArgs: there is no part ${part}; there are ${CONNECT_ARGS.join(", ")}`);
      if (name !== undefined && name !== null && typeof name !== "string")
        throw new ArgumentError(`URL.translateConnectArgs: the name for ${part} must be a string, or null to leave it out`);
    }
    const found = new Map<string, string | number>();
    for (const part of CONNECT_ARGS) {
      const name = names[part] === undefined ? part : names[part];
      const value = this[part];
      if (name !== null && value !== null && value !== "" && value !== 0) found.set(name, value);
    }
    return Object.fromEntries(found);
  }

  /** The URL as text, every part escaped; the password as `***` unless `hidePassword` is false (default true). */
  renderAsString(options: { readonly hidePassword?: boolean } = {}): string {
    let text = `${this.drivername}://`;
    if (this.username !== null) text += escapePart(this.username);
    if (this.#password !== null) text += `:${options.hidePassword === false ? escapePart(this.#password) : "***"}`;
    if (this.username !== null || this.#password !== null) text += "@";
    if (this.host !== null) text += this.host.includes(":") ? `[${this.host}]` : this.host;
    if (this.port !== null) text += `:${this.port}`;
    // A path keeps its slashes and Windows its drive's colon; only what would end the database part is escaped.
    if (this.database !== null) text += `/${this.database.replace(/[%?#]/g, escapePart)}`;
    const pairs = Object.entries(this.query).flatMap(([key, value]) =>
      (Array.isArray(value) ? value : [value]).map((one: string) => `${escapePart(key)}=${escapePart(one)}`),
    );
    if (pairs.length > 0) text += `?${pairs.join("&")}`;
    return text;
  }

  toString(): string {
    return this.renderAsString();
  }

  toJSON(): string {
    return this.renderAsString();
  }

  equals(other: unknown): boolean {
    return other instanceof URL && other.renderAsString({ hidePassword: false }) === this.renderAsString({ hidePassword: false });
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `URL(${this.renderAsString()})`;
  }
}

/** The URL of a string; a URL is given back as it is. Throws ArgumentError where the text is not one. */
export function makeUrl(url: string | URL): URL {
  if (url instanceof URL) return url;
  if (typeof url !== "string")
    throw new ArgumentError('Expected a database URL: a string such as "sqlite:///app.db", or a URL object');
  const scheme = /^([A-Za-z][\w.-]*(?:\+[\w.-]+)?):(\/\/)?/.exec(url);
  // The text itself is not shown: it may hold a password.
  if (scheme === null)
    throw new ArgumentError(
      "Could not parse the database URL: it must look like dialect+driver://user:password@host:port/database",
    );
  const drivername = scheme[1]!;
  let rest = url.slice(scheme[0].length);
  if (scheme[2] === undefined) {
    if (rest !== "") throw new ArgumentError(`Could not parse the database URL: "${drivername}:" must be followed by "//"`);
    return URL.create({ drivername });
  }
  const queryStart = rest.indexOf("?");
  let query: UrlQuery = {};
  if (queryStart >= 0) {
    query = parseQuery(rest.slice(queryStart + 1));
    rest = rest.slice(0, queryStart);
  }
  let username: string | null = null;
  let password: string | null = null;
  // At the last "@" before the path, so that an unescaped "@" in a password is forgiven.
  const at = credentialsEnd(rest);
  if (at >= 0) {
    const credentials = rest.slice(0, at);
    const colon = credentials.indexOf(":");
    username = unescapePart(colon < 0 ? credentials : credentials.slice(0, colon));
    if (colon >= 0) password = unescapePart(credentials.slice(colon + 1));
    rest = rest.slice(at + 1);
  }
  const slash = rest.indexOf("/");
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const databaseText = slash < 0 ? null : unescapePart(rest.slice(slash + 1));
  const location = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority);
  if (location === null)
    throw new ArgumentError(
      `Could not parse the host and port of the ${drivername} URL; an IPv6 address stands in brackets, and the port is a number`,
    );
  const port = location[3] === undefined || location[3] === "" ? null : Number(location[3]);
  if (port !== null && port > 65535) throw new ArgumentError(`The port of the ${drivername} URL is not a port number: ${port}`);
  return URL.create({
    drivername,
    username: username === "" ? null : username,
    password,
    host: orNull(location[1] ?? location[2] ?? ""),
    port,
    database: databaseText === "" ? null : databaseText,
    query,
  });
}

/** Where the credentials end. A "@" after the first slash belongs to the path; a slash or question mark in a password must be escaped. */
function credentialsEnd(rest: string): number {
  const slash = rest.indexOf("/");
  return (slash < 0 ? rest : rest.slice(0, slash)).lastIndexOf("@");
}

function orNull(text: string): string | null {
  return text === "" ? null : unescapePart(text);
}

function parseQuery(text: string): UrlQuery {
  const query: Record<string, string | string[]> = {};
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const key = unescapePart((equals < 0 ? pair : pair.slice(0, equals)).replaceAll("+", " "));
    const value = equals < 0 ? "" : unescapePart(pair.slice(equals + 1).replaceAll("+", " "));
    const before = Object.hasOwn(query, key) ? query[key] : undefined;
    const after = before === undefined ? value : [...(typeof before === "string" ? [before] : before), value];
    defineKey(query, key, after);
  }
  return query;
}

/** One value as a string, several as a list. */
function queryOf(values: ReadonlyMap<string, readonly string[]>): UrlQuery {
  const query: Record<string, string | readonly string[]> = {};
  for (const [key, list] of values) defineKey(query, key, list.length === 1 ? list[0]! : list);
  return query;
}

/** A key called __proto__ must be a key like any other. */
function defineKey(query: object, key: string, value: string | readonly string[]): void {
  Object.defineProperty(query, key, { value, enumerable: true, configurable: true, writable: true });
}

function escapePart(text: string): string {
  return encodeURIComponent(text);
}

function unescapePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone "%" that is no escape stands for itself, as in Python's unquote.
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (escape) => {
      try {
        return decodeURIComponent(escape);
      } catch {
        return escape;
      }
    });
  }
}
