/**
 * Results that pull their rows from a feed: how much they ask for, that the feed is closed once and in time, what an error in the middle does,
 * and that two fetches at the same time never mix their rows.
 */
import { describe, expect, test } from "vitest";
import { asyncResult, type AsyncResult } from "../../src/async/result.ts";
import { streamedResult } from "../../src/engine/results/result.ts";
import type { StreamOptions } from "../../src/engine/results/rowSource.ts";
import {
  ArgumentError,
  CancelledError,
  ConcurrentUseError,
  MultipleResultsFound,
  ResourceClosedError,
  StatementTimeoutError,
  SyncWaitError,
} from "../../src/errors/index.ts";
import { Stop } from "../../src/io/stop.ts";
import { ListFeed, type ListFeedOptions } from "../support/listFeed.ts";

const rowsOf = (count: number): unknown[][] => Array.from({ length: count }, (_row, index) => [index, `n${index}`]);

interface Opened {
  readonly feed: ListFeed;
  /** Also of the synchronous colour: `await` takes values as they are. */
  readonly rows: AsyncResult;
}

type Open = (count: number, feedOptions?: ListFeedOptions, options?: StreamOptions) => Opened;

const colours: Record<string, Open> = {
  synchronous(count, feedOptions, options) {
    const feed = new ListFeed(["id", "name"], rowsOf(count), feedOptions);
    return { feed, rows: streamedResult(feed, options) as unknown as AsyncResult };
  },
  asynchronous(count, feedOptions, options) {
    const feed = new ListFeed(["id", "name"], rowsOf(count), { waits: true, ...feedOptions });
    return { feed, rows: asyncResult(feed, options) };
  },
};

const thrown = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return expect.fail("nothing was thrown");
};

