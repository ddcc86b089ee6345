/** The JavaScript types of values, as columns declare them. */
import { randomUUID } from "node:crypto";
import type { Decimal } from "decimal.js";
import { expectTypeOf, test } from "vitest";
import { literal, MetaData, t } from "../../src/sql/index.ts";
import type { ColumnElement, DefaultContext } from "../../src/sql/index.ts";
import type { SpecValue } from "../../src/sql/schema/columnSpec.ts";
import { Duration } from "../../src/types/duration.ts";
import type { TemporalValue } from "../../src/types/temporal.ts";

declare function valueOf<S>(spec: S): SpecValue<S>;

test("moments", () => {
  const plain = t.dateTime();
  const zoned = t.dateTime({ timezone: true });
  const asText = t.dateTime({ as: "string" });
  const zonedText = t.dateTime({ as: "string", timezone: true });
  const temporal = t.dateTime({ as: "temporal" });
  expectTypeOf(valueOf(plain)).toEqualTypeOf<Date>();
  expectTypeOf(valueOf(zoned)).toEqualTypeOf<Date>();
  expectTypeOf(valueOf(asText)).toEqualTypeOf<string>();
  expectTypeOf(valueOf(zonedText)).toEqualTypeOf<string>();
  // Programs with `lib: ["esnext.temporal"]` get Temporal's own types; this one has none.
  expectTypeOf(valueOf(temporal)).toEqualTypeOf<TemporalValue>();
  // @ts-expect-error there is no such representation
  t.dateTime({ as: "number" });
});

test("dates, times and intervals", () => {
  const [day, clock, span] = [t.date(), t.time(), t.interval()];
  const [spanText, spanTemporal, dayTemporal] = [
    t.interval({ as: "string" }),
    t.interval({ as: "temporal" }),
    t.date({ as: "temporal" }),
  ];
  expectTypeOf(valueOf(day)).toEqualTypeOf<string>();
  expectTypeOf(valueOf(clock)).toEqualTypeOf<string>();
  expectTypeOf(valueOf(span)).toEqualTypeOf<Duration>();
  expectTypeOf(valueOf(spanText)).toEqualTypeOf<string>();
  expectTypeOf(valueOf(spanTemporal)).toEqualTypeOf<TemporalValue>();
  expectTypeOf(valueOf(dayTemporal)).toEqualTypeOf<TemporalValue>();
  // @ts-expect-error there is no such option
  t.interval({ precision: 3 });
  // @ts-expect-error a fraction of an hour is written in minutes, and names are checked
  Duration.of({ hour: 1 });
});

test("in rows, nullable and as literals", () => {
  const jobs = new MetaData().table("jobs", {
    id: t.integer().primaryKey(),
    wait: t.interval(),
    limit: t.interval().nullable(),
    fee: t.numeric(8, 2),
  });
  expectTypeOf(jobs.c.wait).toExtend<ColumnElement<Duration>>();
  expectTypeOf(jobs.c.limit).toExtend<ColumnElement<Duration | null>>();
  expectTypeOf(jobs.c.fee).toExtend<ColumnElement<Decimal>>();
  expectTypeOf(literal(Duration.of({ hours: 1 }))).toExtend<ColumnElement<Duration>>();
});

test("functions for defaults", () => {
  t.string().default((context) => {
    expectTypeOf(context).toEqualTypeOf<DefaultContext>();
    return String(context.currentParameters["name"]);
  });
  t.dateTime().onupdate(({ isUpdate }) => new Date(isUpdate ? 1 : 0));
  // Functions with parameters of their own, which can be left out.
  t.string().default((length = 21) => "x".repeat(length));
  t.uuid().default(randomUUID);
  t.dateTime().default(() => new Date());
  // @ts-expect-error the wrong type of value
  t.integer().default(() => "one");
  // @ts-expect-error nobody gives such a parameter
  t.integer().default((required: number) => required);
});
