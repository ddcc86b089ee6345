/** Durations: parts, ISO 8601 both ways, equality, order, and PostgreSQL's spelling of intervals. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bindInterval, bindMicroseconds, readInterval } from "../../src/dialects/conversion/intervals.ts";
import { ArgumentError, DataError } from "../../src/errors/index.ts";
import { Duration } from "../../src/types/duration.ts";

const durations = fc
  .tuple(
    fc.integer(),
    fc.integer(),
    fc.oneof(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), fc.bigInt({ min: -70_000_000n, max: 70_000_000n })),
  )
  .map(([months, days, microseconds]) => Duration.of({ months, days, microseconds }));

test("ISO 8601 is read as it was written", () => {
  fc.assert(fc.property(durations, (duration) => Duration.parse(duration.toString()).equals(duration)));
  expect(String(Duration.ZERO)).toBe("PT0S");
  expect(String(Duration.of({ years: 1, months: 2, weeks: 1, days: 3, hours: 4, seconds: 5, milliseconds: 6 }))).toBe(
    "P1Y2M10DT4H5.006S",
  );
  expect(String(Duration.of({ months: -1, seconds: -61 }))).toBe("P-1MT-1M-1S");
  for (const [text, same] of [
    ["PT36H", { hours: 36 }],
    ["-P1DT2H", { days: -1, hours: -2 }],
    ["P1Y-2M+3D", { months: 10, days: 3 }],
    ["PT-0.5S", { milliseconds: -500 }],
    ["-PT-0.5S", { milliseconds: 500 }],
    ["PT1,25S", { milliseconds: 1250 }],
    ["PT0.1234560S", { microseconds: 123_456 }],
  ] as const)
    expect(Duration.parse(text).equals(Duration.of(same))).toBe(true);
  for (const wrong of ["", "P", "PT", "P1DT", "1D", "P1.5D", "PT1.1234567S", "PT1H30", 5])
    expect(() => Duration.parse(wrong as string)).toThrow(ArgumentError);
});

test("parts are whole, exact and known", () => {
  for (const wrong of [{ hours: 1.5 }, { days: 2 ** 53 }, { hour: 1 }, { toString: 1 }, { hours: "1" }, { days: 1n }])
    expect(() => Duration.of(wrong as never)).toThrow(ArgumentError);
  expect(() => Duration.of(5 as never)).toThrow(ArgumentError);
  expect(Duration.of({ hours: undefined } as never).equals(Duration.ZERO)).toBe(true);
  expect(Object.is(Duration.of({ months: 1 }).negated().negated().days, 0)).toBe(true);
  expect(JSON.stringify({ wait: Duration.of({ minutes: 5 }) })).toBe('{"wait":"PT5M"}');
});

test("equality keeps a day apart from 24 hours, and order asks no calendar", () => {
  const day = Duration.of({ days: 1 });
  const hours = Duration.of({ hours: 24 });
  expect(day.equals(hours)).toBe(false);
  expect(day.withDaysAsHours().equals(hours)).toBe(true);
  expect([Duration.of({ hours: 2 }), Duration.ZERO, Duration.of({ hours: -1 })].sort(Duration.compare).map(String)).toEqual([
    "PT-1H",
    "PT0S",
    "PT2H",
  ]);
  expect(Duration.compare(Duration.of({ months: 1, days: 1 }), Duration.of({ months: 1 }))).toBe(1);
  expect(() => Duration.compare(day, hours)).toThrow(/no order/);
  expect(Duration.between(new Date(1000), new Date(0)).equals(Duration.of({ seconds: -1 }))).toBe(true);
  expect(day.plus(hours).toString()).toBe("P1DT24H");
});

test("PostgreSQL's intervals", () => {
  for (const [text, iso] of [
    ["00:00:00", "PT0S"],
    ["1 year 2 mons -3 days +04:05:06.789", "P1Y2M-3DT4H5M6.789S"],
    ["-1 years -2 mons", "P-1Y-2M"],
    ["-00:00:00.000001", "PT-0.000001S"],
    ["2562047788:00:54.775807", "PT2562047788H54.775807S"],
  ] as const)
    expect(String(readInterval(text))).toBe(iso);
  for (const wrong of ["", "infinity", "1 fortnight", 5]) expect(() => readInterval(wrong)).toThrow(DataError);
  expect(bindInterval("P1M2DT-0.5S")).toBe("1 mons 2 days -500000 microseconds");
  expect(() => bindInterval(Duration.of({ months: 2 ** 31 }))).toThrow(/longer/);
  expect(bindMicroseconds(Duration.of({ seconds: 1 }))).toBe(1_000_000n);
  expect(() => bindMicroseconds(Duration.of({ days: 1 }))).toThrow(/has days.*withDaysAsHours/);
});
