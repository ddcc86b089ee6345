/**
 * How values cross the wire to PostgreSQL, alike for its drivers: as the server's own text, except what is exact and cheap as it is
 * (booleans, small integers, floats, bytea). The dialect converts the rest by the column's OID; nothing is rounded or shifted here.
 */
import { ArgumentError } from "../../errors/base.ts";

const BOOL = 16;
const BYTEA = 17;
const INT2 = 21;
const INT4 = 23;
const OID = 26;
const FLOAT4 = 700;
const FLOAT8 = 701;

/** The types whose values do not stay text. */
export const PARSED_TYPES: readonly number[] = [BOOL, BYTEA, INT2, INT4, OID, FLOAT4, FLOAT8];

const parseBoolean = (text: string): boolean => text === "t";
const parseBytea = (text: string): Uint8Array => Buffer.from(text.slice(2), "hex");
export const asText = (text: string): string => text;

/** What reads a value of the type with this OID. */
export function valueParser(oid: number): (text: string) => unknown {
  switch (oid) {
    case BOOL:
      return parseBoolean;
    case INT2:
    case INT4:
    case OID:
    case FLOAT4:
    case FLOAT8:
      return Number;
    case BYTEA:
      return parseBytea;
    default:
      return asText;
  }
}

/** A parameter as text, from which the server makes the type that the statement wants; null for SQL NULL. */
export function wireText(value: unknown): string | null {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      if (value === null) return null;
      if (value instanceof Uint8Array) return `\\x${asBuffer(value).toString("hex")}`;
      if (Array.isArray(value)) return arrayText(value);
  }
  throw new ArgumentError(`PostgreSQL drivers take text, numbers, booleans, bytes and arrays of them, not ${typeof value}`);
}

/** As `wireText`, but bytes stay bytes, for packages that send those in binary form. */
export function wireValue(value: unknown): string | Buffer | null {
  return value instanceof Uint8Array ? asBuffer(value) : wireText(value);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** PostgreSQL's way of writing an array: `{"a","b",NULL,{…}}`. */
function arrayText(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (Array.isArray(value)) return arrayText(value);
    const text = wireText(value);
    return text === null ? "NULL" : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  });
  return `{${items.join(",")}}`;
}
