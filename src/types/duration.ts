/**
 * A length of time as a value: what `t.interval()` columns hold. Months, days and microseconds are kept apart, because a month has no
 * fixed number of days and a day of 23 or 25 hours comes twice a year. The dialects write and read it; nothing here knows a database.
 */
import { ArgumentError } from "../errors/base.ts";

/** The parts of a length of time. All are whole, may be negative and are 0 by default; a bigint where a number is not exact. */
export interface DurationParts {
  readonly years?: number;
  readonly months?: number;
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number | bigint;
  readonly minutes?: number | bigint;
  readonly seconds?: number | bigint;
  readonly milliseconds?: number | bigint;
  readonly microseconds?: number | bigint;
}

const MONTHS = { years: 12, months: 1 } as const;
const DAYS = { weeks: 7, days: 1 } as const;
const MICROSECONDS = {
  hours: 3_600_000_000n,
  minutes: 60_000_000n,
  seconds: 1_000_000n,
  milliseconds: 1000n,
  microseconds: 1n,
} as const;
const PART_NAMES = [...Object.keys(MONTHS), ...Object.keys(DAYS), ...Object.keys(MICROSECONDS)];
const MICROSECONDS_PER_DAY = 24n * MICROSECONDS.hours;

/**
 * An immutable length of time: months, days and microseconds, each of its own sign.
 *
 * @example
 * ```ts no-check
 * Duration.of({ days: 1, hours: 12 }).toString();                         // "P1DT12H"
 * Duration.parse("PT1.5S").equals(Duration.of({ milliseconds: 1500 }));   // true
 * ```
 */
export class Duration {
  static readonly ZERO: Duration = new Duration(0, 0, 0n);

  readonly months: number;
  readonly days: number;
  /** Hours, minutes and seconds together. */
  readonly microseconds: bigint;

  private constructor(months: number, days: number, microseconds: bigint) {
    // `+ 0` makes 0 of -0, which would print and compare otherwise.
    this.months = months + 0;
    this.days = days + 0;
    this.microseconds = microseconds;
    Object.freeze(this);
  }

  /** The sum of the parts. Throws ArgumentError for a name that is no part, and for numbers that are not whole or not exact. */
  static of(parts: DurationParts): Duration {
    const given: unknown = parts;
    if (typeof given !== "object" || given === null) throw new ArgumentError("Duration.of takes parts such as { hours: 1 }");
    let months = 0;
    let days = 0;
    let microseconds = 0n;
    for (const [name, value] of Object.entries(given) as [string, unknown][]) {
      if (value === undefined) continue;
      if (Object.hasOwn(MONTHS, name)) months += MONTHS[name as keyof typeof MONTHS] * wholeNumber(name, value);
      else if (Object.hasOwn(DAYS, name)) days += DAYS[name as keyof typeof DAYS] * wholeNumber(name, value);
      else if (Object.hasOwn(MICROSECONDS, name))
        microseconds += MICROSECONDS[name as keyof typeof MICROSECONDS] * whole(name, value);
      else throw new ArgumentError(`Duration.of has no part ${name}; it has ${PART_NAMES.join(", ")}`);
    }
    return new Duration(exact("months", months), exact("days", days), microseconds);
  }

  /** The time from one Date to another, in microseconds; negative when `end` is the earlier. */
  static between(start: Date, end: Date): Duration {
    const milliseconds = end.getTime() - start.getTime();
    if (!Number.isFinite(milliseconds)) throw new ArgumentError("Duration.between takes two valid Dates");
    return new Duration(0, 0, BigInt(milliseconds) * 1000n);
  }

  /**
   * Reads ISO 8601, such as "P1Y2M3DT4H5M6.000007S"; every part may have a sign of its own, as PostgreSQL writes them. Throws
   * ArgumentError for other texts, and for more than six digits of fraction.
   */
  static parse(text: string): Duration {
    const match = typeof text === "string" ? ISO.exec(text) : null;
    if (match === null || /[PT]$/.test(text))
      throw new ArgumentError(`Expected a duration in ISO 8601, such as "P1DT12H30M", got ${JSON.stringify(text)}`);
    const sign = match[1] === "-" ? -1 : 1;
    const part = (index: number): number => sign * Number(match[index] ?? 0);
    const time = (index: number): bigint => BigInt(sign) * BigInt((match[index] ?? "0").replace("+", ""));
    const fraction = BigInt((match[10] ?? "").padEnd(6, "0")) * BigInt(match[8] === "-" ? -sign : sign);
    return Duration.of({
      years: part(2),
      months: part(3),
      weeks: part(4),
      days: part(5),
      hours: time(6),
      minutes: time(7),
      seconds: BigInt(match[8] === "-" ? -sign : sign) * BigInt(match[9] ?? "0"),
      microseconds: fraction,
    });
  }

