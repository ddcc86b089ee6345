/** Who waits for a connection: first come, first served, and whoever leaves the line takes nothing along. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CancelledError, TimeoutError } from "../../src/errors/index.ts";
import type { Waiter } from "../../src/io/io.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import { Stop } from "../../src/io/stop.ts";
import type { PoolOptions } from "../../src/pool/options.ts";
import type { Pool } from "../../src/pool/pool.ts";
import { QueuePool } from "../../src/pool/queuePool.ts";
import { FakeServer, runScripted } from "../support/scriptedIo.ts";

const onePlace = (options: PoolOptions = {}, server = new FakeServer()): QueuePool =>
  new QueuePool(server, { poolSize: 1, maxOverflow: 0, ...options });
const counts = (pool: Pool): number[] => [pool.checkedin(), pool.checkedout(), pool.metrics().waiting];
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe("in line", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  test("first come, first served; nobody overtakes", async () => {
    const pool = onePlace();
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
  });

  test("200 waiters on 5 connections are all served, in order", async () => {
    const server = new FakeServer();
    const pool = new QueuePool(server, { poolSize: 5, maxOverflow: 0 });
    const order: number[] = [];
    let busiest = 0;
    const all = Array.from({ length: 200 }, async (_, number) => {
      const record = await runAsync(pool.acquire());
      order.push(number);
      busiest = Math.max(busiest, pool.checkedout());
      // Some connections come back at once, some later, some are lost.
      await new Promise((resolve) => setTimeout(resolve, number % 3));
      await runAsync(pool.release(record, { dirty: number % 2 === 0, discard: number % 7 === 0 }));
    });
    await vi.advanceTimersByTimeAsync(1000);
    await Promise.all(all);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect([order.length, busiest, pool.checkedout(), server.openConnections === pool.checkedin()]).toEqual([200, 5, 0, true]);
    expect(pool.metrics()).toMatchObject({ checkouts: 200, waiting: 0, timedOut: 0 });
  });

  test("a discarded connection lets the next in line open one", async () => {
    const pool = onePlace();
    const record = runSync(pool.acquire());
    const next = runAsync(pool.acquire());
    runSync(pool.release(record, { discard: true }));
    expect(await next).not.toBe(record);
    expect(counts(pool)).toEqual([0, 1, 0]);
  });

  test("each of those whose connection cannot be opened gets the error, and the next is woken", async () => {
    const server = new FakeServer();
    const pool = onePlace({}, server);
    const record = runSync(pool.acquire());
    const waiting = [1, 2, 3, 4].map(() => failure(runAsync(pool.acquire())));
    let refusals = 3;
    server.opening = () => {
      if (refusals-- > 0) throw new Error("refused");
    };
    await runAsync(pool.release(record, { discard: true }));
    const outcomes = await Promise.all(waiting);
    expect(outcomes.map((outcome) => outcome instanceof Error)).toEqual([true, true, true, false]);
    expect(counts(pool)).toEqual([0, 1, 0]);
  });

  test("times out, leaves the line, and leaks nothing", async () => {
    const pool = onePlace({ poolTimeout: 30_000 });
    const record = runSync(pool.acquire());
    const failed = failure(runAsync(pool.acquire()));
    await vi.advanceTimersByTimeAsync(30_000);
    const error = await failed;
    expect(error).toBeInstanceOf(TimeoutError);
    expect((error as Error).message).toContain(
      "QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 30.00",
    );
    expect(pool.metrics().timedOut).toBe(1);
    runSync(pool.release(record));
    expect(counts(pool)).toEqual([1, 0, 0]);
  });

  test("a timeout longer than timers can be does not come at once", async () => {
    const pool = onePlace({ poolTimeout: 1e12 });
    const record = runSync(pool.acquire());
    const waiting = runAsync(pool.acquire());
    await vi.advanceTimersByTimeAsync(1e6);
    runSync(pool.release(record));
    expect(await waiting).toBe(record);
  });

  test("poolTimeout 0 does not wait", () => {
    const pool = onePlace({ poolTimeout: 0 });
    const record = runSync(pool.acquire());
    expect(() => runScripted(pool.acquire(), [])).toThrow(/connection timed out, timeout 0\.00/);
    expect(counts(pool)).toEqual([0, 1, 0]);
    runSync(pool.release(record));
    expect(runSync(pool.acquire())).toBe(record);
  });

  test("a synchronous caller is refused at once and stands in no line", () => {
    const pool = onePlace();
    const record = runSync(pool.acquire());
    expect(() => runSync(pool.acquire())).toThrow(/a synchronous caller cannot wait/);
    expect(counts(pool)).toEqual([0, 1, 0]);
    runSync(pool.release(record));
    expect(runSync(pool.acquire())).toBe(record);
  });

  test("whoever gives up leaves at once, and the next moves up", async () => {
    const pool = onePlace();
    const record = runSync(pool.acquire());
    const abort = new AbortController();
    const gone = failure(runAsync(pool.acquire(), new Stop(abort.signal, null)));
    const next = runAsync(pool.acquire());
    abort.abort();
    expect(pool.metrics().waiting).toBe(1);
    expect(await gone).toBeInstanceOf(CancelledError);
    runSync(pool.release(record));
    expect(await next).toBe(record);
  });

  test("a deadline of the caller's ends the wait too", async () => {
    const pool = onePlace();
    const record = runSync(pool.acquire());
    const gone = failure(runAsync(pool.acquire(), new Stop(null, 50)));
    await vi.advanceTimersByTimeAsync(50);
    expect(await gone).toBeInstanceOf(CancelledError);
    runSync(pool.release(record));
    expect(counts(pool)).toEqual([1, 0, 0]);
  });

  test("granted and abandoned in the same turn: the connection is not lost, whichever came first", async () => {
    for (const grantFirst of [true, false]) {
      const pool = onePlace();
      const record = runSync(pool.acquire());
      const abort = new AbortController();
      const outcome = failure(runAsync(pool.acquire(), new Stop(abort.signal, null)));
      const steps = [() => runSync(pool.release(record)), () => abort.abort()];
      for (const step of grantFirst ? steps : steps.toReversed()) step();
      const got = await outcome;
      expect(got === record).toBe(grantFirst);
      if (grantFirst) runSync(pool.release(record));
      expect(counts(pool)).toEqual([1, 0, 0]);
    }
  });

  test("granted the right to open and abandoned in the same turn: the place is not lost", async () => {
    const pool = onePlace();
    const record = runSync(pool.acquire());
    const abort = new AbortController();
    const outcome = failure(runAsync(pool.acquire(), new Stop(abort.signal, null)));
    const next = runAsync(pool.acquire());
    runSync(pool.release(record, { discard: true }));
    abort.abort();
    expect(await outcome).toBeInstanceOf(CancelledError);
    runSync(pool.release(await next));
    expect(counts(pool)).toEqual([1, 0, 0]);
  });

  test("a waiter that was woken can be abandoned, refused or timed out without effect", () => {
    const pool = onePlace();
    const record = runSync(pool.acquire());
    const io = pool.acquire();
    const request = io.next().value as { waiter: Waiter };
    const woken: unknown[] = [];
    request.waiter.start(
      (value) => woken.push(value),
      (error) => woken.push(error),
    );
    runSync(pool.release(record));
    request.waiter.abandon();
    vi.advanceTimersByTime(60_000);
    expect(woken).toEqual([record]);
    expect(pool.metrics().timedOut).toBe(0);
  });

  test("a connection that opens after its caller has gone is closed, and its place was free at once", async () => {
    const server = new FakeServer();
    const pool = onePlace({}, server);
    server.opening = () => new Promise((resolve) => setTimeout(resolve, 100));
    const abort = new AbortController();
    const gone = failure(runAsync(pool.acquire(), new Stop(abort.signal, null)));
    const next = runAsync(pool.acquire());
    abort.abort();
    await gone;
    await vi.advanceTimersByTimeAsync(200);
    runSync(pool.release(await next));
    expect([server.connections.length, server.openConnections, ...counts(pool)]).toEqual([2, 1, 1, 0, 0]);
  });
});
