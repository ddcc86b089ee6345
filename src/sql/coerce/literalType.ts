/**
 * The SQL type of a JavaScript value that stands where nothing else gives it one.
 */
import { Decimal } from "decimal.js";
import { Duration } from "../../types/duration.ts";
import {
  BIG_INTEGER,
  BOOLEAN,
  DATE_TIME,
  FLOAT,
  INTEGER,
  INTERVAL,
  LARGE_BINARY,
  NULL_TYPE,
  NUMERIC,
  STRING,
  type SqlType,
} from "../../types/sqlType.ts";

const MAX_INT32 = 2_147_483_647;

export function literalType(value: unknown): SqlType {
  switch (typeof value) {
    case "number":
      if (!Number.isInteger(value)) return FLOAT;
      return Math.abs(value) <= MAX_INT32 ? INTEGER : BIG_INTEGER;
    case "bigint":
      return BIG_INTEGER;
    case "string":
      return STRING;
    case "boolean":
      return BOOLEAN;
    case "object":
      if (value instanceof Date) return DATE_TIME;
      if (value instanceof Uint8Array) return LARGE_BINARY;
      if (Decimal.isDecimal(value)) return NUMERIC;
      if (value instanceof Duration) return INTERVAL;
      return NULL_TYPE;
    default:
      return NULL_TYPE;
  }
}
