/**
 * The pool whose one connection is everybody's at the same time: whoever borrows gets the same, and it stays open until the pool is
 * disposed of or the connection is lost. What borrowers do on it at once is theirs to keep apart. SQLAlchemy: StaticPool.
 */
import { SyncWaitError } from "../errors/engine.ts";
import type { Io } from "../io/io.ts";
import { BasePool } from "./basePool.ts";
import type { PoolOptionName } from "./options.ts";
import type { Place, PoolRecord } from "./record.ts";
import { LineWaiter, WaitingLine } from "./waitingLine.ts";

/** Lends its one connection to everybody. */
export class StaticPool extends BasePool {
  static override readonly optionNames: readonly PoolOptionName[] = ["poolResetOnReturn"];

  protected override readonly isPrecious: boolean = true;
  #shared: PoolRecord | null = null;
  /** The place of whoever is opening the connection; undefined while nobody is. */
  #opening: Place | undefined = undefined;
  readonly #borrowers = new Map<PoolRecord, number>();
  /** Those who wait until the connection is open. */
  readonly #line = new WaitingLine();

  size(): number {
    return 1;
  }

  maxOverflow(): number {
    return 0;
  }

  checkedin(): number {
    return this.#shared !== null && !this.#borrowers.has(this.#shared) ? 1 : 0;
  }

  /** Borrowers of the connection. */
  checkedout(): number {
    let count = 0;
    for (const borrowers of this.#borrowers.values()) count += borrowers;
    return count;
  }

  overflow(): number {
    return this.#shared === null ? -1 : 0;
  }

  timeout(): number {
    return 0;
  }

  override status(): string {
    return "StaticPool";
  }

  /** Somebody else may have opened another already, which is then everybody's. */
  override *replace(record: PoolRecord): Io<PoolRecord> {
    yield* this.release(record);
    return yield* this.acquire();
  }

  /** A borrower who is gone keeps nobody from anything, so nothing is watched. */
  override watch(): void {
    return;
  }

  protected waiting(): number {
    return this.#line.length;
  }

  protected takePlace(): Place | LineWaiter {
    const shared = this.#shared;
    shared?.connection.ref?.();
    if (shared !== null && this.isFit(shared)) return shared;
    if (this.#opening !== undefined) return new LineWaiter(this.#line, Infinity, this.counters, cannotWait);
    this.#shared = null;
    // One that others hold is closed when the last of them gives it back.
    this.#opening = shared !== null && !this.#borrowers.has(shared) ? shared : null;
    return this.#opening;
  }

  protected markLent(record: PoolRecord): void {
    this.#borrowers.set(record, (this.#borrowers.get(record) ?? 0) + 1);
    // The last of the others may have given it back while it was being lent.
    record.connection.ref?.();
    if (this.#shared === null || !this.isFit(this.#shared)) this.#shared = record;
    this.#endOpening();
  }

  protected unmarkLent(record: PoolRecord): boolean {
    const borrowers = this.#borrowers.get(record) ?? 0;
    if (borrowers > 1) this.#borrowers.set(record, borrowers - 1);
    else this.#borrowers.delete(record);
    return borrowers > 0;
  }

  protected keep(record: PoolRecord, isFit: boolean): boolean {
    if (this.#borrowers.has(record)) return true;
    if (!isFit || record !== this.#shared) return false;
    // Nobody waits for an idle connection, so that the process may end.
    record.connection.unref?.();
    return true;
  }

  protected freePlace(place: Place): void {
    if (place === this.#shared) this.#shared = null;
    if (place === this.#opening) this.#endOpening();
  }

  protected takeIdle(): readonly PoolRecord[] {
    this.#shared?.connection.ref?.();
    return this.#shared === null ? [] : [this.#shared];
  }

  /** Those in line look again: the connection is there now, or one of them may open it. */
  #endOpening(): void {
    this.#opening = undefined;
    this.#line.serveAll(undefined);
  }
}

function cannotWait(): Error {
  return new SyncWaitError(
    'The one connection of StaticPool is still being opened, and a synchronous caller cannot wait for it. Listeners of "connect" and "firstConnect" use the connection that they are given.',
  );
}
