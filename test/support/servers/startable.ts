/**
 * The kinds of servers that tests start for themselves, and whether each can be started in this run. Read by needs.ts (in the workers) and
 * by closing-lines.ts (the reporter), so it imports nothing of vitest.
 */
import type { DatabaseName } from "../database-setup.ts";
import { whyNoGalera, whyNoMariadb, whyNoMysql, whyNoPostgresql } from "./programs.ts";

/** A pair is a primary with a standby or replica. */
export type OwnServer = "PostgreSQL" | "PostgreSQL pair" | "MariaDB" | "MariaDB pair" | "Galera cluster";

interface Kind {
  readonly database: DatabaseName;
  /** Null where it can be started. */
  readonly obstacle: () => string | null;
}

const KINDS: Readonly<Record<OwnServer, Kind>> = {
  PostgreSQL: { database: "postgresql", obstacle: whyNoPostgresql },
  "PostgreSQL pair": { database: "postgresql", obstacle: whyNoPostgresql },
  MariaDB: { database: "mysql", obstacle: whyNoMysql },
  "MariaDB pair": { database: "mysql", obstacle: whyNoMariadb },
  "Galera cluster": { database: "mysql", obstacle: whyNoGalera },
};

export const ownServers = Object.keys(KINDS) as readonly OwnServer[];

/** Whether the run is about its database at all (ATHANOR_DATABASES). */
export function isWanted(kind: OwnServer): boolean {
  const restriction = process.env["ATHANOR_DATABASES"];
  if (restriction === undefined || restriction === "") return true;
  return restriction.split(",").some((name) => name.trim() === KINDS[kind].database);
}

/** Why it cannot be started on this machine; null where it can. */
export function whyNotStartable(kind: OwnServer): string | null {
  if (process.platform === "win32") return "servers of one's own are paused and killed with signals, which Windows does not have";
  return KINDS[kind].obstacle();
}
