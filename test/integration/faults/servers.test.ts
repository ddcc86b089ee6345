/** That servers of our own do what the fault and replica tests count on: restart with their data, fall silent, replicate, vanish. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connectRaw, type RawConnection } from "../../support/raw-connections.ts";
import { startGaleraCluster, type GaleraCluster } from "../../support/servers/galera.ts";
import { type MariadbPair, startMariadbPair, startMysql } from "../../support/servers/mysql.ts";
import { describeWithOwn } from "../../support/servers/needs.ts";
import { type PostgresqlPair, startPostgresql, startPostgresqlPair } from "../../support/servers/postgresql.ts";
import { type TestServer, until } from "../../support/servers/server.ts";

// Servers start in seconds; on a machine that is busy with others, in many.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

const SINGLE = [
  {
    kind: "PostgreSQL",
    database: "postgres",
    start: () => startPostgresql({ settings: { max_connections: 8, max_wal_senders: 0 } }),
    tooMany: /too many clients/,
  },
  {
    kind: "MariaDB",
    database: "mysql",
    start: () => startMysql({ settings: { "max-connections": 10 } }),
    tooMany: /too many connections/i,
  },
] as const;

for (const { kind, database, start, tooMany } of SINGLE)
  describeWithOwn(kind, "a server of our own", () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await start();
      await server.query("create table kept (id integer primary key)", database);
    });
    afterAll(() => server.stop());

    test.each(["fast", "immediate"] as const)("keeps its port and data over a restart that is %s", async (mode) => {
      const victim = await server.connect();
      await server.query("delete from kept", database);
      await server.query("insert into kept values (7)", database);
      await server.restart(mode);
      expect(await server.query("select id from kept", database)).toEqual([[7]]);
      await expect(victim.query("select 1")).rejects.toThrow();
    });

    test("is down between shutDown and start", async () => {
      await server.shutDown();
      expect(server.isRunning).toBe(false);
      await expect(server.query("select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await server.start();
      expect(await server.query("select 1")).toEqual([[1]]);
    });

    test("falls silent while it is paused, and answers afterwards", async () => {
      const connection = await server.connect();
      server.pause();
      const answer = connection.query("select 1");
      expect(await Promise.race([answer, sleep(300, "silence")])).toBe("silence");
      server.resume();
      expect(await answer).toEqual([[1]]);
      await connection.close();
    });

    test("refuses more connections than it was given", async () => {
      const connections: RawConnection[] = [];
      const connectMany = async (): Promise<void> => {
        while (connections.length < 20) connections.push(await server.connect());
      };
      await expect(connectMany()).rejects.toThrow(tooMany);
      await Promise.all(connections.map((connection) => connection.close()));
    });
  });

describeWithOwn("PostgreSQL", "one backend of a server of our own", () => {
  test("falls silent alone", async () => {
    const server = await startPostgresql();
    try {
      const [silent, other] = [await server.connect(), await server.connect()];
      const [[pid] = []] = await silent.query("select pg_backend_pid()");
      server.pause([Number(pid)]);
      const answer = silent.query("select 1");
      expect(await other.query("select 2")).toEqual([[2]]);
      expect(await Promise.race([answer, sleep(200, "silence")])).toBe("silence");
      server.resume();
      expect(await answer).toEqual([[1]]);
      expect(() => server.pause([process.pid])).toThrow("no process of this server");
      await Promise.all([silent.close(), other.close()]);
    } finally {
      await server.stop();
    }
  });

  test("goes with its server, and its folder, when the test process is killed", async () => {
    const script = fileURLToPath(new URL("../../support/servers/outlived.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { port, folder } = JSON.parse(line.toString()) as { port: number; folder: string };
    const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
    await (await connectRaw("postgresql", url)).close();
    child.kill("SIGKILL");
    await until("the folder is gone", () => Promise.resolve(!existsSync(folder)));
    await expect(connectRaw("postgresql", url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describeWithOwn("PostgreSQL pair", "a primary and its standby", () => {
  let pair: PostgresqlPair;
  beforeAll(async () => {
    pair = await startPostgresqlPair();
    await pair.primary.query("create table followed (id integer primary key)");
  });
  afterAll(() => pair.stop());

  test("the standby follows, and takes no writes", async () => {
    await pair.primary.query("insert into followed values (1)");
    await pair.caughtUp();
    expect(await pair.standby.query("select id from followed")).toEqual([[1]]);
    await expect(pair.standby.query("insert into followed values (2)")).rejects.toMatchObject({ code: "25006" });
  });

  test("replication can be held back", async () => {
    await pair.hold();
    await pair.primary.query("insert into followed values (3)");
    await sleep(200);
    expect(await pair.standby.query("select id from followed where id = 3")).toEqual([]);
    await pair.release();
    await pair.caughtUp();
    expect(await pair.standby.query("select id from followed where id = 3")).toEqual([[3]]);
  });

  test("the standby follows again after a restart of either", async () => {
    await pair.standby.restart("immediate");
    await pair.primary.restart();
    await pair.primary.query("insert into followed values (4)");
    await pair.caughtUp();
    expect(await pair.standby.query("select id from followed where id = 4")).toEqual([[4]]);
  });

  test("the standby can be promoted", async () => {
    await pair.primary.shutDown();
    await pair.promote();
    await pair.standby.query("insert into followed values (5)");
    expect(await pair.standby.query("select id from followed where id = 5")).toEqual([[5]]);
  });
});

describeWithOwn("MariaDB pair", "a primary and its replica", () => {
  let pair: MariadbPair;
  beforeAll(async () => {
    pair = await startMariadbPair();
    await pair.primary.query("create database app");
    await pair.primary.query("create table followed (id integer primary key)", "app");
  });
  afterAll(() => pair.stop());

  test("the replica follows, and can be held back", async () => {
    await pair.primary.query("insert into followed values (1)", "app");
    await pair.caughtUp();
    expect(await pair.replica.query("select id from followed", "app")).toEqual([[1]]);
    await pair.hold();
    await pair.primary.query("insert into followed values (2)", "app");
    await sleep(200);
    expect(await pair.replica.query("select id from followed", "app")).toEqual([[1]]);
    await pair.release();
    await pair.caughtUp();
    expect(await pair.replica.query("select id from followed", "app")).toEqual([[1], [2]]);
  });
});

describeWithOwn("Galera cluster", "three nodes", () => {
  let cluster: GaleraCluster;
  beforeAll(async () => {
    cluster = await startGaleraCluster(3);
  });
  afterAll(() => cluster.stop());

  test("each takes writes, and all show them", async () => {
    const [first, second, third] = cluster.nodes as [TestServer, TestServer, TestServer];
    await first.query("create database app");
    await first.query("create table shared (id integer primary key auto_increment, node integer)", "app");
    await second.query("insert into shared (node) values (2)", "app");
    const connection = await third.connect("app");
    await connection.query("set session wsrep_sync_wait = 1");
    expect(await connection.query("select node from shared")).toEqual([[2]]);
    await connection.close();
  });

  test("a node comes back after it was killed", async () => {
    const [first, second] = cluster.nodes as [TestServer, TestServer];
    await second.shutDown("immediate");
    await until("the others go on without it", async () => {
      const [[, size] = []] = await first.query("show status like 'wsrep_cluster_size'");
      return size === "2";
    });
    await first.query("insert into app.shared (node) values (1)");
    await second.start();
    const connection = await second.connect("app");
    await connection.query("set session wsrep_sync_wait = 1");
    expect(await connection.query("select node from shared order by node")).toEqual([[1], [2]]);
    await connection.close();
  });
});
