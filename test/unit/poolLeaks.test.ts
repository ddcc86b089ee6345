/** Borrowers that are garbage-collected with a connection in their hands: in a process of its own, where garbage can be collected at will. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What every script begins with. */
const PREAMBLE = `
  import { runAsync } from "./src/io/runAsync.ts";
  import { runSync } from "./src/io/runSync.ts";
  import { QueuePool } from "./src/pool/queuePool.ts";
  import { SingleConnectionPool } from "./src/pool/singleConnectionPool.ts";
  import { StaticPool } from "./src/pool/staticPool.ts";
  import { FakeServer } from "./test/support/scriptedIo.ts";
  const warnings = [];
  process.on("warning", ({ name, code, message, detail }) => warnings.push({ name, code, message, detail }));
  const collect = async () => {
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  function forgetOne(pool) {
    const record = runSync(pool.acquire());
    pool.watch(record, { borrower: true });
    return record.id;
  }
`;

/** Runs the script, which sets `answer`, and gives it. */
function run(script: string): unknown {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--expose-gc",
      "--import",
      "tsx",
      "--input-type=module",
      "--eval",
      `${PREAMBLE}${script}\nconsole.log(JSON.stringify(answer));`,
    ],
    { cwd: root, encoding: "utf8", timeout: 60_000 },
  );
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as unknown;
}

describe("a connection whose borrower was garbage-collected", () => {
  test("is closed, its place goes to the first in line, and one warning is given", () => {
    expect(
      run(`
        const server = new FakeServer();
        const pool = new QueuePool(server, { poolSize: 2, maxOverflow: 0 });
        forgetOne(pool);
        forgetOne(pool);
        const waiting = runAsync(pool.acquire());
        await collect();
        const third = await waiting;
        runSync(pool.release(third));
        forgetOne(pool);
        await collect();
        const answer = {
          places: [pool.checkedin(), pool.checkedout()],
          endings: server.connections.map(({ ending }) => ending),
          metrics: pool.metrics().invalidated,
          warnings: warnings.map(({ name, code, detail }) => [name, code, detail]),
        };
      `),
    ).toEqual({
      places: [0, 0],
      endings: ["destroyed", "destroyed", "destroyed"],
      metrics: 3,
      warnings: [["AthanorWarning", "ATHANOR_LEAKED_CONNECTION", "Turn echoPool on to see where it was lent."]],
    });
  });

  test("was lent at a place that is named while the pool logs", () => {
    expect(
      run(`
        const pool = new QueuePool(new FakeServer({ log: true }));
        forgetOne(pool);
        await collect();
        const answer = warnings[0].detail;
      `),
    ).toMatch(/^It was lent here:\n\s+at forgetOne /);
  });

  test("is none where it was given back, or is in use still", () => {
    expect(
      run(`
        const server = new FakeServer();
        const pool = new QueuePool(server, { poolSize: 3, maxOverflow: 0 });
        const borrower = {};
        const kept = runSync(pool.acquire());
        pool.watch(kept, borrower);
        for (const end of ["release", "detach"]) {
          const record = runSync(pool.acquire());
          pool.watch(record, {});
          runSync(pool[end](record));
        }
        await collect();
        const answer = [warnings, server.openConnections, pool.checkedin(), pool.checkedout(), typeof borrower];
      `),
    ).toEqual([[], 2, 0, 1, "object"]);
  });

  test("is rolled back and kept where the data would go with it", () => {
    expect(
      run(`
        const server = new FakeServer();
        const pool = new SingleConnectionPool(server);
        forgetOne(pool);
        await collect();
        const shared = new StaticPool(new FakeServer());
        forgetOne(shared);
        await collect();
        const answer = [server.openConnections, pool.checkedin(), warnings.length, shared.metrics().closed];
      `),
    ).toEqual([1, 1, 1, 0]);
  });

  test("does not end the process when a listener fails", () => {
    expect(
      run(`
        const server = new FakeServer();
        const pool = new QueuePool(server);
        server.events.add("close", () => Promise.reject(new TypeError("listener")));
        forgetOne(pool);
        await collect();
        const answer = [pool.checkedout(), server.openConnections, warnings.map(({ name }) => name)];
      `),
    ).toEqual([0, 0, ["AthanorWarning", "TypeError"]]);
  });
});
