/** The runners: who waits, who refuses, and what a generator sees of an error. */
import { describe, expect, test } from "vitest";
import {
  CancelledError,
  InvalidRequestError,
  OperationalError,
  StatementTimeoutError,
  SyncWaitError,
} from "../../src/errors/index.ts";
import type { Io, IoRequest } from "../../src/io/io.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import { Stop } from "../../src/io/stop.ts";
import { fakeConnection } from "../support/scriptedIo.ts";

const connect = (open: () => unknown): IoRequest => ({ kind: "connect", open: open as never });

/** An I/O function behind a type that hides what it is, as a mistake would. */
const runnable = (): unknown =>
  twice(
    () => 1,
    () => 2,
    [],
  );

function* twice(first: () => unknown, second: () => unknown, log: string[]): Io<unknown[]> {
  try {
    return [yield connect(first), yield connect(second)];
  } finally {
    log.push("finally");
  }
}

describe("runSync", () => {
  test("answers each request and returns the result", () => {
    expect(
      runSync(
        twice(
          () => 1,
          () => 2,
          [],
        ),
      ),
    ).toEqual([1, 2]);
  });

  test("throws a request's error into the generator", () => {
    const log: string[] = [];
    const boom = new Error("boom");
    expect(() =>
      runSync(
        twice(
          () => 1,
          () => {
            throw boom;
          },
          log,
        ),
      ),
    ).toThrow(boom);
    expect(log).toEqual(["finally"]);
  });

  test("refuses a promise, and does not leave it unhandled", () => {
    const log: string[] = [];
    expect(() =>
      runSync(
        twice(
          () => Promise.reject(new Error("late")),
          () => 2,
          log,
        ),
      ),
    ).toThrow(SyncWaitError);
    expect(log).toEqual(["finally"]);
  });

  test("asks a waiter to refuse", () => {
    const refusal = new Error("cannot wait");
    function* waits(): Io<void> {
      yield {
        kind: "wait",
        waiter: {
          start: () => {
            throw new Error("must not start");
          },
          abandon: () => undefined,
          refuse: () => refusal,
        },
      };
    }
    expect(() => runSync(waits())).toThrow(refusal);
  });

  test("a generator may answer an error with a value", () => {
    function* recovers(): Io<string> {
      try {
        yield connect(() => {
          throw new Error("boom");
        });
        return "no";
      } catch {
        return "recovered";
      }
    }
    expect(runSync(recovers())).toBe("recovered");
  });

  test("says that yield* was meant", () => {
    function* forgets(): Io<void> {
      const someIo: unknown = runnable();
      yield someIo as IoRequest;
    }
    expect(() => runSync(forgets())).toThrow(InvalidRequestError);
    expect(() => runSync(forgets())).toThrow(/yield\*/);
  });
});

describe("runAsync", () => {
  test("awaits promises and only promises", async () => {
    await expect(
      runAsync(
        twice(
          () => Promise.resolve(1),
          () => 2,
          [],
        ),
      ),
    ).resolves.toEqual([1, 2]);
    let isDone = false;
    void runAsync(
      twice(
        () => 1,
        () => 2,
        [],
      ),
    ).then(() => (isDone = true));
    await Promise.resolve();
    await Promise.resolve();
    expect(isDone).toBe(true);
  });

  test("throws a rejection into the generator", async () => {
    const log: string[] = [];
    await expect(
      runAsync(
        twice(
          () => 1,
          () => Promise.reject(new Error("boom")),
          log,
        ),
      ),
    ).rejects.toThrow("boom");
    expect(log).toEqual(["finally"]);
  });

  test("a waiter ends the wait", async () => {
    function* waits(): Io<unknown> {
      return yield {
        kind: "wait",
        waiter: {
          start: (resolve) => setTimeout(() => resolve("woken"), 1),
          abandon: () => undefined,
          refuse: () => new Error("no"),
        },
      };
    }
    await expect(runAsync(waits())).resolves.toBe("woken");
  });
});

describe("a connect that is given up", () => {
  type Open = Extract<IoRequest, { kind: "connect" }>["open"];
  function* connects(open: Open): Io<unknown> {
    return yield { kind: "connect", open };
  }

  test("tells the driver, and does not wait for it", async () => {
    const seen: unknown[] = [];
    const never: Open = (_deadline, signal) => {
      signal!.addEventListener("abort", () => seen.push(signal!.reason));
      return new Promise(() => {});
    };
    const controller = new AbortController();
    const given = runAsync(connects(never), new Stop(controller.signal, null));
    controller.abort();
    await expect(given).rejects.toThrow(CancelledError);
    await expect(runAsync(connects(never), new Stop(null, 10))).rejects.toThrow(StatementTimeoutError);
    expect(seen).toEqual([expect.any(CancelledError), expect.any(StatementTimeoutError)]);
  });

  test("a connection that comes all the same is destroyed, once", async () => {
    let destroyed = 0;
    const connection = { ...fakeConnection(), destroy: () => void destroyed++ };
    let arrive!: () => void;
    const late: Open = () => new Promise((resolve) => (arrive = () => resolve(connection)));
    await expect(runAsync(connects(late), new Stop(null, 10))).rejects.toThrow(StatementTimeoutError);
    expect(destroyed).toBe(0);
    arrive();
    await new Promise(setImmediate);
    expect(destroyed).toBe(1);
  });

  test("one that is open is told nothing when its caller gives up later, and none is without somebody who can", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const open: Open = async (_deadline, signal) => {
      signals.push(signal);
      return fakeConnection();
    };
    const controller = new AbortController();
    await runAsync(connects(open), new Stop(controller.signal, null));
    controller.abort();
    expect(signals[0]!.aborted).toBe(false);
    await runAsync(connects(open));
    expect(signals[1]).toBeUndefined();
    expect(
      runSync(
        connects(() => fakeConnection()),
        new Stop(null, 1_000),
      ),
    ).toBeDefined();
  });
});

describe("both", () => {
  function* closes(close: () => unknown): Io<unknown> {
    return yield { kind: "close", connection: { ...fakeConnection(), close: close as never } };
  }

  test("closing never fails", async () => {
    expect(
      runSync(
        closes(() => {
          throw new Error("no");
        }),
      ),
    ).toBeUndefined();
    await expect(runAsync(closes(() => Promise.reject(new Error("no"))))).resolves.toBeUndefined();
  });

  test("the caller's line is in the stack", async () => {
    function* fails(depth: number): Io<void> {
      if (depth > 0) yield* fails(depth - 1);
      yield connect(() => Promise.resolve(1));
      throw new OperationalError("boom");
    }
    function* failsNow(depth: number): Io<void> {
      if (depth > 0) yield* failsNow(depth - 1);
      throw new OperationalError("boom");
    }
    const theCallersOwnFunction = async (): Promise<void> => {
      await runAsync(fails(12));
    };
    const theSyncCallersOwnFunction = (): void => runSync(failsNow(12));
    const asyncError = await theCallersOwnFunction().catch((error: unknown) => error as Error);
    expect((asyncError as Error).stack).toContain("theCallersOwnFunction");
    try {
      theSyncCallersOwnFunction();
      expect.unreachable();
    } catch (error) {
      expect((error as Error).stack).toContain("theSyncCallersOwnFunction");
    }
  });
});
