/**
 * Listeners of one target, in the shape of SQLAlchemy's `event`. Whoever makes something happen asks the dispatcher, which costs one look
 * while nobody listens. A listener may give a promise: it is awaited in the asynchronous colour and refused in the synchronous one.
 */
import { ArgumentError } from "../errors/base.ts";
import { nearestName } from "../util/nearest.ts";
import type { Io } from "./io.ts";
import { isThenable } from "./perform.ts";

export const DISPATCHER: unique symbol = Symbol("athanor.dispatcher");

/** Whatever events can be listened to on; `E` maps event names to listeners. */
export interface Listenable<E> {
  readonly [DISPATCHER]: Dispatcher<E>;
}

export type Listener = (...args: never[]) => unknown;

export interface ListenOptions {
  /** Call the listener once and then forget it; default false. */
  readonly once?: boolean;
  /** Call it before the listeners that are there already; default false. */
  readonly insert?: boolean;
  /** What the listener returns replaces what the event is about, for the events that say so; default false. */
  readonly retval?: boolean;
}

interface Entry {
  readonly listener: Listener;
  readonly once: boolean;
  readonly retval: boolean;
}

type ArgumentsOf<L> = L extends (...args: infer A) => unknown ? A : never;

const NONE: readonly Entry[] = [];
const OPTIONS = ["once", "insert", "retval"];

/** The events of one kind of target. */
export interface EventNames {
  readonly known: ReadonlySet<string>;
  /** Those of them whose listeners may return something (`retval`). */
  readonly returning: ReadonlySet<string>;
}

/** The names of a kind of target, once for all targets of that kind. */
export function eventNames<E>(known: readonly (keyof E & string)[], returning: readonly (keyof E & string)[] = []): EventNames {
  return { known: new Set<string>(known), returning: new Set<string>(returning) };
}

/** @typeParam E event names and their listeners */
export class Dispatcher<E> {
  readonly #names: EventNames;
  readonly #parent: Dispatcher<E> | null;
  readonly #entries = new Map<string, readonly Entry[]>();

  /** @param parent a broader target that has these events too, such as all engines; its listeners are called first */
  constructor(names: EventNames, parent: Dispatcher<E> | null = null) {
    this.#names = names;
    this.#parent = parent;
  }

  add(name: string, listener: Listener, options: ListenOptions = {}): void {
    this.#check(name);
    if (typeof listener !== "function") throw new ArgumentError(`event.listen("${name}") takes a function`);
    for (const option of Object.keys(options))
      if (!OPTIONS.includes(option))
        throw new ArgumentError(`event.listen("${name}") has no option ${option}; it has ${OPTIONS.join(", ")}`);
    if (options.retval === true && !this.#names.returning.has(name))
      throw new ArgumentError(
        `Nothing is done with what a listener of "${name}" returns; retval is for ${[...this.#names.returning].join(", ") || "no event here"}`,
      );
    const entry = { listener, once: options.once === true, retval: options.retval === true };
    const before = this.#entries.get(name) ?? NONE;
    this.#entries.set(name, options.insert === true ? [entry, ...before] : [...before, entry]);
  }

  remove(name: string, listener: Listener): void {
    this.#check(name);
    this.#keep(name, (entry) => entry.listener !== listener);
  }

  contains(name: string, listener: Listener): boolean {
    this.#check(name);
    return (this.#entries.get(name) ?? NONE).some((entry) => entry.listener === listener);
  }

  /** Whether anybody listens. */
  has(name: keyof E & string): boolean {
    return this.#entries.has(name) || this.#parent?.has(name) === true;
  }

  /** True while nobody listens to anything. */
  get isSilent(): boolean {
    return this.#entries.size === 0 && (this.#parent === null || this.#parent.isSilent);
  }

  /** Calls the listeners in the order in which they were added; what one throws goes to whoever caused the event. */
  *emit<N extends keyof E & string>(name: N, ...args: ArgumentsOf<E[N]>): Io<void> {
    if (this.#parent !== null) yield* this.#parent.emit(name, ...args);
    for (const entry of this.#take(name)) yield* called(entry, name, args);
  }

  /**
   * Calls the listeners; what one with `retval` returns takes the place of the value for those after it, and in the end for the caller.
   * A listener that returns undefined leaves the value as it is.
   */
  *transform<N extends keyof E & string, V>(name: N, value: V, argumentsFor: (value: V) => ArgumentsOf<E[N]>): Io<V> {
    let current = this.#parent === null ? value : yield* this.#parent.transform(name, value, argumentsFor);
    for (const entry of this.#take(name)) {
      const answer = yield* called(entry, name, argumentsFor(current));
      if (entry.retval && answer !== undefined) current = answer as V;
    }
    return current;
  }

  #take(name: string): readonly Entry[] {
    const entries = this.#entries.get(name) ?? NONE;
    if (entries.some((entry) => entry.once)) this.#keep(name, (entry) => !entry.once);
    return entries;
  }

  #keep(name: string, wanted: (entry: Entry) => boolean): void {
    const rest = (this.#entries.get(name) ?? NONE).filter(wanted);
    if (rest.length === 0) this.#entries.delete(name);
    else this.#entries.set(name, rest);
  }

  #check(name: string): void {
    if (this.#names.known.has(name)) return;
    const meant = nearestName(name, this.#names.known);
    throw new ArgumentError(
      `There is no event "${name}" here${meant === null ? `; there are ${[...this.#names.known].join(", ")}` : `; did you mean "${meant}"?`}`,
    );
  }
}

/** Waits only where there is something to wait for: a plain function costs no request. */
function* called(entry: Entry, name: string, args: readonly unknown[]): Io<unknown> {
  const answer = (entry.listener as (...args: readonly unknown[]) => unknown)(...args);
  if (!isThenable(answer)) return answer;
  // A caller who has given up does not take the answer any more, and then nobody hears of its error.
  answer.then(undefined, () => undefined);
  return yield { kind: "call", call: () => answer, what: `a listener of "${name}"` };
}
