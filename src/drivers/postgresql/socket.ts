/**
 * Opens a socket to a PostgreSQL server, up to where the protocol itself begins: TCP or Unix socket, and TLS as PostgreSQL negotiates
 * it. For cancel requests, and for npm packages that let us bring the socket.
 */
import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

export interface ServerAddress {
  /** The name that the server's certificate must have. */
  readonly host: string;
  /** Where to connect; for a second connection the numeric address of the first, because a name may stand for several servers. */
  readonly address: string;
  readonly port: number;
  /** The file of a Unix socket; null for TCP. */
  readonly path: string | null;
  /** Null for a connection without TLS. */
  readonly tls: ConnectionOptions | null;
  /** True when TLS begins at once, instead of being asked for first (PostgreSQL 17: sslnegotiation=direct). */
  readonly isTlsDirect: boolean;
  /** Makes the socket by other means, such as a tunnel; null for the usual ones. */
  readonly dial: (() => Socket | Promise<Socket>) | null;
}

/** The first eight bytes of whoever wants TLS. */
const TLS_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const YES = "S".charCodeAt(0);

/** An open socket. When the signal is aborted it is destroyed, before and after it is open. */
export async function openSocket(to: ServerAddress, signal: AbortSignal): Promise<Socket> {
  // A socket of Node that is destroyed before it connects comes to life again when it does.
  signal.throwIfAborted();
  const socket = await dialled(to, signal);
  if (to.tls === null) return socket;
  try {
    if (!to.isTlsDirect) await agreeOnTls(socket);
    return await secured(socket, to, to.tls);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function dialled({ address, port, path, dial }: ServerAddress, signal: AbortSignal): Promise<Socket> {
  if (dial !== null) return arriving((async () => dial())(), signal);
  const socket = path === null ? connect({ host: address, port, noDelay: true, signal }) : connect({ path, signal });
  try {
    await once(socket, "connect");
  } catch (error) {
    throw withMessage(error);
  }
  return socket;
}

/** A socket that is made by other means. Whoever gives up need not wait for it, and it is destroyed when it comes all the same. */
function arriving(dialling: Promise<Socket>, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    dialling.then((socket) => {
      if (signal.aborted) return void socket.destroy();
      signal.addEventListener("abort", () => socket.destroy());
      resolve(socket);
    }, reject);
    const giveUp = (): void => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp);
  });
}

/** Where a name has several addresses and none answers, Node's error has an empty message. */
export function withMessage(error: unknown): unknown {
  if (error instanceof AggregateError && error.message === "")
    error.message = error.errors.map((each) => (each as Error).message).join("; ");
  return error;
}

async function agreeOnTls(socket: Socket): Promise<void> {
  const answer = new Promise<Buffer>((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("Connection terminated while TLS was being negotiated")));
  });
  socket.write(TLS_REQUEST);
  const bytes = await answer;
  socket.pause();
  socket.removeAllListeners("error");
  socket.removeAllListeners("close");
  // More than the one byte would have been slipped in by somebody in between, before the encryption began.
  if (bytes[0] === YES && bytes.length === 1) return;
  throw new Error("The server does not support SSL connections");
}

async function secured(socket: Socket, { host, isTlsDirect }: ServerAddress, tls: ConnectionOptions): Promise<Socket> {
  const secure = connectTls({
    socket,
    host,
    // RFC 6066 allows names only.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(isTlsDirect ? { ALPNProtocols: ["postgresql"] } : {}),
    ...tls,
  });
  await once(secure, "secureConnect");
  return secure;
}
