/**
 * The example examples/package-graph on every database: what it loads, what it answers, and that it writes nothing twice. Its answers are
 * compared with plain loops over the same files, which share no code with the example.
 */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase, type AnySession, type Database } from "../../examples/package-graph/database.ts";
import { loadGraph, type Tally } from "../../examples/package-graph/load.ts";
import { Base, Dependency, Keyword, License, Package, Person, Version } from "../../examples/package-graph/models.ts";
import { askCore, askOrm, MAX_CHAIN, TOP, type Answers } from "../../examples/package-graph/queries.ts";
import { readPackageGraph, type PackageGraph } from "../../examples/package-graph/read.ts";
import { tryAndTakeBack } from "../../examples/package-graph/trial.ts";
import { AsyncEngine, event, select } from "../../src/index.ts";
import { joinedload, selectinload } from "../../src/orm.ts";
import { coloursOf } from "../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";
import { packageTree, writeFiles, type TreeFile } from "../support/packageTree.ts";

const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

// ---- the plain computation

interface PlainEdge {
  readonly kind: string;
  readonly asked: string;
  readonly target: string | null;
}
interface PlainVersion {
  readonly name: string;
  license: string | null;
  readonly places: { readonly path: string; readonly bytes: number; readonly files: number }[];
  readonly edges: PlainEdge[];
  readonly keywords: Set<string>;
  readonly people: Set<string>;
}

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return --
   JSON of unknown shape is read here on purpose as loosely as a script would. */

/** Every version by `name@version`; good enough for the trees of this file, which are not messy where it looks. */
function plainVersions(root: string): Map<string, PlainVersion> {
  const parse = (path: string): any => JSON.parse(readFileSync(path, "utf8"));
  const lockPath = join(root, "package-lock.json");
  const lock: Record<string, any> = existsSync(lockPath) ? parse(lockPath).packages : {};
  const manifests = new Map<string, any>([["", parse(join(root, "package.json"))]]);
  const installed = new Set<string>();
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(root, folder))) {
      const path = `${folder}/${name}`;
      if (name.startsWith(".") || !lstatSync(join(root, path)).isDirectory()) continue;
      if (name.startsWith("@")) visit(path);
      else if (existsSync(join(root, path, "package.json"))) {
        manifests.set(path, { ...lock[path], ...parse(join(root, path, "package.json")) });
        installed.add(path);
        if (existsSync(join(root, path, "node_modules"))) visit(`${path}/node_modules`);
      }
    }
  };
  visit("node_modules");
  for (const path of Object.keys(lock)) if (path !== "" && !manifests.has(path)) manifests.set(path, lock[path]);

  const nameAt = (path: string): string => manifests.get(path).name ?? path.replace(/^.*node_modules\//, "");
  const keyAt = (path: string): string => `${nameAt(path)}@${manifests.get(path).version}`;
  const find = (from: string, name: string): string | null => {
    for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, "")) {
      const path = `${folder}/node_modules/${name}`.replace(/^\//, "");
      if (manifests.has(path)) return path;
      if (folder === "") return null;
    }
  };
  const versions = new Map<string, PlainVersion>();
  for (const path of [...manifests.keys()].sort()) {
    const manifest = manifests.get(path);
    const key = keyAt(path);
    const version = versions.get(key) ?? plainVersion(nameAt(path), manifest);
    versions.set(key, version);
    if (installed.has(path)) version.places.push({ path, ...weigh(join(root, path)) });
    for (const [list, kind] of Object.entries({
      dependencies: "prod",
      optionalDependencies: "optional",
      peerDependencies: "peer",
      devDependencies: "dev",
    })) {
      for (const [asked, range] of Object.entries(manifest[list] ?? {})) {
        if (kind === "prod" && asked in (manifest.optionalDependencies ?? {})) continue;
        const found = find(path, asked);
        const behind = /^npm:(.+)@/.exec(range as string)?.[1] ?? asked;
        version.edges.push({
          kind,
          asked: found === null ? behind : nameAt(found),
          target: found === null ? null : keyAt(found),
        });
      }
    }
  }
  return versions;
}

