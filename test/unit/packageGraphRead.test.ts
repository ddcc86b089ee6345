/** Reading a node_modules, in all the ways in which a package.json can be written, and those in which it cannot. */
import { describe, expect, test } from "vitest";
import { readPackageGraph, type PackageGraph, type VersionFacts } from "../../examples/package-graph/read.ts";
import { packageTree, type TreeFile } from "../support/packageTree.ts";

const PROJECT = { name: "project", version: "1.0.0" };

function read(files: Readonly<Record<string, TreeFile>>): PackageGraph {
  return readPackageGraph(packageTree({ "package.json": PROJECT, ...files }));
}

/** The one package of a tree, with this package.json. */
function readOne(manifest: Readonly<Record<string, unknown>>): VersionFacts {
  const { versions } = read({ "node_modules/p/package.json": { name: "p", version: "1.0.0", ...manifest } });
  return versions.find(({ name }) => name === "p")!;
}

function version({ versions }: PackageGraph, key: string): VersionFacts {
  const found = versions.find((one) => one.key === key);
  if (found === undefined) throw new Error(`${key} is not among ${versions.map((one) => one.key).join(", ")}`);
  return found;
}

describe("a licence", () => {
  test.each([
    ["MIT", "MIT"],
    [" MIT\n", "MIT"],
    ["(MIT OR Apache-2.0)", "(MIT OR Apache-2.0)"],
    [{ type: "BSD", url: "https://example.org" }, "BSD"],
    [{ name: "ISC" }, "ISC"],
    [[{ type: "MIT" }, { type: "GPL-2.0" }], "(MIT OR GPL-2.0)"],
    [["MIT"], "MIT"],
    [["MIT", { type: "MIT" }], "MIT"],
    [[], null],
    ["", null],
    [null, null],
    [true, null],
    [{ url: "https://example.org" }, null],
  ])("%j is %j", (license, expected) => {
    expect(readOne({ license }).license).toBe(expected);
  });

  test("may be in `licenses`, or missing", () => {
    expect(readOne({ licenses: [{ type: "MIT" }, { type: "Apache2" }] }).license).toBe("(MIT OR Apache2)");
    expect(readOne({ license: "ISC", licenses: ["MIT"] }).license).toBe("ISC");
    expect(readOne({}).license).toBeNull();
  });
});

describe("people", () => {
  test.each<[unknown, { name: string; email: string | null } | null]>([
    ["Ann <Ann@example.org> (https://ann.example)", { name: "Ann", email: "ann@example.org" }],
    ["Ann (https://ann.example)", { name: "Ann", email: null }],
    ["Ann", { name: "Ann", email: null }],
    ["<ann@example.org>", { name: "ann@example.org", email: "ann@example.org" }],
    [
      { name: "Ann", email: "ann@example.org", url: "x" },
      { name: "Ann", email: "ann@example.org" },
    ],
    [{ email: "ann@example.org" }, { name: "ann@example.org", email: "ann@example.org" }],
    [{ name: 7 }, { name: "7", email: null }],
    [{}, null],
    ["  ", null],
    [null, null],
    [[], null],
  ])("%j", (author, expected) => {
    expect(readOne({ author }).people).toEqual(expected === null ? [] : [expected]);
  });

  test("are gathered from all lists, each once, in order", () => {
    const { people } = readOne({
      author: "Ann",
      maintainers: ["ben", { name: "Ann" }, null],
      contributors: "Cleo <c@example.org>",
    });
    expect(people.map(({ name }) => name)).toEqual(["Ann", "ben", "Cleo"]);
  });

  test("are the same in all packages, spelled as they are met first", () => {
    const graph = read({
      "node_modules/a/package.json": { name: "a", version: "1.0.0", author: "Ann" },
      "node_modules/b/package.json": { name: "b", version: "1.0.0", author: "ANN <ann@example.org>" },
    });
    const ann = { name: "Ann", email: "ann@example.org" };
    expect(version(graph, "a@1.0.0").people).toEqual([ann]);
    expect(version(graph, "b@1.0.0").people).toEqual([ann]);
  });
});

test.each([
  [
    ["a", "b"],
    ["a", "b"],
  ],
  [
    ["ES6", "es6", " es6 ", "", null, 3],
    ["es6", "3"],
  ],
  ["one, two,,one", ["one", "two"]],
  ["one two  three", ["one", "two", "three"]],
  [undefined, []],
  [{ a: 1 }, []],
])("keywords %j are %j", (keywords, expected) => {
  expect(readOne({ keywords }).keywords).toEqual(expected);
});

test("text becomes what every database takes", () => {
  expect(readOne({ description: "a\u0000b\n\tc\uD800d  " }).description).toBe("a b c\uFFFDd");
  expect(readOne({ description: "😀".repeat(2000) }).description).toBe("😀".repeat(1000));
  expect(readOne({ description: ["no text"] }).description).toBeNull();
});

