/** QueuePool as a state machine: what it keeps, lends, replaces and counts, with a script in the place of a database. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ArgumentError, InvalidRequestError, TimeoutError } from "../../src/errors/index.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import { makePool, type PoolOptions } from "../../src/pool/options.ts";
import type { Pool } from "../../src/pool/pool.ts";
import { QueuePool } from "../../src/pool/queuePool.ts";
import { FakeServer, fakeConnection, runScripted } from "../support/scriptedIo.ts";

const queuePool = (options: PoolOptions = {}, server = new FakeServer()): QueuePool => new QueuePool(server, options);
const counts = (pool: Pool): number[] => [pool.checkedin(), pool.checkedout(), pool.overflow()];

describe("QueuePool", () => {
  test("opens, keeps and lends again", () => {
    const pool = queuePool({ poolSize: 2 });
    const first = runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
    expect(counts(pool)).toEqual([0, 1, -1]);
    expect(first.lentAt).toBeGreaterThan(0);
    runScripted(pool.release(first), []);
    expect(first.lentAt).toBeNull();
    expect(counts(pool)).toEqual([1, 0, -1]);
    expect(runScripted(pool.acquire(), [])).toBe(first);
    expect(pool.status()).toBe("Pool size: 2  Connections in pool: 0 Current Overflow: -1 Current Checked out connections: 1");
  });

  test("has SQLAlchemy's defaults", () => {
    const pool = queuePool();
    expect([pool.size(), pool.maxOverflow(), pool.timeout()]).toEqual([5, 10, 30_000]);
    for (let lent = 0; lent < 15; lent++) runSync(pool.acquire());
    expect(() => runSync(pool.acquire())).toThrow("QueuePool limit of size 5 overflow 10 reached");
  });

  test("closes what is beyond its size when it comes back", () => {
    const pool = queuePool({ poolSize: 1, maxOverflow: 1 });
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    expect(counts(pool)).toEqual([0, 2, 1]);
    runScripted(pool.release(a), []);
    runScripted(pool.release(b), [{ kind: "close" }]);
    expect(counts(pool)).toEqual([1, 0, 0]);
  });

  test("size 0 is no limit, and everything is kept; maxOverflow -1 is no limit, and `size` are kept", () => {
    for (const [options, kept] of [
      [{ poolSize: 0 }, 30],
      [{ poolSize: 2, maxOverflow: -1 }, 2],
    ] as const) {
      const pool = queuePool(options);
      const lent = Array.from({ length: 30 }, () => runSync(pool.acquire()));
      for (const record of lent) runSync(pool.release(record));
      expect(pool.checkedin()).toBe(kept);
      expect(pool.maxOverflow()).toBe(-1);
    }
  });

  test("a connect that fails gives its slot back and wakes the next in line", async () => {
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 });
    let waiting: Promise<unknown> | null = null;
    expect(() =>
      runScripted(pool.acquire(), [
        {
          kind: "connect",
          error: new Error("refused"),
          meanwhile: () => {
            waiting = runAsync(pool.acquire());
          },
        },
      ]),
    ).toThrow("refused");
    await expect(waiting).resolves.toMatchObject({ generation: 0 });
    expect(counts(pool)).toEqual([0, 1, 0]);
  });

  test("a failing reset discards the connection", () => {
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 });
    const record = runSync(pool.acquire());
    runScripted(pool.release(record, { dirty: true }), [{ kind: "execute", sql: "ROLLBACK", error: new Error("lost") }]);
    expect(record.connection).toMatchObject({ ending: "destroyed" });
    expect(counts(pool)).toEqual([0, 0, -1]);
    expect(runSync(pool.acquire())).not.toBe(record);
  });

  test("a clean release sends nothing, a dirty one rolls back, and nothing is released twice", () => {
    const pool = queuePool();
    const record = runSync(pool.acquire());
    runScripted(pool.release(record, { dirty: true }), [{ kind: "execute", sql: "ROLLBACK" }]);
    expect(pool.checkedin()).toBe(1);
    expect(() => runSync(pool.release(record))).toThrow(InvalidRequestError);
    expect(() => runSync(pool.release(runSync(queuePool().acquire())))).toThrow("has not lent that connection");
    expect(counts(pool)).toEqual([1, 0, -4]);
  });

  test("poolResetOnReturn says how a connection is put in order", () => {
    for (const [way, sql] of [
      [undefined, "ROLLBACK"],
      [true, "ROLLBACK"],
      ["commit", "COMMIT"],
    ] as const) {
      const pool = queuePool(way === undefined ? {} : { poolResetOnReturn: way });
      runScripted(pool.release(runSync(pool.acquire()), { dirty: true }), [{ kind: "execute", sql }]);
    }
    for (const way of [null, false, "none"] as const) {
      const pool = queuePool({ poolResetOnReturn: way });
      runScripted(pool.release(runSync(pool.acquire()), { dirty: true }), []);
      expect(pool.checkedin()).toBe(1);
    }
    expect(() => queuePool({ poolResetOnReturn: "ROLLBACK" as "rollback" })).toThrow(ArgumentError);
  });

  test("a connection whose socket is gone is not lent", () => {
    const pool = queuePool();
    const record = runSync(pool.acquire());
    runSync(pool.release(record));
    (record.connection as { isOpen: boolean }).isOpen = false;
    expect(runSync(pool.acquire())).not.toBe(record);
    expect(pool.metrics()).toMatchObject({ invalidated: 1, closed: 1, recycled: 0 });
  });

  test("useLifo lends what came back last", () => {
    for (const poolUseLifo of [true, false]) {
      const pool = queuePool({ poolUseLifo });
      const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
      runSync(pool.release(a));
      runSync(pool.release(b));
      expect(runSync(pool.acquire())).toBe(poolUseLifo ? b : a);
    }
  });

  test("an option that a pool has no use for is refused", () => {
    expect(() => makePool(QueuePool, new FakeServer(), { size: 3 } as PoolOptions, "createEngine")).toThrow(
      /createEngine: QueuePool has no use for size; it takes poolSize, maxOverflow/,
    );
    for (const nonsense of [null, {}, "QueuePool", class {}])
      expect(() => makePool(nonsense as unknown as typeof QueuePool, new FakeServer(), {}, "createEngine")).toThrow(
        "createEngine: poolClass must be a class of pools",
      );
    expect(makePool(QueuePool, new FakeServer(), { poolSize: 3 }, "createEngine").size()).toBe(3);
  });

  test("recreate makes an empty pool of the same class and options", () => {
    class Mine extends QueuePool {}
    const pool = new Mine(new FakeServer(), { poolSize: 3, maxOverflow: 1 });
    runSync(pool.acquire());
    const again = pool.recreate();
    expect(again).toBeInstanceOf(Mine);
    expect([again.size(), ...counts(again)]).toEqual([3, 0, 0, -3]);
    for (let lent = 0; lent < 4; lent++) runSync(again.acquire());
    expect(() => runSync(again.acquire())).toThrow("Mine limit of size 3 overflow 1");
  });
});

describe("invalidation", () => {
  test("of the pool closes idle and lent connections when they are next touched", () => {
    const server = new FakeServer();
    const pool = queuePool({ poolSize: 2 }, server);
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    pool.invalidate();
    runScripted(pool.release(b), []);
    const fresh = runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
    expect(fresh.generation).toBe(1);
    // A server that is gone would never answer a farewell.
    expect(server.connections.map(({ ending }) => ending)).toEqual(["destroyed", "destroyed"]);
    expect(counts(pool)).toEqual([0, 1, -1]);
    expect(pool.metrics()).toMatchObject({ recycled: 2, closed: 2, invalidated: 0 });
  });

  test("of the pool happens once for all connections that were lost together", () => {
    const pool = queuePool();
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    pool.invalidate(a);
    const fresh = runSync(pool.acquire());
    pool.invalidate(b);
    runSync(pool.release(fresh));
    expect(pool.checkedin()).toBe(1);
  });

  test("of the pool concerns connections that are being opened, too", () => {
    const pool = queuePool();
    const connection = fakeConnection();
    const record = runScripted(pool.acquire(), [{ kind: "connect", answer: connection, meanwhile: () => pool.invalidate() }]);
    runSync(pool.release(record));
    expect([pool.checkedin(), connection.isOpen]).toEqual([0, false]);
  });

  test("prePing replaces a dead connection, and all others with it", () => {
    const server = new FakeServer();
    const pool = queuePool({ poolSize: 2, poolPrePing: true }, server);
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    runSync(pool.release(b));
    const fresh = runScripted(pool.acquire(), [
      { kind: "execute", sql: "ping", error: new Error("gone") },
      { kind: "connect", answer: fakeConnection() },
    ]);
    expect(fresh.recordInfo).toBe(a.recordInfo);
    runScripted(pool.release(fresh), []);
    runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
    expect(server.openConnections).toBe(0);
    runScripted(pool.acquire(), [{ kind: "execute", sql: "ping" }]);
  });

  test("of a borrowed connection, hard: closed at once, and replaced in its place", async () => {
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 });
    const record = runSync(pool.acquire());
    record.info.set("a", 1);
    record.recordInfo.set("b", 2);
    runSync(pool.invalidateConnection(record, { error: new Error("lost") }));
    runSync(pool.invalidateConnection(record));
    expect(record.isValid).toBe(false);
    expect(record.connection).toMatchObject({ ending: "destroyed" });
    expect(counts(pool)).toEqual([0, 1, 0]);

    const waiting = runAsync(pool.acquire());
    const other = runSync(pool.replace(record));
    expect(other).not.toBe(record);
    expect([other.info.size, other.recordInfo.get("b")]).toEqual([0, 2]);
    expect(() => runSync(pool.release(record))).toThrow(InvalidRequestError);
    runSync(pool.release(other));
    expect(await waiting).toBe(other);
    expect(pool.metrics()).toMatchObject({ opened: 2, closed: 1, invalidated: 1 });
  });

  test("a replacement that cannot be opened leaves nothing behind", async () => {
    const server = new FakeServer();
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 }, server);
    const record = runSync(pool.acquire());
    expect(() => runSync(pool.replace(record))).toThrow("only one that was given up can be replaced");
    runSync(pool.invalidateConnection(record));
    const waiting = runAsync(pool.acquire());
    expect(() => runScripted(pool.replace(record), [{ kind: "connect", error: new Error("refused") }])).toThrow("refused");
    runSync(pool.release(await waiting));
    expect(counts(pool)).toEqual([1, 0, 0]);
  });

  test("a borrowed connection that was given up only leaves its place when it comes back", () => {
    const pool = queuePool();
    const record = runSync(pool.acquire());
    runSync(pool.invalidateConnection(record));
    runScripted(pool.release(record, { dirty: true }), []);
    expect(counts(pool)).toEqual([0, 0, -5]);
  });

  test("of a borrowed connection, soft: used on, and closed when it comes back", () => {
    const pool = queuePool();
    const record = runSync(pool.acquire());
    runScripted(pool.invalidateConnection(record, { soft: true }), []);
    expect(record.isValid).toBe(true);
    runScripted(pool.release(record, { dirty: true }), [{ kind: "execute", sql: "ROLLBACK" }, { kind: "close" }]);
    expect(counts(pool)).toEqual([0, 0, -5]);
    expect(pool.metrics()).toMatchObject({ recycled: 1, invalidated: 0 });
  });
});

describe("detach", () => {
  test("takes the connection out of the pool, and its place is free at once", async () => {
    const server = new FakeServer();
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 }, server);
    const record = runSync(pool.acquire());
    const waiting = runAsync(pool.acquire());
    runSync(pool.detach(record));
    const other = await waiting;
    expect([record.isDetached, record.isValid, server.openConnections]).toEqual([true, true, 2]);
    expect(() => runSync(pool.detach(record))).toThrow("detached from its pool already");
    runScripted(pool.release(record, { dirty: true }), [{ kind: "close" }]);
    runScripted(pool.release(record), []);
    expect(counts(pool)).toEqual([0, 1, 0]);
    runSync(pool.release(other));
  });

  test("a detached connection that is lost is replaced by one of the pool's", () => {
    const pool = queuePool();
    const record = runSync(pool.acquire());
    runSync(pool.detach(record));
    runSync(pool.invalidateConnection(record));
    expect(() => runSync(pool.detach(record))).toThrow("nothing to detach");
    const other = runSync(pool.replace(record));
    expect(other.isDetached).toBe(false);
    runSync(pool.release(record));
    runSync(pool.release(other));
    expect(counts(pool)).toEqual([1, 0, -4]);
  });
});

describe("dispose", () => {
  test("closes idle connections, and lent ones on return", () => {
    const pool = queuePool();
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    runScripted(pool.dispose(), [{ kind: "close" }]);
    runScripted(pool.release(b), [{ kind: "close" }]);
    expect(counts(pool)).toEqual([0, 0, -5]);
    runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
  });

  test("can forget connections without closing them", () => {
    const server = new FakeServer();
    const pool = queuePool({}, server);
    runSync(pool.release(runSync(pool.acquire())));
    runScripted(pool.dispose({ close: false }), []);
    expect([server.openConnections, ...counts(pool)]).toEqual([1, 0, 0, -5]);
  });

  test("closes all, whatever a listener says", () => {
    const server = new FakeServer();
    const pool = queuePool({}, server);
    const lent = [1, 2, 3].map(() => runSync(pool.acquire()));
    for (const record of lent) runSync(pool.release(record));
    server.events.add("close", (driverConnection: unknown) => {
      throw new Error(`listener of ${String(driverConnection)}`);
    });
    expect(() => runSync(pool.dispose())).toThrow("listener of 1");
    expect([server.openConnections, ...counts(pool)]).toEqual([0, 0, 0, -5]);
  });

  test("those who wait are served with new connections", async () => {
    const server = new FakeServer();
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 }, server);
    const record = runSync(pool.acquire());
    const waiting = runAsync(pool.acquire());
    await runAsync(pool.dispose());
    runSync(pool.release(record));
    const other = await waiting;
    expect([other === record, other.generation, server.openConnections]).toEqual([false, 1, 1]);
  });

  test("whoever comes while idle connections are being closed gets a new one when there is room", async () => {
    const server = new FakeServer();
    const pool = queuePool({ poolSize: 1, maxOverflow: 0 }, server);
    runSync(pool.release(runSync(pool.acquire())));
    const late: Promise<{ id: number }>[] = [];
    runScripted(pool.dispose(), [{ kind: "close", meanwhile: () => void late.push(runAsync(pool.acquire())) }]);
    expect(await late[0]).toMatchObject({ id: 2 });
    expect(counts(pool)).toEqual([0, 1, 0]);
  });
});

describe("recycle", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("replaces an old connection, which takes its leave", async () => {
    const pool = queuePool({ poolRecycle: 1000 });
    const record = runSync(pool.acquire());
    runSync(pool.release(record));
    await vi.advanceTimersByTimeAsync(1000);
    expect(runSync(pool.acquire())).toBe(record);
    runSync(pool.release(record));
    await vi.advanceTimersByTimeAsync(1);
    const fresh = runScripted(pool.acquire(), [{ kind: "close" }, { kind: "connect", answer: fakeConnection() }]);
    expect(fresh.recordInfo).toBe(record.recordInfo);
    expect(pool.metrics()).toMatchObject({ recycled: 1, closed: 1 });
  });
});

describe("counters", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("are a frozen object of numbers", async () => {
    const pool = queuePool({ poolSize: 1, maxOverflow: 0, poolTimeout: 400 });
    const record = runSync(pool.acquire());
    const waiting = runAsync(pool.acquire());
    const late = runAsync(pool.acquire()).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(100);
    expect(pool.metrics().waiting).toBe(2);
    runSync(pool.release(record));
    await waiting;
    await vi.advanceTimersByTimeAsync(300);
    expect(await late).toBeInstanceOf(TimeoutError);
    const metrics = pool.metrics();
    expect(Object.isFrozen(metrics)).toBe(true);
    expect(metrics).toEqual({
      size: 1,
      maxOverflow: 0,
      idle: 0,
      lent: 1,
      waiting: 0,
      opened: 1,
      closed: 0,
      invalidated: 0,
      recycled: 0,
      timedOut: 1,
      checkouts: 2,
      waitingTimeTotal: 500,
      waitingTimeMax: 400,
    });
  });

  test("go to Prometheus in its text format", () => {
    const pool = queuePool({ poolSize: 1 });
    runSync(pool.acquire());
    const text = pool.prometheus({ name: 'a "b"\\c\nd' });
    const label = String.raw`{pool="a \"b\"\\c\nd"}`;
    expect(text.startsWith("# HELP athanor_pool_size Connections that the pool keeps\n# TYPE athanor_pool_size gauge\n")).toBe(
      true,
    );
    expect(text).toContain(`\nathanor_pool_checkouts_total${label} 1\n`);
    expect(text).toContain(`\nathanor_pool_wait_seconds_total${label} 0\n`);
    expect(text.endsWith("\n")).toBe(true);
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(3 * Object.keys(pool.metrics()).length);
    for (const line of lines)
      expect(line).toMatch(/^(# HELP \w+ .+|# TYPE \w+ (gauge|counter)|\w+\{pool="(?:[^"\\]|\\["\\n])*"\} -?\d+(\.\d+)?)$/);
  });
});
