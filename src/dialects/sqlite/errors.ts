/**
 * Sorts the errors of SQLite's drivers into the library's classes. better-sqlite3 names SQLite's result code in `code`, node:sqlite has
 * its number in `errcode`; both have SQLite's text as the message.
 */
import type { ErrorClass, ErrorClassification } from "../contract.ts";
import { errorFields } from "../base.ts";

/** SQLite's primary result codes, by number, for node:sqlite. */
const CODES: Readonly<Record<number, string>> = {
  1: "SQLITE_ERROR",
  2: "SQLITE_INTERNAL",
  3: "SQLITE_PERM",
  4: "SQLITE_ABORT",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  9: "SQLITE_INTERRUPT",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  15: "SQLITE_PROTOCOL",
  17: "SQLITE_SCHEMA",
  18: "SQLITE_TOOBIG",
  19: "SQLITE_CONSTRAINT",
  20: "SQLITE_MISMATCH",
  21: "SQLITE_MISUSE",
  23: "SQLITE_AUTH",
  25: "SQLITE_RANGE",
  26: "SQLITE_NOTADB",
};

// SQLITE_ERROR is SQLite's word for nearly everything; only its text tells wrong SQL from work that failed.
const WRONG_SQL =
  /syntax error|no such (?:table|column|function|index|view|trigger|savepoint|collation|module)|incomplete input|unrecognized token|has no column|ambiguous column|already exists|misuse of|wrong number of arguments|\d+ values for \d+ columns|has \d+ columns but|do not have the same number|near "/i;

/** The drivers' own errors, thrown before SQLite sees the statement. */
const WRONG_USE =
  /too (?:few|many) parameter values|missing named parameter|does not return data|contains more than one statement|contains no statements|cannot be bound|can only bind|not open|provided value/i;

export function classifySqliteError(error: unknown): ErrorClassification {
  const { message, code } = errorFields(error);
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  const name =
    code?.startsWith("SQLITE_") === true ? code : typeof errcode === "number" ? (CODES[errcode & 0xff] ?? "SQLITE_ERROR") : null;
  const driverCode = name ?? code;
  const errorClass = name === null ? classOfDriverError(code, message) : classOf(name, message);
  const isRetryable = name !== null && (name.startsWith("SQLITE_BUSY") || name.startsWith("SQLITE_LOCKED"));
  return {
    errorClass,
    driverCode,
    isDisconnect: /database (?:connection )?is not open|statement has been finalized/i.test(message),
    isRetryable,
  };
}

function classOf(name: string, message: string): ErrorClass {
  if (name.startsWith("SQLITE_CONSTRAINT")) return name === "SQLITE_CONSTRAINT_DATATYPE" ? "data" : "integrity";
  switch (name) {
    case "SQLITE_MISMATCH":
    case "SQLITE_TOOBIG":
      return "data";
    case "SQLITE_RANGE":
    case "SQLITE_MISUSE":
      return "programming";
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
    case "SQLITE_INTERNAL":
      return "database";
    case "SQLITE_ERROR":
      return WRONG_SQL.test(message) ? "programming" : "operational";
    default:
      return "operational";
  }
}

function classOfDriverError(code: string | null, message: string): ErrorClass {
  if (code === "ERR_OUT_OF_RANGE") return "data";
  if (/^cannot open database/i.test(message)) return "operational";
  if (WRONG_USE.test(message)) return "programming";
  return "interface";
}
