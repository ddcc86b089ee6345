/**
 * PostgreSQL servers of our own: a single one, and a primary with standbys that follow it by streaming replication. For
 * global-setup.ts where no server runs, and for tests that need one to disturb.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyHome, dataFolder, type Home, makeHome } from "./home.ts";
import { freePort } from "./ports.ts";
import { postgresqlPrograms, type PostgresqlPrograms } from "./programs.ts";
import { launch, prepare, type TestServer, until } from "./server.ts";

/** Parameters of postgresql.conf. */
export type PostgresqlSettings = Readonly<Record<string, string | number>>;

export interface PostgresqlOptions {
  /** Over the defaults, for example `{ max_connections: 10 }`. */
  readonly settings?: PostgresqlSettings;
}

const SETTINGS: PostgresqlSettings = {
  listen_addresses: "127.0.0.1",
  // Nothing has to survive a crash of the machine; a crash of the server loses nothing all the same.
  fsync: "off",
  full_page_writes: "off",
  max_connections: 200,
  max_prepared_transactions: 20,
};

export async function startPostgresql({ settings = {} }: PostgresqlOptions = {}): Promise<TestServer> {
  const home = makeHome("postgres");
  const programs = postgresqlPrograms(home);
  await initialize(programs, home);
  return run(programs, home, settings);
}

export interface PostgresqlPair {
  readonly primary: TestServer;
  /** The first of the standbys. */
  readonly standby: TestServer;
  readonly standbys: readonly TestServer[];
  /** Standbys go on receiving, and show nothing of it: replication is held back until `release`. */
  hold(standby?: TestServer): Promise<void>;
  release(standby?: TestServer): Promise<void>;
  /** Waits until the standby shows what the primary has by now. */
  caughtUp(standby?: TestServer): Promise<void>;
  /** The standby becomes a primary of its own. */
  promote(standby?: TestServer): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresqlPairOptions extends PostgresqlOptions {
  /** How many follow the primary; default 1. */
  readonly standbys?: number;
  /** Over the defaults, for the standbys alone: `{ recovery_min_apply_delay: "2s" }`. */
  readonly standbySettings?: PostgresqlSettings;
}

/** A primary and its standbys: one, unless told otherwise. */
export async function startPostgresqlPair(options: PostgresqlPairOptions = {}): Promise<PostgresqlPair> {
  const { settings = {}, standbys: count = 1, standbySettings = {} } = options;
  const replication = { wal_level: "replica", max_wal_senders: count + 2, wal_keep_size: "64MB", hot_standby: "on" };
  const home = makeHome("postgres");
  const programs = postgresqlPrograms(home);
  await initialize(programs, home);
  const started: TestServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const primary = await run(programs, home, { ...replication, ...settings });
    started.push(primary);
    // A copy of a cluster that was shut down is as good as a base backup, and made at once. It must have been started before, because
    // initdb leaves behind that it wrote too little for a standby.
    await primary.shutDown();
    const homes = Array.from({ length: count }, () => standbyHome(home));
    await primary.start();
    const standbys = await Promise.all(
      homes.map((itsHome, index) => {
        const primary_conninfo = `host=127.0.0.1 port=${primary.port} user=postgres application_name=standby${index + 1}`;
        return run(programs, itsHome, {
          ...replication,
          primary_conninfo,
          wal_retrieve_retry_interval: "100ms",
          ...settings,
          ...standbySettings,
        });
      }),
    );
    started.push(...standbys);
    const [first] = standbys as [TestServer];
    const pair: PostgresqlPair = {
      primary,
      standby: first,
      standbys,
      async hold(standby = first) {
        await standby.query("select pg_wal_replay_pause()");
        await until("replay is paused", async () => {
          const [[state] = []] = await standby.query("select pg_get_wal_replay_pause_state()");
          return state === "paused";
        });
      },
      async release(standby = first) {
        await standby.query("select pg_wal_replay_resume()");
      },
      async caughtUp(standby = first) {
        const [[position] = []] = await primary.query("select pg_current_wal_flush_lsn()::text");
        await until("the standby has caught up", async () => {
          const [[reached] = []] = await standby.query(`select pg_last_wal_replay_lsn() >= '${String(position)}'::pg_lsn`);
          return reached === true;
        });
      },
      async promote(standby = first) {
        await standby.query("select pg_promote()");
      },
      stop,
    };
    for (const standby of standbys) await pair.caughtUp(standby);
    return pair;
  } catch (error) {
    await stop();
    throw error;
  }
}

function initialize({ initdb }: PostgresqlPrograms, home: Home): Promise<void> {
  return prepare(
    initdb,
    ["-D", dataFolder(home), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    home,
  );
}

/** A copy of the home, marked as a standby's. */
function standbyHome(home: Home): Home {
  const copy = copyHome(home);
  writeFileSync(join(dataFolder(copy), "standby.signal"), "");
  return copy;
}

async function run({ postgres }: PostgresqlPrograms, home: Home, settings: PostgresqlSettings): Promise<TestServer> {
  const port = await freePort();
  const all = { port, unix_socket_directories: home.folder, ...SETTINGS, ...settings };
  return launch({
    name: "postgresql",
    program: postgres,
    args: ["-D", dataFolder(home), ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    home,
    port,
    stopSignals: { fast: "SIGINT", immediate: "SIGQUIT" },
  });
}
