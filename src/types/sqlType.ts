/**
 * SQL types, neutral of any dialect: what kind of value a column or expression holds, with its parameters. How a kind is spelled
 * in DDL and how its values are converted is a table in each dialect (`dialects/<name>/types.ts`), so a type here is plain data.
 */
import { Decimal } from "decimal.js";

/** Every kind of type; a dialect's table of types has an entry for each. */
export type TypeKind =
  | "null"
  | "integer"
  | "smallInteger"
  | "bigInteger"
  | "float"
  | "double"
  | "numeric"
  | "string"
  | "text"
  | "boolean"
  | "dateTime"
  | "date"
  | "time"
  | "largeBinary"
  | "json"
  | "uuid";

/** What a value is in JavaScript, where a type leaves the choice. */
export type Representation = "number" | "bigint" | "string" | "decimal";

export interface TypeParameters {
  readonly length?: number;
  readonly precision?: number;
  readonly scale?: number;
  readonly timezone?: boolean;
  /** The JavaScript representation asked for with `{ as }`. */
  readonly as?: Representation;
}

declare const VALUE: unique symbol;

/**
 * A SQL type whose values are of the JavaScript type V.
 * `key` is equal for types that are written and converted alike; statements are cached by it.
 */
export class SqlType<out V = unknown> {
  declare readonly [VALUE]: V;
  readonly kind: TypeKind;
  readonly parameters: TypeParameters;
  readonly key: string;

  constructor(kind: TypeKind, parameters: TypeParameters = {}) {
    this.kind = kind;
    this.parameters = parameters;
    const details = Object.entries(parameters)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${String(value)}`);
    this.key = details.length === 0 ? kind : `${kind}(${details.join(",")})`;
  }

  /** True when two values of this type are the same to the database, so that writing one over the other changes nothing. */
  sameValue(a: unknown, b: unknown): boolean {
    if (Object.is(a, b)) return true;
    if (a === null || b === null || a === undefined || b === undefined) return false;
    switch (this.kind) {
      case "numeric":
        return sameDecimal(a, b);
      case "dateTime":
        return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
      case "largeBinary":
        return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
      case "json":
        return JSON.stringify(a) === JSON.stringify(b);
      default:
        return false;
    }
  }
}

/** Decimals may be given as numbers and strings too. */
function sameDecimal(a: unknown, b: unknown): boolean {
  try {
    return new Decimal(a as Decimal.Value).equals(b as Decimal.Value);
  } catch {
    return false;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let index = 0; index < a.byteLength; index++) if (a[index] !== b[index]) return false;
  return true;
}

/** The type of what has none: values go to the driver, and come from it, by what they are. */
export const NULL_TYPE: SqlType<unknown> = new SqlType<unknown>("null");
export const INTEGER: SqlType<number> = new SqlType<number>("integer");
export const BIG_INTEGER: SqlType<bigint> = new SqlType<bigint>("bigInteger");
export const NUMERIC: SqlType<Decimal> = new SqlType<Decimal>("numeric");
export const FLOAT: SqlType<number> = new SqlType<number>("float");
export const STRING: SqlType<string> = new SqlType<string>("string");
export const BOOLEAN: SqlType<boolean> = new SqlType<boolean>("boolean");
export const DATE_TIME: SqlType<Date> = new SqlType<Date>("dateTime");
export const LARGE_BINARY: SqlType<Uint8Array> = new SqlType<Uint8Array>("largeBinary");
