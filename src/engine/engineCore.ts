/**
 * The engine: URL, dialect, driver, pool and statement cache, and how a connection is opened. Both facades are built on it; it does no
 * I/O of its own but through requests.
 */
import type { ConnectTarget, Dialect, Driver } from "../dialects/contract.ts";
import { makeDialect } from "../dialects/index.ts";
import { control } from "../dialects/server.ts";
import { ArgumentError, AthanorError } from "../errors/base.ts";
import { CancelledError } from "../errors/engine.ts";
import { Dispatcher } from "../io/dispatcher.ts";
import type { DriverConnection } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import { runSync } from "../io/runSync.ts";
import { POOL_EVENTS, type PoolEvents } from "../pool/events.ts";
import { makePool } from "../pool/options.ts";
import type { DisposeOptions, Pool, PooledConnection, PoolHost } from "../pool/pool.ts";
import { QueuePool } from "../pool/queuePool.ts";
import { SingleConnectionPool } from "../pool/singleConnectionPool.ts";
import type { Compiled } from "../sql/compile/compiled.ts";
import type { PlanOptions } from "../sql/compile/execute.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { Lru } from "../util/lru.ts";
import { bridgedDriver } from "./bridge/bridge.ts";
import { ConnectionCore } from "./connection.ts";
import { handleDriverError, messageOf } from "./driverErrors.ts";
import { findDriver } from "./driverRegistry.ts";
import { ENGINE_EVENTS, type EngineEvents } from "./events.ts";
import { checkExecutionOptions, type ConnectOptions, type ExecutionOptions } from "./options/executionOptions.ts";
import { serverName, targetsOf } from "./hosts.ts";
import { Log } from "./logging.ts";
import { type EngineOptions, type EngineSettings, readEngineOptions } from "./options/options.ts";
import { patientConnection } from "./patientConnection.ts";
import { applyPlugins, type EnginePlugin } from "./options/plugins.ts";
import { CommitMark, requireMark } from "./replicas/commitMark.ts";
import { Replica } from "./replicas/replica.ts";
import { type Loan, ReplicaSet } from "./replicas/replicaSet.ts";
import { isReadOnly, transactionMode } from "./options/transactionOptions.ts";
import { makeUrl, type URL } from "./url.ts";

/** How a facade may use a driver: a synchronous engine needs one that answers at once. */
export type Colour = "sync" | "async";

/** How long a connection has for a sign of life before it counts as lost. */
const PING_PATIENCE_MS = 5_000;

/** The options of `readYourWrites()`. */
export interface ReadYourWritesOptions {
  /** Goes on with a mark from elsewhere instead of a new one. */
  readonly mark?: CommitMark | null;
}

/** In seconds, as URLs have it. */
const REPLICA_CONNECT_TIMEOUT = "5";

/** What an engine and its copies with other execution options have in common. */
interface Shared {
  readonly url: URL;
  readonly colour: Colour;
  readonly dialect: Dialect;
  readonly driver: Driver;
  readonly settings: EngineSettings;
  readonly statementCache: Lru<string, Compiled>;
  readonly pool: Pool;
  /** Null where the engine has none. */
  readonly replicas: ReplicaSet | null;
  readonly log: Log;
}

export class EngineCore {
  readonly url: URL;
  readonly colour: Colour;
  readonly dialect: Dialect;
  readonly driver: Driver;
  readonly settings: EngineSettings;
  readonly statementCache: Lru<string, Compiled>;
  readonly pool: Pool;
  readonly replicas: ReplicaSet | null;
  readonly log: Log;
  readonly events: Dispatcher<EngineEvents>;
  /** What listeners of engine events are given; the facade sets itself here. */
  facade: object = this;
  /** How statements are planned where no option says otherwise. */
  readonly planOptions: PlanOptions;
  #executionOptions: ExecutionOptions;

  private constructor(shared: Shared, events: Dispatcher<EngineEvents>, executionOptions: ExecutionOptions) {
    this.url = shared.url;
    this.colour = shared.colour;
    this.dialect = shared.dialect;
    this.driver = shared.driver;
    this.settings = shared.settings;
    this.statementCache = shared.statementCache;
    this.pool = shared.pool;
    this.replicas = shared.replicas;
    this.log = shared.log;
    this.events = events;
    this.planOptions = { pageSize: shared.settings.insertmanyvaluesPageSize };
    this.#executionOptions = executionOptions;
    transactionMode(this.dialect, executionOptions);
  }

