/** Every error class has a page under docs/errors, named after its code, and every page belongs to a class. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as errors from "../../src/errors/index.ts";

const folder = fileURLToPath(new URL("../../docs/errors/", import.meta.url));
const pages = readdirSync(folder)
  .filter((name) => name.endsWith(".md") && name !== "README.md")
  .map((name) => name.slice(0, -".md".length))
  .sort();

type ErrorClass = new (message: string, details: []) => errors.AthanorError;

/** The classes that can be thrown: all but the abstract root. The second argument suits every constructor. */
const classes = Object.values<unknown>(errors)
  .filter((value): value is ErrorClass => typeof value === "function" && value.prototype instanceof errors.AthanorError)
  .map((errorClass) => ({ name: errorClass.name, code: new errorClass("message", []).code }));

describe("error pages", () => {
  test("there are errors to look at", () => {
    expect(classes.length).toBeGreaterThan(30);
  });

  test.each(classes)("$name has the page $code", ({ name, code }) => {
    expect(existsSync(`${folder}${code}.md`)).toBe(true);
    const page = readFileSync(`${folder}${code}.md`, "utf8");
    expect(page.split("\n")[0]).toBe(`# ${code}`);
    expect(page).toContain(`\`${name}\``);
  });

  test("no two classes share a code, and no page is without a class", () => {
    expect(classes.map(({ code }) => code).sort()).toEqual(pages);
  });

  test("the index leads to every page", () => {
    const index = readFileSync(`${folder}README.md`, "utf8");
    const linked = [...index.matchAll(/\]\(([a-z-]+)\.md\)/g)].map(([, code]) => code).sort();
    expect(linked).toEqual(pages);
  });
});
