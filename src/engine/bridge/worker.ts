/**
 * The worker thread that holds the connections of synchronous engines over asynchronous drivers. It carries out one order after another
 * as an asynchronous engine would (the runner, its timeouts and its cancelling are the same) and posts the answers. It is started by
 * workerThread.ts and must not be imported.
 */
import { workerData } from "node:worker_threads";
import type { Driver } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import { InterfaceError, OperationalError } from "../../errors/dbapi.ts";
import { StatementTimeoutError } from "../../errors/engine.ts";
import type { DriverConnection, DriverCursor } from "../../io/driver.ts";
import type { Io, IoRequest } from "../../io/io.ts";
import { runAsync } from "../../io/runAsync.ts";
import { Stop } from "../../io/stop.ts";
import { packError } from "./errorTransfer.ts";
import { type AnswerMessage, type Order, type OrderMessage, SHARED, type WorkerStart } from "./protocol.ts";

/** How soon the other thread knows that an idle connection was closed by its server. */
const WATCH_MS = 100;

interface Held {
  readonly connection: DriverConnection;
  readonly cursors: Map<number, DriverCursor>;
  readonly openFlag: Int32Array;
}

const { port, shared: memory } = workerData as WorkerStart;
const shared = new Int32Array(memory);
const drivers = new Map<string, Promise<Driver>>();
const connections = new Map<number, Held>();
/** Those that are being opened; aborted when nobody waits for one any more. */
const openings = new Map<number, AbortController>();
let watch: ReturnType<typeof setInterval> | null = null;

port.on("message", ({ id, order }: OrderMessage) => {
  Atomics.add(shared, SHARED.signsOfLife, 1);
  if (order.kind === "ping") return;
  if (order.kind === "destroy") {
    destroy(order.connection);
    return;
  }
  carryOut(order).then(
    (value) => post({ id, value }),
    (error: unknown) => post({ id, error: packError(error) }),
  );
});

process.on("uncaughtException", (error) => {
  post({ id: 0, error: packError(error) });
  process.exit(1);
});

process.on("exit", () => {
  Atomics.store(shared, SHARED.hasEnded, 1);
  wake();
});

function post(answer: AnswerMessage): void {
  try {
    port.postMessage(answer);
  } catch (error) {
    const what = "The driver answered with a value that cannot leave its worker thread; use createAsyncEngine for this statement";
    port.postMessage({ id: answer.id, error: packError(new InterfaceError(what, { cause: error })) } satisfies AnswerMessage);
  }
  wake();
}

function wake(): void {
  Atomics.add(shared, SHARED.answers, 1);
  Atomics.notify(shared, SHARED.answers);
}

async function carryOut(order: Exclude<Order, { kind: "ping" | "destroy" }>): Promise<unknown> {
  if (order.kind === "connect") return connect(order);
  if (order.kind === "closeAll") return Promise.all([...connections].map(([id, held]) => close(id, held)));
  const held = connections.get(order.connection);
  if (held === undefined) throw new OperationalError("The connection is closed", { isDisconnect: true });
  if (order.kind === "close") return close(order.connection, held);
  try {
    return await carryOutOn(held, order);
  } finally {
    publish(held);
  }
}

async function carryOutOn(
  held: Held,
  order: Extract<Order, { kind: `execute${string}` | `${string}ursor` | "fetch" }>,
): Promise<unknown> {
  const { connection, cursors } = held;
  switch (order.kind) {
    case "execute":
      return run({ kind: "execute", connection, statement: order.statement }, order.timeout);
    case "executeMany": {
      const { statement, parameterSets } = order;
      return run({ kind: "executeMany", connection, statement, parameterSets }, order.timeout);
    }
    case "openCursor": {
      const cursor = (await run({ kind: "openCursor", connection, statement: order.statement }, order.timeout)) as DriverCursor;
      cursors.set(order.cursor, cursor);
      return cursor.columns;
    }
    case "fetch":
      return run({ kind: "fetch", connection, cursor: cursorOf(held, order.cursor), count: order.count }, order.timeout);
    case "closeCursor": {
      const cursor = cursorOf(held, order.cursor);
      cursors.delete(order.cursor);
      return run({ kind: "closeCursor", cursor }, null);
    }
  }
}

/** Lets the asynchronous runner answer the request; what it stops ends with the driver's own error, where there is one. */
async function run(request: IoRequest, timeout: number | null, signal: AbortSignal | null = null): Promise<unknown> {
  try {
    return await runAsync(only(request), timeout === null && signal === null ? null : new Stop(signal, timeout));
  } catch (error) {
    throw error instanceof StatementTimeoutError ? (error.cause ?? error) : error;
  }
}

function* only(request: IoRequest): Io<unknown> {
  return yield request;
}

async function connect(order: Extract<Order, { kind: "connect" }>): Promise<undefined> {
  const abandonment = new AbortController();
  openings.set(order.connection, abandonment);
  try {
    const driver = await loadDriver(order.driver);
    const open = (_deadline?: number, signal?: AbortSignal): ReturnType<Driver["connect"]> =>
      driver.connect(order.target, undefined, signal);
    const connection = (await run({ kind: "connect", open }, order.timeout, abandonment.signal)) as DriverConnection;
    const held = { connection, cursors: new Map<number, DriverCursor>(), openFlag: new Int32Array(order.openFlag) };
    connections.set(order.connection, held);
    publish(held);
    watch ??= setInterval(() => connections.forEach(publish), WATCH_MS);
  } finally {
    openings.delete(order.connection);
  }
}

/** The thread that ordered a connection may have given it up before this one came to read the order, which still opens it. */
function destroy(id: number): void {
  openings.get(id)?.abort();
  const held = connections.get(id);
  if (held === undefined) return;
  held.connection.destroy();
  forget(id, held);
}

async function close(id: number, held: Held): Promise<undefined> {
  await run({ kind: "close", connection: held.connection }, null);
  forget(id, held);
}

function cursorOf(held: Held, id: number): DriverCursor {
  const cursor = held.cursors.get(id);
  if (cursor === undefined) throw new InterfaceError("The cursor is closed");
  return cursor;
}

function forget(id: number, held: Held): void {
  Atomics.store(held.openFlag, 0, 0);
  connections.delete(id);
  if (connections.size > 0 || watch === null) return;
  clearInterval(watch);
  watch = null;
}

function publish(held: Held): void {
  Atomics.store(held.openFlag, 0, held.connection.isOpen ? 1 : 0);
}

function loadDriver(module: NonNullable<Driver["module"]>): Promise<Driver> {
  const key = `${module.url} ${module.export}`;
  let loading = drivers.get(key);
  if (loading === undefined) drivers.set(key, (loading = importDriver(module)));
  return loading;
}

async function importDriver(module: NonNullable<Driver["module"]>): Promise<Driver> {
  const exports = (await import(module.url)) as Readonly<Record<string, unknown>>;
  const driver = exports[module.export] as Driver | undefined;
  if (typeof driver?.connect !== "function")
    throw new ArgumentError(
      `The module ${module.url} has no driver named ${module.export}, as the driver's \`module\` says it has`,
    );
  return driver;
}
