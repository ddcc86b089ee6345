/**
 * Stops a statement on a PostgreSQL server by CancelRequest: a packet over a connection of its own, which needs neither a role nor a free
 * place on the server, and which connection poolers pass on. pg_cancel_backend would need all of that.
 */
import type { Socket } from "node:net";

export interface Backend {
  /** Both as the server told them when the connection was made. */
  readonly processId: number;
  readonly secretKey: number;
  /** Opens a socket to the same server; destroys it when the signal is aborted. */
  open(signal: AbortSignal): Promise<Socket>;
}

const CANCEL_REQUEST_CODE = 80_877_102;
/** How long the server may take to accept one request and to close its connection. */
const PATIENCE_MS = 3_000;
/** The pause before the request is repeated, at first and at most. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Tells the server to stop what runs, until it is answered. The server forgets a request that overtakes its statement, so one is not
 * always enough. Each is waited for until the server has closed its connection, having passed it on: afterwards none can hit a later
 * statement.
 *
 * @param running settled when the statement is answered, or its connection gone
 * @throws what kept the request from the server
 */
export async function cancelUntilAnswered(backend: Backend, running: Promise<unknown>): Promise<void> {
  let isAnswered = false;
  const answered = running.then(
    () => void (isAnswered = true),
    () => void (isAnswered = true),
  );
  // A turn for an answer that is there already.
  await Promise.race([answered, new Promise(setImmediate)]);
  for (let pause = FIRST_PAUSE_MS; !isAnswered; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    await sendRequest(backend, answered);
    await answeredWithin(pause, answered);
  }
}

async function sendRequest(backend: Backend, answered: Promise<void>): Promise<void> {
  const stop = new AbortController();
  let state: "opening" | "sent" | "needless" = "opening";
  // Nothing has been said yet, and nobody needs it any more.
  void answered.then(() => {
    if (state !== "opening") return;
    state = "needless";
    stop.abort();
  });
  const patience = setTimeout(
    () => stop.abort(new Error(`The server did not take a cancel request within ${PATIENCE_MS} ms`)),
    PATIENCE_MS,
  );
  try {
    const socket = await backend.open(stop.signal);
    if (isNeedless()) return void socket.destroy();
    state = "sent";
    await untilClosed(socket, packet(backend));
    stop.signal.throwIfAborted();
  } catch (error) {
    if (!isNeedless()) throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(patience);
  }

  function isNeedless(): boolean {
    return state === "needless";
  }
}

function packet({ processId, secretKey }: Backend): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32BE(16, 0);
  bytes.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  bytes.writeInt32BE(processId | 0, 8);
  bytes.writeInt32BE(secretKey | 0, 12);
  return bytes;
}

/** Fulfilled when the server has read the packet and closed, however it closes; rejected when the packet could not be written. */
function untilClosed(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let isWritten = false;
    let failure: Error | null = null;
    socket.on("error", (error) => (failure = error));
    socket.on("close", () => {
      if (isWritten) resolve();
      else reject(failure ?? new Error("Connection terminated before the cancel request was written"));
    });
    socket.resume();
    socket.write(bytes, (error) => (isWritten = !error));
  });
}

async function answeredWithin(milliseconds: number, answered: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([answered, new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)))]);
  clearTimeout(timer);
}