test("a package.json with a byte order mark, or with bytes that are no UTF-8, is read", () => {
  const graph = read({
    "node_modules/bom/package.json": `\uFEFF${JSON.stringify({ name: "bom", version: "1.0.0" })}`,
    "node_modules/latin/package.json": Buffer.from('{"name":"latin","version":"1.0.0","description":"caf\u00e9"}', "latin1"),
  });
  expect(version(graph, "bom@1.0.0").origin).toBe("installed");
  expect(version(graph, "latin@1.0.0").description).toBe("caf\uFFFD");
  expect(graph.problems).toEqual([]);
});

describe("a package.json that cannot be read", () => {
  const broken: Readonly<Record<string, TreeFile>> = {
    "node_modules/missing/index.js": "",
    "node_modules/empty/package.json": "",
    "node_modules/torn/package.json": '{ "name": "torn", ',
    "node_modules/list/package.json": "[]",
    "node_modules/fine/package.json": { name: "fine", version: "1.0.0", dependencies: { torn: "^2.0.0", list: "*" } },
  };

  test("is a problem, and its package is left out", () => {
    const graph = read(broken);
    expect(graph.problems).toEqual(["empty", "list", "missing", "torn"].map((name) => `node_modules/${name}`));
    expect(graph.versions.map(({ key }) => key)).toEqual(["fine@1.0.0", "project@1.0.0"]);
    expect(version(graph, "fine@1.0.0").dependencies.map(({ target }) => target)).toEqual([null, null]);
  });

  test("is replaced by what the lock file knows", () => {
    const graph = read({
      ...broken,
      "package-lock.json": { lockfileVersion: 3, packages: { "node_modules/torn": { version: "2.0.1", license: "MIT" } } },
    });
    expect(graph.problems).toContain("node_modules/torn");
    expect(version(graph, "torn@2.0.1")).toMatchObject({ origin: "installed", license: "MIT" });
    expect(version(graph, "fine@1.0.0").dependencies[0]).toMatchObject({ packageName: "torn", target: "torn@2.0.1" });
  });

  test("of the project itself is an error", () => {
    expect(() => readPackageGraph(packageTree({}))).toThrow(/package\.json is missing/);
    expect(() => readPackageGraph(packageTree({ "package.json": "null" }))).toThrow(/no JSON object/);
  });
});

test("a name or version that is missing or no text is made up from the folder", () => {
  const graph = read({
    "node_modules/bare/package.json": {},
    "node_modules/@scope/odd/package.json": { name: ["odd"], version: { major: 1 } },
  });
  expect(graph.versions.map(({ key }) => key)).toEqual(["@scope/odd@0.0.0", "bare@0.0.0", "project@1.0.0"]);
});

describe("folders", () => {
  test("scopes and nested ones are found; hidden ones, files and links are not packages", () => {
    const graph = read({
      "node_modules/@scope/a/package.json": { name: "@scope/a", version: "1.0.0" },
      "node_modules/@scope/a/node_modules/@scope/b/package.json": { name: "@scope/b", version: "2.0.0" },
      "node_modules/@scope/a/dist/esm/package.json": { type: "module" },
      "node_modules/.bin/tool": "",
      "node_modules/.cache/package.json": { name: "cache" },
      "node_modules/.package-lock.json": "{}",
      "elsewhere/package.json": { name: "elsewhere", version: "1.0.0" },
      "node_modules/linked": { link: "../elsewhere" },
      "node_modules/@scope/loop": { link: "../.." },
    });
    expect(graph.versions.map(({ key }) => key)).toEqual(["@scope/a@1.0.0", "@scope/b@2.0.0", "project@1.0.0"]);
    expect(graph.problems).toEqual([]);
    expect(version(graph, "@scope/b@2.0.0").installations[0]!.path).toBe("node_modules/@scope/a/node_modules/@scope/b");
  });

  test("weigh what their own files do: without packages inside, and without what links lead to", () => {
    const manifest = JSON.stringify({ name: "p", version: "1.0.0" });
    const graph = read({
      "node_modules/p/package.json": manifest,
      "node_modules/p/lib/a.js": "12345",
      "node_modules/p/lib/node_modules/fixture.js": "123",
      "node_modules/p/link.js": { link: "../../big.bin" },
      "node_modules/p/folder": { link: "../.." },
      "node_modules/p/node_modules/q/package.json": { name: "q", version: "1.0.0" },
      "big.bin": "x".repeat(10_000),
    });
    expect(version(graph, "p@1.0.0").installations).toEqual([{ path: "node_modules/p", bytes: manifest.length + 8, files: 3 }]);
  });

  test("without a node_modules there is the project alone", () => {
    const graph = read({});
    expect(graph.versions.map(({ key, origin, installations }) => [key, origin, installations])).toEqual([
      ["project@1.0.0", "project", []],
    ]);
    expect(graph.project).toBe("project@1.0.0");
  });
});