function plainVersion(name: string, manifest: any): PlainVersion {
  const licenses = [manifest.license ?? manifest.licenses ?? []].flat().map((one: any) => one.type ?? one);
  const people = [manifest.author, manifest.authors, manifest.maintainers, manifest.contributors].flat().filter(Boolean);
  const names = people.map((one: any) => (typeof one === "string" ? one.replace(/[<(].*$/, "") || one : (one.name ?? one.email)));
  const keywords = typeof manifest.keywords === "string" ? manifest.keywords.split(/,|\s+/) : (manifest.keywords ?? []);
  return {
    name,
    license: licenses.length > 1 ? `(${licenses.join(" OR ")})` : (licenses[0] ?? null),
    places: [],
    edges: [],
    keywords: new Set(keywords.map((word: string) => word.trim().toLowerCase()).filter(Boolean)),
    people: new Set(names.map((one: string) => one.replace(/\s+/g, " ").trim().toLowerCase()).filter(Boolean)),
  };
}

/* eslint-enable */

function weigh(folder: string): { bytes: number; files: number } {
  const sum = { bytes: 0, files: 0 };
  const own = join(folder, "node_modules");
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }).map((one) => join(folder, one))) {
    if (path.startsWith(own) || !lstatSync(path).isFile()) continue;
    sum.bytes += lstatSync(path).size;
    sum.files += 1;
  }
  return sum;
}

