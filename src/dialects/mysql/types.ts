/**
 * The types of MySQL and MariaDB. DATETIME and TIME get six digits of fraction, unlike in SQLAlchemy: without them the server rounds
 * every value to a whole second.
 */
import { CompileError } from "../../errors/sql.ts";
import type { SqlType } from "../../types/sqlType.ts";
import type { Converter } from "../../sql/compile/dialect.ts";
import { noTypeName, type TypeRules, withLength, withPrecision } from "../base.ts";
import { formatDateTime, parseDateTime, timeResult } from "../conversion/dates.ts";
import { bindMicroseconds, microsecondsResult } from "../conversion/intervals.ts";
import { bindJson, jsonResult } from "../conversion/json.ts";
import {
  bigIntegerResult,
  bindDecimal,
  bindFloat,
  bindInteger,
  decimalResult,
  floatResult,
  integerResult,
  isSingle,
  scaleBind,
  scaleOf,
  singleBind,
  singleResult,
  toDecimal,
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

const booleanAsInteger = (value: unknown): number => (bindBoolean(value) ? 1 : 0);
const signed = (): string => "SIGNED INTEGER";

/** FLOAT's column type on the wire; DOUBLE is 5. */
const SINGLE = 4;

const bindUntyped = untypedBind({
  integer: bindInteger,
  float: bindFloat,
  decimal: bindDecimal,
  boolean: booleanAsInteger,
  date: formatDateTime,
  bytes: bindBytes,
  duration: bindMicroseconds,
});

/** What untyped columns become, by column type (MYSQL_TYPE_*); the driver marks text as `252:text`, so 252 alone is bytes. */
const UNTYPED: Readonly<Record<number, Converter>> = {
  0: toDecimal,
  [SINGLE]: singleResult,
  7: parseDateTime,
  8: untypedInteger,
  11: timeResult,
  12: parseDateTime,
  16: bytesResult,
  245: jsonResult,
  246: toDecimal,
  249: bytesResult,
  250: bytesResult,
  251: bytesResult,
  252: bytesResult,
  253: bytesResult,
  254: bytesResult,
};

function varchar(type: SqlType): string {
  if (type.parameters.length === undefined) throw new CompileError("VARCHAR needs a length on MySQL: t.string(100), or t.text()");
  return withLength("VARCHAR", type);
}

function floatReader(type: SqlType, typeCode: number | string | null): Converter {
  if (type.parameters.as === "decimal") return decimalResult(type);
  return typeCode === SINGLE ? singleResult : floatResult;
}

export const MYSQL_TYPES: TypeRules = {
  null: {
    ddl: noTypeName,
    cast: () => "NULL",
    bind: () => bindUntyped,
    result: (_type, typeCode) => (typeof typeCode === "number" ? (UNTYPED[typeCode] ?? null) : null),
  },
  integer: { ddl: () => "INTEGER", cast: signed, bind: () => bindInteger, result: () => integerResult },
  smallInteger: { ddl: () => "SMALLINT", cast: signed, bind: () => bindInteger, result: () => integerResult },
  bigInteger: {
    ddl: () => "BIGINT",
    cast: signed,
    bind: () => bindInteger,
    result: (type) => bigIntegerResult(type.parameters.as),
  },
  float: {
    ddl: (type) => (type.parameters.precision === undefined ? "FLOAT" : `FLOAT(${type.parameters.precision})`),
    cast: () => "FLOAT",
    // Without a precision FLOAT is single, unlike in other databases.
    bind: (type) => (type.parameters.precision === undefined || isSingle(type) ? singleBind(bindFloat) : bindFloat),
    result: floatReader,
  },
  double: { ddl: () => "DOUBLE", bind: () => bindFloat, result: floatReader },
  numeric: {
    ddl: (type) => withPrecision("NUMERIC", type),
    cast: (type) => withPrecision("DECIMAL", type),
    // A plain NUMERIC is NUMERIC(10, 0) here.
    bind: (type) => scaleBind(bindDecimal, scaleOf(type) ?? (type.parameters.unlimited === true ? undefined : 0)),
    result: (type) => decimalResult(type),
  },
  string: { ddl: varchar, cast: (type) => withLength("CHAR", type), bind: () => bindString, result: () => stringResult },
  text: { ddl: () => "TEXT", cast: () => "CHAR", bind: () => bindString, result: () => stringResult },
  boolean: { ddl: () => "BOOL", cast: signed, bind: () => booleanAsInteger, result: () => booleanResult },
  dateTime: {
    ddl: () => "DATETIME(6)",
    ...DATE_TIME,
  },
  date: {
    ddl: () => "DATE",
    ...DATE,
  },
  time: {
    ddl: () => "TIME(6)",
    ...TIME,
  },
  interval: { ddl: () => "BIGINT", cast: signed, bind: () => bindMicroseconds, result: microsecondsResult },
  largeBinary: { ddl: () => "BLOB", cast: () => "BINARY", bind: () => bindBytes, result: () => bytesResult },
  json: { ddl: () => "JSON", bind: () => bindJson, result: () => jsonResult },
  uuid: { ddl: () => "CHAR(32)", cast: () => "CHAR(32)", bind: () => bindUuidHex, result: () => canonicalUuid },
};
