/**
 * The asynchronous engine: a facade over EngineCore for drivers of either colour. `sync/engine.ts` has the same methods.
 */
import type { Dialect } from "../dialects/contract.ts";
import { EngineCore } from "../engine/engineCore.ts";
import { DISPATCHER, type Dispatcher, type EngineEvents, type Listenable } from "../engine/events.ts";
import type { EngineOptions } from "../engine/options.ts";
import type { URL } from "../engine/url.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { Pool } from "../pool/pool.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import { AsyncConnection } from "./connection.ts";
import { withAsyncTransaction } from "./transaction.ts";

/** An asynchronous engine; see `createAsyncEngine`. */
export class AsyncEngine implements Listenable<EngineEvents<AsyncConnection>> {
  readonly core: EngineCore;

  /** Engines are made by `createAsyncEngine`. */
  constructor(core: EngineCore) {
    this.core = core;
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

  /** The dialect's name: `sqlite`, `postgresql`, `mysql`. */
  get name(): string {
    return this.core.dialect.name;
  }

  /** The driver's name: `better-sqlite3`, `pg` … */
  get driver(): string {
    return this.core.driver.name;
  }

  /** Lends a connection; close it, or declare it with `await using`. */
  async connect(): Promise<AsyncConnection> {
    return new AsyncConnection(await runAsync(this.core.connect()), this);
  }

  /** Runs the callback in a transaction on a connection of its own: commits when its promise is fulfilled, rolls back when it is rejected. */
  async begin<T>(work: (connection: AsyncConnection) => T | Promise<T>): Promise<T> {
    const connection = await this.connect();
    try {
      return await withAsyncTransaction(await runAsync(connection.core.begin()), () => work(connection));
    } finally {
      await connection.close();
    }
  }

  /** Closes the pool's idle connections. The engine can be used again afterwards. */
  dispose(): Promise<void> {
    return runAsync(this.core.dispose());
  }

  /** Forgets all compiled statements. */
  clearCompiledCache(): void {
    this.core.statementCache.clear();
  }

  /** Runs schema work in a transaction of its own. For MetaData. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): Promise<void> {
    return runAsync(this.core.runSchema(work));
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
  return new AsyncEngine(new EngineCore(url, options, "async"));
}
