/**
 * Positions of MySQL and MariaDB: global transaction identifiers. MariaDB's are `0-1-42` (domain, server, number), one for each domain;
 * MySQL's are sets, `3e11fa47-…:1-42`. In a Galera cluster every node numbers the same way, and MariaDB's own functions know when
 * a node is there; those positions have `wsrep:` before them.
 */
import type { DriverConnection, DriverResult } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { Replication } from "../contract.ts";
import { question } from "../server.ts";
import { errorFields } from "../base.ts";

const GALERA = "wsrep:";
const MARIADB = /^(?:wsrep:)?\d+-\d+-\d+(?:,\d+-\d+-\d+)*$/;
/** Without the tags of MySQL 8.4, which would need a comparison of their own: reads then go to the primary for a while. */
const MYSQL = /^[\da-f-]{36}(?::\d+(?:-\d+)?)+(?:,[\da-f-]{36}(?::\d+(?:-\d+)?)+)*$/;
/** A Galera node that is not there yet answers with the error of a lock that was not granted. */
const NOT_YET = 1205;

export class MysqlReplication implements Replication {
  readonly #isMariaDb: () => boolean;
  #isGalera: boolean | null = null;

  constructor(isMariaDb: () => boolean) {
    this.#isMariaDb = isMariaDb;
  }

  *committedPosition(connection: DriverConnection): Io<string | null> {
    if (!this.#isMariaDb()) {
      const [set] = yield* ask(connection, "SELECT IF(@@GLOBAL.gtid_mode = 'ON', @@GLOBAL.gtid_executed, NULL)", [], true);
      const position = typeof set === "string" ? set.replaceAll(/\s/g, "") : "";
      return MYSQL.test(position) ? position : null;
    }
    if (this.#isGalera === null) {
      const [, isOn] = yield* ask(connection, "SHOW VARIABLES LIKE 'wsrep_on'", [], true);
      this.#isGalera = isOn === "ON";
    }
    if (this.#isGalera) {
      const [gtid] = yield* ask(connection, "SELECT CAST(WSREP_LAST_WRITTEN_GTID() AS CHAR)", [], true);
      // A session that has written nothing yet has the number 0.
      return typeof gtid !== "string" || !MARIADB.test(gtid) ? null : gtid.endsWith("-0") ? "" : GALERA + gtid;
    }
    const [gtid, hasLog] = yield* ask(connection, "SELECT @@last_gtid, @@log_bin", [], true);
    if (typeof gtid === "string" && MARIADB.test(gtid)) return gtid;
    return gtid === "" && Number(hasLog) === 1 ? "" : null;
  }

  *hasReached(connection: DriverConnection, position: string): Io<boolean> {
    if (position.startsWith(GALERA)) return yield* hasNodeReached(connection, position.slice(GALERA.length));
    if (this.#isMariaDb()) {
      const [answer] = yield* ask(connection, "SELECT MASTER_GTID_WAIT(?, 0)", [position]);
      return answer !== null && Number(answer) === 0;
    }
    const [answer] = yield* ask(connection, "SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed)", [position]);
    return Number(answer) === 1;
  }

  later(a: string, b: string): string {
    if (a === b) return a;
    const isGalera = b.startsWith(GALERA);
    // Another kind of number: the server was moved into a cluster or out of it, and the newer says more.
    if (a.startsWith(GALERA) !== isGalera) return b;
    const entries = entriesOf(a);
    for (const [source, entry] of entriesOf(b)) {
      const known = entries.get(source);
      if (known === undefined || lastNumber(known) < lastNumber(entry)) entries.set(source, entry);
    }
    return (isGalera ? GALERA : "") + [...entries.values()].join(",");
  }

  isPosition(text: string): boolean {
    return MARIADB.test(text) || MYSQL.test(text);
  }
}

function* hasNodeReached(connection: DriverConnection, gtid: string): Io<boolean> {
  try {
    const [answer] = yield* ask(connection, "SELECT WSREP_SYNC_WAIT_UPTO_GTID(?, 0)", [gtid]);
    return Number(answer) === 1;
  } catch (error) {
    if (errorFields(error).errno === NOT_YET) return false;
    throw error;
  }
}

function* ask(
  connection: DriverConnection,
  sql: string,
  parameters: readonly unknown[],
  unstoppable = false,
): Io<readonly unknown[]> {
  const { rows } = (yield question(connection, sql, parameters, unstoppable)) as DriverResult;
  return rows[0] ?? [];
}

/** What each source has written: a MariaDB domain, or a MySQL server. */
function entriesOf(position: string): Map<string, string> {
  const text = position.startsWith(GALERA) ? position.slice(GALERA.length) : position;
  return new Map(text.split(",").map((entry) => [/^[^:]*(?=:)|^\d+/.exec(entry)?.[0] ?? entry, entry]));
}

function lastNumber(entry: string): number {
  return Number(/\d+$/.exec(entry)?.[0]);
}