/** How many different things stand under each key. */
class Counts {
  readonly #sets = new Map<string, Set<string>>();
  add(key: string, thing: string): void {
    this.#sets.set(key, (this.#sets.get(key) ?? new Set()).add(thing));
  }
  of(key: string): number {
    return this.#sets.get(key)?.size ?? 0;
  }
  /** The highest numbers, without their keys: which of several equal ones are shown is the statement's affair. */
  get top(): number[] {
    return [...this.#sets.values()]
      .map((set) => set.size)
      .sort((a, b) => b - a)
      .slice(0, TOP);
  }
}

/** Every longest simple path from the project, first along all dependencies, then along those needed at run time. */
function plainLongestChains(versions: ReadonlyMap<string, PlainVersion>, project: string): string[] {
  let best: string[] = [];
  let length = 0;
  const path = [project];
  const walk = (): void => {
    if (path.length > length) [best, length] = [[], path.length];
    if (path.length === length) best.push(path.join(" > "));
    const next = new Set(
      versions
        .get(path.at(-1)!)!
        .edges.filter(
          ({ kind, target }) =>
            target !== null && (path.length === 1 || kind !== "dev") && versions.get(target)!.places.length > 0,
        )
        .map(({ target }) => target!),
    );
    for (const target of next) {
      if (path.includes(target)) continue;
      path.push(target);
      walk();
      path.pop();
    }
  };
  walk();
  return best.sort();
}

function expectAnswers(answers: Answers, versions: ReadonlyMap<string, PlainVersion>, project: string): void {
  const dependents = { all: new Counts(), prod: new Counts(), peer: new Counts(), optional: new Counts() };
  const keywords = new Counts();
  const people = new Counts();
  const installed = new Map<string, string[]>();
  const licenses = new Map<string | null, { versions: number; files: number; bytes: number }>();
  for (const [key, version] of versions) {
    for (const { kind, asked } of version.edges) {
      if (kind === "dev") continue;
      dependents.all.add(asked, key);
      dependents[kind as "prod"].add(asked, key);
    }
    for (const word of version.keywords) keywords.add(word, version.name);
    for (const person of version.people) people.add(person, version.name);
    if (version.places.length === 0) continue;
    installed.set(version.name, [...(installed.get(version.name) ?? []), key]);
    const weight = licenses.get(version.license) ?? { versions: 0, files: 0, bytes: 0 };
    licenses.set(version.license, weight);
    weight.versions += 1;
    for (const { files, bytes } of version.places) {
      weight.files += files;
      weight.bytes += bytes;
    }
  }

  expect(answers.mostDependedOn.rows.map((row) => row.dependents)).toEqual(dependents.all.top);
  for (const { name, ...row } of answers.mostDependedOn.rows.map((each) => each._asdict())) {
    expect([name, row.dependents, row.prod, row.peer, row.optional]).toEqual([
      name,
      ...[dependents.all, dependents.prod, dependents.peer, dependents.optional].map((counts) => counts.of(name)),
    ]);
  }
  const weights = [...licenses].map(([name, weight]) => ({ name, ...weight })).sort((a, b) => b.bytes - a.bytes);
  expect(answers.licensesByWeight.rows.map((row) => row.bytes)).toEqual(weights.map(({ bytes }) => bytes));
  const byName = (rows: readonly { name: string | null }[]): unknown[] =>
    [...rows].sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
  expect(byName(answers.licensesByWeight.rows.map((row) => row._asdict()))).toEqual(byName(weights));

  expect(answers.topKeywords.rows.map((row) => row.packages)).toEqual(keywords.top);
  for (const { word, packages } of answers.topKeywords.rows) expect([word, packages]).toEqual([word, keywords.of(word)]);
  expect(answers.busiestPeople.rows.map((row) => row.packages)).toEqual(people.top);
  for (const [{ name }, packages] of answers.busiestPeople.rows)
    expect([name, packages]).toEqual([name, people.of(name.toLowerCase())]);

  const chains = answers.longestChains.rows.map((chain) => chain.map(({ label }) => label).join(" > "));
  expect(chains.sort()).toEqual(plainLongestChains(versions, project));

  const needs = (a: string, b: string): boolean =>
    versions.get(a)!.edges.some(({ kind, target }) => kind !== "dev" && target === b);
  const circles = [...versions.keys()].flatMap((a) =>
    versions
      .get(a)!
      .edges.flatMap(({ kind, target }) =>
        kind !== "dev" && target !== null && a < target && needs(target, a) ? [`${a} ${target}`] : [],
      ),
  );
  const found = answers.pairsInCircles.rows.map((pair) =>
    pair
      .map(({ label }) => label)
      .sort()
      .join(" "),
  );
  expect(found.sort()).toEqual([...new Set(circles)].sort());

  const several = [...installed]
    .filter(([, keys]) => keys.length >= 2)
    .map(([name, keys]) => `${name}: ${keys.sort().join(", ")}`);
  const shown = answers.severalVersions.rows.map(({ name, versions: all }) => {
    const keys = all.filter(({ installations }) => installations.length > 0).map(({ number }) => `${name}@${number}`);
    return `${name}: ${keys.sort().join(", ")}`;
  });
  expect(shown.sort()).toEqual(several.sort());
  for (const { name, versions: all } of answers.severalVersions.rows)
    for (const { number, installations } of all)
      expect(installations.map(({ path }) => path)).toEqual(versions.get(`${name}@${number}`)!.places.map(({ path }) => path));
}

// ---- the example

async function open(url: string, colour: string): Promise<Database> {
  const database = openDatabase(url, colour === "async");
  expect(database.colour).toBe(colour);
  await database.create(Base.metadata);
  return database;
}

async function load(database: Database, graph: PackageGraph): Promise<readonly Tally[]> {
  await using session = database.session();
  const tallies = await loadGraph(session, graph);
  await session.commit();
  return tallies;
}

async function ask(database: Database): Promise<Answers> {
  await using connection = await database.connect();
  await using session = database.session();
  return { ...(await askCore(connection)), ...(await askOrm(session)) };
}

/** The statements sent while something is done. */
async function sentDuring(database: Database, work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const listener = (_connection: object, _cursor: null, statement: string): void => void statements.push(statement);
  const { engine } = database;
  if (engine instanceof AsyncEngine) event.listen(engine, "beforeCursorExecute", listener);
  else event.listen(engine, "beforeCursorExecute", listener);
  await work();
  if (engine instanceof AsyncEngine) event.remove(engine, "beforeCursorExecute", listener);
  else event.remove(engine, "beforeCursorExecute", listener);
  return statements;
}

interface Contents {
  readonly versions: readonly unknown[];
  readonly packages: readonly string[];
  readonly licenses: readonly string[];
  readonly people: readonly string[];
  readonly keywords: readonly string[];
}

/** What the database holds, by names instead of numbers. */
async function stored(database: Database): Promise<Contents> {
  await using session = database.session();
  return await contentsOf(session);
}

async function contentsOf(session: AnySession): Promise<Contents> {
  const everything = select(Version).options(
    joinedload(Version.c.package),
    joinedload(Version.c.license),
    selectinload(Version.c.maintainers),
    selectinload(Version.c.keywords),
    selectinload(Version.c.installations),
    selectinload(Version.c.dependencies).joinedload(Dependency.c.package),
    selectinload(Version.c.dependencies).joinedload(Dependency.c.target).joinedload(Version.c.package),
  );
  const versions = (await session.execute(everything)).scalars().all();
  return {
    versions: versions
      .map((version) => ({
        key: version.label,
        origin: version.origin,
        description: version.description,
        license: version.license?.name ?? null,
        people: version.maintainers.map(({ name }) => name).sort(),
        keywords: version.keywords.map(({ word }) => word).sort(),
        installations: version.installations.map(({ path, bytes, files }) => `${path} ${bytes} ${files}`).sort(),
        dependencies: version.dependencies
          .map(({ kind, package: { name }, range, target }) => `${kind} ${name} ${range} ${target?.label ?? "none"}`)
          .sort(),
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    packages: (await session.execute(select(Package.c.name))).scalars().all().sort(),
    licenses: (await session.execute(select(License.c.name))).scalars().all().sort(),
    people: (await session.execute(select(Person)))
      .scalars()
      .all()
      .map(({ name, email }) => `${name} ${email}`)
      .sort(),
    keywords: (await session.execute(select(Keyword.c.word))).scalars().all().sort(),
  };
}

/** What it should hold. */
function expected({ versions }: PackageGraph): Contents {
  const once = (texts: readonly (string | null)[]): string[] => [...new Set(texts.filter((text) => text !== null))].sort();
  return {
    versions: versions.map(({ key, origin, description, license, people, keywords, installations, dependencies }) => ({
      key,
      origin,
      description,
      license,
      people: people.map(({ name }) => name).sort(),
      keywords: [...keywords].sort(),
      installations: installations.map(({ path, bytes, files }) => `${path} ${bytes} ${files}`).sort(),
      dependencies: dependencies
        .map(({ kind, packageName, range, target }) => `${kind} ${packageName} ${range} ${target ?? "none"}`)
        .sort(),
    })),
    packages: once(versions.flatMap(({ name, dependencies }) => [name, ...dependencies.map(({ packageName }) => packageName)])),
    licenses: once(versions.map(({ license }) => license)),
    people: once(versions.flatMap(({ people }) => people.map(({ name, email }) => `${name} ${email}`))),
    keywords: once(versions.flatMap(({ keywords }) => keywords)),
  };
}

/** A small tree with what real ones have: circles, a version that needs itself, copies, aliases, and things that are not there. */
const TREE: Readonly<Record<string, TreeFile>> = {
  "package.json": {
    name: "project",
    version: "1.0.0",
    license: "MIT",
    dependencies: { a: "^1.0.0" },
    devDependencies: { f: "*" },
  },
  "node_modules/a/package.json": {
    name: "a",
    version: "1.0.0",
    license: { type: "MIT" },
    author: "Ann <ann@example.org>",
    keywords: ["ES6", "es6", "Café", "cafe"],
    dependencies: { b: "^1.0.0", g: "npm:g-real@^2.0.0" },
    peerDependencies: { b: ">=1", nowhere: "*" },
  },
  "node_modules/b/package.json": {
    name: "b",
    version: "1.0.0",
    licenses: [{ type: "MIT" }, { type: "GPL-2.0" }],
    contributors: ["ANN", { name: "Ben" }],
    keywords: "one, two,es6",
    dependencies: { c: "*", b: "*" },
  },
  "node_modules/c/package.json": {
    name: "c",
    version: "1.0.0",
    dependencies: { a: "*", d: "*" },
    devDependencies: { e: "*", f: "*" },
  },
  "node_modules/d/package.json": { name: "d", version: "1.0.0", license: "ISC", dependencies: { c: "*", e: "*", b: "*" } },
  "node_modules/e/package.json": {
    name: "e",
    version: "1.0.0",
    license: "MIT",
    description: "It\u2019s 😀 100%_\\'",
    keywords: ["ES6"],
  },
  "node_modules/f/package.json": {
    name: "f",
    version: "1.0.0",
    license: "0BSD",
    maintainers: "Cleo",
    devDependencies: { a: "*" },
  },
  "node_modules/f/node_modules/e/package.json": { name: "e", version: "2.0.0" },
  "node_modules/f/node_modules/b/package.json": {
    name: "b",
    version: "1.0.0",
    licenses: [{ type: "MIT" }, { type: "GPL-2.0" }],
    contributors: ["ANN", { name: "Ben" }],
    keywords: "one, two,es6",
    dependencies: { c: "*", b: "*" },
  },
  "node_modules/g/package.json": { name: "g-real", version: "2.0.0", optionalDependencies: { native: "1" } },
  "package-lock.json": { packages: { "node_modules/native": { version: "1.0.0", license: "MIT", dependencies: { e: "*" } } } },
};

forEachDatabase("the package graph", (db) => {
  describe.each(coloursOf(db))("of this checkout, %s", (colour) => {
    let database: Database;
    let graph: PackageGraph;
    let tallies: readonly Tally[];
    beforeAll(async () => {
      graph = readPackageGraph(projectRoot);
      database = await open(await db.freshUrl(), colour);
      tallies = await load(database, graph);
    });
    afterAll(async () => {
      await database?.dispose();
    });

    test("is loaded as it was read", async () => {
      expect(await stored(database)).toEqual(expected(graph));
      expect(graph.versions.length).toBeGreaterThan(200);
      for (const { count, added, removed } of tallies) expect([added, removed]).toEqual([count, 0]);
    });

    test("gives the answers that loops give", async () => {
      const versions = plainVersions(projectRoot);
      expect([...versions.keys()].sort()).toEqual(graph.versions.map(({ key }) => key));
      expectAnswers(await ask(database), versions, graph.project);
    });

    test("a second run writes nothing", async () => {
      const statements = await sentDuring(database, async () => {
        tallies = await load(database, graph);
      });
      expect(statements.length).toBeGreaterThan(0);
      expect(statements.filter((statement) => !/^\s*SELECT/i.test(statement))).toEqual([]);
      for (const { added, removed } of tallies) expect([added, removed]).toEqual([0, 0]);
    });

    test("an update that is rolled back leaves nothing", async () => {
      const before = await stored(database);
      const subject = graph.versions.find(({ name }) => name === "typescript")!.name;
      await using session = database.session();
      const id = await idOf(session, subject);
      await session.close();
      const statements = await sentDuring(database, async () => {
        const trial = await tryAndTakeBack(database, id);
        const development = graph.versions
          .flatMap(({ dependencies }) => dependencies)
          .filter(({ kind }) => kind === "dev").length;
        expect(trial).toEqual({
          before: { name: subject, devDependencies: development },
          during: { name: subject.toUpperCase(), devDependencies: 0 },
          after: { name: subject, devDependencies: development },
          matched: development,
        });
      });
      expect(statements.filter((statement) => /^\s*UPDATE/i.test(statement))).toHaveLength(2);
      expect(await stored(database)).toEqual(before);
    });
  });

  describe.each(coloursOf(db))("of a small tree, %s", (colour) => {
    test("with circles gives the answers that loops give", async () => {
      const root = packageTree(TREE);
      const database = await open(await db.freshUrl(), colour);
      const graph = readPackageGraph(root);
      await load(database, graph);
      expect(await stored(database)).toEqual(expected(graph));
      const answers = await ask(database);
      expectAnswers(answers, plainVersions(root), graph.project);
      // project > a > b > c > d > e, and no further, although there is always a way on.
      expect(answers.longestChains.rows.map((chain) => chain.map(({ label }) => label))).toEqual([
        ["project@1.0.0", "a@1.0.0", "b@1.0.0", "c@1.0.0", "d@1.0.0", "e@1.0.0"],
      ]);
      expect(answers.pairsInCircles.rows.map((pair) => pair.map(({ label }) => label).join(" "))).toEqual(["c@1.0.0 d@1.0.0"]);
      expect(await load(database, graph)).toSatisfy((all: readonly Tally[]) => all.every(({ added }) => added === 0));
      await database.dispose();
    });

    test("that has changed is followed, and no more is written than that", async () => {
      const root = packageTree(TREE);
      const database = await open(await db.freshUrl(), colour);
      await load(database, readPackageGraph(root));

      rmSync(join(root, "node_modules/d"), { recursive: true });
      rmSync(join(root, "node_modules/f/node_modules"), { recursive: true });
      rmSync(join(root, "package-lock.json"));
      writeFiles(root, {
        // Another licence, fewer keywords, another range, and someone's address.
        "node_modules/a/package.json": {
          name: "a",
          version: "1.0.0",
          license: "0BSD",
          author: "Ann <new@example.org>",
          keywords: ["cafe"],
          dependencies: { b: "~1.0.0" },
        },
        // None any more of what it had; it needs what was there, and what is new.
        "node_modules/b/package.json": { name: "b", version: "1.0.0", dependencies: { e: "*", h: "*" } },
        "node_modules/c/package.json": { name: "c", version: "1.0.1", dependencies: { a: "*" } },
        // No licence any more, though others keep theirs.
        "node_modules/e/package.json": { name: "e", version: "1.0.0" },
        "node_modules/h/package.json": { name: "h", version: "1.0.0", maintainers: ["Cleo"] },
      });
      const graph = readPackageGraph(root);
      await load(database, graph);
      expect(await stored(database)).toEqual(expected(graph));
      expectAnswers(await ask(database), plainVersions(root), graph.project);

      // One attribute makes one UPDATE.
      writeFiles(root, {
        "node_modules/h/package.json": { name: "h", version: "1.0.0", maintainers: ["Cleo"], description: "new" },
      });
      const statements = await sentDuring(database, () => load(database, withSizesOf(graph, readPackageGraph(root))));
      expect(statements.filter((statement) => !/^\s*SELECT/i.test(statement))).toHaveLength(1);
      await database.dispose();
    });

    test("the longest chain ends at its bound", async () => {
      const files: Record<string, TreeFile> = { "package.json": { name: "p0", version: "1.0.0", dependencies: { p1: "*" } } };
      for (let n = 1; n <= MAX_CHAIN + 5; n++)
        files[`node_modules/p${n}/package.json`] = { name: `p${n}`, version: "1.0.0", dependencies: { [`p${n + 1}`]: "*" } };
      const database = await open(await db.freshUrl(), colour);
      await load(database, readPackageGraph(packageTree(files)));
      const { longestChains } = await ask(database);
      expect(longestChains.rows.map((chain) => chain.length - 1)).toEqual([MAX_CHAIN]);
      await database.dispose();
    });
  });
});

async function idOf(session: AnySession, name: string): Promise<number> {
  return (await session.execute(select(Package.c.id).where(Package.c.name.eq(name)))).scalarOne();
}

/** The new graph with the old sizes of its folders, which changed with the files. */
function withSizesOf(old: PackageGraph, graph: PackageGraph): PackageGraph {
  const sizes = new Map(old.versions.map(({ key, installations }) => [key, installations]));
  return { ...graph, versions: graph.versions.map((version) => ({ ...version, installations: sizes.get(version.key)! })) };
}

describe("the command", () => {
  const main = join(projectRoot, "examples", "package-graph", "main.ts");
  // A pipe has no colours by itself; whoever runs the tests, or CI, may have asked for some.
  const { FORCE_COLOR: _forced, CI: _ci, ...env } = process.env;
  const run = (...args: string[]) => {
    const command = ["--import", "tsx", main, ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: projectRoot, encoding: "utf8", env });
    return { status, stdout, stderr };
  };

  test("loads, answers, and finds everything there the next time", () => {
    const url = `${sqliteScheme}:///${join(packageTree({}), "example.db")}`;
    const driver = sqliteScheme === "sqlite" ? "better-sqlite3" : "node";
    const first = run("--url", url);
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toContain(`${driver}, synchronous`);
    expect(first.stdout).toMatch(/packages +[\d,]+ +\+[\d,]+/);
    expect(first.stdout).toMatch(/done \d/);
    expect(first.stdout).not.toMatch(/[\u001B\r]/);
    const second = run("--url", url, "--async", "--echo");
    expect(second.stdout).toContain(`${driver}, asynchronous`);
    expect(second.stdout).toMatch(/nothing was written.* 0 INSERT, 0 UPDATE, 0 DELETE/);
    expect(second.stdout).toMatch(/WITH RECURSIVE chain/);
    expect(run("--url", url, "--fresh").stdout).toMatch(/packages +[\d,]+ +\+[\d,]+/);
  });

  test("shows its help, and says what is wrong", () => {
    expect(run("--help")).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining("--fresh") as string });
    expect(run("--frehs")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("Unknown option '--frehs'") as string,
    });
    expect(run("--url", "oracle://host/name")).toMatchObject({
      status: 1,
      stderr: expect.not.stringContaining("    at ") as string,
    });
  });
});
