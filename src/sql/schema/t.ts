/**
 * The types, as users write them: `t.integer()`, `t.string(100)` … Each call gives a column under construction, which is also a type
 * wherever one is asked for.
 */
import type { Decimal } from "decimal.js";
import { ArgumentError } from "../../errors/base.ts";
import type { Duration } from "../../types/duration.ts";
import { requireTemporal, type TemporalInstance } from "../../types/temporal.ts";
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
    if (value === "temporal" && allowed.includes(value)) requireTemporal(where);
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

type TextOrTemporal = "string" | "temporal";

/** A Date, unless asked for otherwise: a Temporal.PlainDateTime is a moment without zone, a Temporal.Instant one with. */
type MomentOf<R extends TextOrTemporal | undefined, Z extends boolean | undefined> = R extends "string"
  ? string
  : R extends "temporal"
    ? TemporalInstance<Z extends true ? "Instant" : "PlainDateTime">
    : Date;

function dateTime<const R extends TextOrTemporal | undefined = undefined, const Z extends boolean | undefined = undefined>(
  options: { readonly timezone?: Z; readonly as?: R } = {},
): Spec<MomentOf<R, Z>> {
  const { timezone, ...rest } = options as { readonly timezone?: unknown };
  if (timezone !== undefined && typeof timezone !== "boolean")
    throw new ArgumentError(`t.dateTime(): timezone is true or false; got ${describe(timezone)}.`);
  for (const name of Object.keys(rest)) {
    if (name !== "as") throw new ArgumentError(`t.dateTime() has no option ${name}; it has: timezone, as.`);
  }
  const given = represented(rest, ["string", "temporal"], "t.dateTime()");
  return spec("dateTime", { ...(timezone === true ? { timezone } : {}), ...given });
}

function date(): Spec<string>;
function date<const R extends TextOrTemporal>(options: {
  readonly as: R;
}): Spec<R extends "string" ? string : TemporalInstance<"PlainDate">>;
function date(options: object = {}): Spec<unknown> {
  return spec("date", represented(options, ["string", "temporal"], "t.date()"));
}

function time(): Spec<string>;
function time<const R extends TextOrTemporal>(options: {
  readonly as: R;
}): Spec<R extends "string" ? string : TemporalInstance<"PlainTime">>;
function time(options: object = {}): Spec<unknown> {
  return spec("time", represented(options, ["string", "temporal"], "t.time()"));
}

function interval(): Spec<Duration>;
function interval<const R extends TextOrTemporal>(options: {
  readonly as: R;
}): Spec<R extends "string" ? string : TemporalInstance<"Duration">>;
function interval(options: object = {}): Spec<unknown> {
  return spec("interval", represented(options, ["string", "temporal"], "t.interval()"));
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
  /**
   * A point in time (Date). Without `timezone` it is stored without an offset, as UTC. A Date holds milliseconds; `{ as: "string" }`
   * (`"2026-11-21 13:45:00.123456"`, in UTC) and `{ as: "temporal" }` (Temporal.PlainDateTime, with `timezone` Temporal.Instant) hold microseconds.
   */
  dateTime,
  /** A calendar day (`"2026-11-21"`; `{ as: "temporal" }` gives a Temporal.PlainDate). */
  date,
  /** A time of day (`"13:45:00"`; `{ as: "temporal" }` gives a Temporal.PlainTime). */
  time,
  /**
   * A length of time (Duration; `{ as: "string" }` gives ISO 8601, `{ as: "temporal" }` a Temporal.Duration). PostgreSQL keeps months, days and
   * microseconds apart; elsewhere microseconds alone are kept, as a BIGINT, and what has months or days is refused.
   */
  interval,
  /** Bytes (Uint8Array). */
  largeBinary: (): Spec<Uint8Array> => spec("largeBinary"),
  /** A JSON document (the parsed value; `null` is SQL NULL, `JSON_NULL` is JSON's null). */
  json: <V = unknown>(): Spec<V> => spec("json"),
  /** A UUID (string in the canonical form). */
  uuid: (): Spec<string> => spec("uuid"),
} as const;