describe.each(Object.entries(colours))("a streamed result, %s", (_colour, open) => {
  describe("portions", () => {
    test("grow from 5 to maxRowBuffer, and all() takes as much as it may", async () => {
      const { feed, rows } = open(3000);
      let count = 0;
      for await (const row of rows) count += row.length / 2;
      expect(count).toBe(3000);
      expect(feed.asked).toEqual([5, 25, 125, 625, 1000, 1000, 1000]);

      const all = open(2500);
      expect(await all.rows.all()).toHaveLength(2500);
      expect(all.feed.asked).toEqual([1000, 1000, 1000]);
    });

    test("maxRowBuffer bounds them", async () => {
      const { feed, rows } = open(30, {}, { maxRowBuffer: 10 });
      for await (const row of rows) void row;
      expect(feed.asked).toEqual([5, 10, 10, 10]);
      const tiny = open(5, {}, { maxRowBuffer: 2 });
      for await (const row of tiny.rows) void row;
      expect(tiny.feed.asked).toEqual([2, 2, 2]);
    });

    test("yieldPer fixes them, as an option and as a method", async () => {
      for (const { feed, rows } of [open(10, {}, { yieldPer: 4 }), { ...open(10) }]) {
        if (feed.asked.length === 0 && rows.core.source.yieldPer === null) rows.yieldPer(4);
        const parts: number[] = [];
        for await (const part of rows.partitions()) parts.push(part.length);
        expect(parts).toEqual([4, 4, 2]);
        expect(feed.asked).toEqual([4, 4, 4]);
      }
    });

    test("partitions without a size are bounded", async () => {
      const { rows } = open(2001);
      const parts: number[] = [];
      for await (const part of rows.partitions()) parts.push(part.length);
      expect(parts).toEqual([1000, 1000, 1]);
    });

    test("fetchmany asks for what it lacks, once", async () => {
      const { feed, rows } = open(300);
      await rows.fetchone();
      expect(await rows.fetchmany(100)).toHaveLength(100);
      expect(feed.asked).toEqual([5, 96]);
      expect(await rows.fetchmany(1)).toEqual([[101, "n101"]]);
      expect(feed.asked).toEqual([5, 96, 125]);
    });

    test("what is no number of rows is refused", () => {
      for (const size of [0, -1, 2.5, NaN, "5"] as number[]) {
        expect(() => open(1, {}, { yieldPer: size })).toThrow(/yieldPer takes a positive number of rows/);
        expect(() => open(1, {}, { maxRowBuffer: size })).toThrow(ArgumentError);
      }
      expect(open(1, {}, { yieldPer: undefined }).rows.closed).toBe(false);
    });

    test("unique() fetches on until there are enough", async () => {
      const { feed, rows } = open(40);
      expect(
        await rows
          .scalars()
          .unique((id) => Math.floor(Number(id) / 10))
          .fetchmany(3),
      ).toEqual([0, 10, 20]);
      expect(feed.asked).toEqual([5, 25]);
    });
  });

  describe("the feed is closed, once", () => {
    test("when the rows are at their end, before they are read", async () => {
      const { feed, rows } = open(3);
      await rows.fetchone();
      expect(feed.closed).toBe(1);
      expect(await rows.all()).toHaveLength(2);
      await rows.close();
      expect(feed.closed).toBe(1);
    });

    test("when the last portion was full", async () => {
      const { feed, rows } = open(5);
      await rows.fetchmany(5);
      expect(feed.closed).toBe(0);
      expect(await rows.fetchone()).toBeNull();
      expect(feed.closed).toBe(1);
      expect(rows.closed).toBe(false);
    });

    const early: [string, (rows: AsyncResult) => unknown][] = [
      ["close()", (rows) => rows.close()],
      ["close() of a view", (rows) => rows.scalars().close()],
      ["first()", (rows) => rows.first()],
      ["scalar()", (rows) => rows.scalar()],
      ["first() of a view", (rows) => rows.mappings().first()],
      ["one() of several", async (rows) => expect(await thrown(() => rows.one())).toBeInstanceOf(MultipleResultsFound)],
      [
        "break",
        async (rows) => {
          for await (const row of rows) if (row[0] === 2) break;
        },
      ],
      [
        "break out of a view",
        async (rows) => {
          for await (const id of rows.scalars()) if (id === 7) break;
        },
      ],
      [
        "break out of partitions",
        async (rows) => {
          for await (const part of rows.partitions(10)) if (part.length === 10) break;
        },
      ],
      [
        "an error in the loop",
        async (rows) => {
          const error = new Error("mine");
          const caught = await thrown(async () => {
            for await (const row of rows) if (row[0] === 2) throw error;
          });
          expect(caught).toBe(error);
        },
      ],
      [
        "disposal",
        async (rows) => {
          const { [Symbol.dispose]: dispose } = rows as unknown as Partial<Disposable>;
          const either: () => unknown = dispose ?? rows[Symbol.asyncDispose];
          await either.call(rows);
        },
      ],
    ];
    test.each(early)("by %s", async (_name, leave) => {
      const { feed, rows } = open(100);
      await leave(rows);
      expect(feed.closed).toBe(1);
      expect(rows.closed).toBe(true);
      expect(await thrown(() => rows.fetchone())).toBeInstanceOf(ResourceClosedError);
      await rows.close();
      expect(feed.closed).toBe(1);
    });

    test("by one() that finds one", async () => {
      const { feed, rows } = open(1);
      await rows.one();
      expect(feed.closed).toBe(1);
    });

    test("an error of closing is the caller's to hear of", async () => {
      const closeError = new Error("cannot close");
      const { rows } = open(100, { closeError });
      expect(await thrown(() => rows.close())).toBe(closeError);
      expect(rows.closed).toBe(true);
    });
  });

  describe("an error in the middle", () => {
    const error = new Error("the server went away");

    test("gives the rows before it, then the error, then a closed result", async () => {
      const { feed, rows } = open(100, { failsAt: 40, error });
      const ids: unknown[] = [];
      const caught = await thrown(async () => {
        for await (const [id] of rows) ids.push(id);
      });
      expect(caught).toBe(error);
      expect(ids).toEqual(Array.from({ length: 30 }, (_id, index) => index));
      expect(feed.closed).toBe(1);
      expect(rows.closed).toBe(true);
      expect(await thrown(() => rows.all())).toBeInstanceOf(ResourceClosedError);
      expect(feed.closed).toBe(1);
    });

    test("in every way of fetching", async () => {
      const ways: ((rows: AsyncResult) => unknown)[] = [
        (rows) => rows.all(),
        (rows) => rows.fetchone(),
        (rows) => rows.fetchmany(50),
        (rows) => rows.first(),
        (rows) => rows.one(),
        (rows) => rows.scalars().all(),
        (rows) => rows.freeze(),
        (rows) => rows.merge(open(3).rows).all(),
        async (rows) => {
          for await (const part of rows.partitions(3)) void part;
        },
      ];
      for (const way of ways) {
        const { feed, rows } = open(100, { failsAt: 2, error });
        expect(await thrown(() => way(rows))).toBe(error);
        expect(feed.closed).toBe(1);
        expect(rows.closed).toBe(true);
      }
    });

    test("is not hidden by an error of closing", async () => {
      const { feed, rows } = open(100, { failsAt: 2, error, closeError: new Error("cannot close either") });
      expect(await thrown(() => rows.all())).toBe(error);
      expect(feed.closed).toBe(1);
    });
  });

  describe("merged", () => {
    test("streams are read one after another, and each is closed at its end", async () => {
      const [one, other] = [open(30), open(30)];
      const merged = one.rows.merge(other.rows);
      expect(await merged.fetchmany(20)).toHaveLength(20);
      expect([one.feed.closed, other.feed.asked.length]).toEqual([0, 0]);
      expect(await merged.all()).toHaveLength(40);
      expect([one.feed.closed, other.feed.closed]).toEqual([1, 1]);
    });

    test("closing closes them all, also when one cannot be closed", async () => {
      const closeError = new Error("cannot close");
      const [one, two, three] = [open(30), open(30, { closeError }), open(30)];
      const merged = one.rows.merge(two.rows, three.rows);
      await merged.fetchone();
      expect(await thrown(() => merged.close())).toBe(closeError);
      expect([one.feed.closed, two.feed.closed, three.feed.closed]).toEqual([1, 1, 1]);
      expect([one.rows.closed, two.rows.closed, three.rows.closed]).toEqual([true, true, true]);
    });

    test("an error of one closes the others", async () => {
      const [one, other] = [open(3), open(30, { failsAt: 10 })];
      const third = open(3);
      expect(await thrown(() => one.rows.merge(other.rows, third.rows).all())).toHaveProperty("message", "the feed failed");
      expect([one.feed.closed, other.feed.closed, third.feed.closed]).toEqual([1, 1, 1]);
    });
  });

  test("a caller who gave up gets no further portion", async () => {
    const controller = new AbortController();
    const stop = new Stop(controller.signal, null);
    const { feed, rows } = open(100, { stop });
    expect(await rows.fetchmany(5)).toHaveLength(5);
    controller.abort(new Error("enough"));
    expect(await thrown(() => rows.fetchone())).toBeInstanceOf(CancelledError);
    expect(feed.closed).toBe(1);
    expect(rows.closed).toBe(true);

    const closing = open(100, { stop });
    await closing.rows.close();
    expect(closing.feed.closed).toBe(1);
    const loop = open(100, { stop });
    expect(
      await thrown(async () => {
        for await (const row of loop.rows) void row;
      }),
    ).toBeInstanceOf(CancelledError);
    expect(loop.feed.closed).toBe(1);

    const late = open(100, { stop: new Stop(null, 1) });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await thrown(() => late.rows.merge(open(1).rows).all())).toBeInstanceOf(StatementTimeoutError);
    const second = open(3).rows.merge(open(100, { stop }).rows);
    expect(await thrown(() => second.all())).toBeInstanceOf(CancelledError);
  });
});

