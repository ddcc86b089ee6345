/**
 * Sorts the errors of MySQL and MariaDB into the library's classes by their number (mariadb.com/kb/en/mariadb-error-code-reference).
 */
import { errorFields, SOCKET_ERRORS } from "../base.ts";
import type { ErrorClass, ErrorClassification } from "../contract.ts";

const BY_NUMBER = new Map<number, ErrorClass>();
function sort(errorClass: ErrorClass, ...numbers: readonly number[]): void {
  for (const number of numbers) BY_NUMBER.set(number, errorClass);
}
// Duplicate keys, NULL where none may be, foreign keys, CHECK (3819 on MySQL, 4025 on MariaDB).
sort("integrity", 1022, 1048, 1062, 1169, 1215, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 1859, 3819, 4025);
// Out of range, truncated, too long, not a date, division by zero.
sort("data", 1230, 1264, 1265, 1292, 1365, 1366, 1367, 1406, 1411, 1416, 1441, 1690, 3140, 3141, 3156, 3157, 4038);
// Syntax, unknown or existing databases, tables, columns, functions; wrong counts of columns, values or parameters.
sort(
  "programming",
  1007,
  1008,
  1046,
  1049,
  1050,
  1051,
  1052,
  1054,
  1055,
  1056,
  1057,
  1058,
  1059,
  1060,
  1061,
  1063,
  1064,
  1065,
  1066,
  1068,
  1071,
  1072,
  1075,
);
sort(
  "programming",
  1091,
  1093,
  1102,
  1103,
  1109,
  1110,
  1111,
  1113,
  1136,
  1140,
  1146,
  1149,
  1166,
  1176,
  1210,
  1222,
  1241,
  1242,
  1247,
  1248,
  1305,
  1318,
  1370,
  1582,
);
sort("not-supported", 1178, 1235, 1286, 1289, 1295);

/**
 * Rolled back for another transaction's sake: a lock not granted in time, a deadlock (also within XA; also what Galera answers to the loser of
 * a conflict), a row that has changed since this transaction's snapshot (MariaDB's innodb_snapshot_isolation).
 */
const RETRYABLE = new Set([1020, 1205, 1213, 1614]);
/** Server shutting down, gone, lost, killed; too long idle; refused because of the packet order after one of these. */
const DISCONNECTS = new Set([
  1053, 1077, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2006, 2013, 2014, 2045, 2055, 4031,
]);
/** ER_UNKNOWN_COM_ERROR, which a Galera node outside of its cluster answers to everything. */
const UNKNOWN_COMMAND = 1047;
const OUTSIDE_OF_CLUSTER = /WSREP has not yet prepared node/i;

/** The npm package mariadb numbers its own errors from 45001 on. */
const isOfPackage = (errno: number): boolean => errno > 45_000 && errno < 46_000;
/** Those of them that mean a lost connection: closed, destroyed, out of step, silent. */
const PACKAGE_DISCONNECTS = new Set([45001, 45004, 45009, 45011, 45012, 45013, 45019, 45020, 45026, 45042]);
/** More than max_allowed_packet, found before it was sent. */
const PACKAGE_TOO_LARGE = 45046;

/** How mysql2 words what it has no number for. */
const LOST = /closed state|connection is closed|Connection lost|server has gone away|after fatal error/i;

export function classifyMysqlError(error: unknown): ErrorClassification {
  const { message, code, errno } = errorFields(error);
  // Node's own errors have negative numbers.
  const number = errno !== null && errno >= 1000 ? errno : null;
  if (isLost(error, message, code, number))
    return { errorClass: "operational", driverCode: number ?? code, isDisconnect: true, isRetryable: false };
  if (number === null) return { errorClass: "interface", driverCode: code, isDisconnect: false, isRetryable: false };
  return {
    errorClass: classOf(error, number),
    driverCode: number,
    isDisconnect: false,
    isRetryable: RETRYABLE.has(number),
  };
}

function isLost(error: unknown, message: string, code: string | null, number: number | null): boolean {
  if (code !== null && (SOCKET_ERRORS.has(code) || code.startsWith("PROTOCOL_"))) return true;
  // What a server says may contain any text, such as a duplicate value.
  if (number === null) return LOST.test(message);
  // SIGNAL may give any number to a server's error; the package calls its own fatal.
  if (isOfPackage(number)) return PACKAGE_DISCONNECTS.has(number) && (error as { fatal?: unknown }).fatal === true;
  return DISCONNECTS.has(number) || (number === UNKNOWN_COMMAND && OUTSIDE_OF_CLUSTER.test(message));
}

function classOf(error: unknown, number: number): ErrorClass {
  const wasSignalled = (error as { sqlState?: unknown }).sqlState === "45000";
  if (isOfPackage(number) && number !== PACKAGE_TOO_LARGE && !wasSignalled) return "interface";
  return BY_NUMBER.get(number) ?? "operational";
}
