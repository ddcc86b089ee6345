/**
 * SQL types, neutral of any dialect: what kind of value a column or expression holds, with its parameters. How a kind is spelled
 * in DDL and how its values are converted is a table in each dialect (`dialects/<name>/types.ts`), so a type here is plain data.
 */
import { Decimal } from "decimal.js";
import { Duration } from "./duration.ts";

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
  | "interval"
  | "largeBinary"
  | "json"
  | "uuid";

/** What a value is in JavaScript, where a type leaves the choice. */
export type Representation = "number" | "bigint" | "string" | "decimal" | "temporal";

export interface TypeParameters {
  readonly length?: number;
  readonly precision?: number;
  readonly scale?: number;
  readonly timezone?: boolean;
  /** A numeric that is no column: it has all the digits that its value has. */
  readonly unlimited?: boolean;
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

  /**
   * The type of a value that meets values of this one, in a comparison or a sum: it has neither length nor precision of its own, so that
   * `price.mul("1.075")` is not refused, or rounded, for what a `NUMERIC(12, 2)` column can hold. A cast to it cuts nothing.
   */
  get ofOperand(): SqlType<V> {
    const known = OF_OPERAND[this.kind];
    return known === undefined ? this : (known as SqlType<V>);
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
      case "interval":
        return a instanceof Duration && a.equals(b);
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
export const NUMERIC: SqlType<Decimal> = new SqlType<Decimal>("numeric", { unlimited: true });
export const FLOAT: SqlType<number> = new SqlType<number>("float");
export const DOUBLE: SqlType<number> = new SqlType<number>("double");
export const STRING: SqlType<string> = new SqlType<string>("string");
export const BOOLEAN: SqlType<boolean> = new SqlType<boolean>("boolean");
export const DATE_TIME: SqlType<Date> = new SqlType<Date>("dateTime");
export const INTERVAL: SqlType<Duration> = new SqlType<Duration>("interval");
export const LARGE_BINARY: SqlType<Uint8Array> = new SqlType<Uint8Array>("largeBinary");

const OF_OPERAND: { readonly [K in TypeKind]?: SqlType } = { numeric: NUMERIC, float: DOUBLE, string: STRING };
