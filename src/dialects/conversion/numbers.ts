/**
 * Integers, floats and decimals between JavaScript and drivers. Nothing is ever rounded: what does not fit is a DataError.
 */
import { Decimal } from "decimal.js";
import { DataError } from "../../errors/dbapi.ts";
import type { Converter } from "../../sql/compile/dialect.ts";
import type { Representation, SqlType } from "../../types/sqlType.ts";
import { unfit } from "./describe.ts";

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const DIGITS = /^[+-]?\d+$/;

/** An integer as it was given, exact: number where it is safe, else bigint. */
export function bindInteger(value: unknown): number | bigint {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return value;
    throw unfit(value, "an integer", Number.isInteger(value) ? "a number beyond 2^53 is not exact: use a bigint" : "");
  }
  if (typeof value === "bigint") return checkInt64(value);
  if (typeof value === "string" && DIGITS.test(value)) return checkInt64(BigInt(value));
  if (typeof value === "boolean") return value ? 1 : 0;
  throw unfit(value, "an integer");
}

function checkInt64(value: bigint): number | bigint {
  if (value < MIN_INT64 || value > MAX_INT64) throw new DataError(`The integer ${value} is outside the 64-bit range`);
  return value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

/** For SQLite's drivers, which bind every number as a float: `7 / ?` must stay an integer division. */
export function bindIntegerAsBigint(value: unknown): bigint {
  return BigInt(bindInteger(value));
}

/** A number, refusing what is not a safe integer. */
export function integerResult(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (typeof value !== "bigint" && !(typeof value === "string" && DIGITS.test(value)) && !Number.isInteger(number)) {
    // SQLite keeps what it is given, so an integer column may hold 1.5; a number is then still what the application expects.
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw unfit(value, "an integer");
  }
  throw new DataError(
    `The integer ${String(value)} of the result is beyond 2^53 and cannot be a number exactly; declare the column with t.bigInteger()`,
  );
}

/** The reader of a `bigInteger` in the representation asked for. */
export function bigIntegerResult(as: Representation | undefined): Converter {
  if (as === "number") return integerResult;
  if (as === "string") return (value) => String(exactInteger(value));
  return exactInteger;
}

function exactInteger(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string") {
    if (DIGITS.test(value)) return BigInt(value);
    // The sum of integers is a NUMERIC on some servers, and an integer all the same.
    const decimal = toDecimal(value);
    if (decimal.isInteger()) return BigInt(decimal.toFixed());
  }
  throw unfit(value, "an integer");
}

/** Untyped integers: a number while that is exact, else a bigint. */
export function untypedInteger(value: unknown): unknown {
  if (typeof value === "number") return value;
  const wide = typeof value === "bigint" ? value : typeof value === "string" && DIGITS.test(value) ? BigInt(value) : null;
  if (wide === null) return value;
  return wide >= MIN_SAFE && wide <= MAX_SAFE ? Number(wide) : wide;
}

export function bindFloat(value: unknown): number {
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw unfit(value, "a finite number");
  }
  if (
    typeof value === "bigint" ||
    value instanceof Decimal ||
    (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
  ) {
    const number = Number(value);
    if (keepsDigits(toDecimal(value), number)) return number;
    throw unfit(value, "a number", "a double cannot hold all its digits");
  }
  throw unfit(value, "a number");
}

/** Whether a number stands for a decimal: by its shortest digits, so that 0.1 is "0.1", or exactly, as 2 ** 60 does. */
export function keepsDigits(decimal: Decimal, number: number): boolean {
  if (!Number.isFinite(number)) return false;
  return decimal.equals(number) || (Number.isInteger(number) && decimal.equals(BigInt(number).toString()));
}

/**
 * For FLOAT of single precision: what the server would round to 24 bits is refused. A number passes whose shortest digits single
 * precision gives back (0.1), and so does what `Math.fround` gives.
 *
 * @param bind for what single precision does not concern
 */
export function singleBind(bind: Converter): Converter {
  return (value) => {
    const bound = bind(value);
    if (typeof bound !== "number") return bound;
    const single = Math.fround(bound);
    if (bound === single || bound === singleResult(single)) return bound;
    throw unfit(
      value,
      "a number of single precision",
      "declare the column with t.double(), or round the value with Math.fround()",
    );
  };
}

