/** The layer gate: what it must refuse, and what it must let pass. */
import { describe, expect, test } from "vitest";
import { checkLayers } from "../../scripts/check-layers.mjs";
import { sourceTree } from "../support/source-tree.ts";

const check = (files: Record<string, string>, packages?: string[]) =>
  checkLayers(sourceTree(files), packages === undefined ? {} : { packages });

describe("layers", () => {
  test("a folder may use those above it, itself, and an entry point may use all", () => {
    const problems = check({
      "util/a.ts": `import "./b.ts";`,
      "util/b.ts": "",
      "sql/build/x.ts": `import { a } from "../../util/a.ts"; import type { B } from "../nodes/b.ts";`,
      "sql/nodes/b.ts": `import "../build/x.ts";`,
      "index.ts": `export * from "./sql/build/x.ts"; export * from "./orm/y.ts";`,
      "orm.ts": `export * from "./index.ts";`,
      "orm/y.ts": "",
    });
    expect(problems).toEqual([]);
  });

  test.each([
    ["import", `import { s } from "../orm/s.ts";`],
    ["type import", `import type { S } from "../orm/s.ts";`],
    ["re-export", `export * from "../orm/s.ts";`],
    ["dynamic import", `export const later = () => import("../orm/s.ts");`],
    ["import() type", `export type S = import("../orm/s.ts").S;`],
  ])("an %s from below is refused", (_, text) => {
    expect(check({ "sql/a.ts": `\n${text}`, "orm/s.ts": "" })).toEqual([
      "sql/a.ts:2 imports orm/s.ts: sql/ may not use orm/, which stands below it in the list of layers",
    ]);
  });

  test("nothing but entry points imports an entry point", () => {
    expect(check({ "testing/a.ts": `import "../index.ts";`, "index.ts": "" })).toHaveLength(1);
  });

  test("a folder that is in no list, and a way out of the tree, are refused", () => {
    expect(check({ "helpers/a.ts": "" })).toEqual(["helpers/ is not in the list of layers (LAYERS in scripts/check-layers.mjs)"]);
    expect(check({ "util/a.ts": `import "../../test/x.ts";` })).toEqual([
      "util/a.ts:1 imports ../../test/x.ts, which is outside the source tree",
    ]);
  });

  test("npm drivers belong in drivers, and other packages must be declared", () => {
    expect(check({ "drivers/pg.ts": `import pg from "pg";` }, [])).toEqual([]);
    expect(check({ "engine/pg.ts": `import type { Pool } from "pg";` }, ["pg"])).toHaveLength(1);
    expect(
      check({ "types/n.ts": `import { Decimal } from "decimal.js"; import "node:fs"; import "fs";` }, ["decimal.js"]),
    ).toEqual([]);
    expect(check({ "util/n.ts": `import "@scope/name/deep.js";` }, ["decimal.js"])).toHaveLength(1);
  });

  test("text that only looks like an import is no import", () => {
    expect(check({ "util/a.ts": `// import "../orm/s.ts"\nexport const s = 'import "../orm/s.ts"';` })).toEqual([]);
  });
});
