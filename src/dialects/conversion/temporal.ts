/**
 * Temporal's values, for columns declared `{ as: "temporal" }`. They pass through the texts of the other conversions. A value is known by its tag, so
 * that those of a polyfill and of the runtime are taken alike.
 */
import type { Converter } from "../../sql/compile/dialect.ts";
import { Duration } from "../../types/duration.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { requireTemporal, type TemporalClass, type TemporalNamespace, type TemporalValue } from "../../types/temporal.ts";
import { dateTimeTextResult } from "./dateTimeText.ts";
import { unfit } from "./describe.ts";

/** What turns a value of Temporal into the text that `bind` takes. */
export function bindTemporal(name: keyof TemporalNamespace, bind: Converter): Converter {
  return (value) => {
    const tag = (value as { [Symbol.toStringTag]?: unknown } | undefined)?.[Symbol.toStringTag];
    if (tag !== `Temporal.${name}`) throw unfit(value, `a Temporal.${name}`);
    // A calendar's name would follow the date; the database has only one calendar.
    return bind((value as { toString(options: object): string }).toString({ calendarName: "never" }));
  };
}

export function temporalResult(name: keyof TemporalNamespace, read: Converter): Converter {
  const type: TemporalClass = requireTemporal(`Temporal.${name}`)[name];
  return (value): TemporalValue => {
    const text = read(value) as string;
    try {
      return type.from(text);
    } catch {
      throw unfit(text, `what Temporal.${name} can hold`, 'read it with { as: "string" }');
    }
  };
}

/** A `dateTime` with a zone is an Instant, one without is a PlainDateTime. */
export function temporalNameOf(type: SqlType): "Instant" | "PlainDateTime" {
  return type.parameters.timezone === true ? "Instant" : "PlainDateTime";
}

export function temporalDateTimeResult(type: SqlType): Converter {
  const suffix = type.parameters.timezone === true ? "Z" : "";
  return temporalResult(temporalNameOf(type), (value) => `${dateTimeTextResult(value)}${suffix}`);
}

/** A Duration from what a column's representation gives: itself, its text, or Temporal's. */
export function toDuration(value: unknown): Duration {
  if (value instanceof Duration) return value;
  const isTemporal = (value as { [Symbol.toStringTag]?: unknown } | undefined)?.[Symbol.toStringTag] === "Temporal.Duration";
  if (typeof value === "string" || isTemporal) {
    try {
      return Duration.parse(String(value));
    } catch {
      throw unfit(value, 'a duration in ISO 8601 such as "P1DT12H", to the microsecond');
    }
  }
  throw unfit(value, "a Duration", typeof value === "number" ? "write Duration.of({ milliseconds: … })" : "");
}
