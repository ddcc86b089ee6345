/**
 * A connection lent by the pool without anything around it: no transactions, no statements, only the npm package's object. The facades in
 * `sync/` and `async/` extend it with what does I/O, which is here as requests.
 */
import { ResourceClosedError } from "../errors/engine.ts";
import type { Io } from "../io/io.ts";
import type { InvalidateOptions, Pool, PooledConnection } from "../pool/pool.ts";

export abstract class RawConnectionCore {
  readonly #pool: Pool;
  /** Null once it was given back: it may be somebody else's by then. */
  #record: PooledConnection | null;

  constructor(record: PooledConnection, pool: Pool) {
    this.#record = record;
    this.#pool = pool;
  }

  /** The npm package's connection object. Throws ResourceClosedError once this was closed. */
  get driverConnection(): unknown {
    return this.#lent().connection.driverConnection;
  }

  /** For whatever the application wants to remember with the database connection. Throws ResourceClosedError once this was closed. */
  get info(): Map<unknown, unknown> {
    return this.#lent().info;
  }

  /** The same, but handed on to the connection that takes this one's place in the pool. Throws ResourceClosedError once this was closed. */
  get recordInfo(): Map<unknown, unknown> {
    return this.#lent().recordInfo;
  }

  /** False once the connection was given up as broken, or given back. */
  get isValid(): boolean {
    return this.#record?.isValid === true;
  }

  /** True once the connection was taken out of the pool, until it is closed. */
  get isDetached(): boolean {
    return this.#record?.isDetached === true;
  }

  protected *giveUp(options: InvalidateOptions): Io<void> {
    yield* this.#pool.invalidateConnection(this.#lent(), options);
  }

  protected *takeOut(): Io<void> {
    yield* this.#pool.detach(this.#lent());
  }

  protected *giveBack(): Io<void> {
    const record = this.#record;
    if (record === null) return;
    this.#record = null;
    yield* this.#pool.release(record, { dirty: true });
  }

  #lent(): PooledConnection {
    if (this.#record === null)
      throw new ResourceClosedError("This raw connection was given back and may be in use elsewhere; borrow another");
    return this.#record;
  }
}
