/**
 * Cases about connections themselves: opening, refusals and how they are sorted, closing, and what a closed or lost connection says.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectTarget } from "../../dialects/contract.ts";
import { type Bench, command, inTime, statement } from "./bench.ts";
import type { CaseDefinition } from "./case.ts";

const MANY = 100;

export const CONNECTING: readonly CaseDefinition[] = [
  {
    name: "a connection says that it is open, until it is closed",
    async run(bench) {
      const connection = await bench.connect();
      assert.equal(connection.isOpen, true, "a new connection must be open");
      await bench.requireUsable(connection, "after connecting");
      await inTime("close()", connection.close());
      assert.equal(connection.isOpen, false, "after close() isOpen must be false");
      connection.destroy();
    },
  },
  {
    name: "a destroyed connection is closed at once, and destroying it again does nothing",
    async run(bench) {
      const connection = await bench.connect();
      connection.destroy();
      assert.equal(connection.isOpen, false, "after destroy() isOpen must be false");
      connection.destroy();
    },
  },
  {
    name: "a closed or destroyed connection refuses everything, as a lost one",
    async run(bench) {
      for (const how of ["close", "destroy"] as const) {
        const connection = await bench.connect();
        await connection[how]();
        const attempts: readonly (readonly [string, () => unknown])[] = [
          ["execute", () => connection.execute(statement("SELECT 1"))],
          ["executeMany", () => connection.executeMany(command("DELETE FROM no_such_table"), [[], []])],
          ["openCursor", async () => (await connection.openCursor(statement("SELECT 1"))).fetch(1)],
        ];
        for (const [what, attempt] of attempts) {
          const refusal = await inTime(`${what} after ${how}()`, bench.failure(`${what} after ${how}()`, attempt));
          assert.equal(
            refusal.sorted.isDisconnect,
            true,
            `${what} after ${how}() must be refused with an error that classifyError takes for a disconnect, got ${String(refusal.error)}`,
          );
        }
      }
    },
  },
  {
    name: "a transaction is kept when it is committed, and not when it is rolled back",
    async run(bench) {
      const connection = await bench.connect();
      const table = await bench.table(connection, "n INTEGER");
      await bench.begin(connection);
      await bench.run(connection, `INSERT INTO ${table} VALUES (1)`);
      await bench.rollback(connection);
      await bench.begin(connection);
      await bench.run(connection, `INSERT INTO ${table} VALUES (2)`);
      await bench.commit(connection);
      assert.deepEqual(await bench.rows(connection, `SELECT n FROM ${table}`), [[2]]);
    },
  },
  {
    name: "what one connection has committed, another sees",
    requires: ["secondConnection"],
    async run(bench) {
      const [one, other] = [await bench.connect(), await bench.connect()];
      const table = await bench.table(one, "n INTEGER");
      await bench.begin(one);
      await bench.run(one, `INSERT INTO ${table} VALUES (1)`);
      assert.deepEqual(await bench.rows(other, `SELECT n FROM ${table}`), [], "a row that is not committed is nobody else's");
      await bench.commit(one);
      assert.deepEqual(await bench.rows(other, `SELECT n FROM ${table}`), [[1]]);
    },
  },
  {
    name: "a user whom the server does not know is refused with an operational error",
    requires: ["server"],
    async run(bench) {
      await refused(bench, { username: "athanor_nobody", password: "wrong" }, ["operational"], false);
    },
  },
  {
    name: "a port where nobody listens is an operational error, a disconnect",
    requires: ["server"],
    async run(bench) {
      await refused(bench, { host: "127.0.0.1", port: 1 }, ["operational"], true);
    },
  },
  {
    name: "a database that does not exist is refused with a programming or operational error",
    requires: ["server"],
    async run(bench) {
      await refused(bench, { database: "athanor_no_such_database" }, ["programming", "operational"], false);
    },
  },
  {
    name: "a connection that the server ends is lost: its statement fails with a disconnect, and isOpen becomes false",
    requires: ["server", "secondConnection"],
    async run(bench) {
      const { kill } = bench.sql;
      assert.ok(kill !== null, "the suite's SQL must have { kill } for a driver with servers");
      for (const when of ["idle", "busy"] as const) {
        const [victim, other] = [await bench.connect(), await bench.connect()];
        const id = String((await bench.rows(victim, kill.id))[0]?.[0]);
        const end = async (): Promise<void> => bench.run(other, kill.statement(id)).catch(() => undefined);
        let attempt: () => unknown = () => victim.execute(statement("SELECT 1"));
        if (when === "busy") {
          const running = asPromise(() => victim.execute(statement(bench.sql.sleep(30))));
          running.catch(() => undefined);
          attempt = () => running;
          await sleep(100);
        }
        await end();
        if (when === "idle") await sleep(100);
        const lost = await inTime("a statement on a connection that was ended", bench.failure("a statement on it", attempt));
        assert.equal(lost.sorted.isDisconnect, true, `${when}: expected a disconnect, got ${String(lost.error)}`);
        await until(`isOpen is false (${when})`, () => !victim.isOpen);
        await inTime("closing a lost connection", Promise.resolve(victim.close()));
      }
    },
  },
  {
    name: "an idle connection lets the process end after unref(), and keeps it alive after ref()",
    requires: ["server"],
    async run(bench) {
      const connection = await bench.connect();
      // Absent where that cannot be changed.
      if (connection.unref === undefined && connection.ref === undefined) return;
      assert.ok(
        connection.unref !== undefined && connection.ref !== undefined,
        "a driver has both unref() and ref(), or neither",
      );
      const before = keptAlive();
      for (let times = 0; times < 2; times++) connection.unref();
      assert.equal(keptAlive(), before - 1, "after unref() the connection's socket must not keep the process alive");
      for (let times = 0; times < 2; times++) connection.ref();
      assert.equal(keptAlive(), before, "after ref() the connection's socket must keep the process alive");
      await bench.requireUsable(connection, "after unref() and ref()");
      connection.unref();
      await bench.requireUsable(connection, "after unref()");
      await connection.close();
      connection.ref();
      connection.unref();
    },
  },
  {
    name: "a hundred connections, opened and closed, leave nothing behind",
    requires: ["secondConnection"],
    async run(bench) {
      await (await bench.connect()).close();
      const before = openHandles();
      for (let count = 0; count < MANY; count++) {
        const connection = await bench.driver.connect(bench.target);
        assert.deepEqual((await connection.execute(statement("SELECT 1"))).rows.length, 1);
        if (count % 2 === 0) await connection.close();
        else connection.destroy();
      }
      await until(`${MANY} closed connections hold no files or sockets (before: ${before})`, () => openHandles() <= before);
    },
  },
];

async function refused(
  bench: Bench,
  change: Partial<ConnectTarget>,
  errorClasses: Parameters<Bench["requireClass"]>[2],
  isDisconnect: boolean,
): Promise<void> {
  const what = `connecting with ${JSON.stringify({ ...change, password: undefined })}`;
  const refusal = await inTime(
    what,
    bench.failure(what, () => bench.driver.connect({ ...bench.target, ...change })),
  );
  bench.requireClass(what, refusal, errorClasses, isDisconnect);
}

/** What a method that may throw at once promises. */
export async function asPromise<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return work();
}

async function until(what: string, isDone: () => boolean): Promise<void> {
  for (let waited = 0; !isDone(); waited += 20) {
    assert.ok(waited < 5000, `within 5 s: ${what}`);
    await sleep(20);
  }
}

/** Sockets that keep this process alive. */
function keptAlive(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "PipeWrap").length;
}

/** Open files and sockets of this process; where the system does not tell, Node's own sockets. */
function openHandles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "PipeWrap").length;
  }
}
