/** What listeners of a pool are told, in which order; that no fault of theirs or of the server leaks a connection; and the pool's log. */
import { describe, expect, test } from "vitest";
import {
  CancelledError,
  DisconnectionError,
  InvalidatePoolError,
  InvalidRequestError,
  SyncWaitError,
} from "../../src/errors/index.ts";
import { event } from "../../src/engine/events.ts";
import type { Io } from "../../src/io/io.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import { Stop } from "../../src/io/stop.ts";
import { POOL_EVENT_NAMES, type PoolEvents } from "../../src/pool/events.ts";
import type { PoolOptions } from "../../src/pool/options.ts";
import type { Pool, PooledConnection } from "../../src/pool/pool.ts";
import { NullPool } from "../../src/pool/nullPool.ts";
import { QueuePool } from "../../src/pool/queuePool.ts";
import { FakeServer, fakeConnection, runScripted, runWithFault } from "../support/scriptedIo.ts";

/** Notes every event as "name connection …" until asked, with what is worth knowing of its arguments. */
function listenToAll(server: FakeServer): () => string[] {
  let heard: string[] = [];
  for (const name of POOL_EVENT_NAMES)
    server.events.add(name, (driverConnection: unknown, record?: PooledConnection, more?: unknown) => {
      const extra = more === undefined || more === null ? "" : ` ${more instanceof Error ? more.message : JSON.stringify(more)}`;
      heard.push(`${name} ${driverConnection === null ? `null (${record!.id})` : String(driverConnection)}${extra}`);
    });
  return () => {
    const all = heard;
    heard = [];
    return all;
  };
}

describe("events", () => {
  test("of a life: opened, lent, returned, lent again, closed", () => {
    const server = new FakeServer();
    const pool = new QueuePool(server);
    const heard = listenToAll(server);
    const record = runSync(pool.acquire());
    expect(heard()).toEqual(["firstConnect 1", "connect 1", "checkout 1"]);
    runSync(pool.release(record, { dirty: true }));
    expect(heard()).toEqual(['reset 1 {"transactionWasReset":false,"terminateOnly":false}', "checkin 1"]);
    runSync(pool.acquire());
    expect(heard()).toEqual(["checkout 1"]);
    runSync(pool.acquire());
    expect(heard()).toEqual(["connect 2", "checkout 2"]);
    runSync(pool.release(record));
    expect(heard()).toEqual(['reset 1 {"transactionWasReset":true,"terminateOnly":false}', "checkin 1"]);
    runSync(pool.dispose());
    expect(heard()).toEqual(["close 1"]);
  });

  test("reset comes before the rollback, and checkin after it", () => {
    const server = new FakeServer();
    const pool = new QueuePool(server);
    const heard = listenToAll(server);
    const record = runSync(pool.acquire());
    heard();
    runScripted(pool.release(record, { dirty: true }), [
      { kind: "execute", sql: "ROLLBACK", meanwhile: () => expect(heard()).toHaveLength(1) },
    ]);
    expect(heard()).toEqual(["checkin 1"]);
  });

  test("of invalidation", () => {
    const server = new FakeServer();
    const pool: Pool = new QueuePool(server);
    const heard = listenToAll(server);
    const [a, b, c] = [1, 2, 3].map(() => runSync(pool.acquire())) as [PooledConnection, PooledConnection, PooledConnection];
    heard();
    runSync(pool.release(a, { discard: true, error: new Error("lost") }));
    expect(heard()).toEqual(["invalidate 1 lost", "close 1", "checkin null (1)"]);
    runSync(pool.invalidateConnection(b, { error: new Error("lost") }));
    expect(heard()).toEqual(["invalidate 2 lost", "close 2", "checkin null (2)"]);
    runSync(pool.release(b));
    expect(heard()).toEqual([]);
    runSync(pool.invalidateConnection(c, { error: new Error("soon"), soft: true }));
    expect(heard()).toEqual(["softInvalidate 3 soon"]);
    runSync(pool.release(c));
    expect(heard().slice(1)).toEqual(["checkin 3", "close 3"]);
  });

  test("of a reset that fails", () => {
    const server = new FakeServer();
    const pool = new QueuePool(server);
    const record = runSync(pool.acquire());
    const heard = listenToAll(server);
    runScripted(pool.release(record, { dirty: true }), [{ kind: "execute", error: new Error("gone") }]);
    expect(heard().slice(1)).toEqual(["invalidate 1 gone", "close 1", "checkin null (1)"]);
  });

  test("of detaching", () => {
    const server = new FakeServer();
    const pool = new QueuePool(server);
    const record = runSync(pool.acquire());
    const heard = listenToAll(server);
    runSync(pool.detach(record));
    expect(heard()).toEqual(["detach 1"]);
    runSync(pool.release(record, { dirty: true }));
    expect(heard()).toEqual(['reset 1 {"transactionWasReset":false,"terminateOnly":true}', "closeDetached 1"]);
    const other = runSync(pool.acquire());
    runSync(pool.detach(other));
    heard();
    runSync(pool.invalidateConnection(other));
    runSync(pool.release(other));
    expect(heard()).toEqual(["invalidate 2", "closeDetached 2"]);
  });

  test("firstConnect comes once, unless it fails, and also where the listener comes late", () => {
    const server = new FakeServer();
    const pool = new NullPool(server);
    runSync(pool.acquire());
    let calls = 0;
    server.events.add("firstConnect", () => {
      if (++calls === 1) throw new Error("not yet");
    });
    expect(() => runSync(pool.acquire())).toThrow("not yet");
    runSync(pool.acquire());
    runSync(pool.acquire());
    expect([calls, server.openConnections]).toEqual([2, 3]);
  });

  test("can be listened to on the pool itself", () => {
    const pool = new QueuePool(new FakeServer());
    const seen: unknown[] = [];
    const listener: PoolEvents["connect"] = (driverConnection) => void seen.push(driverConnection);
    event.listen(pool, "connect", listener);
    runSync(pool.acquire());
    event.remove(pool, "connect", listener);
    runSync(pool.acquire());
    expect(seen).toEqual([1]);
  });

  test("cost no requests while nobody listens", () => {
    const pool = new QueuePool(new FakeServer());
    const record = runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
    runScripted(pool.release(record), []);
    runScripted(pool.acquire(), []);
  });

  test("a promise of a listener is awaited, and refused in the synchronous colour without a leak", async () => {
    const server = new FakeServer();
    const pool = new QueuePool(server);
    const order: string[] = [];
    for (const name of POOL_EVENT_NAMES)
      server.events.add(name, async () => {
        await Promise.resolve();
        order.push(name);
      });
    const record = await runAsync(pool.acquire());
    await runAsync(pool.release(record));
    expect(order).toEqual(["firstConnect", "connect", "checkout", "reset", "checkin"]);
    expect(() => runSync(pool.acquire())).toThrow(SyncWaitError);
    expect([server.openConnections, pool.checkedin(), pool.checkedout()]).toEqual([0, 0, 0]);
  });
});