  /**
   * Makes an engine; it connects when it is first used.
   *
   * @param allEngines the listeners of all engines of this colour
   * @param plugins takes the plugins, who want to be told of the facade
   * @param caller whose options they are, for messages
   */
  static create(
    givenUrl: string | URL,
    givenOptions: EngineOptions,
    colour: Colour,
    allEngines: Dispatcher<EngineEvents>,
    plugins: EnginePlugin[] = [],
    caller = colour === "sync" ? "createEngine" : "createAsyncEngine",
  ): EngineCore {
    const prepared = applyPlugins(makeUrl(givenUrl), givenOptions);
    plugins.push(...prepared.plugins);
    const { url } = prepared;
    const settings = readEngineOptions(prepared.options, caller);
    const dialect = makeDialect(url.getBackendName(), settings);
    if (dialect.defaultDriver === "")
      throw new ArgumentError(`${caller}: "${url.getBackendName()}" is no database to connect to`);
    const named = settings.driver ?? findDriver(dialect.name, url.getDriverName() || dialect.defaultDriver);
    const driver = colour === "sync" && named.colour === "async" ? bridgedDriver(named) : named;
    driver.load();
    const events = new Dispatcher<EngineEvents>(ENGINE_EVENTS, allEngines);
    const log = new Log(logName("athanor.engine.Engine", settings.loggingName), settings.echo, settings.logger);
    const statementCache = new Lru<string, Compiled>(settings.queryCacheSize);
    const poolOf = (itsUrl: URL): Pool => new Opener(itsUrl, dialect, driver, settings, events, colour).makePool(caller);
    const pool = settings.pool ?? poolOf(url);
    const replicas = makeReplicas(url, dialect, settings, poolOf, log, caller);
    return new EngineCore(
      { url, colour, dialect, driver, settings, statementCache, pool, replicas, log },
      events,
      settings.executionOptions,
    );
  }

  /** The options of this engine's connections, unless they say otherwise. */
  get executionOptions(): ExecutionOptions {
    return this.#executionOptions;
  }

