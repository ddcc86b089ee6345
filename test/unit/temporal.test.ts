/** Columns declared `{ as: "temporal" }`: what they say without Temporal, and how values pass with one (a stand-in with its texts and tags). */
import { afterEach, expect, test } from "vitest";
import { makeDialect } from "../../src/dialects/index.ts";
import { ArgumentError, DataError } from "../../src/errors/index.ts";
import { t } from "../../src/sql/index.ts";

const runtime = globalThis as { Temporal?: unknown };
const { Temporal: original } = runtime;
afterEach(() => {
  runtime.Temporal = original;
});

function standIn(name: string) {
  return class Value {
    readonly text: string;
    constructor(text: string) {
      this.text = text;
    }
    static from(text: string): Value {
      if (!/^[PT\d-]/.test(text) || (name === "Duration" && /P\d.*-|-.*[A-Z]\d/.test(text))) throw new RangeError(text);
      return new Value(text);
    }
    get [Symbol.toStringTag](): string {
      return `Temporal.${name}`;
    }
    toString(): string {
      return this.text;
    }
  };
}
const Temporal = Object.fromEntries(
  ["Instant", "PlainDateTime", "PlainDate", "PlainTime", "Duration"].map((name) => [name, standIn(name)]),
) as Record<string, ReturnType<typeof standIn>>;

const COLUMNS = {
  Instant: () => t.dateTime({ timezone: true, as: "temporal" }),
  PlainDateTime: () => t.dateTime({ as: "temporal" }),
  PlainDate: () => t.date({ as: "temporal" }),
  PlainTime: () => t.time({ as: "temporal" }),
  Duration: () => t.interval({ as: "temporal" }),
};

test.each(Object.entries(COLUMNS))("without Temporal, declaring a column of %s says so", (_name, declare) => {
  delete runtime.Temporal;
  expect(declare).toThrow(ArgumentError);
  expect(declare).toThrow(/globalThis\.Temporal/);
});

test.each(["sqlite", "postgresql", "mysql"])("values pass with all their digits: %s", (name) => {
  runtime.Temporal = Temporal;
  const dialect = makeDialect(name);
  for (const [kind, given, wire, read] of [
    ["Instant", "2024-02-29T01:02:03.123456Z", /^2024-02-29 01:02:03\.123456(\+00)?$/, "2024-02-29 01:02:03.123456Z"],
    ["PlainDateTime", "2024-02-29T01:02:03", /^2024-02-29 01:02:03\.000000$/, "2024-02-29 01:02:03"],
    ["PlainDate", "2024-02-29", /^2024-02-29$/, "2024-02-29"],
    ["PlainTime", "01:02:03.000001", /^01:02:03\.000001$/, "01:02:03.000001"],
  ] as const) {
    const { type } = COLUMNS[kind]();
    const bound = dialect.bindConverter(type)!(new Temporal[kind]!(given));
    expect(bound).toMatch(wire);
    const value = dialect.resultConverter(type, null)!(bound);
    expect(value).toBeInstanceOf(Temporal[kind]);
    expect(String(value)).toBe(read);
    for (const wrong of [given, new Date(), new Temporal["Duration"]!("PT1S")])
      expect(() => dialect.bindConverter(type)!(wrong)).toThrow(DataError);
    const tooFine = new Temporal[kind]!("2024-02-29T01:02:03.123456789Z");
    expect(() => dialect.bindConverter(type)!(tooFine)).toThrow(DataError);
  }
  const { type } = COLUMNS.Duration();
  expect(String(dialect.bindConverter(type)!(new Temporal["Duration"]!("PT1.5S")))).toMatch(/1500000/);
  expect(String(dialect.resultConverter(type, null)!(name === "postgresql" ? "00:00:01.5" : 1_500_000n))).toBe("PT1.5S");
  if (name === "postgresql")
    expect(() => dialect.resultConverter(type, null)!("1 mon -1 days")).toThrow(/what Temporal\.Duration can hold/);
});

test("wrong options are named", () => {
  expect(() => t.dateTime({ as: "number" } as never)).toThrow(/string, temporal/);
  expect(() => t.dateTime({ zone: true } as never)).toThrow(/no option zone/);
  expect(() => t.dateTime({ timezone: "UTC" } as never)).toThrow(/true or false/);
  expect(() => t.interval({ precision: 3 } as never)).toThrow(/no option precision/);
});
