/**
 * The synchronous engine: a facade over EngineCore for drivers that answer at once. `async/engine.ts` has the same methods.
 */
import type { Dialect } from "../dialects/contract.ts";
import { EngineCore } from "../engine/engineCore.ts";
import { DISPATCHER, type Dispatcher, type EngineEvents, type Listenable } from "../engine/events.ts";
import type { EngineOptions } from "../engine/options.ts";
import type { URL } from "../engine/url.ts";
import type { Io } from "../io/io.ts";
import { runSync } from "../io/runSync.ts";
import type { Pool } from "../pool/pool.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { Connection } from "./connection.ts";
import { withTransaction } from "./transaction.ts";

/** A synchronous engine; see `createEngine`. */
export class Engine implements Listenable<EngineEvents<Connection>> {
  readonly core: EngineCore;

  /** Engines are made by `createEngine`. */
  constructor(core: EngineCore) {
    this.core = core;
  }

  get [DISPATCHER](): Dispatcher<EngineEvents<Connection>> {
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

  /** The dialect's name: `sqlite`, `postgresql`, `mysql`. */
  get name(): string {
    return this.core.dialect.name;
  }

  /** The driver's name: `better-sqlite3`, `pg` … */
  get driver(): string {
    return this.core.driver.name;
  }

  /** Lends a connection; close it, or declare it with `using`. */
  connect(): Connection {
    return new Connection(runSync(this.core.connect()), this);
  }

  /** Runs the callback in a transaction on a connection of its own: commits when it returns, rolls back when it throws. */
  begin<T>(work: (connection: Connection) => T): T {
    const connection = this.connect();
    try {
      return withTransaction(runSync(connection.core.begin()), () => work(connection));
    } finally {
      connection.close();
    }
  }

  /** Closes the pool's idle connections. The engine can be used again afterwards. */
  dispose(): void {
    runSync(this.core.dispose());
  }

  /** Forgets all compiled statements. */
  clearCompiledCache(): void {
    this.core.statementCache.clear();
  }

  /** Runs schema work in a transaction of its own. For MetaData. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): void {
    runSync(this.core.runSchema(work));
  }
}

/**
 * Makes a synchronous engine. It connects when it is first used.
 *
 * @throws ArgumentError for a URL or option that makes no sense, NoSuchModuleError where the driver is not installed,
 * NotYetSupportedError for PostgreSQL and MySQL, whose drivers are asynchronous
 * @example
 * ```ts no-check
 * const engine = createEngine("sqlite:///app.db", { echo: true });
 * ```
 */
export function createEngine(url: string | URL, options: EngineOptions = {}): Engine {
  return new Engine(new EngineCore(url, options, "sync"));
}
