/**
 * PostgreSQL's types. Most values travel as text; the driver gives booleans, small integers and floats as they are.
 */
import type { SqlType } from "../../types/sqlType.ts";
import type { Converter } from "../../sql/compile/dialect.ts";
import { noTypeName, type TypeRules, withLength, withPrecision } from "../base.ts";
import { formatDateTimeWithZone, parseDateTime, timeResult } from "../conversion/dates.ts";
import { bindDateTimeTextWithZone } from "../conversion/dateTimeText.ts";
import { bindInterval, intervalResult, readInterval } from "../conversion/intervals.ts";
import { bindJson, jsonResult } from "../conversion/json.ts";
import {
  bigIntegerResult,
  bindDecimalOrNaN,
  bindFloatOrSpecial,
  bindInteger,
  decimalResult,
  floatResult,
  integerResult,
  isSingle,
  scaleBind,
  scaleOf,
  singleBind,
  toDecimal,
  untypedInteger,
} from "../conversion/numbers.ts";
import { bindMoment, DATE, DATE_TIME, TIME } from "../conversion/moments.ts";
import { untypedBind } from "../conversion/untyped.ts";
import {
  bindBoolean,
  bindBytes,
  bindString,
  booleanResult,
  bytesResult,
  canonicalUuid,
  stringResult,
} from "../conversion/values.ts";

const bindUntyped = untypedBind({
  integer: bindInteger,
  float: bindFloatOrSpecial,
  decimal: bindDecimalOrNaN,
  boolean: bindBoolean,
  // With its zone: correct for timestamptz, and a timestamp column ignores it.
  date: formatDateTimeWithZone,
  bytes: bindBytes,
  duration: bindInterval,
});

/** What untyped columns become, by OID (pg_type.dat); others are strings. */
const UNTYPED: Readonly<Record<number, Converter>> = {
  17: bytesResult,
  20: untypedInteger,
  114: jsonResult,
  1083: timeResult,
  1114: parseDateTime,
  1184: parseDateTime,
  1186: readInterval,
  1700: toDecimal,
  3802: jsonResult,
};

const floatName = (type: SqlType): string =>
  type.parameters.precision === undefined ? "FLOAT" : `FLOAT(${type.parameters.precision})`;
const timestampName = (type: SqlType): string =>
  type.parameters.timezone === true ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP WITHOUT TIME ZONE";

function bindTimestamp(type: SqlType): Converter {
  return type.parameters.timezone === true
    ? bindMoment(type, bindDateTimeTextWithZone, formatDateTimeWithZone)
    : DATE_TIME.bind(type);
}

export const POSTGRESQL_TYPES: TypeRules = {
  null: {
    ddl: noTypeName,
    cast: () => "NULL",
    bind: () => bindUntyped,
    result: (_type, typeCode) => (typeof typeCode === "number" ? (UNTYPED[typeCode] ?? null) : null),
  },
  integer: { ddl: () => "INTEGER", bind: () => bindInteger, result: () => integerResult },
  smallInteger: { ddl: () => "SMALLINT", bind: () => bindInteger, result: () => integerResult },
  bigInteger: { ddl: () => "BIGINT", bind: () => bindInteger, result: (type) => bigIntegerResult(type.parameters.as) },
  float: {
    ddl: floatName,
    bind: (type) => (isSingle(type) ? singleBind(bindFloatOrSpecial) : bindFloatOrSpecial),
    result: (type) => (type.parameters.as === "decimal" ? decimalResult(type) : floatResult),
  },
  double: {
    ddl: () => "DOUBLE PRECISION",
    bind: () => bindFloatOrSpecial,
    result: (type) => (type.parameters.as === "decimal" ? decimalResult(type) : floatResult),
  },
  numeric: {
    ddl: (type) => withPrecision("NUMERIC", type),
    bind: (type) => scaleBind(bindDecimalOrNaN, scaleOf(type)),
    result: (type) => decimalResult(type),
  },
  string: { ddl: (type) => withLength("VARCHAR", type), bind: () => bindString, result: () => stringResult },
  text: { ddl: () => "TEXT", bind: () => bindString, result: () => stringResult },
  boolean: { ddl: () => "BOOLEAN", bind: () => bindBoolean, result: () => booleanResult },
  dateTime: { ddl: timestampName, bind: bindTimestamp, result: DATE_TIME.result },
  date: {
    ddl: () => "DATE",
    ...DATE,
  },
  time: {
    ddl: (type) => (type.parameters.timezone === true ? "TIME WITH TIME ZONE" : "TIME WITHOUT TIME ZONE"),
    ...TIME,
  },
  interval: { ddl: () => "INTERVAL", bind: () => bindInterval, result: intervalResult },
  largeBinary: { ddl: () => "BYTEA", bind: () => bindBytes, result: () => bytesResult },
  json: { ddl: () => "JSON", bind: () => bindJson, result: () => jsonResult },
  uuid: { ddl: () => "UUID", bind: () => canonicalUuid, result: () => null },
};
