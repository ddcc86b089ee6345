/**
 * What all pools have in common: the life of one connection (opened, lent, come back, given up, closed), its events, and the counters.
 * The classes beside this file say how many there may be and who gets which, by a few hooks, all of them without I/O.
 * It knows nothing of transactions or dialects: opening, pinging and resetting are its host's.
 */
import { InvalidRequestError } from "../errors/base.ts";
import { DisconnectionError, InvalidatePoolError } from "../errors/engine.ts";
import { DISPATCHER, type Dispatcher } from "../io/dispatcher.ts";
import type { DriverConnection } from "../io/driver.ts";
import type { Io } from "../io/io.ts";
import { runAsync } from "../io/runAsync.ts";
import type { PoolEvents } from "./events.ts";
import { LeakWatch } from "./leakWatch.ts";
import { takeLendingTrace } from "./lendingTrace.ts";
import { PoolCounters, type PoolMetrics } from "./metrics.ts";
import { type PoolOptionName, type PoolOptions, resetWay } from "./options.ts";
import type {
  DisposeOptions,
  InvalidateOptions,
  Pool,
  PoolClass,
  PooledConnection,
  PoolHost,
  PoolLog,
  ReleaseOptions,
  ResetWay,
} from "./pool.ts";
import { prometheusText } from "./prometheus.ts";
import { type Place, PoolRecord } from "./record.ts";
import { type Grant, LineWaiter } from "./waitingLine.ts";

/** How many connections listeners of `checkout` may refuse before the borrower gets an error. */
const MAX_ATTEMPTS = 3;

export abstract class BasePool implements Pool {
  /** The options that this kind of pool has a use for. */
  static readonly optionNames: readonly PoolOptionName[] = [];

  protected readonly host: PoolHost;
  /** Takes a line about what the pool does; null where nobody wants it. */
  protected readonly log: PoolLog | null;
  protected readonly counters = new PoolCounters();
  /** True where closing a connection loses more than the connection: it is closed only when it is broken. */
  protected readonly isPrecious: boolean = false;
  readonly #options: PoolOptions;
  readonly #recycle: number;
  readonly #prePing: boolean;
  readonly #resetWay: ResetWay | null;
  #leaks: LeakWatch | null = null;
  #opened = 0;
  #hadFirst = false;
  #generation = 0;
  /** Connections of an older generation may be on a dead line. */
  #lostBefore = 0;

  constructor(host: PoolHost, options: PoolOptions = {}) {
    this.host = host;
    this.log = host.log === null ? null : neverThrowing(host.log);
    this.#options = options;
    this.#recycle = options.poolRecycle ?? -1;
    this.#prePing = options.poolPrePing ?? false;
    this.#resetWay = resetWay(options.poolResetOnReturn);
  }

  /** Finds a place for a borrower, or makes one who waits for it. Throws where there is none and waiting is no use. */
  protected abstract takePlace(): Place | LineWaiter;
  /** The connection is lent from now on, in the place that was taken. */
  protected abstract markLent(record: PoolRecord): void;
  /** The connection is lent no more; false where it was not. Its place stays taken. */
  protected abstract unmarkLent(record: PoolRecord): boolean;
  /**
   * Keeps a connection that came back, in its place; false where it is to be closed.
   *
   * @param isFit whether it may be lent again
   */
  protected abstract keep(record: PoolRecord, isFit: boolean): boolean;
  /** A place is free, because its connection is gone or could not be opened. */
  protected abstract freePlace(place: Place): void;
  /** Takes the idle connections out of the pool, with their places. */
  protected abstract takeIdle(): readonly PoolRecord[];
  abstract size(): number;
  abstract maxOverflow(): number;
  abstract checkedin(): number;
  abstract checkedout(): number;
  abstract overflow(): number;
  abstract timeout(): number;
  protected abstract waiting(): number;

  get [DISPATCHER](): Dispatcher<PoolEvents> {
    return this.host.events;
  }

  *acquire(): Io<PoolRecord> {
    const trace = this.log === null ? null : takeLendingTrace();
    let place = this.takePlace();
    while (place instanceof LineWaiter) {
      const grant = (yield { kind: "wait", waiter: place }) as Grant;
      place = grant === undefined ? this.takePlace() : grant;
    }
    return yield* this.#lend(place, new Map(), trace);
  }

