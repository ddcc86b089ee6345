/**
 * Strings, booleans, bytes, JSON and UUIDs between JavaScript and drivers.
 */
import { DataError } from "../../errors/dbapi.ts";
import { JSON_NULL } from "../../types/jsonNull.ts";
import { describeValue, unfit } from "./describe.ts";

export function bindString(value: unknown): string {
  if (typeof value === "string") return value;
  // cast(5, t.string()) binds 5 as a string.
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw unfit(value, "a string");
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

/** JSON text. Throws DataError for what JSON cannot say (undefined, functions, bigints, circles). */
export function bindJson(value: unknown): string {
  if (value === JSON_NULL) return "null";
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new DataError(`The value cannot be written as JSON: ${(error as Error).message}`, { cause: error });
  }
  if (text === undefined) throw new DataError(`The value cannot be written as JSON: ${describeValue(value)}`);
  return text;
}

export function jsonResult(value: unknown): unknown {
  if (typeof value === "string") {
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch (error) {
      throw new DataError(`The value of a JSON column is not JSON: ${describeValue(value)}`, { cause: error });
    }
    return parsed === null ? JSON_NULL : parsed;
  }
  // A SQLite column declared JSON has numeric affinity: the JSON text 5 is stored as the number 5.
  return typeof value === "bigint" ? Number(value) : value;
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
