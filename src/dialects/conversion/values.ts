/**
 * Strings, booleans, bytes and UUIDs between JavaScript and drivers.
 */
import { unfit } from "./describe.ts";

export function bindString(value: unknown): string {
  if (typeof value === "string") return requireWellFormed(value);
  // cast(5, t.string()) binds 5 as a string.
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw unfit(value, "a string");
}

/** Refuses half of a surrogate pair, which no encoding can write: drivers send U+FFFD in its place. */
export function requireWellFormed(text: string): string {
  // Node has it; the ECMAScript version that the sources are written for does not.
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return text;
  throw unfit(text, "well-formed text", "it has half of a surrogate pair: text.toWellFormed() replaces it");
}

export function stringResult(value: unknown): unknown {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  // A binary collation or an expression over bytes gives bytes where text was declared.
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  return value;
}

export function bindBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (value === 0 || value === 1) return value === 1;
  throw unfit(value, "true or false");
}

export function booleanResult(value: unknown): boolean {
  return typeof value === "boolean" ? value : Number(value) !== 0;
}

/** Bytes as a Buffer over the same memory, which every driver takes. */
export function bindBytes(value: unknown): Uint8Array {
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  throw unfit(value, "a Uint8Array");
}

/** A copy: drivers hand out slices of larger buffers, whose other content is nobody's business. */
export function bytesResult(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (typeof value === "string") return new TextEncoder().encode(value);
  throw unfit(value, "bytes");
}

const UUID = /^\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?$/i;

/** The canonical form: lower case, with hyphens. */
export function canonicalUuid(value: unknown): string {
  const match = typeof value === "string" ? UUID.exec(value) : null;
  if (match === null) throw unfit(value, 'a UUID such as "123e4567-e89b-12d3-a456-426614174000"');
  return `${match[1]!}-${match[2]!}-${match[3]!}-${match[4]!}-${match[5]!}`.toLowerCase();
}

/** 32 hexadecimal digits, for databases without a UUID type. */
export function bindUuidHex(value: unknown): string {
  return canonicalUuid(value).replaceAll("-", "");
}