  *release(record: PoolRecord, options: ReleaseOptions = {}): Io<void> {
    if (record.isDetached) return yield* this.#closeDetached(record, options.dirty === true);
    this.#takeBack(record);
    let isKept = false;
    try {
      if (yield* this.#putInOrder(record, options)) {
        const isFit = this.isFit(record);
        isKept = this.keep(record, isFit);
        if (!isKept) yield* isFit ? this.#close(record) : this.#retire(record);
      }
    } finally {
      if (!isKept) this.freePlace(record);
    }
  }

  *replace(record: PoolRecord): Io<PoolRecord> {
    if (record.isValid) throw new InvalidRequestError("The connection is in order; only one that was given up can be replaced");
    if (record.isDetached) return yield* this.acquire();
    this.#takeBack(record);
    return yield* this.#lend(null, record.recordInfo, record.lendingTrace);
  }

  *invalidateConnection(record: PoolRecord, { error = null, soft = false }: InvalidateOptions = {}): Io<void> {
    if (!record.isValid) return;
    if (!soft) return yield* this.#giveUp(record, error);
    record.isMarked = true;
    this.log?.(`${name(record)} marked to be closed when it comes back${reason(error)}`, "info");
    const { events } = this.host;
    if (events.has("softInvalidate")) yield* events.emit("softInvalidate", record.connection.driverConnection, record, error);
  }

  *detach(record: PoolRecord): Io<void> {
    if (!record.isValid) throw new InvalidRequestError("The connection was given up; there is nothing to detach");
    if (record.isDetached) throw new InvalidRequestError("The connection was detached from its pool already");
    this.#takeBack(record);
    record.isDetached = true;
    this.freePlace(record);
    this.log?.(`${name(record)} detached from the pool`, "info");
    const { events } = this.host;
    if (events.has("detach")) yield* events.emit("detach", record.connection.driverConnection, record);
  }

  watch(record: PoolRecord, borrower: object): void {
    this.#leaks ??= new LeakWatch((leaked) => this.#takeBackLeaked(leaked));
    this.#leaks.watch(record, borrower);
  }

