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
// Syntax, unknown or existing databases, tables, columns, functions; wrong counts of columns or values.
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

const DEADLOCK = 1213;
const LOCK_WAIT_TIMEOUT = 1205;
/** Server shutting down, gone, lost, killed; too long idle; refused because of the packet order after one of these. */
const DISCONNECTS = new Set([
  1053, 1077, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 2002, 2003, 2006, 2013, 2014, 2045, 2055, 4031,
]);
const LOST = /closed state|connection is closed|Connection lost|server has gone away|after fatal error/i;

export function classifyMysqlError(error: unknown): ErrorClassification {
  const { message, code, errno } = errorFields(error);
  const lost =
    (code !== null && (SOCKET_ERRORS.has(code) || code.startsWith("PROTOCOL_"))) ||
    (errno !== null && DISCONNECTS.has(errno)) ||
    LOST.test(message);
  if (lost)
    return {
      errorClass: "operational",
      driverCode: errno !== null && errno > 0 ? errno : code,
      isDisconnect: true,
      isRetryable: false,
    };
  // Node's own errors have negative numbers.
  if (errno === null || errno < 1000)
    return { errorClass: "interface", driverCode: code, isDisconnect: false, isRetryable: false };
  return {
    errorClass: BY_NUMBER.get(errno) ?? "operational",
    driverCode: errno,
    isDisconnect: false,
    isRetryable: errno === DEADLOCK || errno === LOCK_WAIT_TIMEOUT,
  };
}
