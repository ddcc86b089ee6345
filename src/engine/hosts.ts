/**
 * URLs that name several servers: `postgresql://app@/shop?host=db-1:5432&host=db-2:5433`, as libpq has them. They become one target for each,
 * which whoever opens connections tries in order; drivers only ever see one server.
 */
import type { ConnectTarget } from "../dialects/contract.ts";
import { ArgumentError } from "../errors/base.ts";

interface Host {
  readonly host: string;
  readonly port: number | null;
}

/**
 * The target, or one for each of its servers. Alone, a parameter `host` without a port is the driver's: for PostgreSQL it may be the folder of a
 * Unix socket.
 *
 * @throws ArgumentError for ports that are none or do not fit the hosts, and where the server is named before the query too
 */
export function targetsOf(target: ConnectTarget): readonly ConnectTarget[] {
  const { host: inQuery, port: portsInQuery, ...query } = target.query;
  if (inQuery === undefined) return [target];
  const hosts = listOf(inQuery).map(hostOf);
  const hasPorts = hosts.some(({ port }) => port !== null);
  if (hosts.length === 1 && !hasPorts) return [target];
  if (target.host !== null) throw new ArgumentError(`The URL names the host before its query and in it; one place is possible`);
  if (hasPorts && portsInQuery !== undefined)
    throw new ArgumentError(`The URL has ports behind its hosts and as the parameter port; one place is possible`);
  const ports = portsInQuery === undefined ? [target.port] : listOf(portsInQuery).map(portOf);
  if (ports.length !== 1 && ports.length !== hosts.length)
    throw new ArgumentError(
      `The URL has ${hosts.length} hosts and ${ports.length} ports; there must be one port for each, or one for all`,
    );
  return hosts.map(({ host, port }, index) => ({ ...target, query, host, port: port ?? ports[index] ?? ports[0] ?? null }));
}

/** How messages name the server. */
export function serverName({ host, port }: ConnectTarget): string {
  const name = host ?? "localhost";
  return port === null ? name : `${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** `a,b` is libpq's other way of writing a list. */
function listOf(value: string | readonly string[]): readonly string[] {
  return (typeof value === "string" ? [value] : value).flatMap((one) => one.split(","));
}

/** `name`, `name:port`, `[2001:db8::1]:port`, or a folder. */
function hostOf(text: string): Host {
  const parts = text.startsWith("/") ? null : /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text);
  if (parts !== null) return { host: (parts[1] ?? parts[2])!, port: portOf(parts[3]!) };
  if (text === "") throw new ArgumentError("The parameter host of the URL has no name in it");
  return { host: /^\[([^\]]+)\]$/.exec(text)?.[1] ?? text, port: null };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port <= 65_535) return port;
  throw new ArgumentError(`The URL has a port that is not a port number: "${text}"`);
}
