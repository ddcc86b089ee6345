/**
 * The types, as users write them: `t.integer()`, `t.string(100)` … Each call gives a column under construction, which is also a type
 * wherever one is asked for.
 */
import type { Decimal } from "decimal.js";
import { ArgumentError } from "../../errors/base.ts";
import { SqlType, type Representation, type TypeKind, type TypeParameters } from "../../types/sqlType.ts";
import { describe } from "../coerce/describe.ts";
import { ColumnSpec } from "./columnSpec.ts";

type Spec<V> = ColumnSpec<V, "required">;

/** What `{ as }` makes of a type's values. */
interface Represented {
  readonly number: number;
  readonly bigint: bigint;
  readonly string: string;
  readonly decimal: Decimal;
}

function spec<V>(kind: TypeKind, parameters: TypeParameters = {}): Spec<V> {
  return new ColumnSpec<V, "required">(new SqlType<V>(kind, parameters));
}

function size(value: number | undefined, where: string): number | undefined {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
    throw new ArgumentError(`${where} takes whole numbers from 0, got ${describe(value)}.`);
  }
  return value;
}

function represented(options: object, allowed: readonly Representation[], where: string): { as?: Representation } {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (name !== "as") throw new ArgumentError(`${where} has no option ${name}; it has: as.`);
    if (!allowed.includes(value as Representation)) {
      throw new ArgumentError(`${where}: as is one of ${allowed.join(", ")}; got ${describe(value)}.`);
    }
  }
  return options;
}

function numeric(precision?: number, scale?: number): Spec<Decimal>;
function numeric<const R extends "number" | "string" | "decimal">(
  precision: number | undefined,
  scale: number | undefined,
  options: { readonly as: R },
): Spec<Represented[R]>;
function numeric(precision?: number, scale?: number, options: object = {}): Spec<unknown> {
  size(precision, "t.numeric()");
  size(scale, "t.numeric()");
  return spec("numeric", {
    ...(precision === undefined ? {} : { precision }),
    ...(scale === undefined ? {} : { scale }),
    ...represented(options, ["number", "string", "decimal"], "t.numeric()"),
  });
}

function bigInteger(): Spec<bigint>;
function bigInteger<const R extends "number" | "string" | "bigint">(options: { readonly as: R }): Spec<Represented[R]>;
function bigInteger(options: object = {}): Spec<unknown> {
  return spec("bigInteger", represented(options, ["number", "string", "bigint"], "t.bigInteger()"));
}

/** The types. A value's JavaScript type is given in brackets. */
export const t = {
  /** A 32-bit integer (number). */
  integer: (): Spec<number> => spec("integer"),
  /** A 16-bit integer (number). */
  smallInteger: (): Spec<number> => spec("smallInteger"),
  /** A 64-bit integer (bigint; `{ as: "number" }` refuses what a number cannot hold, `{ as: "string" }` gives digits). */
  bigInteger,
  /** Text of at most `length` characters (string). MySQL requires a length. */
  string: (length?: number): Spec<string> => spec("string", length === undefined ? {} : { length: size(length, "t.string()")! }),
  /** Text of any length (string). */
  text: (): Spec<string> => spec("text"),
  /** A floating-point number, of single or double precision as the database sees fit (number). */
  float: (precision?: number): Spec<number> =>
    spec("float", precision === undefined ? {} : { precision: size(precision, "t.float()")! }),
  /** A double-precision floating-point number (number). */
  double: (): Spec<number> => spec("double"),
  /** An exact decimal number with `precision` digits, `scale` of them after the point (Decimal; or `{ as: "number" | "string" }`). */
  numeric,
  /** True or false (boolean). */
  boolean: (): Spec<boolean> => spec("boolean"),
  /** A point in time (Date). Without `timezone` it is stored without an offset, as UTC. A Date holds milliseconds. */
  dateTime: (options: { readonly timezone?: boolean } = {}): Spec<Date> =>
    spec("dateTime", options.timezone === true ? { timezone: true } : {}),
  /** A calendar day (`"2026-11-21"`). */
  date: (): Spec<string> => spec("date"),
  /** A time of day (`"13:45:00"`). */
  time: (): Spec<string> => spec("time"),
  /** Bytes (Uint8Array). */
  largeBinary: (): Spec<Uint8Array> => spec("largeBinary"),
  /** A JSON document (the parsed value; `null` is SQL NULL, `JSON_NULL` is JSON's null). */
  json: <V = unknown>(): Spec<V> => spec("json"),
  /** A UUID (string in the canonical form). */
  uuid: (): Spec<string> => spec("uuid"),
} as const;
