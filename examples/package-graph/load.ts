/**
 * Brings a database in step with what read.ts has found, through the unit of work: it loads what is there, sets every attribute to what
 * it should be, and leaves it to the session to find out what that changes. So a second run sends no INSERT, UPDATE or DELETE. main.ts
 * calls it, with a session of either colour. It neither commits nor prints: those are its caller's to do.
 */
import { select } from "athanor";
import { selectinload } from "athanor/orm";
import type { AnySession } from "./database.ts";
import { Dependency, Installation, Keyword, License, Package, Person, Version } from "./models.ts";
import type { PackageGraph, VersionFacts } from "./read.ts";

/** How many objects of a class there are now, and how many of them came and went. */
export interface Tally {
  readonly name: string;
  readonly count: number;
  readonly added: number;
  readonly removed: number;
}

/** Told after every batch what is being written, and how far it is. */
export type Progress = (stage: string, done: number, total: number) => void;

/** Versions in one flush: enough for INSERTs of many rows, few enough to see progress. */
const BATCH = 50;

/**
 * Loads a graph in the session's transaction.
 *
 * @returns what came and went, by class
 */
export async function loadGraph(
  session: AnySession,
  graph: PackageGraph,
  progress: Progress = () => undefined,
): Promise<readonly Tally[]> {
  const stock = await findExisting(session);

  // Names first, in order, so that their numbers follow the alphabet; versions refer to them.
  for (const name of sorted(
    graph.versions.flatMap(({ name, dependencies }) => [name, ...dependencies.map((one) => one.packageName)]),
  ))
    stock.packages.take(name, () => new Package({ name, versions: [] }));
  for (const name of sorted(graph.versions.map(({ license }) => license))) stock.licenses.take(name, () => new License({ name }));
  for (const word of sorted(graph.versions.flatMap(({ keywords }) => keywords)))
    stock.keywords.take(word, () => new Keyword({ word }));
  for (const { name, email } of graph.versions.flatMap(({ people }) => people))
    stock.people.take(name, () => new Person({ name })).email = email;
  await session.flush();

  let done = 0;
  for (const batch of batches(graph.versions)) {
    for (const facts of batch) writeVersion(stock, facts);
    await session.flush();
    progress("versions", (done += batch.length), graph.versions.length);
  }

  // Dependencies come when every version is there, since they lead in circles.
  done = 0;
  for (const batch of batches(graph.versions)) {
    for (const facts of batch) writeDependencies(stock, facts);
    await session.flush();
    progress("dependencies", (done += batch.length), graph.versions.length);
  }

  // What nothing mentions any more goes, with what its cascades lead to; versions before the names they refer to.
  const { versions, packages, licenses, people, keywords, installations, dependencies } = stock;
  for (const each of [versions, packages, licenses, people, keywords]) await each.removeRest(session);
  await session.flush();
  return [packages.tally, versions.tally, installations, dependencies, licenses.tally, people.tally, keywords.tally];
}

function writeVersion(stock: ExistingObjects, facts: VersionFacts): void {
  const version = stock.versions.take(facts.key, () => {
    const { number, origin } = facts;
    // The lists of a new object are empty; to say so saves asking the database for them later.
    return new Version({ number, origin, package: stock.packages.get(facts.name), dependencies: [] });
  });
  // Whether any of this is news is the session's to find out.
  version.origin = facts.origin;
  version.description = facts.description;
  version.license = facts.license === null ? null : stock.licenses.get(facts.license);
  version.maintainers = facts.people.map(({ name }) => stock.people.get(name));
  version.keywords = facts.keywords.map((word) => stock.keywords.get(word));
  // Installations that are missing from the new list are orphans, which the cascade deletes.
  version.installations = matched(stock.installations, version.installations, facts.installations, {
    ofObject: ({ path }) => path,
    ofFacts: ({ path }) => path,
    make: ({ path, bytes, files }) => new Installation({ path, bytes, files }),
    write(installation, { bytes, files }) {
      installation.bytes = bytes;
      installation.files = files;
    },
  });
}

function writeDependencies(stock: ExistingObjects, facts: VersionFacts): void {
  const version = stock.versions.get(facts.key);
  const key = (kind: string, packageName: string, target: string | null): string => `${kind} ${packageName} ${target}`;
  version.dependencies = matched(stock.dependencies, version.dependencies, facts.dependencies, {
    ofObject: (dependency) => key(dependency.kind, dependency.package.name, dependency.target?.label ?? null),
    ofFacts: ({ kind, packageName, target }) => key(kind, packageName, target),
    make: ({ kind, range, packageName, target }) =>
      new Dependency({
        kind,
        range,
        package: stock.packages.get(packageName),
        target: target === null ? null : stock.versions.get(target),
      }),
    write(dependency, { range }) {
      dependency.range = range;
    },
  });
}

