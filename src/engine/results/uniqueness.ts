/**
 * What `unique()` of a result compares: values by what they are, objects that have an identity (mapped objects) by which they are. Results
 * keep a Uniqueness each; rows use `isSameValue`. Nothing here knows where items come from.
 */
import { Decimal } from "decimal.js";
import { Duration } from "../../types/duration.ts";

/** Gives what is compared instead of the item itself; by default items are equal when their values are. */
export type UniqueStrategy<T> = (item: T) => unknown;

/**
 * Remembers items and tells which are new. Numbers, strings and other primitives are equal as in a Set; Date, bytes, Decimal, Duration, Temporal,
 * arrays and plain objects (JSON) by their contents; whatever else by identity.
 */
export class Uniqueness<T> {
  readonly strategy: UniqueStrategy<T> | null;
  readonly #seen = new Set<unknown>();
  /** Apart from the strings that are values themselves. */
  readonly #seenTexts = new Set<string>();

  constructor(strategy: UniqueStrategy<T> | null) {
    this.strategy = strategy;
  }

  /** True the first time. */
  isNew(item: T): boolean {
    const value: unknown = this.strategy === null ? item : this.strategy(item);
    const text = typeof value === "object" && value !== null ? contents(value) : null;
    return text === null ? isAdded(this.#seen, value) : isAdded(this.#seenTexts, text);
  }
}

function isAdded<V>(seen: Set<V>, value: V): boolean {
  const before = seen.size;
  return seen.add(value).size > before;
}

/** Whether `unique()` would take the two for one. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null)
    return one === other || (one !== one && other !== other);
  return textOf(one) === textOf(other);
}

/** Text that is the same for equal contents; null for objects that are compared by identity. */
function contents(value: object): string | null {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (ArrayBuffer.isView(value))
    return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}`;
  if (Decimal.isDecimal(value)) return `Decimal ${value.toString()}`;
  if (value instanceof Duration) return `Duration ${value.toString()}`;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) {
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${textOf(member)}`).join()}}`;
  }
  const tag: unknown = (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return typeof tag === "string" && tag.startsWith("Temporal.") ? `${tag} ${String(value)}` : null;
}

let identities = 0;
const identityOf = new WeakMap<object, number>();

/** The same for equal values within a list or an object, whatever they are. */
function textOf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : (contents(value) ?? identityText(value));
    case "function":
      return identityText(value);
    default:
      return String(value);
  }
}

function identityText(value: object): string {
  let identity = identityOf.get(value);
  if (identity === undefined) identityOf.set(value, (identity = ++identities));
  return `#${identity}`;
}