describe("DisconnectionError in a listener of checkout", () => {
  /** Objects to so many connections, with this error. */
  function objecting(times: number, error: Error): { server: FakeServer; pool: QueuePool; heard: () => string[] } {
    const server = new FakeServer();
    const pool = new QueuePool(server, { poolSize: 2, maxOverflow: 0 });
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    runSync(pool.release(b));
    const heard = listenToAll(server);
    let left = times;
    server.events.add("checkout", () => {
      if (left-- > 0) throw error;
    });
    return { server, pool, heard };
  }

  test("replaces that connection", () => {
    const { server, pool, heard } = objecting(1, new DisconnectionError("stale"));
    expect(runSync(pool.acquire()).id).toBe(3);
    expect(heard()).toEqual(["checkout 1", "invalidate 1 stale", "close 1", "firstConnect 3", "connect 3", "checkout 3"]);
    expect([server.openConnections, ...[pool.checkedin(), pool.checkedout()]]).toEqual([2, 1, 1]);
    expect(runSync(pool.acquire()).id).toBe(2);
  });

  test("twice is made good, three times is an error, and nothing is leaked", () => {
    expect(runSync(objecting(2, new DisconnectionError("stale")).pool.acquire()).id).toBe(4);
    const { server, pool, heard } = objecting(3, new DisconnectionError("stale"));
    expect(() => runSync(pool.acquire())).toThrow(InvalidRequestError);
    expect(heard().filter((line) => line.startsWith("checkin"))).toEqual(["checkin null (4)"]);
    expect([server.openConnections, pool.checkedin(), pool.checkedout()]).toEqual([1, 1, 0]);
  });

  test("InvalidatePoolError replaces all the others too", () => {
    const { server, pool } = objecting(1, new InvalidatePoolError("failover"));
    runSync(pool.acquire());
    const other = runSync(pool.acquire());
    expect([other.id, other.generation]).toEqual([4, 1]);
    expect(server.connections.slice(0, 2).map(({ ending }) => ending)).toEqual(["destroyed", "destroyed"]);
  });

  test("any other error goes to the borrower", () => {
    const { server, pool, heard } = objecting(1, new TypeError("a mistake"));
    expect(() => runSync(pool.acquire())).toThrow(new TypeError("a mistake"));
    expect(heard()).toEqual(["checkout 1", "invalidate 1 a mistake", "close 1", "checkin null (1)"]);
    expect([server.openConnections, pool.checkedin(), pool.checkedout()]).toEqual([1, 1, 0]);
  });
});

