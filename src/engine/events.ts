/**
 * Listeners of engines, in the shape of SQLAlchemy's `event`. A target carries a Dispatcher under the symbol DISPATCHER; whoever makes
 * something happen asks the dispatcher, which costs one look while nobody listens.
 */
import { ArgumentError, NotYetSupportedError } from "../errors/base.ts";
import { nearestName } from "../util/nearest.ts";

export const DISPATCHER: unique symbol = Symbol("athanor.dispatcher");

/** Whatever events can be listened to on; `E` maps event names to listeners. */
export interface Listenable<E> {
  readonly [DISPATCHER]: Dispatcher<E>;
}

type Listener = (...args: never[]) => void;

/** The listeners of one target. */
export class Dispatcher<E> {
  readonly #known: ReadonlySet<string>;
  readonly #planned: ReadonlySet<string>;
  readonly #listeners = new Map<string, readonly Listener[]>();

  /**
   * @param known names that can be listened to
   * @param planned names of SQLAlchemy that are not there yet
   */
  constructor(known: readonly (keyof E & string)[], planned: readonly string[] = []) {
    this.#known = new Set<string>(known);
    this.#planned = new Set(planned);
  }

  add(name: string, listener: Listener): void {
    this.#check(name);
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  remove(name: string, listener: Listener): void {
    this.#check(name);
    const rest = (this.#listeners.get(name) ?? []).filter((one) => one !== listener);
    if (rest.length === 0) this.#listeners.delete(name);
    else this.#listeners.set(name, rest);
  }

  has(name: keyof E & string): boolean {
    return this.#listeners.has(name);
  }

  /** Calls the listeners in the order in which they were added; what one throws goes to whoever caused the event. */
  emit<N extends keyof E & string>(name: N, ...args: E[N] extends (...args: infer A) => void ? A : never): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of listeners) (listener as (...args: unknown[]) => void)(...args);
  }

  #check(name: string): void {
    if (this.#known.has(name)) return;
    if (this.#planned.has(name))
      throw new NotYetSupportedError(`The event "${name}" is not supported yet; there are ${[...this.#known].join(", ")}`);
    const meant = nearestName(name, this.#known);
    throw new ArgumentError(
      `There is no event "${name}" here${meant === null ? `; there are ${[...this.#known].join(", ")}` : `; did you mean "${meant}"?`}`,
    );
  }
}

/** The events of engines. `C` is the connection as the user has it. */
export interface EngineEvents<C = object> {
  /** Before a statement is sent; for several parameter sets `parameters` is their list. */
  beforeCursorExecute: (
    connection: C,
    cursor: null,
    statement: string,
    parameters: readonly unknown[],
    context: null,
    executemany: boolean,
  ) => void;
  begin: (connection: C) => void;
  commit: (connection: C) => void;
  rollback: (connection: C) => void;
  /** A new connection to the database was opened; `driverConnection` is the npm package's object, `record` the pool's entry. */
  connect: (driverConnection: unknown, record: { readonly info: Map<unknown, unknown> }) => void;
}

/** Adds and removes listeners, as SQLAlchemy's `event.listen(target, name, fn)`. */
export const event = {
  /** Throws ArgumentError for a name that the target does not have. */
  listen<E, N extends keyof E & string>(target: Listenable<E>, name: N, listener: E[N]): void {
    target[DISPATCHER].add(name, listener as Listener);
  },
  /** Takes away a listener that was added; nothing happens where it was not. */
  remove<E, N extends keyof E & string>(target: Listenable<E>, name: N, listener: E[N]): void {
    target[DISPATCHER].remove(name, listener as Listener);
  },
};

export const ENGINE_EVENTS: readonly (keyof EngineEvents)[] = ["beforeCursorExecute", "begin", "commit", "rollback", "connect"];

export const PLANNED_ENGINE_EVENTS: readonly string[] = [
  "afterCursorExecute",
  "beforeExecute",
  "afterExecute",
  "handleError",
  "engineConnect",
  "engineDisposed",
  "setConnectionExecutionOptions",
  "setEngineExecutionOptions",
  "savepoint",
  "rollbackSavepoint",
  "releaseSavepoint",
  "beginTwophase",
  "prepareTwophase",
  "rollbackTwophase",
  "commitTwophase",
  "doConnect",
  "doExecute",
  "doExecutemany",
  "firstConnect",
  "checkout",
  "checkin",
  "reset",
  "invalidate",
  "softInvalidate",
  "close",
  "closeDetached",
  "detach",
];
