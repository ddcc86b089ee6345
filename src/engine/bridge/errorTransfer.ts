/**
 * Takes errors apart and puts them together again, because a structured clone keeps little more of one than its message: the fields that
 * dialects sort errors by, the causes and the library's own classes would be lost. Both sides of the bridge call it.
 */
import { AthanorError } from "../../errors/base.ts";
import * as libraryErrors from "../../errors/index.ts";

/** An error as plain data. */
export interface PackedError {
  /** The names of its classes, from its own to Error. */
  readonly classes: readonly string[];
  readonly isLibraryError: boolean;
  readonly isRetryable: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its own enumerable properties, such as `code`, without what cannot leave its thread. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: PackedReason | null;
  /** Of an AggregateError. */
  readonly errors: readonly PackedReason[];
}

/** What was thrown: an error, or some other value. */
type PackedReason = { readonly error: PackedError } | { readonly value: unknown };

/** Longer chains of causes are cut here. */
const MAX_DEPTH = 8;

export function packError(reason: unknown, depth = 0): PackedError {
  const error = reason instanceof Error ? reason : new Error(String(reason));
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(error)) {
    const value = (error as unknown as Record<string, unknown>)[key];
    if (!NOT_FIELDS.has(key) && isCloneable(value)) fields[key] = value;
  }
  return {
    classes: classNames(error),
    isLibraryError: error instanceof AthanorError,
    isRetryable: error instanceof AthanorError && error.isRetryable,
    name: error.name,
    message: error.message,
    stack: error.stack,
    fields,
    cause: error.cause === undefined || depth === MAX_DEPTH ? null : packReason(error.cause, depth + 1),
    errors: error instanceof AggregateError && depth < MAX_DEPTH ? error.errors.map((each) => packReason(each, depth + 1)) : [],
  };
}

export function unpackError(packed: PackedError): Error {
  const cause = packed.cause === null ? undefined : unpackReason(packed.cause);
  const error = packed.isLibraryError ? libraryError(packed, cause) : standardError(packed, cause);
  Object.assign(error, packed.fields);
  for (const [key, value] of [
    ["name", packed.name],
    ["stack", packed.stack],
  ] as const)
    if (error[key] !== value) Object.defineProperty(error, key, { value, writable: true, configurable: true });
  return error;
}

/** Carried separately. */
const NOT_FIELDS = new Set(["name", "message", "stack", "cause", "errors"]);

function packReason(reason: unknown, depth: number): PackedReason {
  if (reason instanceof Error) return { error: packError(reason, depth) };
  return { value: isCloneable(reason) ? reason : String(reason) };
}

function unpackReason(packed: PackedReason): unknown {
  return "error" in packed ? unpackError(packed.error) : packed.value;
}

function classNames(error: Error): string[] {
  const names: string[] = [];
  for (let proto = Object.getPrototypeOf(error) as object; proto !== Object.prototype && proto !== null;) {
    names.push(proto.constructor.name);
    proto = Object.getPrototypeOf(proto) as object;
  }
  return names;
}

function isCloneable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

type LibraryErrorClass = new (message: string, details: { readonly cause?: unknown; readonly isRetryable: boolean }) => Error;

/** The nearest class that is known here: a driver of somebody else's may have classes of its own. */
function libraryError(packed: PackedError, cause: unknown): Error {
  const known = libraryErrors as unknown as Readonly<Record<string, LibraryErrorClass>>;
  const name = packed.classes.find((each) => Object.hasOwn(known, each) && each !== "AthanorError");
  if (name === undefined) return standardError(packed, cause);
  return new known[name]!(packed.message, { isRetryable: packed.isRetryable, ...(cause === undefined ? {} : { cause }) });
}

const STANDARD = { RangeError, ReferenceError, SyntaxError, TypeError };

function standardError(packed: PackedError, cause: unknown): Error {
  const options = cause === undefined ? {} : { cause };
  if (packed.classes.includes("AggregateError"))
    return new AggregateError(packed.errors.map(unpackReason), packed.message, options);
  const name = packed.classes.find((each): each is keyof typeof STANDARD => Object.hasOwn(STANDARD, each));
  return new (name === undefined ? Error : STANDARD[name])(packed.message, options);
}
