/**
 * MariaDB (or MySQL) servers of our own: a single one, and a MariaDB primary with a replica that follows it by GTID. For
 * global-setup.ts where no server runs, and for tests that need one to disturb. Clusters are in galera.ts.
 */
import { join } from "node:path";
import { dataFolder, type Home, makeHome } from "./home.ts";
import { freePort } from "./ports.ts";
import { mysqlPrograms } from "./programs.ts";
import { launch, prepare, type Launch, type TestServer, until } from "./server.ts";

/** Options of the server, as on its command line: `{ "max-connections": 10 }`; true for one without a value. */
export type MysqlSettings = Readonly<Record<string, string | number | true>>;

export interface MysqlOptions {
  /** Over the defaults. */
  readonly settings?: MysqlSettings;
}

const SETTINGS: MysqlSettings = {
  "bind-address": "127.0.0.1",
  // Written to the system with each commit: a server that is killed loses nothing.
  "innodb-flush-log-at-trx-commit": 2,
  "innodb-buffer-pool-size": "64M",
  "max-connections": 200,
};

export async function startMysql({ settings = {} }: MysqlOptions = {}): Promise<TestServer> {
  const home = await makeMysqlHome();
  return launch(await mysqlLaunch(home, settings));
}

/** A home with a fresh data folder. */
export async function makeMysqlHome(): Promise<Home> {
  const { server, installer } = mysqlPrograms();
  const home = makeHome("mysql");
  const data = `--datadir=${dataFolder(home)}`;
  if (installer === undefined) await prepare(server, ["--no-defaults", "--initialize-insecure", data], home);
  else await prepare(installer, ["--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"], home);
  return home;
}

/** How to start a server on a data folder. */
export async function mysqlLaunch(home: Home, settings: MysqlSettings): Promise<Launch> {
  const port = await freePort();
  const { folder } = home;
  const all = {
    datadir: dataFolder(home),
    port,
    socket: join(folder, "server.sock"),
    "pid-file": join(folder, "server.pid"),
    ...SETTINGS,
    ...settings,
  };
  return {
    name: "mysql",
    program: mysqlPrograms().server,
    args: ["--no-defaults", ...mysqlArguments(all)],
    home,
    port,
    stopSignals: { fast: "SIGTERM", immediate: "SIGKILL" },
  };
}

function mysqlArguments(settings: MysqlSettings): string[] {
  return Object.entries(settings).map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}

export interface MariadbPair {
  readonly primary: TestServer;
  readonly replica: TestServer;
  /** The replica goes on receiving, and shows nothing of it until `release`. */
  hold(): Promise<void>;
  release(): Promise<void>;
  /** Waits until the replica shows what the primary has by now. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

/** A MariaDB primary, and a replica that follows its binary log by GTID. */
export async function startMariadbPair({ settings = {} }: MysqlOptions = {}): Promise<MariadbPair> {
  const common = { "log-bin": "binlog", "binlog-format": "ROW", "gtid-strict-mode": true, ...settings } as const;
  const started: TestServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    for (const id of [1, 2])
      started.push(
        await launch(
          await mysqlLaunch(await makeMysqlHome(), { ...common, "server-id": id, ...(id === 2 && { "read-only": true }) }),
        ),
      );
    const [primary, replica] = started as [TestServer, TestServer];
    await primary.query("create user replication@'127.0.0.1'");
    await primary.query("grant replication slave on *.* to replication@'127.0.0.1'");
    await replica.query(
      `change master to master_host='127.0.0.1', master_port=${primary.port}, master_user='replication', master_use_gtid=slave_pos, master_connect_retry=1`,
    );
    await replica.query("start slave");
    const pair: MariadbPair = {
      primary,
      replica,
      hold: async () => void (await replica.query("stop slave sql_thread")),
      release: async () => void (await replica.query("start slave sql_thread")),
      async caughtUp() {
        const [[position] = []] = await primary.query("select @@gtid_current_pos");
        await until("the replica has caught up", async () => {
          const [[reached] = []] = await replica.query(`select master_gtid_wait('${String(position)}', 0)`);
          return Number(reached) === 0;
        });
      },
      stop,
    };
    await pair.caughtUp();
    return pair;
  } catch (error) {
    await stop();
    throw error;
  }
}
