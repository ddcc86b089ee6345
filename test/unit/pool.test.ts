/** The pools as state machines: every fault at every step, with a script in the place of a database. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InvalidRequestError, TimeoutError } from "../../src/errors/index.ts";
import type { DriverConnection } from "../../src/io/driver.ts";
import type { Io } from "../../src/io/io.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import type { PoolHost } from "../../src/pool/pool.ts";
import { QueuePool, type QueuePoolOptions } from "../../src/pool/queuePool.ts";
import { SingleConnectionPool } from "../../src/pool/singleConnectionPool.ts";
import { fakeConnection, runScripted } from "../support/scriptedIo.ts";

const host: PoolHost = {
  *open(): Io<DriverConnection> {
    return (yield { kind: "connect", open: () => fakeConnection() }) as DriverConnection;
  },
  *ping(connection): Io<boolean> {
    try {
      yield {
        kind: "execute",
        connection,
        statement: { sql: "ping", parameters: [], reusable: false, wideIntegers: false, returnsRows: true },
      };
      return true;
    } catch {
      return false;
    }
  },
  *reset(connection): Io<void> {
    yield {
      kind: "execute",
      connection,
      statement: { sql: "ROLLBACK", parameters: [], reusable: false, wideIntegers: false, returnsRows: false },
    };
  },
};

const makePool = (options: QueuePoolOptions = {}): QueuePool => new QueuePool(host, options);
const counts = (pool: QueuePool): number[] => [pool.checkedin(), pool.checkedout(), pool.overflow()];

describe("QueuePool", () => {
  test("opens, keeps and lends again", () => {
    const pool = makePool({ size: 2 });
    const first = runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
    expect(counts(pool)).toEqual([0, 1, -1]);
    runScripted(pool.release(first), []);
    expect(counts(pool)).toEqual([1, 0, -1]);
    expect(runScripted(pool.acquire(), [])).toBe(first);
    expect(pool.status()).toBe("Pool size: 2  Connections in pool: 0 Current Overflow: -1 Current Checked out connections: 1");
  });

  test("closes what is beyond its size when it comes back", () => {
    const pool = makePool({ size: 1, maxOverflow: 1 });
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    expect(counts(pool)).toEqual([0, 2, 1]);
    runScripted(pool.release(a), []);
    runScripted(pool.release(b), [{ kind: "close" }]);
    expect(counts(pool)).toEqual([1, 0, 0]);
  });

  test("a connect that fails gives its slot back and wakes the next in line", async () => {
    const pool = makePool({ size: 1, maxOverflow: 0 });
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
    const pool = makePool({ size: 1, maxOverflow: 0 });
    const record = runSync(pool.acquire());
    runScripted(pool.release(record, { dirty: true }), [
      { kind: "execute", sql: "ROLLBACK", error: new Error("lost") },
      { kind: "close" },
    ]);
    expect(counts(pool)).toEqual([0, 0, -1]);
    expect(runSync(pool.acquire())).not.toBe(record);
  });

  test("a clean release sends nothing, a dirty one rolls back", () => {
    const pool = makePool();
    const record = runSync(pool.acquire());
    runScripted(pool.release(record, { dirty: true }), [{ kind: "execute", sql: "ROLLBACK" }]);
    expect(pool.checkedin()).toBe(1);
    expect(() => runSync(pool.release(record))).toThrow(InvalidRequestError);
  });

  test("invalidation closes idle and lent connections when they are next touched", () => {
    const pool = makePool({ size: 2 });
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    pool.invalidate();
    runScripted(pool.release(b), [{ kind: "close" }]);
    const fresh = runScripted(pool.acquire(), [{ kind: "close" }, { kind: "connect", answer: fakeConnection() }]);
    expect(fresh.generation).toBe(1);
    expect(counts(pool)).toEqual([0, 1, -1]);
  });

  test("prePing replaces a dead connection, and all others with it", () => {
    const pool = makePool({ size: 2, prePing: true });
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    runSync(pool.release(b));
    const fresh = runScripted(pool.acquire(), [
      { kind: "execute", sql: "ping", error: new Error("gone") },
      { kind: "close" },
      { kind: "connect", answer: fakeConnection() },
    ]);
    runScripted(pool.release(fresh), []);
    runScripted(pool.acquire(), [{ kind: "close" }, { kind: "connect", answer: fakeConnection() }]);
  });

  test("a connection whose socket is gone is not lent", () => {
    const pool = makePool();
    const record = runSync(pool.acquire());
    runSync(pool.release(record));
    (record.connection as { isOpen: boolean }).isOpen = false;
    expect(runSync(pool.acquire())).not.toBe(record);
  });

  test("useLifo lends what came back last", () => {
    for (const useLifo of [true, false]) {
      const pool = makePool({ useLifo });
      const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
      runSync(pool.release(a));
      runSync(pool.release(b));
      expect(runSync(pool.acquire())).toBe(useLifo ? b : a);
    }
  });

  test("dispose closes idle connections, and lent ones on return", () => {
    const pool = makePool();
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(a));
    runScripted(pool.dispose(), [{ kind: "close" }]);
    runScripted(pool.release(b), [{ kind: "close" }]);
    expect(counts(pool)).toEqual([0, 0, -5]);
    runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }]);
  });

  test("a synchronous caller is refused at once and stands in no queue", () => {
    const pool = makePool({ size: 1, maxOverflow: 0 });
    const record = runSync(pool.acquire());
    expect(() => runSync(pool.acquire())).toThrow(TimeoutError);
    runSync(pool.release(record));
    expect(runSync(pool.acquire())).toBe(record);
  });

  test("an error of a connect listener closes the connection", () => {
    const pool = new QueuePool(
      {
        ...host,
        onConnect: () => {
          throw new Error("listener");
        },
      },
      { size: 1, maxOverflow: 0 },
    );
    expect(() => runScripted(pool.acquire(), [{ kind: "connect", answer: fakeConnection() }, { kind: "close" }])).toThrow(
      "listener",
    );
    expect(pool.checkedout()).toBe(0);
  });

  describe("in line", () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    test("first come, first served; nobody overtakes", async () => {
      const pool = makePool({ size: 1, maxOverflow: 0 });
      const record = runSync(pool.acquire());
      const order: string[] = [];
      const [a, b] = ["a", "b"].map(async (name) => {
        const got = await runAsync(pool.acquire());
        order.push(name);
        return got;
      });
      runSync(pool.release(record));
      expect(() => runSync(pool.acquire())).toThrow(TimeoutError);
      runSync(pool.release(await a!));
      await b;
      expect(order).toEqual(["a", "b"]);
      expect(vi.getTimerCount()).toBe(0);
    });

    test("a discarded connection lets the next in line open one", async () => {
      const pool = makePool({ size: 1, maxOverflow: 0 });
      const record = runSync(pool.acquire());
      const next = runAsync(pool.acquire());
      runSync(pool.release(record, { discard: true }));
      expect(await next).not.toBe(record);
      expect(counts(pool)).toEqual([0, 1, 0]);
    });

    test("times out, leaves the line, and leaks nothing", async () => {
      const pool = makePool({ size: 1, maxOverflow: 0, timeout: 30_000 });
      const record = runSync(pool.acquire());
      const failed = runAsync(pool.acquire()).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(30_000);
      const error = await failed;
      expect(error).toBeInstanceOf(TimeoutError);
      expect((error as Error).message).toContain(
        "QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 30.00",
      );
      runSync(pool.release(record));
      expect(counts(pool)).toEqual([1, 0, 0]);
    });

    test("recycle replaces an old connection", async () => {
      const pool = makePool({ recycle: 1000 });
      const record = runSync(pool.acquire());
      runSync(pool.release(record));
      await vi.advanceTimersByTimeAsync(1001);
      expect(runSync(pool.acquire())).not.toBe(record);
    });
  });
});

describe("SingleConnectionPool", () => {
  test("explains itself to a second synchronous borrower", () => {
    const pool = new SingleConnectionPool(host);
    const record = runSync(pool.acquire());
    expect(() => runSync(pool.acquire())).toThrow(
      /in-memory SQLite database has one connection, and it is in use.*Close.*database file/,
    );
    runSync(pool.release(record));
    expect(runSync(pool.acquire())).toBe(record);
  });
});