  /** A copy with other options: it shares the pool and the cache, and its listeners come after this one's. */
  withExecutionOptions(options: ExecutionOptions): EngineCore {
    const added: Record<string, unknown> = { ...checkExecutionOptions(options, "executionOptions()") };
    // Making an engine does no I/O in either colour, so that a listener cannot be waited for.
    runSync(this.events.emit("setEngineExecutionOptions", this.facade, added));
    const merged = { ...this.#executionOptions, ...checkExecutionOptions(added, "setEngineExecutionOptions") };
    return new EngineCore(this, new Dispatcher<EngineEvents>(ENGINE_EVENTS, this.events), merged);
  }

  /** Changes the options of this engine's later connections. */
  updateExecutionOptions(options: ExecutionOptions): void {
    const merged = { ...this.#executionOptions, ...checkExecutionOptions(options, "updateExecutionOptions()") };
    transactionMode(this.dialect, merged);
    this.#executionOptions = merged;
  }

  /**
   * Lends a connection: of a replica where it is only for reading and one can serve, else of the primary.
   *
   * @param options `signal` and `timeout` are the runner's affair
   */
  *connect({ readOnly, mark }: ConnectOptions = {}): Io<ConnectionCore> {
    const options = readOnly === undefined ? this.#executionOptions : { ...this.#executionOptions, readOnly };
    const loan = yield* this.lend(isReadOnly(options), mark ?? null);
    return new ConnectionCore(this, loan, options, mark ?? null);
  }

  /** What `connect` makes a connection of; connections that were lost ask for another. */
  *lend(isOnlyForReading: boolean, mark: CommitMark | null): Io<Loan> {
    const { replicas } = this;
    const loan = replicas !== null && isOnlyForReading ? yield* replicas.lend(mark ?? replicas.contextMark) : null;
    return loan ?? { pool: this.pool, record: yield* this.#acquire(), isReplica: false };
  }

  /** A pool of another engine opens connections without this engine's dialect having seen any. */
  *#acquire(): Io<PooledConnection> {
    const record = yield* this.pool.acquire();
    if (initialized.has(this.dialect)) return record;
    try {
      yield* initialize(this.dialect, record.connection);
      return record;
    } catch (error) {
      yield* this.pool.release(record, { discard: true, error });
      const failed = { sql: null, parameters: undefined, hideParameters: true };
      throw (yield* handleDriverError(this.dialect, this.events, error, failed, { facade: null })).error;
    }
  }

  /** Runs the work with a mark for what it commits; without replicas there is nothing to be marked. */
  readYourWrites<T>(work: (mark: CommitMark) => T, { mark = null }: ReadYourWritesOptions = {}): T {
    if (typeof work !== "function") throw new ArgumentError("readYourWrites() takes a function");
    requireMark(mark, "readYourWrites()");
    return this.replicas === null ? work(mark ?? new CommitMark()) : this.replicas.runWithMark(mark, work);
  }

  /** Tells who listens that the connection is the application's now; gives it back when a listener refuses. */
  *announce(connection: ConnectionCore): Io<void> {
    if (!this.events.has("engineConnect")) return;
    try {
      yield* this.events.emit("engineConnect", connection.facade);
    } catch (error) {
      yield* connection.close();
      throw error;
    }
  }

  /** Closes idle connections; the engine can be used again afterwards. */
  *dispose(options: DisposeOptions = {}): Io<void> {
    yield* this.pool.dispose(options);
    if (this.replicas !== null) yield* this.replicas.dispose(options);
    if (this.events.has("engineDisposed")) yield* this.events.emit("engineDisposed", this.facade);
  }

  /** Lends a connection for what only the driver can do. */
  *rawConnection(): Io<PooledConnection> {
    return yield* this.pool.acquire();
  }

  /** Runs schema work in a transaction of its own. */
  *runSchema(work: (connection: SchemaConnection) => Io<void>): Io<void> {
    const connection = yield* this.connect();
    try {
      yield* work(connection);
      yield* connection.transactions.commit();
    } finally {
      yield* connection.close();
    }
  }
}

function makeReplicas(
  primary: URL,
  dialect: Dialect,
  settings: EngineSettings,
  poolOf: (url: URL) => Pool,
  log: Log,
  caller: string,
): ReplicaSet | null {
  if (settings.replicas === null) return null;
  const replicas = settings.replicas.urls.map((url) => {
    if (url.drivername !== primary.drivername)
      throw new ArgumentError(
        `${caller}: a replica is reached as the primary is: ${url.toString()} must begin with ${primary.drivername}:`,
      );
    // A server that is silent, rather than down, is found out by the time it takes; readers wait for that.
    const isPatient = url.host === null || "connect_timeout" in url.query;
    return new Replica(url, poolOf(isPatient ? url : url.updateQueryDict({ connect_timeout: REPLICA_CONNECT_TIMEOUT })));
  });
  return new ReplicaSet(replicas, dialect, settings.replicas, (line) => log.info(line));
}

/** Dialects that have learned from a first connection what server they talk to; that of replicas is the primary's. */
const initialized = new WeakSet<Dialect>();

/** Lets a dialect learn from a connection in which nothing has begun, unless it has learned from another. */
function* initialize(dialect: Dialect, connection: DriverConnection): Io<void> {
  if (initialized.has(dialect)) return;
  yield* dialect.initialize(connection);
  initialized.add(dialect);
}

/** Opens, pings and resets connections: the pool's host. */
class Opener implements PoolHost {
  readonly events: Dispatcher<PoolEvents>;
  readonly log: PoolHost["log"];
  readonly #target: ConnectTarget;
  /** The servers of the URL, in the order in which they are tried. */
  readonly #targets: readonly ConnectTarget[];
  readonly #dialect: Dialect;
  readonly #driver: Driver;
  readonly #settings: EngineSettings;
  readonly #engineEvents: Dispatcher<EngineEvents>;
  readonly #colour: Colour;

  constructor(
    url: URL,
    dialect: Dialect,
    driver: Driver,
    settings: EngineSettings,
    engineEvents: Dispatcher<EngineEvents>,
    colour: Colour,
  ) {
    const { host, port, username, password, database, query } = url;
    this.#target = { host, port, username, password, database, query, connectArgs: settings.connectArgs };
    this.#targets = targetsOf(this.#target);
    this.#colour = colour;
    this.#dialect = dialect;
    this.#driver = driver;
    this.#settings = settings;
    this.#engineEvents = engineEvents;
    this.events = new Dispatcher<PoolEvents>(POOL_EVENTS, engineEvents);
    const log = new Log(
      logName(`athanor.pool.${this.#poolClass().name}`, settings.poolLoggingName),
      settings.echoPool,
      settings.logger,
    );
    this.log = log.isOn ? (line, level) => log[level](line) : null;
  }

  makePool(caller: string): Pool {
    return makePool(this.#poolClass(), this, this.#settings.poolOptions, caller);
  }

  #poolClass(): typeof QueuePool | typeof SingleConnectionPool | NonNullable<EngineSettings["poolClass"]> {
    if (this.#settings.poolClass !== null) return this.#settings.poolClass;
    return this.#driver.singleConnection?.(this.#target) === true ? SingleConnectionPool : QueuePool;
  }

  /** Waiting for a lock inside the driver would hold up the whole program, and with it whoever has the lock. */
  get #mustNotBlock(): boolean {
    return this.#colour === "async" && this.#driver.colour === "sync" && this.#driver.singleConnection?.(this.#target) !== true;
  }

  *open(): Io<DriverConnection> {
    let connection: DriverConnection | null = null;
    const passedOver: string[] = [];
    try {
      connection = yield* this.#connectAnywhere(passedOver);
      yield* initialize(this.#dialect, connection);
      yield* this.#dialect.prepareConnection(connection);
      return this.#mustNotBlock ? yield* patientConnection(connection) : connection;
    } catch (error) {
      if (connection !== null) yield { kind: "close", connection };
      throw (yield* this.#handle(error, null, false, connection === null ? passedOver : [])).error;
    }
  }

  /**
   * Connects to the first server that is there. One that is there and refuses who asks says what the others would say.
   *
   * @param passedOver takes a line about each server that was not there, for the error of the last one
   */
  *#connectAnywhere(passedOver: string[]): Io<DriverConnection> {
    for (const target of this.#targets.slice(0, -1)) {
      try {
        return yield* this.#connect(target);
      } catch (error) {
        if (error instanceof AthanorError || !this.#dialect.classifyError(error).isDisconnect) throw error;
        passedOver.push(`${serverName(target)}: ${messageOf(error)}`);
      }
    }
    return yield* this.#connect(this.#targets.at(-1)!);
  }

  *#connect(wantedTarget: ConnectTarget): Io<DriverConnection> {
    const target = { ...wantedTarget };
    const { creator } = this.#settings;
    const given = yield* this.#engineEvents.transform<"doConnect", DriverConnection | null>("doConnect", null, () => [target]);
    if (given !== null) return given;
    const open = (deadline?: number, signal?: AbortSignal): ReturnType<Driver["connect"]> => {
      const connect = (wanted: ConnectTarget): ReturnType<Driver["connect"]> => this.#driver.connect(wanted, deadline, signal);
      return creator === null ? connect(target) : creator(target, connect);
    };
    return (yield { kind: "connect", open }) as DriverConnection;
  }

  *ping(connection: DriverConnection): Io<boolean> {
    try {
      yield control(connection, "SELECT 1", true, { giveUpAfter: PING_PATIENCE_MS });
      return true;
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      yield* this.#handle(error, "SELECT 1", true);
      return false;
    }
  }

  *reset(connection: DriverConnection, way: "rollback" | "commit"): Io<void> {
    yield control(connection, way.toUpperCase(), false, { unstoppable: true });
  }

  #handle(
    error: unknown,
    sql: string | null,
    isPrePing: boolean,
    passedOver: readonly string[] = [],
  ): ReturnType<typeof handleDriverError> {
    const failed = { sql, parameters: undefined, hideParameters: true, passedOver };
    return handleDriverError(this.#dialect, this.#engineEvents, error, failed, { facade: null, isPrePing });
  }
}

function logName(name: string, own: string | null): string {
  return own === null ? name : `${name}.${own}`;
}
