/**
 * Reads the packages of a project from its node_modules and package-lock.json, as plain objects. main.ts calls it, and load.ts takes what
 * it gives. It knows no database, follows no symbolic link, and takes the data as they are: whatever a package.json gets wrong is put
 * right where its meaning is clear, noted as a problem where the file cannot be read, and left out otherwise.
 */
import { lstatSync, readdirSync, readFileSync, type Dirent } from "node:fs";
import { join } from "node:path";
import type { Kind, Origin } from "./models.ts";

export interface PersonFacts {
  readonly name: string;
  readonly email: string | null;
}

export interface InstallationFacts {
  /** From the project's folder, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
}

export interface DependencyFacts {
  /** The package that is meant: where an alias is installed ("npm:other@1"), the one behind it. */
  readonly packageName: string;
  readonly kind: Kind;
  readonly range: string;
  /** The `name@version` that Node finds from there; null where it finds none. */
  readonly target: string | null;
}

export interface VersionFacts {
  /** `name@version`, unique. */
  readonly key: string;
  readonly name: string;
  readonly number: string;
  readonly origin: Origin;
  readonly description: string | null;
  readonly license: string | null;
  readonly people: readonly PersonFacts[];
  readonly keywords: readonly string[];
  readonly installations: readonly InstallationFacts[];
  readonly dependencies: readonly DependencyFacts[];
}

export interface PackageGraph {
  /** The key of the project itself. */
  readonly project: string;
  /** Ordered by key. */
  readonly versions: readonly VersionFacts[];
  /** Folders whose package.json is missing or broken. */
  readonly problems: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** A place where Node looks for a package: a folder, or what the lock file would put there. The project's own has the path "". */
interface Place {
  readonly path: string;
  readonly manifest: Json;
  readonly origin: Origin;
  readonly bytes: number;
  readonly files: number;
}

const LISTS: readonly (readonly [list: string, kind: Kind])[] = [
  ["dependencies", "prod"],
  ["optionalDependencies", "optional"],
  ["peerDependencies", "peer"],
  ["devDependencies", "dev"],
];

/**
 * Reads a project.
 *
 * @param root the folder with package.json and node_modules
 * @throws Error when there is no readable package.json
 */
export function readPackageGraph(root: string): PackageGraph {
  const problems: string[] = [];
  const manifest = readJson(join(root, "package.json"));
  if (manifest === null) throw new Error(`${join(root, "package.json")} is missing or is no JSON object`);
  // What the project's own folder holds is no installation: it has the database of this example in it.
  const places = new Map<string, Place>([["", { path: "", manifest, origin: "project", bytes: 0, files: 0 }]]);
  const locked = readLock(root);
  const folders = packageFolders(root, "node_modules");
  for (const path of folders) {
    const own = readJson(join(root, path, "package.json"));
    const known = locked.get(path);
    if (own === null) problems.push(path);
    // The lock file stands in for a package.json that cannot be read, and for what others leave out.
    if (own !== null || known !== undefined)
      places.set(path, { path, manifest: { ...known, ...own }, origin: "installed", ...measure(join(root, path)) });
  }
  for (const [path, entry] of locked)
    if (!places.has(path)) places.set(path, { path, manifest: entry, origin: "locked", bytes: 0, files: 0 });

  const people = new People();
  const byKey = new Map<string, Place[]>();
  for (const place of [...places.values()].sort((a, b) => order(a.path, b.path))) {
    const key = keyOf(place);
    byKey.set(key, [...(byKey.get(key) ?? []), place]);
  }
  const versions = [...byKey]
    .sort(([a], [b]) => order(a, b))
    .map(([key, copies]) => versionFacts(key, copies, (from, name) => resolve(places, from, name), people));
  return { project: keyOf(places.get("")!), versions, problems };
}

function versionFacts(
  key: string,
  copies: readonly Place[],
  find: (from: string, name: string) => Place | null,
  people: People,
): VersionFacts {
  // All copies of a version have the same package.json, but what they find around them may differ.
  const [{ manifest, path }] = copies as readonly [Place, ...Place[]];
  const dependencies = new Map<string, DependencyFacts>();
  for (const copy of copies) {
    for (const { name, kind, range } of requests(copy.manifest)) {
      const found = find(copy.path, name);
      const target = found === null ? null : keyOf(found);
      const packageName = found === null ? (aliased(range) ?? name) : nameOf(found);
      const link = `${kind} ${packageName} ${target}`;
      if (!dependencies.has(link)) dependencies.set(link, { packageName, kind, range, target });
    }
  }
  return {
    key,
    name: nameOf({ manifest, path }),
    number: numberOf(manifest),
    origin: (["project", "installed", "locked"] as const).find((origin) => copies.some((copy) => copy.origin === origin))!,
    description: line(manifest["description"], 1000),
    license: licenseOf(manifest),
    people: people.of(manifest),
    keywords: keywordsOf(manifest["keywords"]),
    installations: copies
      .filter(({ origin }) => origin === "installed")
      .map(({ path, bytes, files }) => ({ path, bytes, files })),
    dependencies: [...dependencies.values()],
  };
}

// ---- folders and files

/** The package folders in a node_modules, and in the node_modules of those, without the root. */
function packageFolders(root: string, nodeModules: string): string[] {
  return entries(join(root, nodeModules))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .flatMap(({ name }) => {
      const path = `${nodeModules}/${name}`;
      if (!name.startsWith("@")) return [path];
      return entries(join(root, path))
        .filter((entry) => entry.isDirectory())
        .map((entry) => `${path}/${entry.name}`);
    })
    .flatMap((path) => [path, ...packageFolders(root, `${path}/node_modules`)]);
}

/** The size of a package's own files: without the packages inside it, and without what links point to. */
function measure(folder: string, isTop = true): { bytes: number; files: number } {
  let bytes = 0;
  let files = 0;
  for (const entry of entries(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) {
      bytes += lstatSync(path).size;
      files += 1;
    } else if (entry.isDirectory() && !(isTop && entry.name === "node_modules")) {
      const inner = measure(path, false);
      bytes += inner.bytes;
      files += inner.files;
    }
  }
  return { bytes, files };
}

function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => order(a.name, b.name));
  } catch {
    return [];
  }
}

