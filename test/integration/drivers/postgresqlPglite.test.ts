/** What is special to PostgreSQL inside the process: one connection, files, a thread that it shares, and what stopping means then. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pgliteDriver } from "../../../src/drivers/postgresql/pglite.ts";
import { failureOf, Session, targetOf } from "../../support/postgresqlDrivers.ts";

const OPENING_MS = 60_000;

describe("PGlite", () => {
  let session: Session;
  beforeAll(async () => {
    session = await Session.open(pgliteDriver, "postgresql+pglite://?application_name=it%20is");
  }, OPENING_MS);
  afterAll(async () => {
    await session?.close();
  });

  test("says that there can be one connection", () => {
    expect(pgliteDriver.singleConnection!(targetOf("postgresql+pglite://"))).toBe(true);
    expect(pgliteDriver.singleConnection!(targetOf("postgresql+pglite:///folder"))).toBe(true);
  });

  test("settings of the URL are the session's", async () => {
    expect(await session.value("show application_name")).toBe("it is");
  });

  test.each(["postgresql+pglite://host/x", "postgresql+pglite://:secret@/x"])("refuses %s", async (url) => {
    await expect(Session.open(pgliteDriver, url)).rejects.toThrow(/in this process/);
    await expect(Session.open(pgliteDriver, "postgresql+pglite://", { parsers: {} })).rejects.toThrow(/relies on/);
  });

  test("timers run while many parameter sets do, and stop them; the database stays", async () => {
    await session.run("create table many (id integer primary key)");
    for (const [begin, end] of [
      ["BEGIN", "COMMIT"],
      ["select 1", "select 1"],
    ] as const) {
      await session.run(begin);
      const running = session.many(
        "insert into many values ($1::int)",
        Array.from({ length: 500_000 }, (_, id) => [id]),
      );
      const settled = failureOf(running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await session.connection.cancel!(running);
      expect(await settled).toMatchObject({ driverCode: "57014", isDisconnect: false });
      await session.run(end);
      const count = Number(await session.value("select count(*) from many"));
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(500_000);
      await session.run("delete from many");
    }
    expect(await session.many("insert into many values ($1::int)", [[1], [2]])).toMatchObject({ rowCount: 2 });
  });

  test("cancel waits for the statement, which runs to its end", async () => {
    const running = session.run("select count(*)::int from generate_series(1, 100000)");
    await session.connection.cancel!(running);
    expect((await running).rows).toEqual([[100_000]]);
    expect(session.connection.isOpen).toBe(true);
  });

  test("COPY FROM STDIN, which would end its program, is refused", async () => {
    await expect(session.run("copy many from stdin")).rejects.toThrow(/COPY FROM STDIN/);
    expect(await session.value("select 1")).toBe(1);
  });

  test(
    "databases in memory have nothing in common, and none begins with more than another",
    async () => {
      const counts: unknown[] = [];
      for (let times = 0; times < 4; times++) {
        const other = await Session.open(pgliteDriver, "postgresql+pglite://");
        counts.push(await other.rows("select (select count(*)::int from pg_class), (select count(*)::int from pg_settings)"));
        await other.run("create table own (id serial primary key, t text)");
        expect(await other.rows("insert into own (t) values ('x') returning id, t")).toEqual([[1, "x"]]);
        await other.close();
      }
      expect(counts).toEqual(Array(4).fill(counts[0]));
    },
    4 * OPENING_MS,
  );

  test(
    "files: kept from one connection to the next, one at a time; nothing runs after destroy",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "athanor-pglite-"));
      const url = `postgresql+pglite:///${join(folder, "data")}`;
      try {
        const first = await Session.open(pgliteDriver, url);
        await first.run("create table kept (id integer)");
        await first.run("insert into kept values (7)");
        expect(await failureOf(Session.open(pgliteDriver, url))).toMatchObject({
          errorClass: "operational",
          driverCode: "55006",
        });
        await first.close();
        expect(await failureOf(first.run("select 1"))).toMatchObject({ errorClass: "operational", isDisconnect: true });
        expect(await failureOf(first.many("select $1", [[1], [2]]))).toMatchObject({ isDisconnect: true });
        await first.close();

        const second = await Session.open(pgliteDriver, url);
        expect(await second.rows("select id from kept")).toEqual([[7]]);
        const settled = failureOf(second.many("insert into kept values ($1::int)", Array<number[]>(500_000).fill([1])));
        await new Promise((resolve) => setTimeout(resolve, 50));
        second.connection.destroy();
        expect(second.connection.isOpen).toBe(false);
        expect(await settled).toMatchObject({ errorClass: "operational", isDisconnect: true });
        await second.close();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    2 * OPENING_MS,
  );
});
