/** The drivers that come with the library; the entry point registers them. */
import type { Driver } from "../dialects/contract.ts";
import { betterSqlite3Driver } from "./betterSqlite3.ts";
import { mariadbDriver } from "./mariadb.ts";
import { mysql2Driver } from "./mysql2.ts";
import { nodeSqliteDriver } from "./nodeSqlite.ts";
import { pgDriver } from "./pg.ts";
import { pgliteDriver } from "./pglite.ts";
import { postgresDriver } from "./postgres.ts";

export const builtInDrivers: readonly Driver[] = [
  betterSqlite3Driver,
  nodeSqliteDriver,
  pgDriver,
  postgresDriver,
  pgliteDriver,
  mysql2Driver,
  mariadbDriver,
];