describe("the synchronous colour", () => {
  test("cannot wait, and closes what it cannot read", () => {
    const feed = new ListFeed(["id"], rowsOf(3), { waits: true });
    const rows = streamedResult(feed);
    expect(() => rows.all()).toThrow(SyncWaitError);
    expect(feed.closed).toBe(1);
    expect(rows.closed).toBe(true);
  });

  test("leaving the loop over a buffered result leaves it open", () => {
    const rows = streamedResult(new ListFeed(["id"], rowsOf(3))).freeze()();
    for (const row of rows) if (row[0] === 0) break;
    expect(rows.closed).toBe(false);
    expect(rows.all()).toHaveLength(2);
  });

  test("nothing can be fetched or closed by what is called during a fetch", () => {
    const errors: unknown[] = [];
    const feed = new ListFeed(["id"], rowsOf(30));
    const rows = streamedResult({
      names: feed.names,
      stop: null,
      *next(count) {
        for (const call of [() => rows.fetchone(), () => rows.close()]) {
          try {
            call();
          } catch (error) {
            errors.push(error);
          }
        }
        return yield* feed.next(count);
      },
      close: () => feed.close(),
    });
    expect(rows.fetchmany(2)).toHaveLength(2);
    expect(errors).toEqual([expect.any(ConcurrentUseError), expect.any(ConcurrentUseError)]);
    rows.close();
    expect(feed.closed).toBe(1);
  });
});

