/**
 * Values whose type no statement tells: bound by what they are in JavaScript. Reading them goes by the driver's type codes, which are
 * each dialect's own.
 */
import { Decimal } from "decimal.js";
import { ArgumentError } from "../../errors/base.ts";
import { Duration } from "../../types/duration.ts";
import { describeValue } from "./describe.ts";
import { requireWellFormed } from "./values.ts";

/** How a dialect binds the kinds of JavaScript values. */
export interface UntypedBinds {
  readonly integer: (value: unknown) => unknown;
  readonly float: (value: unknown) => unknown;
  readonly decimal: (value: unknown) => unknown;
  readonly boolean: (value: unknown) => unknown;
  readonly date: (value: unknown) => unknown;
  readonly bytes: (value: unknown) => unknown;
  readonly duration: (value: unknown) => unknown;
}

export function untypedBind(binds: UntypedBinds): (value: unknown) => unknown {
  return (value) => {
    switch (typeof value) {
      case "string":
        return requireWellFormed(value);
      case "number":
        return Number.isSafeInteger(value) && !Object.is(value, -0) ? binds.integer(value) : binds.float(value);
      case "bigint":
        return binds.integer(value);
      case "boolean":
        return binds.boolean(value);
      case "undefined":
        throw new ArgumentError("undefined was given for a parameter; write null for SQL NULL");
      case "object":
        if (value instanceof Date) return binds.date(value);
        if (value instanceof Uint8Array) return binds.bytes(value);
        if (value instanceof Duration) return binds.duration(value);
        if (value instanceof Decimal || Decimal.isDecimal(value)) return binds.decimal(value);
        break;
    }
    throw new ArgumentError(
      `A parameter without a type cannot be a value of this kind (${describeValue(value)}); give it one, such as bindparam("name", { type: t.json() })`,
    );
  };
}
