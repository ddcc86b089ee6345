/**
 * The acceptance suite for drivers: what a driver must do to serve an engine, as cases that any test runner can run. The library's own
 * drivers pass it; whoever writes another runs it in their own tests. It works on the contract of a driver (io/driver.ts) alone.
 */
import type { Dialect, Driver } from "../dialects/contract.ts";
import { makeDialect } from "../dialects/index.ts";
import { makeUrl, type URL } from "../engine/url.ts";
import { ArgumentError } from "../errors/base.ts";
import { Bench } from "./acceptance/bench.ts";
import type { Ability, AcceptanceCase, CaseDefinition } from "./acceptance/case.ts";
import { CONNECTING } from "./acceptance/connecting.ts";
import { CURSORS } from "./acceptance/cursors.ts";
import { MANY } from "./acceptance/many.ts";
import { ROWS } from "./acceptance/rows.ts";
import { acceptanceSql, type AcceptanceSql } from "./acceptance/sql.ts";
import { STOPPING } from "./acceptance/stopping.ts";
import { VALUE_CASES } from "./acceptance/values.ts";

const CASES: readonly CaseDefinition[] = [...CONNECTING, ...ROWS, ...VALUE_CASES, ...MANY, ...CURSORS, ...STOPPING];
const ABILITIES: readonly Ability[] = ["server", "secondConnection", "cancel", "deadline"];

export interface DriverAcceptanceOptions {
  readonly driver: Driver;
  /** A database in which tables may be made and dropped; its user must be allowed to end its own connections. */
  readonly url: string | URL;
  /** Makes the dialect; by default the one that `driver.dialectName` names. */
  readonly dialect?: () => Dialect;
  /** `connectArgs`, handed to the driver as createEngine would; default none. */
  readonly connectArgs?: Readonly<Record<string, unknown>>;
  /** How the database spells what only the suite needs; required for dialects that do not come with the library. */
  readonly sql?: AcceptanceSql;
  /**
   * Abilities that the driver does not have, besides those that can be seen: `server` and `cancel` where nothing has a host, `deadline`
   * where the driver answers with promises, `secondConnection` where `driver.singleConnection` says so. Their cases are left out.
   */
  readonly lacks?: readonly Ability[];
}

/**
 * The cases that a driver must pass, for any test runner. Nothing is connected before a case runs; each opens its own connections, makes
 * tables named `athanor_accept_…`, and leaves nothing behind. A case should have a minute; most take milliseconds. Throws ArgumentError
 * for options that make no sense.
 *
 * @example
 * ```ts no-check
 * // vitest and jest
 * for (const { name, run } of driverAcceptance({ driver, url })) test(name, run, 60_000);
 * // node:test
 * for (const { name, run } of driverAcceptance({ driver, url })) test(name, { timeout: 60_000 }, run);
 * ```
 */
export function driverAcceptance(options: DriverAcceptanceOptions): readonly AcceptanceCase[] {
  const { driver, connectArgs = {}, lacks = [] } = options;
  for (const ability of lacks)
    if (!ABILITIES.includes(ability))
      throw new ArgumentError(`driverAcceptance: lacks is a list of ${ABILITIES.join(", ")}; got ${String(ability)}`);
  const { host, port, username, password, database, query } = makeUrl(options.url);
  const target = { host, port, username, password, database, query, connectArgs };
  const makeOwn = options.dialect ?? (() => makeDialect(driver.dialectName));
  const sql = options.sql ?? acceptanceSql(driver.dialectName);
  const missing = new Set<Ability>(lacks);
  if (host === null) for (const ability of ["server", "cancel"] as const) missing.add(ability);
  if (driver.colour === "async") missing.add("deadline");
  if (driver.singleConnection?.(target) === true) missing.add("secondConnection");
  const abilities = new Set(ABILITIES.filter((ability) => !missing.has(ability)));
  return CASES.filter(({ requires = [] }) => requires.every((ability) => abilities.has(ability))).map(
    ({ name, requires, run }) => ({
      name,
      ...(requires === undefined ? {} : { requires }),
      async run() {
        const bench = new Bench({ driver, makeDialect: makeOwn, target, sql });
        try {
          await run(bench);
        } finally {
          await bench.close();
        }
      },
    }),
  );
}
