/**
 * One database server of our own: started, stopped, restarted on the same port and data, paused so that it never answers. The files
 * beside this one know the programs and their settings. It ends with the test process (guard.ts) and never touches another server.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { connectRaw, type RawConnection } from "../raw-connections.ts";
import { descendants, forgetProcess, signal, watchProcess } from "./guard.ts";
import { CannotStart, type Home } from "./home.ts";

const execFileAsync = promisify(execFile);

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;

/** `fast`: orderly, sessions are ended and everything is written; `immediate`: like a crash, with recovery at the next start. */
export type StopMode = "fast" | "immediate";

export interface Launch {
  readonly name: "postgresql" | "mysql";
  readonly program: string;
  readonly args: readonly string[];
  readonly home: Home;
  readonly port: number;
  readonly stopSignals: Readonly<Record<StopMode, NodeJS.Signals>>;
  /** Asked once the server takes connections; default: it is ready then. */
  readonly isReady?: (connection: RawConnection) => Promise<boolean>;
}

export class TestServer {
  readonly name: "postgresql" | "mysql";
  readonly port: number;
  readonly #launch: Launch;
  /** With what it is started the next time. */
  args: readonly string[];
  #child: ChildProcess | null = null;
  #end: Promise<void> = Promise.resolve();
  #paused: number[] = [];
  #log = "";

  constructor(launch: Launch) {
    this.name = launch.name;
    this.port = launch.port;
    this.#launch = launch;
    this.args = launch.args;
  }

  /** The URL of a superuser, in the database with which the server came. */
  get adminUrl(): string {
    return this.url(this.name === "postgresql" ? "postgres" : "");
  }

  /** The URL of a superuser in a database. */
  url(database: string): string {
    const user = this.name === "postgresql" ? "postgres" : "root";
    return `${this.name}://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** The last lines that the server has written. */
  get log(): string {
    return this.#log;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** A connection that bypasses the library. Close it. */
  connect(database?: string): Promise<RawConnection> {
    return connectRaw(this.name, database === undefined ? this.adminUrl : this.url(database));
  }

  /** Runs one statement on a connection of its own, and answers with its rows. */
  async query(sql: string, database?: string): Promise<unknown[][]> {
    const connection = await this.connect(database);
    try {
      return await connection.query(sql);
    } finally {
      await connection.close();
    }
  }

  /** Starts the server, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#child !== null) throw new Error("the server is running already");
    const { program, home } = this.#launch;
    const child = spawn(program, this.args, { cwd: home.folder, stdio: ["ignore", "ignore", "pipe"], ...home.user });
    const { pid } = child;
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-8000)));
    this.#end = new Promise((resolve) => {
      const finish = () => {
        if (pid !== undefined) forgetProcess(pid);
        this.#child = null;
        resolve();
      };
      child.on("error", finish);
      child.on("exit", finish);
    });
    if (pid !== undefined) watchProcess(pid);
    await this.#untilReady();
  }

  /** Stops the server and keeps its data; `start` brings it back. */
  async shutDown(mode: StopMode = "fast"): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    // A stopped process hears of no signal but SIGKILL.
    this.resume();
    child.kill(this.#launch.stopSignals[mode]);
    // Unreferenced: a timer that outlives the race would hold up the end of the test process.
    await Promise.race([this.#end, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    if (this.#child !== null) for (const pid of [child.pid, ...descendants(child.pid)]) signal(pid, "SIGKILL");
    await this.#end;
  }

  /** Stops the server and starts it again on the same port, with the same data. */
  async restart(mode: StopMode = "fast"): Promise<void> {
    await this.shutDown(mode);
    await this.start();
  }

  /**
   * Makes the server fall silent: connections stay open, new ones are taken by the system, and nobody answers until `resume`.
   *
   * @param backends only these sessions of PostgreSQL, by pg_backend_pid(); MariaDB's sessions are threads, which cannot be paused
   */
  pause(backends?: readonly number[]): void {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the server is not running");
    if (backends === undefined) {
      // Itself first, so that it cannot make children meanwhile.
      this.#pauseOne(pid);
      for (const child of descendants(pid)) this.#pauseOne(child);
      return;
    }
    const own = new Set(descendants(pid));
    const stranger = backends.find((backend) => !own.has(backend));
    if (stranger !== undefined) throw new Error(`${stranger} is no process of this server`);
    for (const backend of backends) this.#pauseOne(backend);
  }

  /** Ends every pause. */
  resume(): void {
    for (const pid of this.#paused) signal(pid, "SIGCONT");
    this.#paused = [];
  }

  /** Stops the server for good and deletes its data. */
  async stop(): Promise<void> {
    await this.shutDown("immediate");
    rmSync(this.#launch.home.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #pauseOne(pid: number): void {
    if (!signal(pid, "SIGSTOP")) return;
    this.#paused.push(pid);
    waitUntilStopped(pid);
  }

  async #untilReady(): Promise<void> {
    const { isReady, program } = this.#launch;
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (this.#child !== null && Date.now() < deadline) {
      try {
        const connection = await this.connect();
        try {
          if (isReady === undefined || (await isReady(connection))) return;
        } finally {
          await connection.close();
        }
      } catch {
        // Not yet.
      }
      await sleep(50);
    }
    await this.shutDown("immediate");
    throw new CannotStart(`${program} did not come up: ${this.#log.trim().split("\n").slice(-5).join(" | ")}`);
  }
}

/** Runs a program that prepares a server's data, as the user of the server. */
export async function prepare(program: string, args: readonly string[], { folder, user }: Home): Promise<void> {
  try {
    await execFileAsync(program, args, { cwd: folder, ...user });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new CannotStart(`${program} failed: ${(stderr || message).trim().split("\n").slice(-3).join(" | ")}`);
  }
}

/** Asks until the answer is yes. */
export async function until(what: string, isSo: () => Promise<boolean>, timeout = 30_000): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`after ${timeout} ms still not: ${what}`);
    await sleep(20);
  }
}

/** The first start of a server; where it fails, nothing is left behind. */
export async function launch(what: Launch): Promise<TestServer> {
  const server = new TestServer(what);
  try {
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The signal takes a moment to reach all threads, in which a server still answers. Where there is no /proc, that moment is waited out. */
function waitUntilStopped(pid: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < 100; attempt++) {
    Atomics.wait(pause, 0, 0, 5);
    if (statesOfThreads(pid).every((state) => state === "T")) return;
  }
}

function statesOfThreads(pid: number): readonly string[] {
  try {
    const folder = `/proc/${pid}/task`;
    return readdirSync(folder).map(
      (thread) => / ([A-Za-z]) /.exec(readFileSync(`${folder}/${thread}/stat`, "utf8").replace(/^.*\)/, ""))?.[1] ?? "",
    );
  } catch {
    return ["?"];
  }
}
