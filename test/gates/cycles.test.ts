/** The cycle gate: circles that exist at run time are found, those that the compiler erases are not. */
import { describe, expect, test } from "vitest";
import { findCycles } from "../../scripts/check-cycles.mjs";
import { sourceTree } from "../support/source-tree.ts";

const cycles = (files: Record<string, string>) => findCycles(sourceTree(files)).map((files) => [...files].sort());

describe("cycles", () => {
  test("a tree without circles passes, however often something is imported", () => {
    expect(
      cycles({
        "a.ts": `import "./b.ts"; import "./d/c.ts";`,
        "b.ts": `export * from "./d/c.ts";`,
        "d/c.ts": `import "decimal.js";`,
      }),
    ).toEqual([]);
  });

  test("a circle across folders is found, also through a re-export", () => {
    expect(
      cycles({ "a.ts": `import { b } from "./x/b.ts";`, "x/b.ts": `export { c } from "../c.ts";`, "c.ts": `import "./a.ts";` }),
    ).toEqual([["a.ts", "c.ts", "x/b.ts"]]);
  });

  test("the shortest circle of a tangle is shown", () => {
    const [cycle] = cycles({
      "a.ts": `import "./b.ts";`,
      "b.ts": `import "./c.ts"; import "./d.ts";`,
      "c.ts": `import "./a.ts";`,
      "d.ts": `import "./b.ts";`,
    });
    expect(cycle).toEqual(["b.ts", "d.ts"]);
  });

  test("a module that imports itself is a circle", () => {
    expect(cycles({ "a.ts": `import "./a.ts";` })).toEqual([["a.ts"]]);
  });

  test("erased and late imports do not count", () => {
    const back = (text: string) => cycles({ "a.ts": `import "./b.ts";`, "b.ts": text });
    expect(back(`import type { A } from "./a.ts";`)).toEqual([]);
    expect(back(`export type { A } from "./a.ts";`)).toEqual([]);
    expect(back(`export const late = () => import("./a.ts");`)).toEqual([]);
    // Under verbatimModuleSyntax this leaves `import {} from "./a.js"` behind.
    expect(back(`import { type A } from "./a.ts";`)).toEqual([["a.ts", "b.ts"]]);
  });
});
