/**
 * The asynchronous engine: a facade over EngineCore for drivers of either colour. `sync/engine.ts` has the same methods.
 */
import type { Dialect } from "../dialects/contract.ts";
import { type EngineConfigOptions, readEngineConfig } from "../engine/options/config.ts";
import type { ConnectionCore } from "../engine/connection.ts";
import { EngineCore, type ReadYourWritesOptions } from "../engine/engineCore.ts";
import { DISPATCHER, type Dispatcher, ENGINE_EVENTS, type EngineEvents, type Listenable } from "../engine/events.ts";
import { type ConnectOptions, type ExecutionOptions, readConnectOptions, stopOf } from "../engine/options/executionOptions.ts";
import type { Echo } from "../engine/logging.ts";
import type { EngineOptions } from "../engine/options/options.ts";
import type { EnginePlugin } from "../engine/options/plugins.ts";
import type { CommitMark } from "../engine/replicas/commitMark.ts";
import type { ReplicaStatus } from "../engine/replicas/replica.ts";
import { type RunOptions, runWithRetry } from "../engine/retry.ts";
import { type BeginOptions, connectOptionsOf } from "../engine/options/transactionOptions.ts";
import type { URL } from "../engine/url.ts";
import { Dispatcher as Listeners } from "../io/dispatcher.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { DisposeOptions, Pool } from "../pool/pool.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { AsyncConnection } from "./connection.ts";
import { AsyncRawConnection } from "./rawConnection.ts";
import { withAsyncTransaction } from "./transaction.ts";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** An asynchronous engine; see `createAsyncEngine`. */
export class AsyncEngine implements Listenable<EngineEvents<AsyncConnection>> {
  /** The listeners of all asynchronous engines: `event.listen(AsyncEngine, "connect", …)`. */
  static readonly [DISPATCHER]: Dispatcher<EngineEvents<AsyncConnection>> = new Listeners<EngineEvents<AsyncConnection>>(
    ENGINE_EVENTS,
  );

  readonly core: EngineCore;

  /** Engines are made by `createAsyncEngine`. */
  constructor(core: EngineCore) {
    this.core = core;
    core.facade = this;
  }

  get [DISPATCHER](): Dispatcher<EngineEvents<AsyncConnection>> {
    return this.core.events;
  }

  get url(): URL {
    return this.core.url;
  }

  get dialect(): Dialect {
    return this.core.dialect;
  }

  get pool(): Pool {
    return this.core.pool;
  }

  /** How the read replicas are doing; empty where the engine has none. */
  get replicas(): readonly ReplicaStatus[] {
    return this.core.replicas?.status ?? [];
  }

  /** The dialect's name: `sqlite`, `postgresql`, `mysql`. */
  get name(): string {
    return this.core.dialect.name;
  }

  /**
   * Whether statements are logged; `echo` of the options. Setting it takes effect at once, for the connections that are open, too, and for the
   * copies of this engine with other execution options.
   *
   * @throws ArgumentError for setting anything but true, false and "debug"
   */
  get echo(): Echo {
    return this.core.log.level;
  }

  set echo(echo: Echo) {
    this.core.log.level = echo;
  }

  /** The driver's name: `better-sqlite3`, `pg` … */
  get driver(): string {
    return this.core.driver.name;
  }

  /** Lends a connection; close it, or declare it with `await using`. Throws TimeoutError when none becomes free in time. */
  async connect(options: ConnectOptions = {}): Promise<AsyncConnection> {
    const stop = stopOf(readConnectOptions(options));
    const connection = this.#open(await runAsync(this.core.connect(options), stop));
    await runAsync(this.core.announce(connection.core));
    return connection;
  }

  /** Runs the callback in a transaction on a connection of its own: commits when its promise is fulfilled, rolls back when it is rejected. */
  async begin<T>(work: (connection: AsyncConnection) => T | Promise<T>, options: BeginOptions = {}): Promise<T> {
    const connection = await this.connect(connectOptionsOf(options));
    try {
      return await withAsyncTransaction(await runAsync(connection.core.transactions.begin(options)), () => work(connection));
    } finally {
      await connection.close();
    }
  }