  /**
   * Orders two durations where their order does not depend on a calendar: negative, 0 or positive, as `sort` wants it. One is greater when
   * none of its months, days and microseconds is less. Throws ArgumentError otherwise: nobody can say whether "P1M" is more than "P30D".
   */
  static compare(this: void, a: Duration, b: Duration): number {
    const signs = [Math.sign(a.months - b.months), Math.sign(a.days - b.days), compareBigints(a.microseconds, b.microseconds)];
    const isGreater = signs.includes(1);
    if (isGreater && signs.includes(-1))
      throw new ArgumentError(`${a.toString()} and ${b.toString()} have no order: months and days differ in length`);
    return isGreater ? 1 : signs.includes(-1) ? -1 : 0;
  }

  plus(other: Duration): Duration {
    return new Duration(
      exact("months", this.months + other.months),
      exact("days", this.days + other.days),
      this.microseconds + other.microseconds,
    );
  }

  negated(): Duration {
    return new Duration(-this.months, -this.days, -this.microseconds);
  }

  /** The same with days of 24 hours each: what a database without intervals can keep. Months stay. */
  withDaysAsHours(): Duration {
    return new Duration(this.months, 0, BigInt(this.days) * MICROSECONDS_PER_DAY + this.microseconds);
  }

  /** True for the same months, days and microseconds: "PT24H" is not "P1D". */
  equals(other: unknown): boolean {
    return (
      other instanceof Duration &&
      other.months === this.months &&
      other.days === this.days &&
      other.microseconds === this.microseconds
    );
  }

  /** ISO 8601: "P1Y2M3DT4H5M6.5S", "PT0S"; negative parts have signs of their own. */
  toString(): string {
    const years = Math.trunc(this.months / 12);
    const date = isoPart(years, "Y") + isoPart(this.months - years * 12, "M") + isoPart(this.days, "D");
    const { hours, minutes, seconds } = MICROSECONDS;
    const rest = this.microseconds % minutes;
    let time =
      isoPart(this.microseconds / hours, "H") + isoPart((this.microseconds % hours) / minutes, "M") + isoSeconds(rest, seconds);
    if (date === "" && time === "") time = "0S";
    return `P${date}${time === "" ? "" : `T${time}`}`;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Duration(${this.toString()})`;
  }
}

/** Sign; years, months, weeks, days; hours, minutes; sign, digits and fraction of the seconds. */
const ISO =
  /^([+-])?P(?:([+-]?\d+)Y)?(?:([+-]?\d+)M)?(?:([+-]?\d+)W)?(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-])?(\d+)(?:[.,](\d{1,6})0*)?S)?)?$/;

function isoPart(value: number | bigint, unit: string): string {
  return BigInt(value) === 0n ? "" : `${value}${unit}`;
}

function isoSeconds(microseconds: bigint, second: bigint): string {
  if (microseconds === 0n) return "";
  const size = microseconds < 0n ? -microseconds : microseconds;
  const fraction = String(size % second)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${microseconds < 0n ? "-" : ""}${size / second}${fraction === "" ? "" : `.${fraction}`}S`;
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function wholeNumber(name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw notWhole(name, value);
  return value;
}

function whole(name: string, value: unknown): bigint {
  if (typeof value === "bigint") return value;
  return BigInt(wholeNumber(name, value));
}

function notWhole(name: string, value: unknown): ArgumentError {
  const advice = typeof value === "number" && !Number.isInteger(value) ? "; give the rest in a smaller unit" : "";
  return new ArgumentError(`Duration.of: ${name} must be a whole number, got ${String(value)}${advice}`);
}

function exact(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new ArgumentError(`A duration of so many ${name} is not exact: ${value}`);
  return value;
}
