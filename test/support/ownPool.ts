/**
 * Pools as users write them, with what the entry point exports and nothing else: one of their own making, and one that is another with
 * something added. The tests of types and of engines use them.
 */
import {
  DISPATCHER,
  type DisposeOptions,
  type Dispatcher,
  type DriverConnection,
  type InvalidateOptions,
  InvalidRequestError,
  type Io,
  type Pool,
  type PooledConnection,
  type PoolEvents,
  type PoolHost,
  type PoolMetrics,
  type PoolOptionName,
  type PoolOptions,
  QueuePool,
  type ReleaseOptions,
} from "athanor";

class OwnConnection implements PooledConnection {
  readonly info = new Map<unknown, unknown>();
  readonly recordInfo = new Map<unknown, unknown>();
  readonly createdAt = Date.now();
  readonly generation = 0;
  lentAt: number | null = null;
  isValid = true;
  isDetached = false;

  readonly id: number;
  readonly connection: DriverConnection;

  constructor(id: number, connection: DriverConnection) {
    this.id = id;
    this.connection = connection;
  }
}

/** Keeps every connection that comes back in order, and lends the oldest; there is no limit, and so nobody waits. */
export class OwnPool implements Pool {
  static readonly optionNames: readonly PoolOptionName[] = [];
  readonly #host: PoolHost;
  readonly #idle: OwnConnection[] = [];
  #lent = 0;
  #opened = 0;

  constructor(host: PoolHost, _options: PoolOptions = {}) {
    this.#host = host;
  }

  get [DISPATCHER](): Dispatcher<PoolEvents> {
    return this.#host.events;
  }

  *acquire(): Io<PooledConnection> {
    const record = this.#idle.shift() ?? new OwnConnection(++this.#opened, yield* this.#host.open());
    record.connection.ref?.();
    record.lentAt = Date.now();
    this.#lent++;
    return record;
  }

  *release(given: PooledConnection, { discard = false, dirty = false }: ReleaseOptions = {}): Io<void> {
    const record = given as OwnConnection;
    this.#lent--;
    record.lentAt = null;
    if (discard || !record.isValid || record.isDetached) return yield* this.invalidateConnection(record);
    if (dirty) yield* this.#host.reset(record.connection, "rollback");
    this.#idle.push(record);
    record.connection.unref?.();
  }

  *replace(record: PooledConnection): Io<PooledConnection> {
    yield* this.release(record, { discard: true });
    return yield* this.acquire();
  }

  *invalidateConnection(given: PooledConnection, _options: InvalidateOptions = {}): Io<void> {
    const record = given as OwnConnection;
    if (!record.isValid) return;
    record.isValid = false;
    yield { kind: "close", connection: record.connection };
  }

  *detach(record: PooledConnection): Io<void> {
    if (record.isDetached) throw new InvalidRequestError("The connection was detached already");
    (record as OwnConnection).isDetached = true;
  }

  watch(): void {
    // Nobody notices who forgets a connection.
  }

  invalidate(): void {
    for (const record of this.#idle.splice(0)) record.connection.destroy();
  }

  *dispose({ close = true }: DisposeOptions = {}): Io<void> {
    for (const record of this.#idle.splice(0)) {
      record.connection.ref?.();
      if (close) yield* this.invalidateConnection(record);
    }
  }

  recreate(): Pool {
    return new OwnPool(this.#host);
  }

  status(): string {
    return `OwnPool with ${this.#idle.length}`;
  }

  metrics(): PoolMetrics {
    const counted = { size: 0, maxOverflow: -1, idle: this.#idle.length, lent: this.#lent, waiting: 0, opened: this.#opened };
    const notCounted = {
      closed: 0,
      invalidated: 0,
      recycled: 0,
      timedOut: 0,
      checkouts: 0,
      waitingTimeTotal: 0,
      waitingTimeMax: 0,
    };
    return { ...counted, ...notCounted };
  }

  prometheus(options: { readonly name: string }): string {
    return `lent{pool="${options.name}"} ${this.#lent}\n`;
  }

  size(): number {
    return 0;
  }

  checkedin(): number {
    return this.#idle.length;
  }

  checkedout(): number {
    return this.#lent;
  }

  overflow(): number {
    return this.#lent;
  }

  timeout(): number {
    return 0;
  }
}

/** The usual pool, which never keeps more than one connection. */
export class ModestPool extends QueuePool {
  static override readonly optionNames: readonly PoolOptionName[] = ["poolTimeout", "poolPrePing"];

  constructor(host: PoolHost, options: PoolOptions = {}) {
    super(host, { ...options, poolSize: 1 });
  }
}