/** What can be done with a pool that has lent one connection. */
interface Operation {
  readonly name: string;
  readonly options?: PoolOptions;
  /** True where the borrower has the connection still when it is done, or has failed. */
  readonly keepsLent?: boolean;
  readonly run: (pool: Pool, lent: PooledConnection) => Io<PooledConnection | void>;
}

const OPERATIONS: readonly Operation[] = [
  { name: "opening", keepsLent: true, run: (pool) => pool.acquire() },
  { name: "lending again", options: { poolPrePing: true }, run: (pool, lent) => (runSync(pool.release(lent)), pool.acquire()) },
  { name: "replacing a stale one", run: (pool, lent) => (runSync(pool.release(lent)), pool.invalidate(), pool.acquire()) },
  { name: "returning", run: (pool, lent) => pool.release(lent, { dirty: true }) },
  {
    name: "returning a surplus one",
    options: { poolSize: 1, maxOverflow: 1 },
    run: (pool, lent) => (runSync(pool.release(runSync(pool.acquire()))), pool.release(lent, { dirty: true })),
  },
  { name: "returning a stale one", run: (pool, lent) => (pool.invalidate(), pool.release(lent, { dirty: true })) },
  { name: "discarding", run: (pool, lent) => pool.release(lent, { discard: true }) },
  { name: "invalidating", keepsLent: true, run: (pool, lent) => pool.invalidateConnection(lent) },
  { name: "marking", keepsLent: true, run: (pool, lent) => pool.invalidateConnection(lent, { soft: true }) },
  { name: "replacing a lost one", run: (pool, lent) => (runSync(pool.invalidateConnection(lent)), pool.replace(lent)) },
  { name: "detaching", keepsLent: true, run: (pool, lent) => pool.detach(lent) },
  { name: "closing a detached one", run: (pool, lent) => (runSync(pool.detach(lent)), pool.release(lent, { dirty: true })) },
  { name: "disposing", run: (pool, lent) => (runSync(pool.release(lent)), pool.dispose()) },
];

const fault = new Error("fault");

/**
 * Runs the operation with listeners and perhaps a fault; then everything is given back, and nothing may be left but idle connections.
 *
 * @param number of the request that fails
 * @returns the error that the operation threw, and how many requests it made
 */
async function tried(
  { options, keepsLent, run }: Operation,
  listeners: ReadonlyMap<keyof PoolEvents, () => unknown>,
  number = Infinity,
): Promise<{ error: unknown; requests: number }> {
  const server = new FakeServer();
  const pool: Pool = new QueuePool(server, { poolSize: 2, maxOverflow: 0, ...options });
  const lent = runSync(pool.acquire());
  const io = run(pool, lent);
  for (const [name, listener] of listeners) server.events.add(name, listener);
  const { outcome, requests } = await runWithFault(io, number, fault);
  for (const [name, listener] of listeners) server.events.remove(name, listener);

  const value = "value" in outcome ? outcome.value : undefined;
  if (value !== undefined) runSync(pool.release(value));
  if (keepsLent === true) runSync(pool.release(lent));
  const { opened, closed, waiting } = pool.metrics();
  expect({ lent: pool.checkedout(), waiting, idle: pool.checkedin() }).toEqual({
    lent: 0,
    waiting: 0,
    idle: server.openConnections,
  });
  expect([opened, opened - closed]).toEqual([server.connections.length, server.openConnections]);
  // Whatever happened, both places can be had again.
  for (let place = 0; place < pool.size(); place++) runSync(pool.acquire());
  runSync(pool.dispose());
  return { error: "error" in outcome ? outcome.error : undefined, requests: requests.length };
}

const everyEvent = (listener: () => unknown): ReadonlyMap<keyof PoolEvents, () => unknown> =>
  new Map(POOL_EVENT_NAMES.map((name) => [name, listener]));

