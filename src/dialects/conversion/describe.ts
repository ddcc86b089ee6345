/**
 * Names a value in an error message. It shows what a value is, never the whole of it.
 */
import { DataError } from "../../errors/dbapi.ts";

/** Such as `string "abc"`, `number 1.5`, `Date`, `undefined`. */
export function describeValue(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return `string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case "number":
    case "boolean":
      return `${typeof value} ${String(value)}`;
    case "bigint":
      return `bigint ${value}n`;
    case "object": {
      const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
      return typeof name === "string" && name !== "" ? name : "object";
    }
    default:
      return typeof value;
  }
}

/** The error of a value that cannot be bound as, or read from, a type. */
export function unfit(value: unknown, wanted: string, advice = ""): DataError {
  return new DataError(`Expected ${wanted}, got ${describeValue(value)}${advice === "" ? "" : `; ${advice}`}`);
}
