/**
 * The engine: URL, dialect, driver, pool and statement cache, and how a connection is opened. Both facades are built on it; it does no
 * I/O of its own but through requests.
 */
import type { Dialect, Driver } from "../dialects/contract.ts";
import { makeDialect } from "../dialects/index.ts";
import { control } from "../dialects/server.ts";
import { ArgumentError, NotYetSupportedError } from "../errors/base.ts";
import type { DriverConnection } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import type { Pool, PoolHost } from "../pool/pool.ts";
import { QueuePool } from "../pool/queuePool.ts";
import { SingleConnectionPool } from "../pool/singleConnectionPool.ts";
import type { Compiled } from "../sql/compile/compiled.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { Lru } from "../util/lru.ts";
import { ConnectionCore } from "./connection.ts";
import { wrapDriverError } from "./driverErrors.ts";
import { findDriver } from "./driverRegistry.ts";
import { Dispatcher, ENGINE_EVENTS, type EngineEvents, PLANNED_ENGINE_EVENTS } from "./events.ts";
import { type EngineOptions, type EngineSettings, readEngineOptions } from "./options.ts";
import { makeUrl, type URL } from "./url.ts";

/** How a facade may use a driver: a synchronous engine needs one that answers at once. */
export type Colour = "sync" | "async";

export class EngineCore {
  readonly url: URL;
  readonly dialect: Dialect;
  readonly driver: Driver;
  readonly pool: Pool;
  readonly settings: EngineSettings;
  readonly statementCache: Lru<string, Compiled>;
  readonly events = new Dispatcher<EngineEvents>(ENGINE_EVENTS, PLANNED_ENGINE_EVENTS);
  #isInitialized = false;

  constructor(url: string | URL, options: EngineOptions, colour: Colour) {
    const caller = colour === "sync" ? "createEngine" : "createAsyncEngine";
    this.url = makeUrl(url);
    this.settings = readEngineOptions(options, caller);
    this.dialect = makeDialect(this.url.getBackendName());
    if (this.dialect.defaultDriver === "")
      throw new ArgumentError(`${caller}: "${this.url.getBackendName()}" is no database to connect to`);
    this.driver = this.settings.driver ?? findDriver(this.dialect.name, this.url.getDriverName() || this.dialect.defaultDriver);
    if (colour === "sync" && this.driver.colour === "async")
      throw new NotYetSupportedError(
        `createEngine: a synchronous engine over ${this.dialect.name} is not supported yet, because the driver ${this.driver.name} answers with promises; use createAsyncEngine("${this.url.toString()}")`,
      );
    this.driver.load();
    this.statementCache = new Lru(this.settings.queryCacheSize);
    this.pool = this.#makePool();
  }

  /** One line for the log, where echo is on. */
  readonly log = (line: string): void => {
    if (this.settings.echo) this.settings.logger(line);
  };

  /** Lends a connection. */
  *connect(): Io<ConnectionCore> {
    return new ConnectionCore(this, yield* this.pool.acquire());
  }

  /** Closes idle connections; the engine can be used again afterwards. */
  *dispose(): Io<void> {
    yield* this.pool.dispose();
  }

  /** Runs schema work in a transaction of its own. */
  *runSchema(work: (connection: SchemaConnection) => Io<void>): Io<void> {
    const connection = yield* this.connect();
    try {
      yield* work(connection);
      yield* connection.commit();
    } finally {
      yield* connection.close();
    }
  }

  #makePool(): Pool {
    const host: PoolHost = {
      open: () => this.#open(),
      ping: (connection) => this.#ping(connection),
      reset: (connection) => this.#reset(connection),
      onConnect: (record) => this.events.emit("connect", record.connection.driverConnection, record),
    };
    const {
      poolSize: size,
      maxOverflow,
      poolTimeout: timeout,
      poolRecycle: recycle,
      poolPrePing: prePing,
      poolUseLifo: useLifo,
    } = this.settings;
    if (this.dialect.name === "sqlite" && isInMemory(this.url)) return new SingleConnectionPool(host, { timeout });
    return new QueuePool(host, { size, maxOverflow, timeout, recycle, prePing, useLifo });
  }

  *#open(): Io<DriverConnection> {
    const { host, port, username, password, database, query } = this.url;
    const target = { host, port, username, password, database, query, connectArgs: this.settings.connectArgs };
    let connection: DriverConnection | null = null;
    try {
      connection = (yield { kind: "connect", open: () => this.driver.connect(target) }) as DriverConnection;
      if (!this.#isInitialized) {
        yield* this.dialect.initialize(connection);
        this.#isInitialized = true;
      }
      yield* this.dialect.prepareConnection(connection);
      return connection;
    } catch (error) {
      if (connection !== null) yield { kind: "close", connection };
      throw wrapDriverError(this.dialect, error, { sql: null, parameters: undefined, hideParameters: true });
    }
  }

  *#ping(connection: DriverConnection): Io<boolean> {
    try {
      yield control(connection, "SELECT 1", true);
      return true;
    } catch {
      return false;
    }
  }

  *#reset(connection: DriverConnection): Io<void> {
    yield control(connection, "ROLLBACK");
  }
}

/** SQLite without a file: the database lives as long as its one connection. */
function isInMemory(url: URL): boolean {
  const database = url.database;
  return (
    database === null ||
    database === ":memory:" ||
    /^file:.*(?::memory:|mode=memory)/.test(database) ||
    url.query["mode"] === "memory"
  );
}
