/**
 * Connects that nobody waits for any more, with each driver: nothing of them may be left, neither a socket, nor a timer that keeps the process
 * alive, nor a session on the server.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AsyncEngine } from "../../../src/async/engine.ts";
import type { Driver } from "../../../src/dialects/contract.ts";
import { builtInDrivers } from "../../../src/drivers/index.ts";
import { makeUrl } from "../../../src/engine/url.ts";
import type { EngineOptions } from "../../../src/engine/options/options.ts";
import { CancelledError, StatementTimeoutError } from "../../../src/errors/index.ts";
import { NullPool } from "../../../src/pool/nullPool.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { openEngine } from "../../support/colours.ts";
import { isInstalled, urlWith } from "../../support/driverUrls.ts";
import { startMysql } from "../../support/servers/mysql.ts";
import { describeWithOwn } from "../../support/servers/needs.ts";
import { startPostgresql } from "../../support/servers/postgresql.ts";
import { type TestServer, until } from "../../support/servers/server.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** A process that stays alive is ended after so long, and its test fails. It also has to start. */
const PATIENCE = 15_000;

const drivers = builtInDrivers.filter(({ dialectName, name }) => dialectName !== "sqlite" && name !== "pglite");

/** A server that takes connections; `greet` may say something. */
async function listening(greet: (socket: Socket) => void = () => undefined): Promise<{ server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    greet(socket);
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, sockets };
}

function end({ server, sockets }: Awaited<ReturnType<typeof listening>>): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const NOBODY = {
  host: "127.0.0.1",
  username: "someone",
  password: "secret",
  database: "shop",
  query: {},
  connectArgs: {},
};

function urlOf({ dialectName, name }: Driver, port: number, query = ""): string {
  return `${dialectName}+${name}://someone:secret@127.0.0.1:${port}/shop${query}`;
}

/** Open TCP connections of this thread. */
const ownSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/** What a process writes that gives up connecting, by a signal and by a time, and has nothing else to do then. */
async function givesUp(url: string): Promise<string> {
  const script = `
    import { createAsyncEngine } from "./src/index.ts";
    const engine = createAsyncEngine(${JSON.stringify(url)});
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    const attempts = [engine.connect({ signal: controller.signal }), engine.connect({ timeout: 300 }), engine.connect({ timeout: 200 })];
    const names = await Promise.all(attempts.map((attempt) => attempt.then(() => "connected", (error) => error.name)));
    const begun = performance.now();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const left = process.getActiveResourcesInfo().filter((name) => /TCP|Timeout/.test(name));
    console.log(names.join(), left.join(), engine.pool.checkedout());
    process.on("exit", () => console.log(performance.now() - begun < 1_000 ? "ends" : "ends late"));
  `;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--no-warnings", "--eval", script], {
    cwd: root,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const impatience = setTimeout(() => {
    output += "stays alive";
    child.kill("SIGKILL");
  }, PATIENCE);
  await once(child, "close");
  clearTimeout(impatience);
  return output;
}

const NOTHING_LEFT = "CancelledError,StatementTimeoutError,StatementTimeoutError  0\nends\n";

/** A port of this machine that drops who wants to connect, as a firewall does: the queue of its server is full. */
async function droppingPort(): Promise<{ port: number; close: () => void }> {
  const script = `
    const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  `;
  const child = spawn(process.execPath, ["--eval", script]);
  const [written] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(written.toString());
  const waiting: Socket[] = [];
  const close = (): void => {
    for (const socket of waiting) socket.destroy();
    child.kill("SIGKILL");
  };
  for (let attempt = 0; attempt < 10; attempt++) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    waiting.push(socket);
    const isTaken = await Promise.race([once(socket, "connect").then(() => true), sleep(300, false)]);
    if (!isTaken) return { port, close };
  }
  close();
  throw new Error("the queue of a server that takes nobody is never full on this system");
}