describe.each(OPERATIONS)("faults while $name", (operation) => {
  test.each([
    ["without listeners", new Map()],
    ["with listeners that give promises", everyEvent(() => Promise.resolve())],
  ])("at every step, %s", async (_, listeners) => {
    const { error, requests } = await tried(operation, listeners);
    expect(error).toBeUndefined();
    for (let number = 0; number < requests; number++) await tried(operation, listeners, number);
  });

  test.each(POOL_EVENT_NAMES)("in a listener of %s", async (name) => {
    const listener = (): never => {
      throw fault;
    };
    const rejecting = (): Promise<never> => Promise.reject(fault);
    const outcomes = [];
    for (const failing of [listener, rejecting])
      outcomes.push(await tried(operation, new Map<keyof PoolEvents, () => unknown>([[name, failing]])));
    for (const { error } of outcomes) expect(error === undefined || error === fault).toBe(true);
  });

  test("in all listeners at once", async () => {
    await tried(
      operation,
      everyEvent(() => {
        throw fault;
      }),
    );
  });

  test("by a caller who gives up at every step", async () => {
    const listeners = everyEvent(() => Promise.resolve());
    const { requests } = await tried(operation, listeners);
    for (let number = 0; number < requests; number++) {
      const server = new FakeServer();
      const pool: Pool = new QueuePool(server, { poolSize: 2, maxOverflow: 0, ...operation.options });
      const lent = runSync(pool.acquire());
      const io = operation.run(pool, lent);
      const abort = new AbortController();
      let step = 0;
      // Listeners whose promise fails when nobody waits for it any more must not end the process.
      const giveUp = (): Promise<void> => (step++ === number ? (abort.abort(), Promise.reject(fault)) : Promise.resolve());
      for (const name of POOL_EVENT_NAMES) server.events.add(name, giveUp);
      const outcome = await runAsync(io, new Stop(abort.signal, null)).catch((error: unknown) => error);
      for (const name of POOL_EVENT_NAMES) server.events.remove(name, giveUp);
      expect(outcome instanceof Error ? outcome instanceof CancelledError || outcome === fault : true).toBe(true);
      if (!(outcome instanceof Error) && outcome !== undefined) runSync(pool.release(outcome as PooledConnection));
      if (operation.keepsLent === true) runSync(pool.release(lent));
      expect([pool.checkedout(), pool.checkedin()]).toEqual([0, server.openConnections]);
    }
  });
});

describe("the log", () => {
  test("tells what the pool does", async () => {
    const server = new FakeServer({ log: true });
    const pool = new QueuePool(server, { poolSize: 1, maxOverflow: 1, poolPrePing: true });
    const said = (): string[] => server.lines.splice(0);
    const record = runSync(pool.acquire());
    expect(said()).toEqual(["Connection 1 opened", "  Connection 1 checked out of the pool"]);
    runSync(pool.release(record, { dirty: true }));
    expect(said()).toEqual(["  Connection 1 being returned to the pool", "  Connection 1 reset by rollback"]);
    runSync(pool.acquire());
    expect(said()).toEqual(["  Connection 1 asked for a sign of life", "  Connection 1 checked out of the pool"]);
    runSync(pool.release(record));
    expect(said()[1]).toBe("  Connection 1 reset: its transaction has ended already");
    pool.invalidate();
    const fresh = runSync(pool.acquire());
    expect(said()).toEqual([
      "Pool invalidated; all its connections will be replaced",
      "Connection 1 is replaced: the pool was invalidated or disposed of",
      "Connection 1 closed",
      "Connection 2 opened",
      "  Connection 2 checked out of the pool",
    ]);
    runSync(pool.invalidateConnection(fresh, { error: new Error("why"), soft: true }));
    expect(said()).toEqual(["Connection 2 marked to be closed when it comes back (reason: Error: why)"]);
    runSync(pool.release(fresh));
    expect(said().slice(2)).toEqual(["Connection 2 is replaced: it was marked", "Connection 2 closed"]);
    const third = runSync(pool.acquire());
    said();
    runSync(pool.release(third, { discard: true, error: "no reason" }));
    expect(said().slice(1)).toEqual(["Connection 3 invalidated (reason: no reason)", "Connection 3 closed"]);
    const fourth = runSync(pool.acquire());
    runSync(pool.detach(fourth));
    runSync(pool.release(fourth));
    expect(said().slice(2)).toEqual(["Connection 4 detached from the pool", "Connection 4 closed"]);
    server.opening = () => {
      throw new Error("refused");
    };
    await expect(runAsync(pool.acquire())).rejects.toThrow("refused");
    expect(said()).toEqual(["A connection could not be opened (reason: Error: refused)"]);
    runSync(pool.dispose());
    expect(said()).toEqual([`Pool disposed. ${pool.status()}`]);
  });

  test("does no harm when the logger fails", () => {
    const server = new FakeServer({ log: true });
    server.lines.push = () => {
      throw new Error("disk full");
    };
    const pool = new QueuePool(server, { poolSize: 1, maxOverflow: 0 });
    for (let round = 0; round < 3; round++) runSync(pool.release(runSync(pool.acquire())));
    expect([server.openConnections, pool.checkedin()]).toEqual([1, 1]);
  });
});
