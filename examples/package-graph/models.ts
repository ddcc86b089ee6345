/**
 * The mapped classes of the example: packages, their versions, and what versions have to do with each other. Everything else in this
 * folder works with these. Nothing here knows where the data comes from or which database it goes to.
 *
 * Text that people wrote (names, keywords) has a plain index and no UNIQUE: the usual collations of MySQL and MariaDB take "cafe" and
 * "Café" for the same word, and they are two. load.ts makes sure that each is there once.
 */
import { declarativeBase, many, one, t } from "athanor/orm";

/** Which list of package.json a dependency stands in. */
export type Kind = "prod" | "dev" | "peer" | "optional";

/** The project itself; a version found in node_modules; one that the lock file names and this machine does not have. */
export type Origin = "project" | "installed" | "locked";

// Attributes are in camelCase, columns in snake_case: `packageId` is package_id in the database.
export const Base = declarativeBase({ casing: "snake_case" });

/** A package by its name. Many are known only by name, because something asks for them that is not installed. */
export class Package extends Base.model("packages", {
  id: t.integer().primaryKey(),
  name: t.string(214).index(),
  get versions() {
    return many(Version, { backPopulates: "package", cascade: "all, delete-orphan", orderBy: Version.c.id });
  },
  get dependents() {
    return many(Dependency, { backPopulates: "package" });
  },
}) {}

/** A licence as package.json spells it, such as "MIT" or "(MIT OR Apache-2.0)". */
export class License extends Base.model("licenses", {
  id: t.integer().primaryKey(),
  name: t.string(191).index(),
  get versions() {
    return many(Version, { backPopulates: "license" });
  },
}) {}

/** Whoever package.json names as author, maintainer or contributor. */
export class Person extends Base.model("people", {
  id: t.integer().primaryKey(),
  name: t.string(191).index(),
  email: t.string(191).nullable(),
  get versions() {
    return many(Version, { secondary: versionPeople, backPopulates: "maintainers" });
  },
}) {}

export class Keyword extends Base.model("keywords", {
  id: t.integer().primaryKey(),
  word: t.string(191).index(),
  get versions() {
    return many(Version, { secondary: versionKeywords, backPopulates: "keywords" });
  },
}) {}

/** One version of a package, with what its package.json says. */
export class Version extends Base.model("versions", {
  id: t.integer().primaryKey(),
  number: t.string(100),
  origin: t.string(10).$type<Origin>(),
  description: t.text().nullable(),
  // A foreign key names a column of another class, a relationship another class: both stand in getters, which are read late, so that
  // classes may refer to each other in circles.
  get packageId() {
    return t.integer().foreignKey(Package.c.id).index();
  },
  get licenseId() {
    return t.integer().nullable().foreignKey(License.c.id).index();
  },
  get package() {
    return one(Package, { backPopulates: "versions" });
  },
  get license() {
    return one(License, { backPopulates: "versions" }).nullable();
  },
  get maintainers() {
    return many(Person, { secondary: versionPeople, backPopulates: "versions", orderBy: Person.c.id });
  },
  get keywords() {
    return many(Keyword, { secondary: versionKeywords, backPopulates: "versions", orderBy: Keyword.c.id });
  },
  get installations() {
    return many(Installation, { backPopulates: "version", cascade: "all, delete-orphan", orderBy: Installation.c.id });
  },
  // Two foreign keys lead from dependencies to versions; these two relationships say which each of them means.
  get dependencies() {
    return many(Dependency, {
      backPopulates: "dependent",
      foreignKeys: Dependency.c.dependentId,
      cascade: "all, delete-orphan",
      orderBy: Dependency.c.id,
    });
  },
  get dependents() {
    return many(Dependency, { backPopulates: "target", foreignKeys: Dependency.c.targetId });
  },
}) {
  /** `name@version`. The package must be loaded. */
  get label() {
    return `${this.package.name}@${this.number}`;
  }
}

/** A folder in node_modules. The same version may lie in several. */
export class Installation extends Base.model("installations", {
  id: t.integer().primaryKey(),
  path: t.text(),
  // A 64-bit column is a bigint in JavaScript, unless one asks for a number.
  bytes: t.bigInteger({ as: "number" }),
  files: t.integer(),
  get versionId() {
    return t.integer().foreignKey(Version.c.id).index();
  },
  get version() {
    return one(Version, { backPopulates: "installations" });
  },
}) {}

/**
 * The association object: a version asks for a package in a range, and Node finds a version of it, or none. Through it versions refer to
 * versions. (A link with attributes of its own is a class; a bare one, as between versions and keywords, is a table.)
 */
export class Dependency extends Base.model("dependencies", {
  id: t.integer().primaryKey(),
  kind: t.string(10).$type<Kind>(),
  range: t.text(),
  get dependentId() {
    return t.integer().foreignKey(Version.c.id).index();
  },
  get packageId() {
    return t.integer().foreignKey(Package.c.id).index();
  },
  get targetId() {
    return t.integer().nullable().foreignKey(Version.c.id).index();
  },
  get dependent() {
    return one(Version, { backPopulates: "dependencies", foreignKeys: Dependency.c.dependentId });
  },
  get package() {
    return one(Package, { backPopulates: "dependents" });
  },
  get target() {
    return one(Version, { backPopulates: "dependents", foreignKeys: Dependency.c.targetId }).nullable();
  },
}) {}

export const versionPeople = Base.metadata.table("version_people", {
  version_id: t.integer().primaryKey().foreignKey("versions.id"),
  person_id: t.integer().primaryKey().foreignKey("people.id"),
});

export const versionKeywords = Base.metadata.table("version_keywords", {
  version_id: t.integer().primaryKey().foreignKey("versions.id"),
  keyword_id: t.integer().primaryKey().foreignKey("keywords.id"),
});