describe.each(drivers)("a server that never answers, with $dialectName+$name", (driver) => {
  test.skipIf(!isInstalled(driver))("takes connections and says nothing", { timeout: 2 * PATIENCE }, async () => {
    const silent = await listening();
    try {
      expect(await givesUp(urlOf(driver, portOf(silent.server)))).toBe(NOTHING_LEFT);
    } finally {
      end(silent);
    }
  });

  test.skipIf(!isInstalled(driver) || process.platform !== "linux")(
    "takes no connections and does not refuse them",
    { timeout: 2 * PATIENCE },
    async () => {
      const { port, close } = await droppingPort();
      try {
        expect(await givesUp(urlOf(driver, port))).toBe(NOTHING_LEFT);
      } finally {
        close();
      }
    },
  );

  test.skipIf(!isInstalled(driver))("under a synchronous engine, whose sockets are in another thread", async () => {
    let taken = 0;
    const silent = await listening(() => taken++);
    const engine = openEngine("sync", urlOf(driver, portOf(silent.server))) as Engine;
    try {
      expect(() => engine.connect({ timeout: 300 })).toThrow(StatementTimeoutError);
      await until("the socket was there, and is closed", () => Promise.resolve(taken === 1 && silent.sockets.size === 0), 2_000);
      expect(engine.pool.checkedout()).toBe(0);
    } finally {
      end(silent);
    }
  });

  test.skipIf(!isInstalled(driver) || driver.dialectName !== "postgresql").each(["S", ""])(
    'in the middle of agreeing on TLS, after "%s"',
    async (answer) => {
      const silent = await listening((socket) => void socket.once("data", () => socket.write(answer)));
      const query = answer === "" ? "?sslmode=require&sslnegotiation=direct" : "?sslmode=require";
      const engine = openEngine("async", urlOf(driver, portOf(silent.server), query)) as AsyncEngine;
      try {
        await expect(engine.connect({ signal: AbortSignal.timeout(200) })).rejects.toThrow(CancelledError);
        await until("the socket is closed", () => Promise.resolve(silent.sockets.size === 0), 2_000);
      } finally {
        end(silent);
      }
    },
  );

  test.skipIf(!isInstalled(driver))("is not even asked where the signal was aborted before", async () => {
    let taken = 0;
    const silent = await listening(() => taken++);
    try {
      const target = { ...NOBODY, port: portOf(silent.server) };
      const tooLate = AbortSignal.abort(new RangeError("too late"));
      await expect(async () => await driver.connect(target, undefined, tooLate)).rejects.toThrow("too late");
      await sleep(50);
      expect(taken).toBe(0);
    } finally {
      end(silent);
    }
  });
});

/** What differs between the two databases. */
interface Kind {
  readonly kind: "PostgreSQL" | "MariaDB";
  readonly dialectName: string;
  readonly database: string;
  readonly start: () => Promise<TestServer>;
  /** How many sessions there are, besides that which asks. */
  readonly sessions: string;
}

const KINDS: readonly Kind[] = [
  {
    kind: "PostgreSQL",
    dialectName: "postgresql",
    database: "postgres",
    start: () => startPostgresql(),
    sessions: "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
  },
  {
    kind: "MariaDB",
    dialectName: "mysql",
    database: "mysql",
    start: () => startMysql(),
    sessions: `select count(*) from information_schema.processlist
      where id <> connection_id() and user not in ('system user', 'event_scheduler')`,
  },
];