  /**
   * As `begin`, and does the work again, in a new transaction, when the database reports a serialization failure or a deadlock. The
   * callback may run several times: what it does besides the database must bear that.
   *
   * @throws what the callback throws, and the database's last error when all repetitions have failed
   * @example
   * ```ts no-check
   * await engine.run(async (connection) => {
   *   await connection.execute(update(accounts).where(accounts.c.id.eq(1)).values({ balance: accounts.c.balance.sub(10) }));
   * }, { isolationLevel: "SERIALIZABLE", retries: 5 });
   * ```
   */
  run<T>(work: (connection: AsyncConnection) => T | Promise<T>, options: RunOptions = {}): Promise<T> {
    const stop = options.signal === undefined ? null : stopOf(readConnectOptions({ signal: options.signal }));
    return runAsync(
      runWithRetry(this.core, options, (connection) => this.#open(connection), work),
      stop,
    );
  }

  /**
   * Runs the work so that its read-only connections show what it has committed, however far behind the replicas are: those that lack it
   * are passed over, and the primary serves where none is left. Without replicas the work is just run.
   *
   * @param options `mark`: goes on with the commits of another, from an earlier request for example
   * @throws what the work throws
   * @example
   * ```ts no-check
   * await engine.readYourWrites(async (mark) => {
   *   await engine.begin((connection) => connection.execute(insert(notes).values({ text })));
   *   await engine.begin((connection) => connection.execute(select(notes)), { readOnly: true });   // shows the note
   *   reply.header("x-commit-mark", mark.toString());
   * });
   * ```
   */
  async readYourWrites<T>(work: (mark: CommitMark) => T | Promise<T>, options: ReadYourWritesOptions = {}): Promise<T> {
    return await this.core.readYourWrites(work, options);
  }

  /** A connection of the pool for what only the driver can do; close it. SQLAlchemy: raw_connection. */
  async rawConnection(): Promise<AsyncRawConnection> {
    return new AsyncRawConnection(await runAsync(this.core.rawConnection()), this.core.pool);
  }

  /** A copy of the engine whose connections have these options: it shares the pool. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): AsyncEngine {
    return new AsyncEngine(this.core.withExecutionOptions(options));
  }

  /** Changes the options of the connections that this engine lends from now on. */
  updateExecutionOptions(options: ExecutionOptions): void {
    this.core.updateExecutionOptions(options);
  }

  getExecutionOptions(): ExecutionOptions {
    return this.core.executionOptions;
  }

  /** Closes the pool's idle connections; with `close: false` only forgets them. The engine can be used again afterwards. */
  dispose(options: DisposeOptions = {}): Promise<void> {
    return runAsync(this.core.dispose(options));
  }

  /** `dispose()`, at the end of the block that declares the engine with `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Forgets all compiled statements. */
  clearCompiledCache(): void {
    this.core.statementCache.clear();
  }

  /** Runs schema work in a transaction of its own. For MetaData. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): Promise<void> {
    return runAsync(this.core.runSchema(work), stopOf(this.core.executionOptions));
  }

  /** `AsyncEngine(postgresql://user:***@host/name)`: what is printed has no password. */
  toString(): string {
    return `AsyncEngine(${this.url.toString()})`;
  }

  [INSPECT](): string {
    return this.toString();
  }

  #open(core: ConnectionCore): AsyncConnection {
    const connection = new AsyncConnection(core, this);
    core.watch(connection);
    return connection;
  }
}

/**
 * Makes an asynchronous engine. It connects when it is first used.
 *
 * @throws ArgumentError for a URL or option that makes no sense, NoSuchModuleError where the driver is not installed
 * @example
 * ```ts no-check
 * const engine = createAsyncEngine("postgresql://user:secret@localhost/db", { poolSize: 5 });
 * ```
 */
export function createAsyncEngine(url: string | URL, options: EngineOptions = {}): AsyncEngine {
  const plugins: EnginePlugin[] = [];
  const engine = new AsyncEngine(EngineCore.create(url, options, "async", AsyncEngine[DISPATCHER], plugins));
  for (const plugin of plugins) plugin.engineCreated?.(engine);
  return engine;
}

/**
 * Makes an asynchronous engine from flat configuration, whose values may all be strings. SQLAlchemy: async_engine_from_config.
 *
 * @throws ArgumentError where there is no URL, and for what is no option or not of its kind
 * @example
 * ```ts no-check
 * const engine = asyncEngineFromConfig({ "athanor.url": "postgresql://localhost/db", "athanor.pool_size": "5", "athanor.echo": "true" });
 * ```
 */
export function asyncEngineFromConfig(config: Readonly<Record<string, unknown>>, options: EngineConfigOptions = {}): AsyncEngine {
  const read = readEngineConfig(config, options);
  return createAsyncEngine(read.url, read.options);
}