  invalidate(because?: PooledConnection): void {
    if (because !== undefined && because.generation !== this.#generation) return;
    this.#lostBefore = ++this.#generation;
    this.log?.("Pool invalidated; all its connections will be replaced", "info");
  }

  *dispose({ close = true }: DisposeOptions = {}): Io<void> {
    this.#generation++;
    const errors: unknown[] = [];
    for (const record of this.takeIdle()) {
      try {
        if (close) yield* this.#close(record);
        else record.isValid = false;
      } catch (error) {
        errors.push(error);
      } finally {
        this.freePlace(record);
      }
    }
    this.log?.(`Pool disposed. ${this.status()}`, "info");
    if (errors.length > 0) throw errors[0];
  }

  recreate(): Pool {
    return new (this.constructor as PoolClass)(this.host, this.#options);
  }

  status(): string {
    return `Pool size: ${this.size()}  Connections in pool: ${this.checkedin()} Current Overflow: ${this.overflow()} Current Checked out connections: ${this.checkedout()}`;
  }

  metrics(): PoolMetrics {
    return Object.freeze({
      size: this.size(),
      maxOverflow: this.maxOverflow(),
      idle: this.checkedin(),
      lent: this.checkedout(),
      waiting: this.waiting(),
      ...this.counters,
    });
  }

  prometheus({ name: pool }: { readonly name: string }): string {
    return prometheusText([{ name: pool, metrics: this.metrics() }]);
  }

  /** Whether the connection may be lent. */
  protected isFit(record: PoolRecord): boolean {
    return record.isValid && record.connection.isOpen && this.#whyRetire(record) === null;
  }

  /** Makes the connection fit to be lent, or opens one. The place is either lent afterwards or free again. */
  *#lend(place: Place, heirloom: Map<unknown, unknown>, trace: Error | null): Io<PoolRecord> {
    const { events } = this.host;
    let record = place;
    let recordInfo = heirloom;
    let hasPlace = false;
    try {
      for (let attempt = 1; ; attempt++) {
        if (record !== null && !this.isFit(record)) {
          yield* this.#retire(record);
          ({ recordInfo } = record);
          record = null;
        }
        const isFresh = record === null;
        record ??= yield* this.#open(recordInfo);
        try {
          if (this.#prePing && !isFresh) yield* this.#ping(record);
          if (events.has("checkout")) yield* events.emit("checkout", record.connection.driverConnection, record);
          break;
        } catch (error) {
          if (!(error instanceof DisconnectionError)) {
            hasPlace = this.isPrecious && this.keep(record, this.isFit(record));
            if (!hasPlace) yield* withoutErrors(this.#giveUp(record, error));
            throw error;
          }
          if (error.invalidatePool) this.invalidate(record);
          if (attempt === MAX_ATTEMPTS) {
            yield* withoutErrors(this.#giveUp(record, error));
            throw attemptsExhausted(error);
          }
          yield* withoutErrors(this.#terminate(record, error));
        }
      }
      hasPlace = true;
      record.lentAt = Date.now();
      record.lendingTrace = trace;
      this.counters.checkouts++;
      this.markLent(record);
      this.log?.(`${name(record)} checked out of the pool`, "debug");
      return record;
    } finally {
      if (!hasPlace) this.freePlace(place);
    }
  }

  *#open(recordInfo: Map<unknown, unknown>): Io<PoolRecord> {
    const { events } = this.host;
    // Whatever invalidates the pool while the server is answering may concern this connection too.
    const generation = this.#generation;
    const connection = yield* this.#connect();
    const record = new PoolRecord(++this.#opened, connection, generation, recordInfo);
    this.counters.opened++;
    this.log?.(`${name(record)} opened`, "info");
    try {
      if (!this.#hadFirst && events.has("firstConnect")) yield* this.#first(record);
      if (events.has("connect")) yield* events.emit("connect", connection.driverConnection, record);
      return record;
    } catch (error) {
      yield* withoutErrors(this.#close(record));
      throw error;
    }
  }

  *#connect(): Io<DriverConnection> {
    try {
      return yield* this.host.open();
    } catch (error) {
      this.log?.(`A connection could not be opened${reason(error)}`, "info");
      throw error;
    }
  }

  *#first(record: PoolRecord): Io<void> {
    this.#hadFirst = true;
    try {
      yield* this.host.events.emit("firstConnect", record.connection.driverConnection, record);
    } catch (error) {
      this.#hadFirst = false;
      throw error;
    }
  }

  /** Throws InvalidatePoolError when the server gives no sign of life. */
  *#ping(record: PoolRecord): Io<void> {
    this.log?.(`${name(record)} asked for a sign of life`, "debug");
    if (yield* this.host.ping(record.connection)) return;
    // One dead connection means that the server was restarted or the network was cut: the others are dead too.
    throw new InvalidatePoolError(`${name(record)} gave no sign of life`);
  }

  #takeBack(record: PoolRecord): void {
    if (!this.unmarkLent(record))
      throw new InvalidRequestError("This pool has not lent that connection, or it was given back already");
    record.lentAt = null;
    this.#leaks?.unwatch(record);
  }

  /** Resets what the borrower left. False where the connection is gone. */
  *#putInOrder(record: PoolRecord, { discard = false, error = null, dirty = false }: ReleaseOptions): Io<boolean> {
    const { events } = this.host;
    if (!record.isValid) return false;
    this.log?.(`${name(record)} being returned to the pool`, "debug");
    let broken: { readonly error: unknown } | null = discard ? { error } : null;
    try {
      if (broken === null) yield* this.#reset(record, dirty);
    } catch (failure) {
      // What state the connection is in is not known, so nobody may have it again.
      this.log?.(`${name(record)} could not be reset${reason(failure)}`, "debug");
      broken = { error: failure };
    }
    if (broken !== null) {
      yield* this.#giveUp(record, broken.error);
      return false;
    }
    if (!events.has("checkin")) return true;
    try {
      yield* events.emit("checkin", record.connection.driverConnection, record);
      return true;
    } catch (failure) {
      yield* withoutErrors(this.#close(record));
      throw failure;
    }
  }

  *#reset(record: PoolRecord, dirty: boolean): Io<void> {
    yield* this.#announceReset(record, dirty, false);
    if (this.#resetWay === null) return;
    this.log?.(`${name(record)} reset${dirty ? ` by ${this.#resetWay}` : ": its transaction has ended already"}`, "debug");
    if (dirty) yield* this.host.reset(record.connection, this.#resetWay);
  }

  *#announceReset(record: PoolRecord, dirty: boolean, terminateOnly: boolean): Io<void> {
    const { events } = this.host;
    if (!events.has("reset")) return;
    yield* events.emit("reset", record.connection.driverConnection, record, { transactionWasReset: !dirty, terminateOnly });
  }

  *#closeDetached(record: PoolRecord, dirty: boolean): Io<void> {
    if (!record.isValid) return;
    try {
      yield* this.#announceReset(record, dirty, true);
    } catch (failure) {
      this.log?.(`${name(record)} could not be reset${reason(failure)}`, "debug");
    }
    yield* this.#close(record);
  }

  /** Closes a connection that may not be lent again. */
  *#retire(record: PoolRecord): Io<void> {
    if (!record.isValid) return;
    const why = this.#whyRetire(record);
    if (why === null) return yield* this.#terminate(record, null);
    this.counters.recycled++;
    this.log?.(`${name(record)} is replaced: ${why}`, "info");
    yield* this.#close(record);
  }

  #whyRetire(record: PoolRecord): string | null {
    if (record.isMarked) return "it was marked";
    if (record.generation !== this.#generation) return "the pool was invalidated or disposed of";
    if (this.#recycle >= 0 && Date.now() - record.createdAt > this.#recycle) return "it is older than poolRecycle";
    return null;
  }

  /** Gives up a connection that was lent, or was about to be. */
  *#giveUp(record: PoolRecord, error: unknown): Io<void> {
    const { events } = this.host;
    try {
      yield* this.#terminate(record, error);
    } finally {
      if (!record.isDetached && events.has("checkin")) yield* events.emit("checkin", null, record);
    }
  }

  /** Closes a broken connection. */
  *#terminate(record: PoolRecord, error: unknown): Io<void> {
    // Another borrower of a shared connection may have found out first.
    if (!record.isValid) return;
    const { events } = this.host;
    record.isValid = false;
    this.counters.invalidated++;
    this.log?.(`${name(record)} invalidated${reason(error)}`, "info");
    try {
      if (events.has("invalidate")) yield* events.emit("invalidate", record.connection.driverConnection, record, error);
    } finally {
      yield* this.#close(record, true);
    }
  }

  /** Closes a connection whatever the listeners say. One that may be on a dead line gets no farewell, which nobody might answer. */
  *#close(record: PoolRecord, isBroken = false): Io<void> {
    if (record.isClosed) return;
    const { events } = this.host;
    record.isValid = false;
    record.isClosed = true;
    this.counters.closed++;
    this.log?.(`${name(record)} closed`, "info");
    try {
      if (record.isDetached) {
        if (events.has("closeDetached")) yield* events.emit("closeDetached", record.connection.driverConnection);
      } else if (events.has("close")) yield* events.emit("close", record.connection.driverConnection, record);
    } finally {
      if (isBroken || record.generation < this.#lostBefore || !record.connection.isOpen) record.connection.destroy();
      else yield { kind: "close", connection: record.connection };
    }
  }

  /**
   * A transaction or a stream of the borrower's may be open, so the connection is closed, unless it is precious. Nobody waits for this,
   * so nobody is there to run it but the pool; in the synchronous colour all answers are there at once.
   */
  #takeBackLeaked(record: PoolRecord): void {
    runAsync(this.release(record, this.isPrecious ? { dirty: true } : { discard: true })).catch((error: unknown) => {
      process.emitWarning(error instanceof Error ? error : String(error));
    });
  }
}

/** Does what has to be done on the way to an error that is to be told; what listeners add to it is dropped. */
function* withoutErrors(work: Io<void>): Io<void> {
  try {
    yield* work;
  } catch {
    // The first error is the one that says what happened.
  }
}

/** A logger that fails must not upset the pool's books. */
function neverThrowing(log: PoolLog): PoolLog {
  return (line, level) => {
    try {
      log(line, level);
    } catch {
      // There is nobody to tell but the logger.
    }
  };
}

function attemptsExhausted(cause: DisconnectionError): InvalidRequestError {
  return new InvalidRequestError(
    `${MAX_ATTEMPTS} connections in a row were refused as lost, by listeners of "checkout": ${cause.message}`,
    { cause },
  );
}

function name(record: PoolRecord): string {
  return `Connection ${record.id}`;
}

function reason(error: unknown): string {
  if (error === null || error === undefined) return "";
  return ` (reason: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)})`;
}
