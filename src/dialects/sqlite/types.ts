/**
 * SQLite's types. Their names are what SQLAlchemy writes; what a column can hold follows from SQLite's affinity rules, so dates, times,
 * JSON and UUIDs are text here.
 */
import { noTypeName, type TypeRules, withLength, withPrecision } from "../base.ts";
import { formatDateTime } from "../conversion/dates.ts";
import { bindMicroseconds, microsecondsResult } from "../conversion/intervals.ts";
import { bindJson, jsonResult } from "../conversion/json.ts";
import {
  bigIntegerResult,
  bindDecimalAsFloat,
  bindFloat,
  bindIntegerAsBigint,
  decimalResult,
  floatResult,
  integerResult,
  scaleBind,
  scaleOf,
  untypedInteger,
} from "../conversion/numbers.ts";
import { DATE, DATE_TIME, TIME } from "../conversion/moments.ts";
import { untypedBind } from "../conversion/untyped.ts";
import {
  bindBoolean,
  bindBytes,
  bindString,
  bindUuidHex,
  booleanResult,
  bytesResult,
  canonicalUuid,
  stringResult,
} from "../conversion/values.ts";

const booleanAsInteger = (value: unknown): bigint => (bindBoolean(value) ? 1n : 0n);

const bindUntyped = untypedBind({
  integer: bindIntegerAsBigint,
  float: bindFloat,
  decimal: bindDecimalAsFloat,
  boolean: booleanAsInteger,
  date: formatDateTime,
  bytes: bindBytes,
  duration: bindMicroseconds,
});

function untypedResult(value: unknown): unknown {
  return typeof value === "bigint" ? untypedInteger(value) : value instanceof Uint8Array ? bytesResult(value) : value;
}

export const SQLITE_TYPES: TypeRules = {
  null: { ddl: noTypeName, cast: () => "NULL", bind: () => bindUntyped, result: () => untypedResult },
  integer: { ddl: () => "INTEGER", bind: () => bindIntegerAsBigint, result: () => integerResult },
  smallInteger: { ddl: () => "SMALLINT", bind: () => bindIntegerAsBigint, result: () => integerResult },
  bigInteger: { ddl: () => "BIGINT", bind: () => bindIntegerAsBigint, result: (type) => bigIntegerResult(type.parameters.as) },
  float: {
    ddl: () => "FLOAT",
    bind: () => bindFloat,
    result: (type) => (type.parameters.as === "decimal" ? decimalResult(type) : floatResult),
  },
  double: {
    ddl: () => "DOUBLE",
    bind: () => bindFloat,
    result: (type) => (type.parameters.as === "decimal" ? decimalResult(type) : floatResult),
  },
  numeric: {
    ddl: (type) => withPrecision("NUMERIC", type),
    bind: (type) => scaleBind(bindDecimalAsFloat, scaleOf(type)),
    result: (type) => decimalResult(type, type.parameters.scale),
  },
  string: { ddl: (type) => withLength("VARCHAR", type), bind: () => bindString, result: () => stringResult },
  text: { ddl: () => "TEXT", bind: () => bindString, result: () => stringResult },
  boolean: { ddl: () => "BOOLEAN", bind: () => booleanAsInteger, result: () => booleanResult },
  dateTime: {
    ddl: () => "DATETIME",
    ...DATE_TIME,
  },
  date: {
    ddl: () => "DATE",
    ...DATE,
  },
  time: {
    ddl: () => "TIME",
    ...TIME,
  },
  interval: { ddl: () => "BIGINT", bind: () => bindMicroseconds, result: microsecondsResult },
  largeBinary: { ddl: () => "BLOB", bind: () => bindBytes, result: () => bytesResult },
  json: { ddl: () => "JSON", bind: () => bindJson, result: () => jsonResult },
  uuid: { ddl: () => "CHAR(32)", bind: () => bindUuidHex, result: () => canonicalUuid },
};
