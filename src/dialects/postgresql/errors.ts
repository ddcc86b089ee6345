/**
 * Sorts PostgreSQL's errors into the library's classes by their SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html).
 */
import { errorFields, SOCKET_ERRORS } from "../base.ts";
import type { ErrorClass, ErrorClassification } from "../contract.ts";

const BY_CLASS: Readonly<Record<string, ErrorClass>> = {
  "08": "operational",
  "0A": "not-supported",
  "20": "programming",
  "21": "programming",
  "22": "data",
  "23": "integrity",
  "24": "internal",
  "25": "internal",
  "26": "operational",
  "27": "integrity",
  "28": "operational",
  "2B": "internal",
  "2D": "internal",
  "2F": "internal",
  "34": "operational",
  "38": "internal",
  "39": "internal",
  "3B": "internal",
  "3D": "programming",
  "3F": "programming",
  "40": "operational",
  "42": "programming",
  "44": "integrity",
  "53": "operational",
  "54": "operational",
  "55": "operational",
  "57": "operational",
  "58": "operational",
  F0: "internal",
  HV: "operational",
  P0: "internal",
  XX: "internal",
};

/** What the npm packages say, without a code, when the connection is gone. */
const LOST =
  /Connection terminated|Client has encountered a connection error|Client was closed|server closed the connection|timeout expired|Connection ended|not queryable|socket|PGlite is clos|Program terminated/i;

/** The package postgres has codes of its own for that. */
const LOST_CODES: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
]);

/** The two sides do not agree on encryption or on who is who, which the server may not even hear of. */
const NOT_AGREED = /^SASL\b|does not support SSL|establishing an SSL connection/;
const NOT_AGREED_CODES = /^(?:SASL_|ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/;

/** Every SQLSTATE has a digit; Node's EPERM and the like have none. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";
const LOCK_NOT_AVAILABLE = "55P03";

export function classifyPostgresqlError(error: unknown): ErrorClassification {
  const { message, code, errno } = errorFields(error);
  if (code !== null && SQLSTATE.test(code) && !SOCKET_ERRORS.has(code)) {
    // A statement prepared before its table was altered: prepared anew, it works.
    if (code === "0A000" && /cached plan/.test(message))
      return { errorClass: "operational", driverCode: code, isDisconnect: false, isRetryable: true };
    return {
      errorClass: BY_CLASS[code.slice(0, 2)] ?? "database",
      driverCode: code,
      isDisconnect: code.startsWith("08") || code.startsWith("57P0") || code === "25P03",
      isRetryable: code === SERIALIZATION_FAILURE || code === DEADLOCK || code === LOCK_NOT_AVAILABLE,
    };
  }
  const isLost = code === null ? LOST.test(message) : SOCKET_ERRORS.has(code) || LOST_CODES.has(code);
  const isOperational =
    isLost ||
    (code === null ? NOT_AGREED.test(message) : NOT_AGREED_CODES.test(code)) ||
    // Whatever else the operating system refuses, such as the files of an embedded database.
    (code !== null && errno !== null);
  return { errorClass: isOperational ? "operational" : "interface", driverCode: code, isDisconnect: isLost, isRetryable: false };
}