describe("dependencies", () => {
  test("are what Node would find: the nearest upwards", () => {
    const wanting = { c: "^1.0.0" };
    const graph = read({
      "package.json": { ...PROJECT, dependencies: { a: "^1.0.0" }, devDependencies: wanting },
      "node_modules/a/package.json": { name: "a", version: "1.0.0", dependencies: { b: "*", ...wanting } },
      "node_modules/a/node_modules/b/package.json": { name: "b", version: "1.0.0", dependencies: wanting },
      "node_modules/a/node_modules/c/package.json": { name: "c", version: "1.5.0", dependencies: { c: "self", a: "up" } },
      "node_modules/c/package.json": { name: "c", version: "1.0.0", dependencies: { b: "out of reach" } },
    });
    const targets = (key: string): unknown => version(graph, key).dependencies.map(({ kind, target }) => `${kind} ${target}`);
    expect(targets("project@1.0.0")).toEqual(["prod a@1.0.0", "dev c@1.0.0"]);
    expect(targets("a@1.0.0")).toEqual(["prod b@1.0.0", "prod c@1.5.0"]);
    expect(targets("b@1.0.0")).toEqual(["prod c@1.5.0"]);
    expect(targets("c@1.5.0")).toEqual(["prod c@1.5.0", "prod a@1.0.0"]);
    expect(targets("c@1.0.0")).toEqual(["prod null"]);
  });

  test("have a kind each; an optional one is no production one as well", () => {
    const { dependencies } = readOne({
      dependencies: { x: "1", y: "2" },
      optionalDependencies: { y: "3" },
      peerDependencies: { x: "4" },
      devDependencies: { x: "5", z: null, "": "6" },
    });
    expect(dependencies.map(({ kind, packageName, range }) => `${kind} ${packageName} ${range}`)).toEqual([
      "prod x 1",
      "optional y 3",
      "peer x 4",
      "dev x 5",
      "dev z *",
    ]);
  });

  test.each([[["a"]], ["a"], [null], [7]])("a list that is %j is none", (dependencies) => {
    expect(readOne({ dependencies }).dependencies).toEqual([]);
  });

  test("an alias leads to the package behind it", () => {
    const graph = read({
      "package.json": { ...PROJECT, dependencies: { old: "npm:@scope/real@^1.0.0", gone: "npm:other@2", plain: "^1" } },
      "node_modules/old/package.json": { name: "@scope/real", version: "1.2.3" },
    });
    expect(version(graph, "project@1.0.0").dependencies).toEqual([
      { packageName: "@scope/real", kind: "prod", range: "npm:@scope/real@^1.0.0", target: "@scope/real@1.2.3" },
      { packageName: "other", kind: "prod", range: "npm:other@2", target: null },
      { packageName: "plain", kind: "prod", range: "^1", target: null },
    ]);
  });

  test("a version in two places is one, with what each place finds", () => {
    const copy = { name: "copy", version: "1.0.0", dependencies: { near: "*" } };
    const graph = read({
      "node_modules/copy/package.json": copy,
      "node_modules/near/package.json": { name: "near", version: "1.0.0" },
      "node_modules/host/package.json": { name: "host", version: "1.0.0" },
      "node_modules/host/node_modules/copy/package.json": copy,
      "node_modules/host/node_modules/near/package.json": { name: "near", version: "2.0.0" },
    });
    const { installations, dependencies } = version(graph, "copy@1.0.0");
    expect(installations.map(({ path }) => path)).toEqual(["node_modules/copy", "node_modules/host/node_modules/copy"]);
    expect(dependencies.map(({ target }) => target)).toEqual(["near@1.0.0", "near@2.0.0"]);
  });
});

describe("the lock file", () => {
  test("knows versions that are not installed, and what they need", () => {
    const graph = read({
      "package.json": { ...PROJECT, optionalDependencies: { native: "1" } },
      "node_modules/helper/package.json": { name: "helper", version: "1.0.0" },
      "package-lock.json": {
        lockfileVersion: 3,
        packages: {
          "": { name: "project" },
          "node_modules/native": { version: "1.0.0", license: "MIT", os: ["aix"], dependencies: { helper: "^1", deep: "*" } },
          "node_modules/native/node_modules/deep": { version: "3.0.0" },
          "node_modules/alias": { name: "real", version: "4.0.0" },
          "node_modules/workspace": { link: true, resolved: "packages/workspace" },
          "packages/workspace": { version: "1.0.0" },
          "node_modules/odd": "text",
        },
      },
    });
    expect(graph.versions.map(({ key, origin }) => `${key} ${origin}`)).toEqual([
      "deep@3.0.0 locked",
      "helper@1.0.0 installed",
      "native@1.0.0 locked",
      "project@1.0.0 project",
      "real@4.0.0 locked",
    ]);
    const native = version(graph, "native@1.0.0");
    expect(native).toMatchObject({ license: "MIT", installations: [] });
    expect(native.dependencies.map(({ target }) => target)).toEqual(["helper@1.0.0", "deep@3.0.0"]);
    expect(version(graph, "project@1.0.0").dependencies[0]!.target).toBe("native@1.0.0");
  });

  test.each<[string, TreeFile]>([
    ["of the first version", { lockfileVersion: 1, dependencies: { a: { version: "1.0.0" } } }],
    ["that is torn", "{"],
    ["whose packages are a list", { packages: [] }],
  ])("%s is passed over", (_title, lock) => {
    expect(read({ "package-lock.json": lock }).versions).toHaveLength(1);
  });
});
