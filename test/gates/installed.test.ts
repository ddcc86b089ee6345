/** When the scripts install, and when they leave node_modules alone. */
import { describe, expect, test } from "vitest";
import { reasonToInstall } from "../../scripts/ensure-installed.mjs";
import { sourceTree } from "../support/source-tree.ts";

const lock = (packages: object) => JSON.stringify({ packages: { "": {}, ...packages } });
const a = { "node_modules/a": { version: "1.0.0", integrity: "x" } };

describe("reason to install", () => {
  test("none when everything is there, or what lacks is optional", () => {
    const folder = sourceTree({
      "package-lock.json": lock({ ...a, "node_modules/b": { version: "1.0.0", optional: true } }),
      "node_modules/.package-lock.json": lock(a),
      "node_modules/a/package.json": "{}",
    });
    expect(reasonToInstall(folder)).toBeUndefined();
  });

  test("nothing installed, a package missing, a folder deleted, another version", () => {
    const reason = (installed: object, extra: Record<string, string> = {}) =>
      reasonToInstall(sourceTree({ "package-lock.json": lock(a), "node_modules/.package-lock.json": lock(installed), ...extra }));
    expect(reasonToInstall(sourceTree({ "package-lock.json": lock(a) }))).toBe("nothing is installed yet");
    expect(reason({})).toBe("node_modules/a is missing");
    expect(reason(a)).toBe("node_modules/a is missing");
    const older = { "node_modules/a": { version: "0.9.0", integrity: "y" } };
    expect(reason(older, { "node_modules/a/package.json": "{}" })).toBe("node_modules/a has another version");
  });
});
