/** Values that a careless layer would round, cut or turn into something else, through attributes and relationships. */
import { Decimal } from "decimal.js";
import { expect, test } from "vitest";
import { joinedload, selectinload } from "../../../src/orm/index.ts";
import { select } from "../../../src/sql/index.ts";
import { JSON_NULL } from "../../../src/types/jsonNull.ts";
import { Sample, Setting } from "../../support/domains.ts";
import { failure, forEachSession } from "../../support/sessions.ts";

type Init = ConstructorParameters<typeof Sample>[0];

/** A Decimal shows as its digits, so that 0.10 and 0.1 are told apart. */
const shown = (value: unknown): unknown =>
  value instanceof Decimal ? `decimal ${value.toFixed(2)}` : value instanceof Uint8Array ? [...value] : value;

const VALUES: readonly (readonly [string, Init])[] = [
  ["an integer beyond 2^53", { big: 9_007_199_254_740_993n }],
  ["the smallest and negative one", { big: -9_223_372_036_854_775_808n }],
  ["cents", { price: new Decimal("0.10") }],
  ["eighteen digits before the point", { price: new Decimal("123456789012345678.91") }],
  ["a leap day", { day: "2024-02-29" }],
  ["a time with milliseconds", { moment: new Date("2026-11-21T13:45:59.123Z") }],
  ["a time before 1970", { moment: new Date("1901-12-13T20:45:51.007Z") }],
  ["bytes of all values", { bytes: Uint8Array.from({ length: 256 }, (_byte, index) => index) }],
  ["no bytes", { bytes: new Uint8Array() }],
  ["a document", { document: { a: [1, "2", null, true, { ключ: "✓" }], b: 1.5, "": "" } }],
  ["a document that is a string", { document: "null" }],
  ["a document that is false", { document: false }],
  ["JSON's null", { document: JSON_NULL }],
  ["an empty string", { text: "" }],
  ["blanks and quotes", { text: `  '"\`\\ %s $1 :x ?\n\r\t ` }],
  ["letters of all kinds", { text: "ÄÖü ж 漢字 \u{1F469}\u200D\u{1F680} e\u0301 \u{1F1EA}\u{1F1FA}" }],
  ["false", { flag: false }],
  ["a fraction", { ratio: 0.1 + 0.2 }],
  ["the smallest fraction", { ratio: 2.2250738585072014e-308 }],
  ["nothing at all", {}],
];

forEachSession("values", {}, ({ session: open, db, stored }) => {
  test.each(VALUES)("%s: come back as they were, on every way to them", async (name, init) => {
    const session = open();
    if (db.name === "sqlite" && name === "eighteen digits before the point") {
      // SQLite would keep 15 of them.
      session.add(new Sample(init));
      expect((await failure(() => session.flush())).message).toMatch(/cannot hold 123456789012345678\.91 exactly/);
      return;
    }
    const parent = new Sample({ children: [new Sample(init)] });
    session.add(parent);
    await session.commit();
    const { parentId } = (await session.scalars(select(Sample).where(Sample.c.parentId.isNot(null)))).one();
    const expected = Object.fromEntries(Object.entries(init).map(([key, value]) => [key, shown(value)]));
    const read = (sample: Sample): unknown =>
      Object.fromEntries(Object.keys(init).map((key) => [key, shown((sample as unknown as Record<string, unknown>)[key])]));
    session.expungeAll();
    const byQuery = (await session.scalars(select(Sample).where(Sample.c.parentId.eq(parentId)))).one();
    expect(read(byQuery)).toEqual(expected);
    for (const option of [selectinload(Sample.c.children), joinedload(Sample.c.children)]) {
      session.expungeAll();
      const [found] = (await session.scalars(select(Sample).where(Sample.c.id.eq(parentId)).options(option))).all();
      expect(read(found!.children[0]!)).toEqual(expected);
    }
    session.expungeAll();
    const again = (await session.get(Sample, parentId))!;
    await session.load(again, "children");
    expect(read(again.children[0]!)).toEqual(expected);
    // Writing the same values once more is no change.
    Object.assign(again.children[0]!, init);
    await session.flush();
    expect(session.dirty).toEqual([]);
    // Through an UPDATE as well.
    const blank = new Sample({});
    session.add(blank);
    await session.flush();
    Object.assign(blank, init);
    await session.commit();
    await session.refresh(blank);
    expect(read(blank)).toEqual(expected);
    // And to nothing.
    for (const key of Object.keys(init)) (blank as unknown as Record<string, unknown>)[key] = null;
    await session.commit();
    await session.refresh(blank);
    expect(Object.keys(init).map((key) => (blank as unknown as Record<string, unknown>)[key])).toEqual(
      Object.keys(init).map(() => null),
    );
  });

  test("the character NUL is kept, or refused", async () => {
    const session = open();
    session.add(new Sample({ text: "a\0b" }));
    if (db.name === "postgresql") {
      await failure(() => session.commit());
      await session.rollback();
      expect(await stored("SELECT text FROM samples")).toEqual([]);
      return;
    }
    await session.commit();
    expect(await session.scalar(select(Sample.c.text))).toBe("a\0b");
  });

  test("decimals, numbers and strings of the same amount are the same", async () => {
    const session = open();
    const sample = new Sample({ price: "0.10" });
    session.add(sample);
    await session.commit();
    await session.load(sample, "price");
    expect(sample.price instanceof Decimal).toBe(true);
    Object.assign(sample, { price: "0.1" });
    await session.flush();
    await session.refresh(sample);
    expect(sample.price?.toFixed(2)).toBe("0.10");
  });

  test("keys of text may hold anything", async () => {
    const session = open();
    const scopes = ["", " ", "a'b", 'a"b', "a:b", "1:1", "漢", "\\"];
    session.addAll(scopes.map((scope, number) => new Setting({ scope, number, value: scope })));
    await session.commit();
    for (const [number, scope] of scopes.entries()) {
      session.expungeAll();
      expect((await session.get(Setting, [scope, number]))?.value).toBe(scope);
    }
  });
});