/** How the members of a list are told apart, made and brought up to date. */
interface Matching<T, F> {
  ofObject(object: T): string;
  ofFacts(facts: F): string;
  make(facts: F): T;
  write(object: T, facts: F): void;
}

/** The list that the facts describe, made of the objects that are there and new ones. */
function matched<T extends object, F>(counts: Counter, current: Iterable<T>, facts: readonly F[], matching: Matching<T, F>): T[] {
  const known = new Map([...current].map((object) => [matching.ofObject(object), object]));
  const result = facts.map((one) => {
    const object = known.get(matching.ofFacts(one));
    if (object === undefined) {
      counts.added += 1;
      return matching.make(one);
    }
    known.delete(matching.ofFacts(one));
    matching.write(object, one);
    return object;
  });
  counts.count += result.length;
  counts.removed += known.size;
  return result;
}

interface ExistingObjects {
  readonly packages: Stock<Package>;
  readonly licenses: Stock<License>;
  readonly people: Stock<Person>;
  readonly keywords: Stock<Keyword>;
  readonly versions: Stock<Version>;
  readonly installations: Counter;
  readonly dependencies: Counter;
}

/**
 * Loads everything, with everything that is about to be compared: one statement per class, and one per list and 500 versions. What leads
 * from many to one (`package`, `license`, `target`) costs none, because the session has those objects by then.
 */
async function findExisting(session: AnySession): Promise<ExistingObjects> {
  const packages = (await session.execute(select(Package))).scalars().all();
  const licenses = (await session.execute(select(License))).scalars().all();
  const people = (await session.execute(select(Person))).scalars().all();
  const keywords = (await session.execute(select(Keyword))).scalars().all();
  const everything = select(Version).options(
    selectinload(Version.c.package),
    selectinload(Version.c.license),
    selectinload(Version.c.maintainers),
    selectinload(Version.c.keywords),
    selectinload(Version.c.installations),
    selectinload(Version.c.dependencies).selectinload(Dependency.c.package),
    selectinload(Version.c.dependencies).selectinload(Dependency.c.target),
  );
  const versions = (await session.execute(everything)).scalars().all();
  return {
    packages: new Stock("packages", session, packages, ({ name }) => name),
    licenses: new Stock("licences", session, licenses, ({ name }) => name),
    people: new Stock("people", session, people, ({ name }) => name),
    keywords: new Stock("keywords", session, keywords, ({ word }) => word),
    versions: new Stock("versions", session, versions, ({ label }) => label),
    installations: { name: "installations", count: 0, added: 0, removed: 0 },
    dependencies: { name: "dependencies", count: 0, added: 0, removed: 0 },
  };
}

type Counter = { -readonly [K in keyof Tally]: Tally[K] };

/** The objects of a class by what people call them, and which of them are still wanted. */
class Stock<T extends object> {
  readonly tally: Counter;
  readonly #session: AnySession;
  readonly #objects: Map<string, T>;
  readonly #taken = new Set<T>();

  constructor(name: string, session: AnySession, existing: Iterable<T>, keyOf: (object: T) => string) {
    this.tally = { name, count: 0, added: 0, removed: 0 };
    this.#session = session;
    this.#objects = new Map([...existing].map((object) => [keyOf(object), object]));
  }

  /** The object of this key; a new one is made, and handed to the session. */
  take(key: string, make: () => T): T {
    let object = this.#objects.get(key);
    if (object === undefined) {
      object = make();
      this.#objects.set(key, object);
      this.#session.add(object);
      this.tally.added += 1;
    }
    if (!this.#taken.has(object)) this.tally.count += 1;
    this.#taken.add(object);
    return object;
  }

  /** The object of this key, which was taken before. */
  get(key: string): T {
    const object = this.#objects.get(key);
    if (object === undefined) throw new Error(`${this.tally.name}: nothing is called ${key}`);
    return object;
  }

  /** Deletes the objects that nobody has taken. */
  async removeRest(session: AnySession): Promise<void> {
    for (const object of this.#objects.values()) {
      if (this.#taken.has(object)) continue;
      await session.delete(object);
      this.tally.removed += 1;
    }
  }
}

/** Each once, by code units, without null. */
function sorted(texts: readonly (string | null)[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== null))].sort();
}

function* batches<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += BATCH) yield items.slice(start, start + BATCH);
}
