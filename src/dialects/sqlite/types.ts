/**
 * SQLite's types. Their names are what SQLAlchemy writes; what a column can hold follows from SQLite's affinity rules, so dates, times,
 * JSON and UUIDs are text here.
 */
import type { SqlType } from "../../types/sqlType.ts";
import type { Converter } from "../../sql/compile/dialect.ts";
import { noTypeName, type TypeRules, withLength, withPrecision } from "../base.ts";
import { bindDate, bindTime, dateResult, formatDateTime, parseDateTime, timeResult } from "../conversion/dates.ts";
import { bindDateTimeText, dateTimeTextResult, dateTimeTextWithZoneResult } from "../conversion/dateTimeText.ts";
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
import { bindTemporal, temporalDateTimeResult, temporalNameOf, temporalResult } from "../conversion/temporal.ts";
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

const isTemporal = (type: SqlType): boolean => type.parameters.as === "temporal";

function bindMoment(type: SqlType): Converter {
  if (isTemporal(type)) return bindTemporal(temporalNameOf(type), bindDateTimeText);
  return type.parameters.as === "string" ? bindDateTimeText : formatDateTime;
}

function momentResult(type: SqlType): Converter {
  if (isTemporal(type)) return temporalDateTimeResult(type);
  if (type.parameters.as !== "string") return parseDateTime;
  return type.parameters.timezone === true ? dateTimeTextWithZoneResult : dateTimeTextResult;
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
    bind: bindMoment,
    result: momentResult,
  },
  date: {
    ddl: () => "DATE",
    bind: (type) => (isTemporal(type) ? bindTemporal("PlainDate", bindDate) : bindDate),
    result: (type) => (isTemporal(type) ? temporalResult("PlainDate", dateResult) : dateResult),
  },
  time: {
    ddl: () => "TIME",
    bind: (type) => (isTemporal(type) ? bindTemporal("PlainTime", bindTime) : bindTime),
    result: (type) => (isTemporal(type) ? temporalResult("PlainTime", timeResult) : timeResult),
  },
  interval: { ddl: () => "BIGINT", bind: () => bindMicroseconds, result: microsecondsResult },
  largeBinary: { ddl: () => "BLOB", bind: () => bindBytes, result: () => bytesResult },
  json: { ddl: () => "JSON", bind: () => bindJson, result: () => jsonResult },
  uuid: { ddl: () => "CHAR(32)", bind: () => bindUuidHex, result: () => canonicalUuid },
};
