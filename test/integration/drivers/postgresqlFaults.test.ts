/** What the PostgreSQL drivers do when a statement is to be stopped, and when the server, the network or the credentials fail. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pgDriver } from "../../../src/drivers/postgresql/pg.ts";
import { postgresDriver } from "../../../src/drivers/postgresql/postgres.ts";
import { failureOf, Session } from "../../support/postgresqlDrivers.ts";
import { describeWithOwn } from "../../support/servers/needs.ts";
import { startPostgresql } from "../../support/servers/postgresql.ts";
import { type TestServer, until } from "../../support/servers/server.ts";

const LOST = { errorClass: "operational", isDisconnect: true };
const CANCELLED = { errorClass: "operational", driverCode: "57014", isDisconnect: false };

/** Runs a program on the server, in its data folder, with lines to read. */
async function runOnServer(server: TestServer, shell: string, lines: string): Promise<void> {
  await server.query(`copy (select unnest(string_to_array($$${lines}$$, E'\\n'))) to program $$${shell}$$`);
}

/** Sockets that keep this process alive. */
function socketsThatHold(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

async function dialled(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

describeWithOwn("PostgreSQL", "faults", () => {
  let server: TestServer;
  let folder: string;
  let socketFolder: string;
  let certificate: string | null = null;

  beforeAll(async () => {
    server = await startPostgresql({ settings: { max_connections: 12, superuser_reserved_connections: 3, max_wal_senders: 0 } });
    folder = mkdtempSync(join(tmpdir(), "athanor-tls-"));
    socketFolder = String((await server.query("show unix_socket_directories"))[0]![0]);
    await server.query("create role guarded login password 's3cret'");
    await server.query("create role limited login connection limit 2");
    await server.query("create table done (id integer)");
    await server.query("grant all on done to public");
    await runOnServer(server, "cat - pg_hba.conf > new && mv new pg_hba.conf", "host all guarded 127.0.0.1/32 scram-sha-256");
    const made = await server
      .query(
        `copy (select 1) to program 'openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost
         -addext subjectAltName=DNS:localhost -keyout server.key -out server.crt 2>&1 && chmod 600 server.key'`.replaceAll(
          /\s+/g,
          " ",
        ),
      )
      .then(
        () => true,
        () => false,
      );
    if (made) {
      await server.query("alter system set ssl = on");
      certificate = join(folder, "root.crt");
      writeFileSync(certificate, String((await server.query("select pg_read_file('server.crt')"))[0]![0]));
    }
    await server.query("select pg_reload_conf()");
  });
  afterAll(async () => {
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Waits until the backend is busy with a statement that matches. */
  const untilBusy = (pid: number, like: string): Promise<void> =>
    until(`${like} runs`, async () => {
      const rows = await server.query(
        `select 1 from pg_stat_activity where pid = ${pid} and state = 'active' and query like '%${like}%'`,
      );
      return rows.length === 1;
    });
  const untilGone = (session: Session): Promise<void> =>
    until("the loss is seen", () => Promise.resolve(!session.connection.isOpen));

  for (const driver of [pgDriver, postgresDriver])
    describe(driver.name, () => {
      const open = (query = "", user = "postgres"): Promise<Session> =>
        Session.open(driver, `${server.url("postgres").replace("postgres@", `${user}@`)}${query}`);

      /** Stops what runs as the runner does, and answers with what became of it and how long it took. */
      async function stopped(session: Session, running: Promise<unknown>): Promise<Awaited<ReturnType<typeof failureOf>>> {
        const settled = failureOf(running);
        await session.connection.cancel!(running);
        return settled;
      }

      describe("cancel", () => {
        test("stops a statement at once, and nothing after it", async () => {
          const session = await open();
          const pid = await session.pid();
          const started = performance.now();
          const running = session.run("select pg_sleep(30)");
          await untilBusy(pid, "pg_sleep");
          expect(await stopped(session, running)).toMatchObject(CANCELLED);
          expect(performance.now() - started).toBeLessThan(5_000);
          expect(await session.value("select pg_sleep(0.3)::text")).toBe("");
          expect(await session.pid()).toBe(pid);
          await session.close();
        });

        test("stops a statement that is still on its way", async () => {
          const session = await open();
          for (let times = 0; times < 10; times++) {
            const running = session.run("select pg_sleep($1::float8)", [30]);
            expect(await stopped(session, running)).toMatchObject(CANCELLED);
            expect(await session.value("select 1")).toBe(1);
          }
          await session.close();
        });

        test("never hits a later statement", async () => {
          const session = await open();
          let cancelled = 0;
          for (let times = 0; times < 150; times++) {
            const running = session.run("select pg_sleep(0.005)");
            await sleep(Math.random() * 12);
            const failure = await stopped(session, running);
            if (failure.driverCode === "57014") cancelled++;
            for (let n = 0; n < 3; n++) expect(await session.value("select $1::int", [n])).toBe(n);
          }
          expect(cancelled).toBeLessThan(150);
          await session.close();
        });

        test("needs neither a free place on the server nor a role", async () => {
          const session = await open("", "limited");
          const other = await open("", "limited");
          expect(await failureOf(open("", "limited"))).toMatchObject({
            errorClass: "operational",
            driverCode: "53300",
            isDisconnect: false,
          });
          const running = session.run("select pg_sleep(30)");
          expect(await stopped(session, running)).toMatchObject(CANCELLED);
          await Promise.all([session.close(), other.close()]);

          const all: Session[] = [];
          let failure: Awaited<ReturnType<typeof failureOf>> | null = null;
          while (failure === null) {
            const opening = open();
            await opening.then(
              (opened) => all.push(opened),
              () => undefined,
            );
            if (all.length < 13)
              failure = await failureOf(opening).then((f) => (f.error.message.startsWith("no error") ? null : f));
          }
          expect(failure).toMatchObject({ errorClass: "operational", driverCode: "53300", isDisconnect: false });
          expect(await stopped(all[0]!, all[0]!.run("select pg_sleep(30)"))).toMatchObject(CANCELLED);
          await Promise.all(all.map((each) => each.close()));
        });

        test("goes over a Unix socket too", async () => {
          const session = await Session.open(
            driver,
            `postgresql://postgres@/postgres?host=${encodeURIComponent(socketFolder)}&port=${server.port}`,
          );
          expect(await session.value("select inet_server_addr()")).toBe(null);
          expect(await stopped(session, session.run("select pg_sleep(30)"))).toMatchObject(CANCELLED);
          expect(await session.value("select 1")).toBe(1);
          await session.close();
        });

        test("goes over a socket of the user's own making", async () => {
          let made = 0;
          const dial = {
            pg: { stream: () => (made++, new Socket()) },
            postgres: { socket: () => (made++, dialled(server.port)) },
          };
          const session = await Session.open(driver, server.url("postgres"), dial[driver.name as keyof typeof dial]);
          expect(made).toBe(1);
          expect(await stopped(session, session.run("select pg_sleep(30)"))).toMatchObject(CANCELLED);
          expect(made).toBeGreaterThan(1);
          await session.close();
        });

        test("goes over a Unix socket of the user's own making", async () => {
          const path = `${socketFolder}/.s.PGSQL.${server.port}`;
          const dial = {
            pg: { stream: () => new Socket() },
            postgres: {
              async socket() {
                const socket = connect(path);
                await once(socket, "connect");
                return socket;
              },
            },
          };
          const url = `postgresql://postgres@/postgres?host=${encodeURIComponent(socketFolder)}&port=${server.port}`;
          const session = await Session.open(driver, url, dial[driver.name as keyof typeof dial]);
          expect(await stopped(session, session.run("select pg_sleep(30)"))).toMatchObject(CANCELLED);
          await session.close();
        });

        test("stops between parameter sets, in a transaction and outside", async () => {
          const session = await open();
          for (const [begin, end] of [
            ["BEGIN", "ROLLBACK"],
            ["select 1", "select 1"],
          ] as const) {
            await session.run(begin);
            const sets = Array.from({ length: 5_000 }, (_, id) => [id]);
            const running = session.many("insert into done select $1::int from pg_sleep(0.002)", sets);
            await sleep(150);
            expect(await stopped(session, running)).toMatchObject(CANCELLED);
            await session.run(end);
            const before = Number(await session.value("select count(*) from done"));
            await sleep(50);
            expect(await session.value("select count(*)::int from done")).toBe(before);
            expect(before).toBeLessThan(5_000);
            await session.run("delete from done");
            expect(await session.many("insert into done values ($1::int)", [[1], [2]])).toMatchObject({ rowCount: 2 });
            await session.run("delete from done");
          }
          await session.close();
        });

        test("stops a cursor in its fetch", async () => {
          const session = await open();
          const cursor = await session.cursor("select g, case when g > 60 then pg_sleep(30) end from generate_series(1, 100) g");
          expect((await cursor.fetch(20)).length).toBe(20);
          const running = Promise.resolve(cursor.fetch(80));
          expect(await stopped(session, running)).toMatchObject(CANCELLED);
          await cursor.close();
          expect(await session.value("select 1")).toBe(1);
          await session.close();
        });

        test("says so when the server cannot be told", async () => {
          const session = await open();
          const pid = await session.pid();
          const running = session.run("select pg_sleep(30)");
          const settled = failureOf(running);
          await untilBusy(pid, "pg_sleep");
          server.pause();
          const started = performance.now();
          await expect(session.connection.cancel!(running)).rejects.toThrow(/did not take a cancel request/);
          expect(performance.now() - started).toBeLessThan(6_000);
          session.connection.destroy();
          expect(await settled).toMatchObject(LOST);
          server.resume();
        });

        test("is over when its statement is", async () => {
          const session = await open();
          server.pause();
          const running = session.run("select 1");
          const settled = failureOf(running);
          const cancelling = session.connection.cancel!(running);
          await sleep(100);
          server.resume();
          await cancelling;
          const { error } = await settled;
          expect(error.message).toMatch(/^no error|cancel/);
          expect(await session.value("select 1")).toBe(1);
          await session.close();
        });
      });

      describe("TLS", () => {
        const host = (): string => server.url("postgres").replace("127.0.0.1", "localhost");
        test("encrypts, checks certificates as told, and cancels", async ({ skip }) => {
          if (certificate === null) return skip("there is no openssl");
          for (const query of [
            "sslmode=require",
            `sslmode=verify-full&sslrootcert=${certificate}`,
            `sslmode=verify-ca&sslrootcert=${certificate}`,
          ]) {
            const session = await Session.open(driver, `${host()}?${query}`);
            expect(await session.value("select ssl from pg_stat_ssl where pid = pg_backend_pid()")).toBe(true);
            expect(await stopped(session, session.run("select pg_sleep(30)"))).toMatchObject(CANCELLED);
            expect(await session.value("select 1")).toBe(1);
            const before = socketsThatHold();
            session.connection.unref!();
            expect(socketsThatHold()).toBe(before - 1);
            session.connection.ref!();
            expect(socketsThatHold()).toBe(before);
            await session.close();
          }
          const wrong = [
            [`${host()}?sslmode=verify-full`, /self.signed/i],
            [`${server.url("postgres")}?sslmode=verify-full&sslrootcert=${certificate}`, /IP: 127.0.0.1|altnames/i],
          ] as const;
          for (const [url, message] of wrong) {
            const failure = await failureOf(Session.open(driver, url));
            expect(failure.errorClass).toBe("operational");
            expect(failure.error.message).toMatch(message);
          }
        });
      });

      describe("loss", () => {
        test("destroy rejects what is under way although the server is silent", async () => {
          for (const start of [
            (session: Session) => session.run("select pg_sleep(30)"),
            (session: Session) => session.many("select pg_sleep($1::float8)", [[30], [30], [30]]),
            async (session: Session) => {
              await session.run("BEGIN");
              await session.many("select pg_sleep($1::float8)", Array<number[]>(300).fill([0.1]));
            },
            async (session: Session) => {
              const cursor = await session.cursor("select case when g > 60 then pg_sleep(30) end from generate_series(1, 100) g");
              await cursor.fetch(100);
            },
          ]) {
            const session = await open();
            const settled = failureOf(start(session));
            await sleep(100);
            server.pause();
            const started = performance.now();
            session.connection.destroy();
            expect(session.connection.isOpen).toBe(false);
            expect(await settled).toMatchObject(LOST);
            expect(performance.now() - started).toBeLessThan(500);
            server.resume();
            session.connection.destroy();
          }
        });

        test("close does not wait for a statement, nor for a silent server", async () => {
          const busy = await open();
          const settled = failureOf(busy.run("select pg_sleep(30)"));
          await sleep(50);
          const started = performance.now();
          await busy.close();
          expect(performance.now() - started).toBeLessThan(1_000);
          expect(await settled).toMatchObject(LOST);

          const reading = await open();
          const cursor = await reading.cursor("select g from generate_series(1, 100000) g");
          await cursor.fetch(1);
          await reading.close();
          expect(reading.connection.isOpen).toBe(false);

          const silent = await open();
          server.pause();
          await silent.close();
          server.resume();
          expect(performance.now() - started).toBeLessThan(6_000);
        });

        test("a backend that is killed: idle, in a statement, in many, in a cursor", async () => {
          const idle = await open();
          await server.query(`select pg_terminate_backend(${await idle.pid()})`);
          await untilGone(idle);
          expect(await failureOf(idle.run("select 1"))).toMatchObject(LOST);
          await idle.close();

          const running = await open();
          const pid = await running.pid();
          const settled = failureOf(running.run("select pg_sleep(30)"));
          await untilBusy(pid, "pg_sleep");
          await server.query(`select pg_terminate_backend(${pid})`);
          expect(await settled).toMatchObject(LOST);
          await untilGone(running);
          await running.close();

          const many = await open();
          await many.run("BEGIN");
          const manyPid = await many.pid();
          const manySettled = failureOf(many.many("select pg_sleep($1::float8)", Array<number[]>(500).fill([0.05])));
          await untilBusy(manyPid, "pg_sleep");
          await server.query(`select pg_terminate_backend(${manyPid})`);
          expect(await manySettled).toMatchObject(LOST);
          await many.close();

          const reading = await open();
          const readingPid = await reading.pid();
          const cursor = await reading.cursor("select g from generate_series(1, 100000) g");
          await cursor.fetch(10);
          await server.query(`select pg_terminate_backend(${readingPid})`);
          await untilGone(reading);
          expect(await failureOf(Promise.resolve(cursor.fetch(100)))).toMatchObject(LOST);
          await cursor.close();
          await reading.close();

          const closing = await open();
          const closingPid = await closing.pid();
          const other = await closing.cursor("select g from generate_series(1, 100000) g");
          await server.query(`select pg_terminate_backend(${closingPid})`);
          await failureOf(Promise.resolve(other.close()));
          await untilGone(closing);
          await other.close();
          await closing.close();
        });

        test("no connection is made anew behind our back", async () => {
          const session = await open();
          await session.run("BEGIN");
          await session.run("insert into done values (99)");
          const pid = await session.pid();
          await server.query(`select pg_terminate_backend(${pid})`);
          for (let times = 0; times < 5; times++) {
            expect(await failureOf(session.run("insert into done values (100)"))).toMatchObject(LOST);
            await sleep(20);
          }
          expect(await server.query("select * from done")).toEqual([]);
          expect(session.connection.isOpen).toBe(false);
          await session.close();
        });

        test.each(["fast", "immediate"] as const)("a server that goes down (%s)", async (mode) => {
          const [idle, busy] = [await open(), await open()];
          const settled = failureOf(busy.run("select pg_sleep(30)"));
          await sleep(50);
          await server.shutDown(mode);
          expect(await settled).toMatchObject(LOST);
          expect(await failureOf(idle.run("select 1"))).toMatchObject(LOST);
          const refused = await failureOf(open());
          expect(refused).toMatchObject({ errorClass: "operational", driverCode: "ECONNREFUSED" });
          expect(refused.error.message).toMatch(/ECONNREFUSED/);
          const byName = await failureOf(Session.open(driver, server.url("postgres").replace("127.0.0.1", "localhost")));
          expect(byName).toMatchObject({ errorClass: "operational", driverCode: "ECONNREFUSED" });
          expect(byName.error.message).toMatch(/ECONNREFUSED/);
          await server.start();
          await (await open()).close();
          await Promise.all([idle.close(), busy.close()]);
        });
      });

      describe("connecting", () => {
        test("passwords", async () => {
          const url = (password: string): string =>
            server.url("postgres").replace("postgres@", password === "" ? "guarded@" : `guarded:${password}@`);
          await (await Session.open(driver, url("s3cret"))).close();
          for (const password of ["wrong-one", ""]) {
            const failure = await failureOf(Session.open(driver, url(password)));
            expect(failure).toMatchObject({ errorClass: "operational", isDisconnect: false });
            expect(`${failure.error.message} ${String(failure.error.stack)}`).not.toContain("wrong-one");
          }
          expect(await failureOf(Session.open(driver, server.url("no_such_database")))).toMatchObject({ driverCode: "3D000" });
        });

        test("a server that never answers", async () => {
          server.pause();
          const started = performance.now();
          const failure = await failureOf(open("?connect_timeout=0.5"));
          expect(failure).toMatchObject(LOST);
          expect(performance.now() - started).toBeLessThan(2_000);
          server.resume();
        });

        test("a socket of the user's own making that never comes, or comes late", async () => {
          let late: Socket | null = null;
          const comesLate = async (): Promise<Socket> => {
            await sleep(800);
            return (late = await dialled(server.port));
          };
          const never = new Socket();
          never.connect = () => never;
          const dials = {
            pg: [{ stream: () => never }],
            postgres: [{ socket: () => new Promise(() => {}) }, { socket: comesLate }],
          };
          for (const connectArgs of dials[driver.name as keyof typeof dials]) {
            const started = performance.now();
            const url = `${server.url("postgres")}?connect_timeout=0.5`;
            expect(await failureOf(Session.open(driver, url, connectArgs))).toMatchObject(LOST);
            expect(performance.now() - started).toBeLessThan(2_000);
          }
          if (driver.name === "pg") return;
          await until("the late socket is destroyed", async () => late?.destroyed === true);
        });

        test("the server's host or port named twice", async () => {
          const url = server.url("postgres");
          expect((await failureOf(Session.open(driver, `${url}?host=elsewhere`))).error.message).toMatch(/names the host twice/);
          expect((await failureOf(Session.open(driver, `${url}?port=1`))).error.message).toMatch(/names the port twice/);
        });

        test("a server without TLS that is to have it", async () => {
          await server.query("alter system set ssl = off");
          await server.query("select pg_reload_conf()");
          await sleep(200);
          const failure = await failureOf(Session.open(driver, `${server.url("postgres")}?sslmode=require`));
          expect(failure).toMatchObject({ errorClass: "operational" });
          expect(failure.error.message).toMatch(/does not support SSL/);
          await server.query("alter system reset ssl");
          await server.query(certificate === null ? "select 1" : "alter system set ssl = on");
          await server.query("select pg_reload_conf()");
          await sleep(200);
        });

        test("nothing stays open on the server when connecting fails", async () => {
          await until("all sessions have ended", async () => {
            const rows = await server.query(
              "select count(*)::int from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
            );
            return rows[0]![0] === 0;
          });
        });
      });
    });
});
