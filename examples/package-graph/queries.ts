/**
 * The questions, as statements that are built once, when this module is loaded, and run in either colour. Those under "Core" give rows of
 * values and run on a plain connection; those under "ORM" give objects and need a session. main.ts asks them, with the two functions at the end.
 */
import { case_, cast, distinct, func, literal, or, select, t, type ColumnElement } from "athanor";
import { joinedload, selectinload } from "athanor/orm";
import type { AnySession, Executor } from "./database.ts";
import { Dependency, Installation, Keyword, License, Package, Person, Version, versionKeywords, type Kind } from "./models.ts";

/** Rows in each list. */
export const TOP = 10;

// ---- Core

/** Counts the versions that ask for a package in one kind of list: COUNT leaves out the NULLs that CASE gives for the others. */
const dependentsOf = (kind: Kind) => func.count(distinct(case_([[Dependency.c.kind.eq(kind), Dependency.c.dependentId]])));

/** The packages that most versions ask for, without what is only wanted for development. */
export const mostDependedOn = select(
  Package.c.id,
  Package.c.name,
  func.count(distinct(Dependency.c.dependentId)).label("dependents"),
  dependentsOf("prod").label("prod"),
  dependentsOf("peer").label("peer"),
  dependentsOf("optional").label("optional"),
)
  .join(Dependency, Dependency.c.packageId.eq(Package.c.id))
  .where(Dependency.c.kind.ne("dev"))
  .groupBy(Package.c.id, Package.c.name)
  .orderBy(func.count(distinct(Dependency.c.dependentId)).desc(), Package.c.id)
  .limit(TOP);

/** Licences by what is installed under them. A version without one is in the row whose name is null. */
export const licensesByWeight = select(
  License.c.name,
  func.count(distinct(Version.c.id)).label("versions"),
  func.sum(Installation.c.files).label("files"),
  func.sum(Installation.c.bytes).label("bytes"),
)
  .selectFrom(Version)
  .join(Installation, Installation.c.versionId.eq(Version.c.id))
  .outerjoin(License, License.c.id.eq(Version.c.licenseId))
  .groupBy(License.c.id, License.c.name)
  .orderBy(func.sum(Installation.c.bytes).desc(), License.c.id);

const there = Dependency.table.alias("there");
const back = Dependency.table.alias("back");

/** Versions that need each other directly: the shortest circles of the graph. */
export const pairsInCircles = select(there.c.dependentId.label("one"), back.c.dependentId.label("other"))
  .distinct()
  .selectFrom(there)
  .join(back, back.c.dependentId.eq(there.c.targetId).and(back.c.targetId.eq(there.c.dependentId)))
  .where(there.c.dependentId.lt(back.c.dependentId), there.c.kind.ne("dev"), back.c.kind.ne("dev"))
  .orderBy(there.c.dependentId, back.c.dependentId);

/** The keywords that most packages have. */
export const topKeywords = select(Keyword.c.word, func.count(distinct(Version.c.packageId)).label("packages"))
  .join(versionKeywords, versionKeywords.c.keyword_id.eq(Keyword.c.id))
  .join(Version, Version.c.id.eq(versionKeywords.c.version_id))
  .groupBy(Keyword.c.id, Keyword.c.word)
  .orderBy(func.count(distinct(Version.c.packageId)).desc(), Keyword.c.id)
  .limit(TOP);

/** Where a chain ends that goes on and on; far beyond what is found in practice. */
export const MAX_CHAIN = 40;

/**
 * The longest chains of installed versions, each needed by the one before: from the project, whose every dependency counts, along what
 * is needed at run time, without coming twice to the same version.
 *
 * Each row is a chain found so far, as the text `/1/17/4/`. The text ends circles: a version whose number is in it is not added again.
 * Chains of different lengths to the same version must be kept apart, so the number of rows is that of the paths, not of the versions;
 * in a tree of some hundred packages that is some thousand. UNION (not UNION ALL) takes two dependencies of one version on the same
 * other, say as "prod" and as "peer", for one. The casts give the column one type and width in both parts, which PostgreSQL asks for,
 * and MariaDB takes from the first part.
 */
