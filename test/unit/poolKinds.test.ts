/** The other kinds of pools: none kept, one shared, one asserted, one for in-memory databases. */
import { describe, expect, test } from "vitest";
import { event } from "../../src/engine/events.ts";
import { ArgumentError, DisconnectionError, InvalidRequestError, SyncWaitError } from "../../src/errors/index.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import { AssertionPool } from "../../src/pool/assertionPool.ts";
import { NullPool } from "../../src/pool/nullPool.ts";
import { makePool, POOL_OPTION_NAMES } from "../../src/pool/options.ts";
import type { Pool, PoolClass } from "../../src/pool/pool.ts";
import { QueuePool } from "../../src/pool/queuePool.ts";
import { SingleConnectionPool } from "../../src/pool/singleConnectionPool.ts";
import { StaticPool } from "../../src/pool/staticPool.ts";
import { FakeServer, runScripted } from "../support/scriptedIo.ts";

const CLASSES: readonly PoolClass[] = [QueuePool, NullPool, StaticPool, AssertionPool, SingleConnectionPool];
const counts = (pool: Pool): number[] => [pool.checkedin(), pool.checkedout(), pool.overflow()];
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** An opening that ends when the test says so. */
function slowOpening(server: FakeServer): (error?: Error) => Promise<void> {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  server.opening = () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
  return (error) => {
    const first = waiting.shift()!;
    if (error === undefined) first.resolve();
    else first.reject(error);
    return soon();
  };
}

describe.each(CLASSES.map((poolClass) => ({ name: poolClass.name, poolClass })))("$name", ({ name, poolClass }) => {
  const values = {
    poolSize: 1,
    maxOverflow: 0,
    poolTimeout: 10,
    poolRecycle: 1000,
    poolPrePing: true,
    poolUseLifo: true,
    poolResetOnReturn: "commit",
  } as const;

  test.each(POOL_OPTION_NAMES)("takes %s, or refuses it", (option) => {
    const make = (): Pool => makePool(poolClass, new FakeServer(), { [option]: values[option] }, "createEngine");
    if (poolClass.optionNames.includes(option)) expect(make()).toBeInstanceOf(poolClass);
    else
      expect(make).toThrow(
        new ArgumentError(
          `createEngine: ${name} has no use for ${option}; it takes ${poolClass.optionNames.join(", ")}. Leave ${option} away, or choose another poolClass.`,
        ),
      );
  });

  test("lends, takes back, disposes and can be used again", () => {
    const server = new FakeServer();
    const pool = makePool(poolClass, server, {}, "createEngine");
    for (let round = 1; round <= 2; round++) {
      const record = runSync(pool.acquire());
      expect([pool.checkedout(), server.openConnections]).toEqual([1, 1]);
      runSync(pool.release(record, { dirty: true }));
      expect(() => runSync(pool.release(record))).toThrow(InvalidRequestError);
      expect(pool.checkedout()).toBe(0);
      runSync(pool.dispose());
      runSync(pool.dispose());
      expect([pool.checkedin(), pool.metrics().closed]).toEqual([0, round]);
    }
    expect(pool.recreate()).toBeInstanceOf(poolClass);
  });

  test("survives a connection that is given up, replaced, detached", () => {
    const server = new FakeServer();
    const pool = makePool(poolClass, server, {}, "createEngine");
    const record = runSync(pool.acquire());
    runSync(pool.invalidateConnection(record));
    const other = runSync(pool.replace(record));
    expect(other).not.toBe(record);
    runSync(pool.detach(other));
    const third = runSync(pool.acquire());
    expect([server.openConnections, pool.checkedout()]).toEqual([2, 1]);
    runSync(pool.release(other));
    runSync(pool.release(third));
    runSync(pool.dispose());
    expect([server.openConnections, pool.checkedout()]).toEqual([0, 0]);
  });

  test("lets the process end while a connection is idle, and at no other time", () => {
    const server = new FakeServer();
    const held = new Map<unknown, boolean>();
    const pool = makePool(poolClass, server, {}, "createEngine");
    event.listen(pool, "connect", (id, { connection }) => {
      held.set(id, true);
      Object.assign(connection, { ref: () => held.set(id, true), unref: () => held.set(id, false) });
    });
    event.listen(pool, "close", (id) => void expect(held.get(id)).toBe(true));
    for (let round = 0; round < 2; round++) {
      const record = runSync(pool.acquire());
      const id = record.connection.driverConnection;
      expect(held.get(id)).toBe(true);
      runSync(pool.release(record, { dirty: true }));
      expect(held.get(id)).toBe(pool.checkedin() === 0);
    }
    runSync(pool.dispose());
    const lost = runSync(pool.acquire());
    runSync(pool.invalidateConnection(lost));
    runSync(pool.release(lost));
    runSync(pool.release(runSync(pool.acquire())));
    pool.invalidate();
    runSync(pool.release(runSync(pool.acquire())));
    runSync(pool.dispose());
    expect(server.openConnections).toBe(0);
  });

  test("has numbers for metrics", () => {
    const pool = makePool(poolClass, new FakeServer(), {}, "createEngine");
    expect(Object.values(pool.metrics()).every(Number.isFinite)).toBe(true);
    expect(pool.prometheus({ name: "x" })).toContain('athanor_pool_size{pool="x"} ');
  });
});

