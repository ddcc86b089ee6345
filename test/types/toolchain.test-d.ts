/** That type tests are checked at all, and with the strict options that the library is written for. */
import { expectTypeOf, test } from "vitest";

test("indexed access is unchecked nowhere", () => {
  const names: string[] = [];
  expectTypeOf(names[0]).toEqualTypeOf<string | undefined>();
});

test("an optional property does not take undefined", () => {
  // @ts-expect-error exactOptionalPropertyTypes
  const options: { name?: string } = { name: undefined };
  expectTypeOf(options).toEqualTypeOf<{ name?: string }>();
});