describe("the asynchronous colour", () => {
  const open = (count: number, options: ListFeedOptions = {}): { feed: ListFeed; rows: AsyncResult } => {
    const feed = new ListFeed(["id", "name"], rowsOf(count), { waits: true, ...options });
    return { feed, rows: asyncResult(feed) };
  };
  const settled = async (promises: Promise<unknown>[]): Promise<unknown[]> =>
    (await Promise.allSettled(promises)).map((each): unknown => (each.status === "fulfilled" ? each.value : each.reason));

  test("the second of two fetches at the same time is an error, also where rows are there", async () => {
    const { rows } = open(100);
    for (let round = 0; round < 2; round++) {
      const [one, two] = await settled([rows.fetchone(), rows.scalars().fetchone()]);
      expect(one).toEqual([round, `n${round}`]);
      expect(two).toBeInstanceOf(ConcurrentUseError);
    }
    const [all, again, part] = await settled([rows.all(), rows.all(), rows.partitions(3).next()]);
    expect(all).toHaveLength(98);
    expect([again, part]).toEqual([expect.any(ConcurrentUseError), expect.any(ConcurrentUseError)]);
    expect(await rows.all()).toEqual([]);
  });

  test("so are two loops whose fetches meet", async () => {
    const { rows } = open(100);
    const ids: unknown[] = [];
    const loop = async (): Promise<void> => {
      for await (const id of rows.scalars()) {
        ids.push(id);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const outcomes = await settled([loop(), loop()]);
    expect(outcomes.filter((outcome) => outcome instanceof ConcurrentUseError)).toHaveLength(1);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("closing waits for the fetch under way, which gives its rows", async () => {
    const { feed, rows } = open(100);
    const order: string[] = [];
    const fetch = rows.fetchmany(5).then(
      () => order.push("fetched"),
      (error: unknown) => order.push((error as Error).name),
    );
    const close = rows.close().then(() => order.push("closed"));
    expect(rows.closed).toBe(true);
    await Promise.all([fetch, close]);
    // The rows were on their way when the result was closed: they are nobody's any more.
    expect(order).toEqual(["ResourceClosedError", "closed"]);
    expect(feed.closed).toBe(1);
  });

  test("closing from several places closes once, and all of them wait", async () => {
    const { feed, rows } = open(100);
    await rows.fetchone();
    const view = rows.scalars();
    const closings = [rows.close(), view.close(), rows[Symbol.asyncDispose]()];
    expect(feed.closed).toBe(0);
    await Promise.all(closings);
    expect(feed.closed).toBe(1);
  });

  test("a fetch that fails while it is closed", async () => {
    const error = new Error("gone");
    const { feed, rows } = open(100, { failsAt: 2, error });
    const [failure, closed] = await settled([rows.all(), rows.close()]);
    expect(failure).toBe(error);
    expect(closed).toBeUndefined();
    expect(feed.closed).toBe(1);
  });

  test("leaving the loop waits for the close", async () => {
    const { feed, rows } = open(100);
    let isClosed = false;
    const original = feed.close.bind(feed);
    feed.close = function* () {
      yield* original();
      isClosed = true;
    };
    for await (const row of rows) if (row[0] === 1) break;
    expect(isClosed).toBe(true);
  });

  test("await using closes", async () => {
    const { feed, rows } = open(100);
    {
      await using result = rows;
      await result.fetchone();
    }
    expect(feed.closed).toBe(1);
  });

  test("a loop of buffered rows takes no turn of the event loop per row", async () => {
    const { rows } = open(1000);
    rows.yieldPer(1000);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    for await (const row of rows) void row;
    clearInterval(timer);
    expect(turns).toBeLessThan(50);
  });
});
