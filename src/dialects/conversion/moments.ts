/**
 * Which conversion a column of dates, times or moments gets, by the representation that it is declared with: alike on all databases, except that
 * PostgreSQL binds moments with a zone in its own way. The dialects' tables of types take them from here.
 */
import type { Converter } from "../../sql/compile/dialect.ts";
import type { SqlType } from "../../types/sqlType.ts";
import { bindDate, bindTime, dateResult, formatDateTime, parseDateTime, timeResult } from "./dates.ts";
import { bindDateTimeText, dateTimeTextResult, dateTimeTextWithZoneResult } from "./dateTimeText.ts";
import { bindTemporal, temporalDateTimeResult, temporalNameOf, temporalResult } from "./temporal.ts";

interface Conversion {
  readonly bind: (type: SqlType) => Converter;
  readonly result: (type: SqlType) => Converter;
}

export const DATE: Conversion = {
  bind: (type) => (isTemporal(type) ? bindTemporal("PlainDate", bindDate) : bindDate),
  result: (type) => (isTemporal(type) ? temporalResult("PlainDate", dateResult) : dateResult),
};

export const TIME: Conversion = {
  bind: (type) => (isTemporal(type) ? bindTemporal("PlainTime", bindTime) : bindTime),
  result: (type) => (isTemporal(type) ? temporalResult("PlainTime", timeResult) : timeResult),
};

/** For databases whose moments have no zone: they are kept in UTC. */
export const DATE_TIME: Conversion = {
  bind: (type) => bindMoment(type, bindDateTimeText, formatDateTime),
  result: (type) => {
    if (isTemporal(type)) return temporalDateTimeResult(type);
    if (type.parameters.as !== "string") return parseDateTime;
    return type.parameters.timezone === true ? dateTimeTextWithZoneResult : dateTimeTextResult;
  },
};

/** What binds a moment: as text, as Temporal's value by its text, or as a Date. */
export function bindMoment(type: SqlType, text: Converter, date: Converter): Converter {
  if (isTemporal(type)) return bindTemporal(temporalNameOf(type), text);
  return type.parameters.as === "string" ? text : date;
}

function isTemporal(type: SqlType): boolean {
  return type.parameters.as === "temporal";
}
