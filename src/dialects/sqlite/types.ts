/**
 * SQLite's types. Their names are what SQLAlchemy writes; what a column can hold follows from SQLite's affinity rules, so dates, times,
 * JSON and UUIDs are text here.
 */
import type { SqlType } from "../../types/sqlType.ts";
import { noTypeName, type TypeRules, withLength, withPrecision } from "../base.ts";
import {
  bindDate,
  bindDateTimeText,
  bindTime,
  dateResult,
  formatDateTime,
  parseDateTime,
  timeResult,
} from "../conversion/dates.ts";
import {
  bigIntegerResult,
  bindDecimalAsFloat,
  bindFloat,
  bindIntegerAsBigint,
  decimalResult,
  floatResult,
  integerResult,
  untypedInteger,
} from "../conversion/numbers.ts";
import { untypedBind } from "../conversion/untyped.ts";
import {
  bindBoolean,
  bindBytes,
  bindJson,
  bindString,
  bindUuidHex,
  booleanResult,
  bytesResult,
  canonicalUuid,
  jsonResult,
  stringResult,
} from "../conversion/values.ts";

const asText = (type: SqlType): boolean => type.parameters.as === "string";
const booleanAsInteger = (value: unknown): bigint => (bindBoolean(value) ? 1n : 0n);

const bindUntyped = untypedBind({
  integer: bindIntegerAsBigint,
  float: bindFloat,
  decimal: bindDecimalAsFloat,
  boolean: booleanAsInteger,
  date: formatDateTime,
  bytes: bindBytes,
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
    bind: () => bindDecimalAsFloat,
    result: (type) => decimalResult(type, type.parameters.scale),
  },
  string: { ddl: (type) => withLength("VARCHAR", type), bind: () => bindString, result: () => stringResult },
  text: { ddl: () => "TEXT", bind: () => bindString, result: () => stringResult },
  boolean: { ddl: () => "BOOLEAN", bind: () => booleanAsInteger, result: () => booleanResult },
  dateTime: {
    ddl: () => "DATETIME",
    bind: (type) => (asText(type) ? bindDateTimeText : formatDateTime),
    result: (type) => (asText(type) ? null : parseDateTime),
  },
  date: { ddl: () => "DATE", bind: () => bindDate, result: () => dateResult },
  time: { ddl: () => "TIME", bind: () => bindTime, result: () => timeResult },
  largeBinary: { ddl: () => "BLOB", bind: () => bindBytes, result: () => bytesResult },
  json: { ddl: () => "JSON", bind: () => bindJson, result: () => jsonResult },
  uuid: { ddl: () => "CHAR(32)", bind: () => bindUuidHex, result: () => canonicalUuid },
};