describe("NullPool", () => {
  test("opens one for each borrower, and closes it when it comes back", () => {
    const server = new FakeServer();
    const pool = new NullPool(server);
    const lent = Array.from({ length: 50 }, () => runSync(pool.acquire()));
    expect([server.openConnections, ...counts(pool)]).toEqual([50, 0, 50, 50]);
    for (const record of lent) runSync(pool.release(record));
    expect([server.openConnections, ...counts(pool)]).toEqual([0, 0, 0, 0]);
    expect(pool.status()).toBe("NullPool");
  });
});

describe("AssertionPool", () => {
  test("shows where the first borrower is", () => {
    const pool = new AssertionPool(new FakeServer());
    function firstBorrower(): ReturnType<typeof borrow> {
      return borrow();
    }
    const borrow = () => runSync(pool.acquire());
    const record = firstBorrower();
    let error: Error | null = null;
    try {
      runSync(pool.acquire());
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error!.message).toMatch(/The first was lent here:\n\s+at borrow .*poolKinds\.test\.ts/);
    expect(error!.message).toContain("firstBorrower");
    expect(error!.message).not.toContain("basePool");
    expect((error!.cause as Error).stack).toContain("firstBorrower");
    runSync(pool.release(record));
    expect(runSync(pool.acquire())).toBe(record);
    expect(pool.status()).toBe("AssertionPool");
  });

  test("finds two that are borrowed at the same time, also while the first is being opened", async () => {
    const server = new FakeServer();
    const opened = slowOpening(server);
    const pool = new AssertionPool(server);
    async function theFirst(): Promise<unknown> {
      return runAsync(pool.acquire());
    }
    const first = theFirst();
    await expect(runAsync(pool.acquire())).rejects.toThrow(/theFirst/);
    await opened();
    await first;
    expect(pool.checkedout()).toBe(1);
  });
});

