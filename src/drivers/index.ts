/** The drivers that come with the library; the entry point registers them. */
import type { Driver } from "../dialects/contract.ts";
import { betterSqlite3Driver } from "./sqlite/betterSqlite3.ts";
import { mariadbDriver } from "./mysql/mariadb.ts";
import { mysql2Driver } from "./mysql/mysql2.ts";
import { nodeSqliteDriver } from "./sqlite/nodeSqlite.ts";
import { pgDriver } from "./postgresql/pg.ts";
import { pgliteDriver } from "./postgresql/pglite.ts";
import { postgresDriver } from "./postgresql/postgres.ts";

export const builtInDrivers: readonly Driver[] = [
  betterSqlite3Driver,
  nodeSqliteDriver,
  pgDriver,
  postgresDriver,
  pgliteDriver,
  mysql2Driver,
  mariadbDriver,
];
