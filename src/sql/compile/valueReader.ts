/**
 * Takes the values of a compiled statement's parameters out of parameter sets, one set after another, and converts them for the driver.
 * Made by execute.ts for each execution. It keeps one list for the values before conversion: a list of 50,000 rows must not make others.
 */
import { ArgumentError } from "../../errors/base.ts";
import { StatementError } from "../../errors/dbapi.ts";
import { describe } from "../coerce/describe.ts";
import type { BindParameter } from "../nodes/element.ts";
import type { Compiled, ParameterSlot } from "./compiled.ts";
import type { ParameterSet } from "./execute.ts";

export class ValueReader {
  /** How many sets there are. */
  readonly count: number;
  /** For each part of an INSERT's primary key: the values given for it, one per set; null where it is not given. */
  readonly keys: readonly (unknown[] | null)[];
  readonly #compiled: Compiled;
  readonly #binds: readonly BindParameter[];
  /** The values of the set read last, by slot. */
  readonly #raw: unknown[];

  constructor(compiled: Compiled, binds: readonly BindParameter[], count: number) {
    this.count = count;
    this.#compiled = compiled;
    this.#binds = binds;
    this.#raw = new Array<unknown>(compiled.slots.length);
    this.keys = compiled.insert === null ? NO_KEYS : compiled.insert.key.map(({ slot }) => (slot === -1 ? null : []));
  }

  /** Reads a set, and works out the defaults of columns that it has no value for. Throws ArgumentError for a missing value. */
  read(set: ParameterSet, index: number): this {
    const { slots, insert } = this.#compiled;
    for (let number = 0; number < slots.length; number++) this.#raw[number] = this.#valueOf(slots[number]!, set, index);
    if (insert !== null) {
      for (let part = 0; part < this.keys.length; part++) this.keys[part]?.push(this.#raw[insert.key[part]!.slot]);
    }
    return this;
  }

  /** How many values each slot stands for: one, or as many as its list has. */
  counts(): number[] {
    const { slots } = this.#compiled;
    return this.#raw.map((value, number) => (slots[number]!.expanding !== null && Array.isArray(value) ? value.length : 1));
  }

  /** The values in the order in which they are sent. Throws StatementError for one that cannot be converted. */
  values(): unknown[] {
    const { order, slots, sql } = this.#compiled;
    if (sql === null) {
      const values: unknown[] = [];
      for (const number of order) this.#pushAll(values, slots[number]!, this.#raw[number]);
      return values;
    }
    const values = new Array<unknown>(order.length);
    this.fill(values, 0, order);
    return values;
  }

  /** Puts the values of these slots, none of them a list, into `values` from this position on. */
  fill(values: unknown[], start: number, order: readonly number[]): void {
    const { slots } = this.#compiled;
    for (let index = 0; index < order.length; index++) {
      const number = order[index]!;
      values[start + index] = this.#convert(slots[number]!, this.#raw[number]);
    }
  }

  #valueOf({ source }: ParameterSlot, set: ParameterSet, index: number): unknown {
    switch (source.from) {
      case "statement":
        return this.#binds[source.index]!.value;
      case "constant":
        return source.value;
      case "parameters": {
        const value = set[source.name];
        if (value !== undefined) return value;
        if (source.otherwise !== null && !(source.name in set)) return this.#binds[source.otherwise]!.value;
        throw missingValue(source.name, set, index);
      }
      case "default": {
        const fallback = (source.when === "insert" ? source.column.default : source.column.onupdate)!;
        return fallback.kind === "callable" ? fallback.call() : fallback.kind === "scalar" ? fallback.value : null;
      }
    }
  }

  #pushAll(into: unknown[], slot: ParameterSlot, value: unknown): void {
    if (slot.expanding === null) {
      into.push(this.#convert(slot, value));
      return;
    }
    if (!Array.isArray(value))
      throw new ArgumentError(`The parameter ${slot.name} of an IN must be an array, got ${describe(value)}.`);
    for (const member of value as unknown[]) into.push(this.#convert(slot, member));
  }

  #convert(slot: ParameterSlot, value: unknown): unknown {
    if (value === null) return null;
    if (value === undefined)
      throw new ArgumentError(`The value of ${slot.name} is undefined. Use null for NULL, or leave it out.`);
    if (slot.convert === null) return value;
    try {
      return slot.convert(value);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new StatementError(`The value of ${slot.name} cannot be bound: ${reason}`, {
        cause: error,
        statement: this.#compiled.sql,
      });
    }
  }
}

const NO_KEYS: readonly null[] = [];

function missingValue(name: string, set: ParameterSet, index: number): ArgumentError {
  const where = index === 0 ? "" : ` (parameter set ${index + 1})`;
  const why = name in set ? "it is undefined; use null for NULL" : `given are ${Object.keys(set).join(", ") || "none"}`;
  return new ArgumentError(`The statement needs a value for ${name}${where}: ${why}.`);
}
