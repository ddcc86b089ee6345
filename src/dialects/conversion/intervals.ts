/**
 * Lengths of time. PostgreSQL's INTERVAL keeps months, days and microseconds apart, as a Duration does. Elsewhere an interval is a BIGINT
 * of microseconds, which orders and sums: it cannot tell a day from 24 hours, so what has days or months is refused there, not changed.
 */
import { DataError } from "../../errors/dbapi.ts";
import type { Converter } from "../../sql/compile/dialect.ts";
import { Duration } from "../../types/duration.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { unfit } from "./describe.ts";
import { temporalResult, toDuration } from "./temporal.ts";

const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;

/** As PostgreSQL reads it whatever its `intervalstyle` is. */
export function bindInterval(value: unknown): string {
  const duration = toDuration(value);
  const { months, days, microseconds } = duration;
  if (Math.abs(months) > MAX_INT32 || Math.abs(days) > MAX_INT32 || !fits(microseconds)) throw tooLong(duration);
  return `${months} mons ${days} days ${microseconds} microseconds`;
}

export function bindMicroseconds(value: unknown): bigint {
  const duration = toDuration(value);
  if (duration.months !== 0 || duration.days !== 0)
    throw new DataError(
      `The duration ${duration.toString()} has ${duration.months === 0 ? "days" : "months"}, and this database keeps microseconds alone${
        duration.months === 0 ? "; days of 24 hours each are duration.withDaysAsHours()" : ""
      }`,
    );
  if (!fits(duration.microseconds)) throw tooLong(duration);
  return duration.microseconds;
}

function fits(microseconds: bigint): boolean {
  return microseconds >= -MAX_INT64 && microseconds <= MAX_INT64;
}

function tooLong(duration: Duration): DataError {
  return new DataError(`The duration ${duration.toString()} is longer than the database can hold`);
}

/** Both readers, in the representation that the type asks for. */
export function intervalResult(type: SqlType): Converter {
  return represented(type, readInterval);
}

export function microsecondsResult(type: SqlType): Converter {
  return represented(type, readMicroseconds);
}

function represented(type: SqlType, read: (value: unknown) => Duration): Converter {
  const asText: Converter = (value) => read(value).toString();
  if (type.parameters.as === "string") return asText;
  return type.parameters.as === "temporal" ? temporalResult("Duration", asText) : read;
}

/** `1 year -2 mons +3 days -04:05:06.789`: PostgreSQL's own style; every part is there only where it is not zero. */
const POSTGRES_STYLE =
  /^(?:([+-]?\d+) years?)? ?(?:([+-]?\d+) mons?)? ?(?:([+-]?\d+) days?)? ?(?:([+-])?(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/;

export function readInterval(value: unknown): Duration {
  const match = typeof value === "string" && value !== "" ? POSTGRES_STYLE.exec(value) : null;
  if (match === null) throw unfit(value, "an interval");
  const sign = match[4] === "-" ? -1n : 1n;
  const clock = (index: number): bigint => sign * BigInt(match[index] ?? 0);
  return Duration.of({
    years: Number(match[1] ?? 0),
    months: Number(match[2] ?? 0),
    days: Number(match[3] ?? 0),
    hours: clock(5),
    minutes: clock(6),
    seconds: clock(7),
    microseconds: sign * BigInt((match[8] ?? "").padEnd(6, "0")),
  });
}

function readMicroseconds(value: unknown): Duration {
  // The sum of integers is a NUMERIC on some servers.
  const isWhole =
    typeof value === "bigint" || Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value));
  if (!isWhole) throw unfit(value, "an interval in microseconds");
  return Duration.of({ microseconds: BigInt(value as bigint | number | string) });
}