/** A JSON object, or null: the file may be missing, empty, no JSON, or something else than an object. */
function readJson(path: string): Json | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The places of package-lock.json. Links are left out: they lead to folders of the project's own. */
function readLock(root: string): Map<string, Json> {
  const packages = readJson(join(root, "package-lock.json"))?.["packages"];
  const places = new Map<string, Json>();
  if (!isObject(packages)) return places;
  for (const [path, entry] of Object.entries(packages))
    if (/(^|\/)node_modules\//.test(path) && isObject(entry) && entry["link"] !== true) places.set(path, entry);
  return places;
}

/** What `require(name)` finds from a folder: the nearest node_modules upwards that has it. */
function resolve(places: ReadonlyMap<string, Place>, from: string, name: string): Place | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules") - 1))) {
    const found = places.get(`${folder === "" ? "" : `${folder}/`}node_modules/${name}`);
    if (found !== undefined) return found;
    if (folder === "") return null;
  }
}

// ---- what a package.json means

function keyOf(place: Pick<Place, "path" | "manifest">): string {
  return `${nameOf(place)}@${numberOf(place.manifest)}`;
}

function nameOf({ manifest, path }: Pick<Place, "path" | "manifest">): string {
  return line(manifest["name"], 214) ?? line(path.split("node_modules/").at(-1), 214) ?? "(no name)";
}

function numberOf(manifest: Json): string {
  return line(manifest["version"], 100) ?? "0.0.0";
}

/** What a package asks for. A name may stand in several lists; npm takes an optional one out of `dependencies`. */
function requests(manifest: Json): { name: string; kind: Kind; range: string }[] {
  const optional = manifest["optionalDependencies"];
  return LISTS.flatMap(([list, kind]) => {
    const wanted = manifest[list];
    if (!isObject(wanted)) return [];
    return Object.entries(wanted).flatMap(([key, value]) => {
      const name = line(key, 214);
      if (name === null || (kind === "prod" && isObject(optional) && Object.hasOwn(optional, key))) return [];
      return [{ name, kind, range: line(value, 1000) ?? "*" }];
    });
  });
}

/** The package behind an alias: `npm:typescript@5.9.3` is typescript. */
function aliased(range: string): string | null {
  return /^npm:((?:@[^/@]+\/)?[^@]+)/.exec(range)?.[1] ?? null;
}

/** A licence may be text, an object with a type, or a list of either; the list was once called `licenses`. */
function licenseOf(manifest: Json): string | null {
  const name = (value: unknown): string | null => line(isObject(value) ? (value["type"] ?? value["name"]) : value, 191);
  for (const value of [manifest["license"], manifest["licenses"]]) {
    const names = [...new Set((Array.isArray(value) ? value : [value]).map(name).filter((one) => one !== null))];
    if (names.length === 1) return names[0]!;
    if (names.length > 1) return line(`(${names.join(" OR ")})`, 191);
  }
  return null;
}

/** Keywords are a list, or text with commas or spaces. "ES6" and "es6" are one. */
function keywordsOf(value: unknown): string[] {
  const words: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === "string"
      ? value.split(value.includes(",") ? "," : /\s+/)
      : [];
  return [...new Set(words.map((word) => line(word, 191)?.toLowerCase()).filter((word) => word !== undefined))];
}

/** One object per person, whose name is spelled the way it is met first, with the first address that is met. */
class People {
  readonly #known = new Map<string, { name: string; email: string | null }>();

  of(manifest: Json): PersonFacts[] {
    const found = new Set<PersonFacts>();
    for (const list of ["author", "authors", "maintainers", "contributors"]) {
      const value = manifest[list];
      for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
        const person = parsePerson(one);
        if (person !== null) found.add(this.#one(person));
      }
    }
    return [...found];
  }

  #one(person: PersonFacts): PersonFacts {
    const key = person.name.toLowerCase();
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, person);
      return person;
    }
    known.email ??= person.email;
    return known;
  }
}

/** `Name <mail> (url)`, of which any part may be missing, or an object of the same parts. Without a name the address is one. */
function parsePerson(value: unknown): PersonFacts | null {
  let name: string | null;
  let email: string | null;
  if (isObject(value)) {
    [name, email] = [line(value["name"], 191), line(value["email"], 191)];
  } else {
    const text = line(value, 1000) ?? "";
    email = line(/<([^>]*)>/.exec(text)?.[1], 191);
    name = line(text.replace(/<[^>]*>|\([^)]*\)/g, " "), 191);
  }
  email = email?.toLowerCase() ?? null;
  name ??= email;
  return name === null ? null : { name, email };
}

/** One line of text that every database takes, or null for what is no text or empty. Numbers are text that forgot its quotes. */
function line(value: unknown, length: number): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  // Control characters become spaces, halves of surrogate pairs the replacement character; PostgreSQL refuses both.
  const text = String(value)
    .replace(/[\p{Cc}\s]+/gu, " ")
    .replace(/\p{Cs}/gu, "\uFFFD")
    .trim();
  if (text === "") return null;
  return text.length <= length ? text : [...text].slice(0, length).join("").trim();
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By code units, which is the same order everywhere. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
