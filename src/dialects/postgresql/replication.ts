/**
 * PostgreSQL's positions: places in the write-ahead log (LSN), such as 0/3000148, which streaming standbys replay in order.
 */
import type { DriverConnection, DriverResult } from "../../io/driver.ts";
import type { Io } from "../../io/io.ts";
import type { Replication } from "../contract.ts";
import { question } from "../server.ts";

const LSN = /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/;

export const POSTGRESQL_REPLICATION: Replication = {
  /** The place where the next change goes, rather than what is written or flushed: those lag behind without synchronous_commit. */
  *committedPosition(connection: DriverConnection): Io<string | null> {
    const { rows } = (yield question(connection, "SELECT pg_current_wal_insert_lsn()::text", [], true)) as DriverResult;
    const position = String(rows[0]?.[0]);
    return LSN.test(position) ? position : null;
  },

  /** A standby that was promoted replays nothing any more; it has reached what it has written itself. */
  *hasReached(connection: DriverConnection, position: string): Io<boolean> {
    const sql =
      "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END >= $1::pg_lsn";
    const { rows } = (yield question(connection, sql, [position])) as DriverResult;
    return rows[0]?.[0] === true || rows[0]?.[0] === "t";
  },

  later: (a, b) => (place(a) >= place(b) ? a : b),

  isPosition: (text) => LSN.test(text),
};

function place(lsn: string): bigint {
  const [high, low] = lsn.split("/");
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
