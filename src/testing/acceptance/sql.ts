/**
 * The SQL in which the databases of the suite differ, and the little that it writes alike for all. What a dialect knows (types,
 * placeholders, BEGIN) is asked of the dialect; here is only what no engine ever needs, such as statements that take long.
 */
import { ArgumentError } from "../../errors/base.ts";

/** What the suite must know of a database besides its dialect. Give one for a dialect that does not come with the library. */
export interface AcceptanceSql {
  /** The type and constraints of an integer primary key that the database numbers by itself. */
  readonly generatedKey: string;
  /** A query that takes so many seconds unless it is stopped. */
  readonly sleep: (seconds: number) => string;
  /** A query over `numbers` (columns: i) that gives rows for the small numbers, and fails at one from 400 to 800. */
  readonly failing: (numbers: string) => string;
  /** How U+0000 in a text fares: it is kept, or refused with a DataError. */
  readonly nul: "kept" | "refused";
  /** Whether a failed statement fails its whole transaction. */
  readonly failureEndsTransaction: boolean;
  /** A query for the connection's own id, and a statement with which another connection ends it; null where there are no servers. */
  readonly kill: { readonly id: string; readonly statement: (id: string) => string } | null;
}

const BY_DIALECT: Readonly<Record<string, AcceptanceSql>> = {
  sqlite: {
    generatedKey: "INTEGER PRIMARY KEY",
    // SQLite has no sleep; counting the rows of this join takes about two seconds for each factor.
    sleep: (seconds) => `SELECT COUNT(*) FROM (${numbers(10_000)}) AS x, (${numbers(1000 * seconds)}) AS y`,
    failing: (source) => `SELECT i, abs(CASE i WHEN 500 THEN -9223372036854775807 - 1 ELSE i END) FROM (${source}) AS n`,
    nul: "kept",
    failureEndsTransaction: false,
    kill: null,
  },
  postgresql: {
    generatedKey: "SERIAL PRIMARY KEY",
    sleep: (seconds) => `SELECT pg_sleep(${seconds})`,
    failing: (source) => `SELECT i, 1 / (500 - i) FROM (${source}) AS n`,
    nul: "refused",
    failureEndsTransaction: true,
    kill: { id: "SELECT pg_backend_pid()", statement: (id) => `SELECT pg_terminate_backend(${id})` },
  },
  mysql: {
    generatedKey: "INTEGER PRIMARY KEY AUTO_INCREMENT",
    sleep: (seconds) => `SELECT SLEEP(${seconds})`,
    // EXP(710) is beyond what a DOUBLE holds.
    failing: (source) => `SELECT i, EXP(i) FROM (${source}) AS n`,
    nul: "kept",
    failureEndsTransaction: false,
    kill: { id: "SELECT CONNECTION_ID()", statement: (id) => `KILL ${id}` },
  },
};

/** What is known of a dialect by its name. Throws ArgumentError where that is nothing. */
export function acceptanceSql(dialectName: string): AcceptanceSql {
  const known = BY_DIALECT[dialectName];
  if (known === undefined)
    throw new ArgumentError(
      `The acceptance suite does not know how ${dialectName} spells a few things: give it { sql } with ${Object.keys(BY_DIALECT["sqlite"]!).join(", ")}`,
    );
  return known;
}

/** The numbers from 0 to `count` - 1, in SQL that every database has and that none takes long to plan. */
export function numbers(count: number): string {
  const digits = Array.from({ length: 10 }, (_digit, value) => (value === 0 ? "SELECT 0 AS d" : `SELECT ${value}`)).join(
    " UNION ALL ",
  );
  const places = String(Math.max(count - 1, 1)).length;
  const names = Array.from({ length: places }, (_place, index) => `d${index}`);
  const value = names.map((name, index) => (index === 0 ? `${name}.d` : `${10 ** index} * ${name}.d`)).join(" + ");
  const sources = names.map((name) => `(${digits}) AS ${name}`).join(", ");
  return `SELECT ${value} AS i FROM ${sources} WHERE ${value} < ${count}`;
}