export const longestChains = (() => {
  // Forty steps along ids of eight digits.
  const path = t.string(400);
  const step = (id: ColumnElement): ColumnElement<string> => cast(id, t.string(11)).concat("/");
  const start = select(
    Version.c.id.label("id"),
    cast(literal(0), t.integer()).label("length"),
    cast(literal("/").concat(step(Version.c.id)), path).label("path"),
  )
    .where(Version.c.origin.eq("project"))
    .cte("chain", { recursive: true });
  const chain = start.union(
    select(Version.c.id, start.c.length.add(1), cast(start.c.path.concat(step(Version.c.id)), path))
      .selectFrom(start)
      .join(Dependency, Dependency.c.dependentId.eq(start.c.id))
      .join(Version, Version.c.id.eq(Dependency.c.targetId))
      .where(
        or(start.c.length.eq(0), Dependency.c.kind.ne("dev")),
        Version.c.origin.eq("installed"),
        start.c.path.notLike(literal("%/").concat(step(Version.c.id)).concat("%")),
        start.c.length.lt(MAX_CHAIN),
      ),
  );
  return select(chain.c.path)
    .where(chain.c.length.eq(select(func.max(chain.c.length)).scalarSubquery()))
    .orderBy(chain.c.path);
})();

// ---- ORM

/** Packages of which two or more versions are installed, with those versions and their folders: two more SELECTs, however many there are. */
export const severalVersions = select(Package)
  .where(
    Package.c.id.in(
      select(Version.c.packageId)
        .join(Installation, Installation.c.versionId.eq(Version.c.id))
        .groupBy(Version.c.packageId)
        .having(func.count(distinct(Version.c.id)).ge(2)),
    ),
  )
  .options(selectinload(Package.c.versions).selectinload(Version.c.installations))
  .orderBy(Package.c.id);

/** The people behind most packages. A row is an object and a number. */
export const busiestPeople = select(Person, func.count(distinct(Version.c.packageId)).label("packages"))
  .join(Person.c.versions)
  .groupBy(Person.c.id)
  .orderBy(func.count(distinct(Version.c.packageId)).desc(), Person.c.id)
  .limit(TOP);

/** Versions by their ids, each with its package and licence in the same row. */
export const versionsWithIds = (ids: readonly number[]) =>
  select(Version).where(Version.c.id.in(ids)).options(joinedload(Version.c.package), joinedload(Version.c.license));

// ---- asking

/** Everything the report shows, with the milliseconds that each answer took. */
export type Answers = Awaited<ReturnType<typeof askCore>> & Awaited<ReturnType<typeof askOrm>>;

/** Asks for rows of values, on a connection. */
export async function askCore(connection: Executor) {
  return {
    mostDependedOn: await timed(async () => (await connection.execute(mostDependedOn)).all()),
    licensesByWeight: await timed(async () => (await connection.execute(licensesByWeight)).all()),
    topKeywords: await timed(async () => (await connection.execute(topKeywords)).all()),
  };
}

/** Asks for objects, in a session; which executes Core's statements just as well, in the same transaction. */
export async function askOrm(session: AnySession) {
  return {
    longestChains: await timed(async () => {
      const paths = (await session.execute(longestChains)).scalars().all();
      const ids = paths.map((path) => path.split("/").filter(Boolean).map(Number));
      return findVersions(session, ids);
    }),
    pairsInCircles: await timed(async () => {
      const pairs = (await session.execute(pairsInCircles)).all();
      const ids = pairs.map(({ one, other }) => [one, other]);
      return findVersions(session, ids);
    }),
    severalVersions: await timed(async () => (await session.execute(severalVersions)).scalars().all()),
    busiestPeople: await timed(async () => (await session.execute(busiestPeople)).all()),
  };
}

/** Lists of ids as lists of objects, loaded by one statement. */
async function findVersions(session: AnySession, lists: readonly (readonly number[])[]): Promise<readonly Version[][]> {
  const statement = versionsWithIds([...new Set(lists.flat())]);
  const versions = (await session.execute(statement)).scalars().all();
  const byId = new Map(versions.map((version) => [version.id, version]));
  return lists.map((ids) => ids.map((id) => byId.get(id)!));
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly rows: T; readonly ms: number }> {
  const start = performance.now();
  return { rows: await work(), ms: performance.now() - start };
}