for (const { kind, dialectName, database, start, sessions } of KINDS)
  describeWithOwn(kind, "connects that are given up", () => {
    let server: TestServer;
    const engines: AsyncEngine[] = [];
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());
    afterEach(async () => {
      for (const engine of engines.splice(0)) await engine.dispose();
    });

    function open(driver: Driver, options: EngineOptions = {}): AsyncEngine {
      const engine = openEngine("async", urlWith(driver, server.url(database)), options) as AsyncEngine;
      engines.push(engine);
      return engine;
    }
    const noSessions = (): Promise<void> =>
      until("no session is left on the server", async () => Number((await server.query(sessions))[0]![0]) === 0, 5_000);
    const noSockets = (): Promise<void> => until("no socket is left", () => Promise.resolve(ownSockets() === 0), 1_000);
    // Those of the tests before take a moment to close.
    beforeEach(noSockets);

    describe.each(drivers.filter((driver) => driver.dialectName === dialectName && isInstalled(driver)))("$name", (driver) => {
      test("a server that is silent for a while", async () => {
        const engine = open(driver);
        server.pause();
        try {
          const attempts = Array.from({ length: 5 }, () => engine.connect({ timeout: 200 }));
          for (const { status, reason } of (await Promise.allSettled(attempts)) as PromiseRejectedResult[]) {
            expect(status).toBe("rejected");
            expect(reason).toBeInstanceOf(StatementTimeoutError);
          }
          await noSockets();
          expect(engine.pool.checkedout()).toBe(0);
        } finally {
          server.resume();
        }
        await noSessions();
        await using connection = await engine.connect();
        expect(Number((await connection.execDriverSql("SELECT 1")).scalar())).toBe(1);
      });

      test("a statement that a silent server cannot be told to stop leaves no second connection", async () => {
        const engine = open(driver, { poolSize: 1 });
        const connection = await engine.connect();
        await connection.execDriverSql("SELECT 1");
        server.pause();
        try {
          await expect(connection.execDriverSql("SELECT 2", [], { timeout: 100 })).rejects.toThrow(StatementTimeoutError);
          expect(connection.invalidated).toBe(true);
          await noSockets();
        } finally {
          server.resume();
        }
        await connection.close();
        await noSessions();
      });

      test("a connection that is open hears of its connect's signal no more", async () => {
        const controller = new AbortController();
        const { username, password } = makeUrl(server.url(database));
        const target = { ...NOBODY, port: server.port, username, password, database };
        const connection = await driver.connect(target, undefined, controller.signal);
        controller.abort();
        await sleep(20);
        expect(connection.isOpen).toBe(true);
        await connection.execute({ sql: "SELECT 1", parameters: [], reusable: false, wideIntegers: false, returnsRows: true });
        await connection.close();
      });

      test("hundreds, at any moment", { timeout: 60_000 }, async () => {
        const engine = open(driver, { poolClass: NullPool });
        let opened = 0;
        let next = 0;
        const attempt = async (n: number): Promise<void> => {
          const controller = new AbortController();
          const timer = n % 4 === 0 ? undefined : setTimeout(() => controller.abort(), Math.random() * 25);
          try {
            await using connection = await engine.connect({ signal: controller.signal });
            await connection.execDriverSql("SELECT 1", [], { signal: controller.signal });
            opened++;
          } catch (error) {
            expect(error).toBeInstanceOf(CancelledError);
          } finally {
            clearTimeout(timer);
          }
        };
        await Promise.all(
          Array.from({ length: 8 }, async () => {
            while (next < 300) await attempt(next++);
          }),
        );
        expect(opened).toBeGreaterThanOrEqual(75);
        expect(opened).toBeLessThan(300);
        expect(engine.pool.checkedout()).toBe(0);
        await noSockets();
        await noSessions();
      });
    });
  });

describeWithOwn("MariaDB", "connections with TLS that are destroyed", () => {
  let server: TestServer | undefined;
  let folder: string;
  let hasTls = false;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "athanor-tls-"));
    const [key, certificate] = [join(folder, "server.key"), join(folder, "server.crt")];
    try {
      const command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost";
      execFileSync("openssl", [...command.split(" "), "-keyout", key, "-out", certificate], { stdio: "ignore" });
    } catch {
      return;
    }
    // The server may run as another user.
    chmodSync(folder, 0o755);
    chmodSync(key, 0o644);
    server = await startMysql({ settings: { "ssl-cert": certificate, "ssl-key": key } });
    hasTls = true;
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(drivers.filter((driver) => driver.dialectName === "mysql" && isInstalled(driver)))("$name", (driver) => {
    // An error that nobody hears would end the process; vitest reports it.
    test("end without an error that nobody hears", async ({ skip }) => {
      if (!hasTls) skip();
      const url = `${urlWith(driver, server!.url("mysql"))}?ssl={"rejectUnauthorized":false}`;
      const engine = openEngine("async", url, { poolClass: NullPool }) as AsyncEngine;
      const connection = await engine.connect();
      expect(String((await connection.execDriverSql("SHOW STATUS LIKE 'Ssl_cipher'")).first()![1])).not.toBe("");
      await connection.invalidate();
      await connection.close();
      for (let times = 0; times < 60; times++) {
        const attempt = engine.connect({ timeout: 1 + Math.random() * 20 }).then((opened) => opened.close());
        await attempt.catch((error: unknown) => expect(error).toBeInstanceOf(CancelledError));
      }
      server!.pause();
      try {
        await expect(engine.connect({ timeout: 200 })).rejects.toThrow(StatementTimeoutError);
      } finally {
        server!.resume();
      }
      await until("no socket is left", () => Promise.resolve(ownSockets() === 0), 1_000);
    });
  });
});
