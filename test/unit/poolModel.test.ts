/** Random sequences of everything that can be done with a QueuePool, against a small model of who holds what and who waits. */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runAsync } from "../../src/io/runAsync.ts";
import { Stop } from "../../src/io/stop.ts";
import type { Pool, PooledConnection } from "../../src/pool/pool.ts";
import { QueuePool } from "../../src/pool/queuePool.ts";
import { FakeServer } from "../support/scriptedIo.ts";

const TIMEOUT_MS = 1000;
const OPENING_MS = 30;

/** A number picks one of whatever there is at that moment. */
type Pick = number;
type Step =
  | { readonly do: "acquire" | "invalidatePool" | "dispose" | "timeOut" | "passTime" }
  | { readonly do: "opening"; readonly works: boolean }
  | { readonly do: "abandon" | "loseIdle" | "replace" | "detach"; readonly pick: Pick }
  | { readonly do: "release"; readonly pick: Pick; readonly dirty: boolean; readonly discard: boolean }
  | { readonly do: "invalidate"; readonly pick: Pick; readonly soft: boolean };

const pick = fc.nat({ max: 9 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("acquire" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      pick,
      dirty: fc.boolean(),
      discard: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("abandon", "loseIdle", "replace", "detach"), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("invalidate" as const), pick, soft: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("invalidatePool", "dispose", "timeOut", "passTime") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("opening" as const), works: fc.boolean() }) },
);

interface Caller {
  readonly number: number;
  readonly abort: AbortController;
  /** True where it had to stand in line. */
  hasWaited: boolean;
}

/** A pool with its users. */
class World {
  readonly server = new FakeServer();
  readonly pool: Pool;
  readonly limit: number;
  readonly held: PooledConnection[] = [];
  readonly detached: PooledConnection[] = [];
  readonly callers = new Set<Caller>();
  readonly order: number[] = [];
  readonly isSlow: boolean;
  #works = true;
  #calls = 0;

  constructor(poolSize: number, maxOverflow: number, poolUseLifo: boolean, poolPrePing: boolean, isSlow: boolean) {
    this.pool = new QueuePool(this.server, { poolSize, maxOverflow, poolUseLifo, poolPrePing, poolTimeout: TIMEOUT_MS });
    this.limit = poolSize + maxOverflow;
    this.isSlow = isSlow;
    this.server.opening = () => {
      if (!this.#works) throw new Error("refused");
      return isSlow ? new Promise((resolve) => setTimeout(resolve, OPENING_MS)) : undefined;
    };
  }

  async take(step: Step): Promise<void> {
    const { pool, held } = this;
    switch (step.do) {
      case "acquire":
        this.acquire();
        break;
      case "release": {
        const [record] = take(held, step.pick);
        if (record !== undefined) await runAsync(pool.release(record, step));
        break;
      }
      case "abandon":
        [...this.callers][step.pick]?.abort.abort();
        break;
      case "loseIdle": {
        const borrowed = new Set([...held, ...this.detached].map(({ connection }) => connection));
        const idle = this.server.connections.filter((connection) => connection.isOpen && !borrowed.has(connection));
        const lost = idle[step.pick];
        if (lost !== undefined) lost.isOpen = false;
        break;
      }
      case "invalidate": {
        const record = held[step.pick];
        if (record !== undefined) await runAsync(pool.invalidateConnection(record, step));
        break;
      }
      case "replace": {
        const [record] = take(held, step.pick);
        if (record?.isValid === true) held.push(record);
        else if (record !== undefined)
          void runAsync(pool.replace(record)).then(
            (other) => held.push(other),
            () => undefined,
          );
        break;
      }
      case "detach": {
        const [record] = take(held, step.pick);
        if (record?.isValid !== true) {
          if (record !== undefined) held.push(record);
          break;
        }
        await runAsync(pool.detach(record));
        this.detached.push(record);
        break;
      }
      case "invalidatePool":
        pool.invalidate();
        break;
      case "dispose":
        await runAsync(pool.dispose());
        break;
      case "timeOut":
        await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
        break;
      case "passTime":
        await vi.advanceTimersByTimeAsync(OPENING_MS / 2);
        break;
      case "opening":
        this.#works = step.works;
        break;
    }
    await vi.advanceTimersByTimeAsync(0);
  }

  acquire(): void {
    const caller: Caller = { number: this.#calls++, abort: new AbortController(), hasWaited: false };
    this.callers.add(caller);
    const before = this.pool.metrics().waiting;
    const acquired = runAsync(this.pool.acquire(), new Stop(caller.abort.signal, null));
    caller.hasWaited = this.pool.metrics().waiting > before;
    void acquired.then(
      (record) => {
        this.held.push(record);
        this.#leave(caller);
      },
      () => this.#leave(caller),
    );
  }

  check(): void {
    const { pool, server, held, callers, limit } = this;
    const { waiting, idle, lent } = pool.metrics();
    const detached = this.detached.filter(({ connection }) => connection.isOpen).length;
    expect(server.openConnections - detached, "connections within the limit").toBeLessThanOrEqual(limit);
    expect(lent + idle, "places within the limit").toBeLessThanOrEqual(limit);
    expect(new Set(held).size, "nobody shares a connection").toBe(held.length);
    expect(lent, "whoever holds a connection has a place").toBeGreaterThanOrEqual(held.length);
    if (waiting > 0) expect([idle, lent], "nobody waits while there is something to have").toEqual([0, limit]);
    if (this.isSlow) return;
    expect(lent, "only those who hold a connection have a place").toBe(held.length);
    expect(callers.size, "whoever is not served is in line").toBe(waiting);
    expect(this.order, "first come, first served").toEqual(this.order.toSorted((a, b) => a - b));
  }

  /** Everybody goes home. */
  async end(): Promise<void> {
    const { pool, server } = this;
    this.#works = true;
    for (let round = 0; this.callers.size > 0 || this.held.length > 0; round++) {
      if (round > 1000) throw new Error(`${this.callers.size} callers were forgotten`);
      for (const record of this.held.splice(0)) await runAsync(pool.release(record, { dirty: true }));
      await vi.advanceTimersByTimeAsync(this.isSlow ? OPENING_MS : 0);
    }
    await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
    for (const record of [...this.held.splice(0), ...this.detached]) await runAsync(pool.release(record));
    await runAsync(pool.dispose());
    const { lent, idle, waiting } = pool.metrics();
    expect({ lent, idle, waiting, open: server.openConnections }).toEqual({ lent: 0, idle: 0, waiting: 0, open: 0 });
    expect(vi.getTimerCount()).toBe(0);
  }

  #leave(caller: Caller): void {
    this.callers.delete(caller);
    // Those who were not in line came when nobody was, so they have overtaken nobody; those who gave up left whenever they liked.
    if (caller.hasWaited && !caller.abort.signal.aborted) this.order.push(caller.number);
  }
}

function take<T>(list: T[], number: Pick): T[] {
  return list.length === 0 ? [] : list.splice(number % list.length, 1);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ["when connections open at once", false],
  ["when opening takes its time", true],
])("nothing is lent twice, lost or forgotten %s", { timeout: 60_000 }, async (_, isSlow) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 2 }),
      fc.boolean(),
      fc.boolean(),
      fc.array(anyStep, { minLength: 5, maxLength: 60 }),
      async (poolSize, maxOverflow, poolUseLifo, poolPrePing, steps) => {
        const world = new World(poolSize, maxOverflow, poolUseLifo, poolPrePing, isSlow);
        for (const step of steps) {
          await world.take(step);
          world.check();
        }
        await world.end();
      },
    ),
    { numRuns: 400 },
  );
});
