/**
 * JSON between JavaScript and databases. JSON.stringify and JSON.parse change some values without a word (NaN, a Map, 9007199254740993);
 * here they are errors.
 */
import { Decimal } from "decimal.js";
import { DataError } from "../../errors/dbapi.ts";
import { JSON_NULL } from "../../types/jsonNull.ts";
import { describeValue } from "./describe.ts";
import { keepsDigits } from "./numbers.ts";

/**
 * JSON text. Throws DataError for what JSON cannot say, also where JSON.stringify would write something else: undefined and holes in a
 * list, NaN and the infinities (null), functions (nothing), Maps, Sets and bytes ({}), bigints, circles. A property that is undefined is left out.
 */
export function bindJson(value: unknown): string {
  if (value === JSON_NULL) return "null";
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new DataError(`The value cannot be written as JSON: ${(error as Error).message}`, { cause: error });
  }
  // After stringify, which finds circles.
  requireJson(value, "");
  return text;
}

function requireJson(value: unknown, path: string): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      break;
    case "object":
      if (value === null) return;
      if (Array.isArray(value)) {
        // An index, because forEach passes over holes, which JSON.stringify writes as null.
        for (let index = 0; index < value.length; index++) requireJson(value[index], `${path}[${index}]`);
        return;
      }
      if (value instanceof Date && Number.isNaN(value.getTime())) break;
      if (typeof (value as { toJSON?: unknown }).toJSON === "function") return;
      switch (Object.prototype.toString.call(value)) {
        case "[object Object]":
          for (const [key, member] of Object.entries(value)) if (member !== undefined) requireJson(member, `${path}.${key}`);
          return;
        case "[object Number]":
        case "[object String]":
        case "[object Boolean]":
          return;
      }
      break;
  }
  const where = path === "" ? "The value" : `The value at ${path.replace(/^\./, "")}`;
  throw new DataError(`${where} cannot be written as JSON: ${describeValue(value)}`);
}

export function jsonResult(value: unknown): unknown {
  if (typeof value === "string") {
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch (error) {
      throw new DataError(`The value of a JSON column is not JSON: ${describeValue(value)}`, { cause: error });
    }
    if (MAY_LOSE_DIGITS.test(value)) requireExactNumbers(value);
    return parsed === null ? JSON_NULL : parsed;
  }
  // A SQLite column declared JSON has numeric affinity: the JSON text 5 is stored as the number 5.
  return typeof value === "bigint" ? Number(value) : value;
}

/** Sixteen digits, or an exponent of three: only then is the text looked at number by number. */
const MAY_LOSE_DIGITS = /\d[\d.]{15}|[eE][+-]?\d{3}/;
/** Strings are matched so that what is in them is passed over. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

function requireExactNumbers(text: string): void {
  for (const [token] of text.matchAll(STRING_OR_NUMBER)) {
    if (token.startsWith('"') || token.length < 6) continue;
    if (keepsDigits(new Decimal(token), Number(token))) continue;
    throw new DataError(
      `The JSON of the result holds the number ${token.slice(0, 60)}, which a number cannot be exactly; read it as text: cast(column, t.text())`,
    );
  }
}