describe("StaticPool", () => {
  test("lends the same connection to everybody", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const lent = [1, 2, 3].map(() => runSync(pool.acquire()));
    expect(new Set(lent).size).toBe(1);
    expect([server.openConnections, ...counts(pool)]).toEqual([1, 0, 3, 0]);
    for (const record of lent) runSync(pool.release(record));
    expect(() => runSync(pool.release(lent[0]!))).toThrow(InvalidRequestError);
    expect([server.openConnections, ...counts(pool)]).toEqual([1, 1, 0, 0]);
    expect(pool.status()).toBe("StaticPool");
  });

  test("keeps the process alive until the last borrower has given the connection back", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    let isHeld = true;
    event.listen(pool, "connect", (_id, { connection }) => {
      Object.assign(connection, { ref: () => (isHeld = true), unref: () => (isHeld = false) });
    });
    const [one, other] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.release(one));
    expect(isHeld).toBe(true);
    // The first comes again, and the other goes while it is being lent.
    const coming = runScripted(
      (function* () {
        event.listen(pool, "checkout", () => runSync(pool.release(other)), { once: true });
        return yield* pool.acquire();
      })(),
      [],
    );
    expect(isHeld).toBe(true);
    runSync(pool.release(coming));
    expect(isHeld).toBe(false);
  });

  test("opens one, however many come at the same time", async () => {
    const server = new FakeServer();
    const opened = slowOpening(server);
    const pool = new StaticPool(server);
    const borrowers = [1, 2, 3, 4].map(() => runAsync(pool.acquire()));
    await soon();
    expect(pool.metrics().waiting).toBe(3);
    await opened();
    expect(new Set(await Promise.all(borrowers)).size).toBe(1);
    expect([server.connections.length, pool.checkedout()]).toEqual([1, 4]);
  });

  test("when opening fails, one gets the error and the next tries", async () => {
    const server = new FakeServer();
    const opened = slowOpening(server);
    const pool = new StaticPool(server);
    const borrowers = [1, 2, 3].map(() => runAsync(pool.acquire()).catch((error: unknown) => error));
    await soon();
    await opened(new Error("refused"));
    await opened();
    const [first, second, third] = await Promise.all(borrowers);
    expect(first).toBeInstanceOf(Error);
    expect(second).toBe(third);
    expect(counts(pool)).toEqual([0, 2, 0]);
  });

  test("opens another when it is lost, and those who had it get the same new one", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const [a, b] = [runSync(pool.acquire()), runSync(pool.acquire())];
    runSync(pool.invalidateConnection(a));
    const other = runSync(pool.replace(a));
    expect(runSync(pool.replace(b))).toBe(other);
    expect([server.connections.length, ...counts(pool)]).toEqual([2, 0, 2, 0]);
    runSync(pool.release(other));
    runSync(pool.release(other));
    (other.connection as { isOpen: boolean }).isOpen = false;
    expect(runSync(pool.acquire())).not.toBe(other);
    expect(counts(pool)).toEqual([0, 1, 0]);
  });

  test("one that is stale is closed when its last borrower returns it, and others get a new one", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const old = runSync(pool.acquire());
    expect(runSync(pool.acquire())).toBe(old);
    runSync(pool.invalidateConnection(old, { soft: true }));
    const fresh = runSync(pool.acquire());
    expect(fresh).not.toBe(old);
    expect(server.openConnections).toBe(2);
    runSync(pool.release(old));
    expect(old.isValid).toBe(true);
    runSync(pool.release(old));
    expect([old.isValid, fresh.isValid]).toEqual([false, true]);
    runSync(pool.release(fresh));
    expect([server.openConnections, ...counts(pool)]).toEqual([1, 1, 0, 0]);
  });

  test("one that is stale and idle is closed by whoever comes next", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    runSync(pool.release(runSync(pool.acquire())));
    pool.invalidate();
    const fresh = runSync(pool.acquire());
    expect([fresh.id, server.openConnections, ...counts(pool)]).toEqual([2, 1, 0, 1, 0]);
  });

  test("when opening is overtaken by an invalidation, those in line open another, once", async () => {
    const server = new FakeServer();
    const opened = slowOpening(server);
    const pool = new StaticPool(server);
    const borrowers = [1, 2, 3].map(() => runAsync(pool.acquire()));
    await soon();
    pool.invalidate();
    await opened();
    await opened();
    const [first, second, third] = await Promise.all(borrowers);
    expect([first!.id, second!.id, third!.id]).toEqual([1, 2, 2]);
    await runAsync(pool.release(first!));
    expect([server.connections.length, server.openConnections, ...counts(pool)]).toEqual([2, 1, 0, 2, 0]);
  });

  test("two borrowers who find it broken at the same time give it up once", async () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const lent = [1, 2, 3].map(() => runSync(pool.acquire()));
    server.events.add("reset", () => Promise.reject(new Error("broken")));
    server.events.add("invalidate", () => soon());
    const endings = [...lent.slice(0, 2).map((record) => runAsync(pool.release(record))), runAsync(pool.dispose())];
    await Promise.all(endings);
    await runAsync(pool.release(lent[2]!));
    expect(pool.metrics()).toMatchObject({ opened: 1, closed: 1, invalidated: 0, lent: 0 });
    const again = [1, 2].map(() => runSync(pool.acquire()));
    await Promise.all(again.map((record) => runAsync(pool.release(record))));
    expect(pool.metrics()).toMatchObject({ opened: 2, closed: 2, invalidated: 1, lent: 0 });
  });

  test("a connection that is being given up while the pool is disposed of is closed once", async () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const record = runSync(pool.acquire());
    server.events.add("invalidate", () => soon());
    await Promise.all([runAsync(pool.invalidateConnection(record)), runAsync(pool.dispose())]);
    runSync(pool.release(record));
    expect(pool.metrics()).toMatchObject({ closed: 1, invalidated: 1, lent: 0, idle: 0 });
  });

  test("closes the connection when the pool is disposed of, and only then", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const record = runSync(pool.acquire());
    runScripted(pool.dispose(), [{ kind: "close" }]);
    runScripted(pool.release(record), []);
    expect(counts(pool)).toEqual([0, 0, -1]);
  });

  test("keeps the connection when a listener of checkout objects to the borrower", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    const record = runSync(pool.acquire());
    const object = (): void => {
      throw new Error("not you");
    };
    server.events.add("checkout", object);
    expect(() => runSync(pool.acquire())).toThrow("not you");
    server.events.remove("checkout", object);
    expect(runSync(pool.acquire())).toBe(record);
    expect(server.connections).toHaveLength(1);
    server.events.add(
      "checkout",
      () => {
        throw new DisconnectionError("lost");
      },
      { once: true },
    );
    const other = runSync(pool.acquire());
    expect(other).not.toBe(record);
    expect(runSync(pool.acquire())).toBe(other);
  });

  test("a synchronous listener that connects while the connection is being opened is told so", () => {
    const server = new FakeServer();
    const pool = new StaticPool(server);
    server.events.add("connect", () => void runSync(pool.acquire()));
    expect(() => runSync(pool.acquire())).toThrow(SyncWaitError);
    expect([server.openConnections, ...counts(pool)]).toEqual([0, 0, 0, -1]);
  });
});

describe("SingleConnectionPool", () => {
  test("explains itself to a second synchronous borrower", () => {
    const pool = new SingleConnectionPool(new FakeServer());
    const record = runSync(pool.acquire());
    expect(() => runSync(pool.acquire())).toThrow(
      /lives in its one connection .*in-memory SQLite.*, and that is in use.*Close.*SQLite file/,
    );
    runSync(pool.release(record));
    expect(runSync(pool.acquire())).toBe(record);
  });

  test("keeps its connection, and with it the data, when a listener of checkout fails", async () => {
    const server = new FakeServer();
    const pool = new SingleConnectionPool(server);
    const record = runSync(pool.acquire());
    runSync(pool.release(record));
    server.events.add("checkout", () => Promise.reject(new Error("listener")), { once: true });
    await expect(runAsync(pool.acquire())).rejects.toThrow("listener");
    expect(runSync(pool.acquire())).toBe(record);
  });
});