/** True for FLOAT(1) to FLOAT(24). */
export function isSingle(type: SqlType): boolean {
  return type.parameters.precision !== undefined && type.parameters.precision <= 24;
}

/** Where the server knows NaN, the infinities and the sign of zero, which numbers lose when drivers write them as text. */
export function bindFloatOrSpecial(value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return bindFloat(value);
  if (value === 0) return "-0";
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

export function floatResult(value: unknown): number {
  return typeof value === "number" ? value : Number(value);
}

/** Single precision, as MySQL's FLOAT sends it: the shortest decimal that stands for the same 32 bits, so that 0.1 reads as 0.1. */
export function singleResult(value: unknown): number {
  const single = Number(value);
  if (Math.fround(single) !== single || Number.isInteger(single)) return single;
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(single.toPrecision(digits));
    if (Math.fround(shorter) === single) return shorter;
  }
  return Number(single.toPrecision(9));
}

/** A Decimal of whatever was given for a `numeric`. */
export function toDecimal(value: unknown): Decimal {
  if (value instanceof Decimal) return value;
  if (typeof value === "bigint") return new Decimal(value.toString());
  if (typeof value === "number" || typeof value === "string" || Decimal.isDecimal(value)) {
    try {
      return new Decimal(value);
    } catch {
      throw unfit(value, "a decimal number");
    }
  }
  throw unfit(value, "a decimal number (Decimal, number, bigint or string)");
}

/** The decimal's exact digits, without exponent. */
export function bindDecimal(value: unknown): string {
  const decimal = toDecimal(value);
  if (!decimal.isFinite()) throw unfit(value, "a finite decimal number");
  return decimal.toFixed();
}

/**
 * Refuses digits after the point that the type has no room for: servers round them away and say nothing.
 *
 * @param bind converts what passes
 * @param scale the digits after the point that there is room for; absent where there is no limit
 */
export function scaleBind(bind: Converter, scale: number | undefined): Converter {
  if (scale === undefined) return bind;
  return (value) => {
    const decimal = toDecimal(value);
    const places = decimal.decimalPlaces();
    if (places > scale)
      throw new DataError(
        `The number ${decimal.toFixed()} has ${places} digits after the point, and its column keeps ${scale}; round it before: new Decimal(value).toDecimalPlaces(${scale})`,
      );
    return bind(decimal);
  };
}

/** The digits after the point that a NUMERIC keeps: NUMERIC(10) is NUMERIC(10, 0), and a plain NUMERIC has no limit in most databases. */
export function scaleOf(type: SqlType): number | undefined {
  return type.parameters.scale ?? (type.parameters.precision === undefined ? undefined : 0);
}

/** Where the server's NUMERIC knows NaN. */
export function bindDecimalOrNaN(value: unknown): string {
  const decimal = toDecimal(value);
  return decimal.isNaN() ? "NaN" : bindDecimal(decimal);
}

/** SQLite has no decimals: what its integers and floats cannot hold exactly is refused. */
export function bindDecimalAsFloat(value: unknown): number | bigint {
  const text = bindDecimal(value);
  const decimal = new Decimal(text);
  if (decimal.isInteger() && decimal.abs().lte("9223372036854775807")) return BigInt(decimal.toFixed());
  if (decimal.precision() <= 15) return decimal.toNumber();
  throw new DataError(`SQLite keeps numbers in 15 digits and cannot hold ${text} exactly; store it as text (t.string())`);
}

/** The reader of a `numeric`; `scale` where the database does not round to it by itself. */
export function decimalResult(type: SqlType, scale?: number): Converter {
  const read = (value: unknown): Decimal => {
    const decimal = toDecimal(value);
    return scale === undefined || !decimal.isFinite() ? decimal : decimal.toDecimalPlaces(scale);
  };
  switch (type.parameters.as) {
    case "number":
      return (value) => read(value).toNumber();
    case "string":
      return (value) => (scale === undefined ? read(value).toFixed() : read(value).toFixed(scale));
    case "bigint":
      return (value) => exactInteger(read(value).toFixed());
    default:
      return read;
  }
}
