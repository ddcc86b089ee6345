/** Dates and times as servers write them: the two forms that are read at fixed places mean what every other reader makes of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDateTime } from "../../src/dialects/conversion/dates.ts";
import { DataError } from "../../src/errors/index.ts";

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

const dates = fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true });

test("with six digits of fraction or none", () => {
  fc.assert(
    fc.property(dates, fc.integer({ min: 0, max: 999 }), (date, micros) => {
      const text = date.toISOString().replace("T", " ");
      expect(parseDateTime(text.slice(0, 19)).getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
      expect(parseDateTime(text.slice(0, 23) + pad(micros, 3)).getTime()).toBe(date.getTime());
      expect(parseDateTime(`${text.slice(0, 23)}${pad(micros, 3)}+00`).getTime()).toBe(date.getTime());
    }),
  );
});

test("one wrong character in them is an error", () => {
  const right = ["2024-02-29 23:59:59", "2024-02-29 23:59:59.123456"];
  const wrong = fc.constantFrom("x", "/", "é", "\0");
  fc.assert(
    fc.property(fc.constantFrom(...right), fc.nat(25), wrong, (text, position, character) => {
      const place = position % text.length;
      fc.pre(text[place] !== character);
      const changed = text.slice(0, place) + character + text.slice(place + 1);
      expect(() => parseDateTime(changed)).toThrow(DataError);
    }),
  );
  for (const text of [
    "2023-02-29 00:00:00",
    "2024-13-01 00:00:00",
    "2024-00-10 00:00:00",
    "0000-00-00 00:00:00",
    "2024-01-01 00:60:00",
  ])
    expect(() => parseDateTime(text)).toThrow(DataError);
});

test("an hour of 24 and a leap second go over into the next", () => {
  expect(parseDateTime("2024-12-31 24:00:00")).toEqual(new Date("2025-01-01T00:00:00Z"));
  expect(parseDateTime("2016-12-31 23:59:60")).toEqual(new Date("2017-01-01T00:00:00Z"));
  expect(parseDateTime("0099-12-31 00:00:00").getUTCFullYear()).toBe(99);
});
