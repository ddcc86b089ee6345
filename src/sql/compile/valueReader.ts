/**
 * Takes the values of a compiled statement's parameters out of parameter sets, one set after another, and converts them for the driver.
 * Made by execute.ts for each execution. It keeps one list for the values before conversion: a list of 50,000 rows must not make others. Of an
 * INSERT or UPDATE it can tell afterwards what was sent, from the parameters that it was given and the little that they do not say.
 */
import { ArgumentError } from "../../errors/base.ts";
import { StatementError } from "../../errors/dbapi.ts";
import { describe } from "../coerce/describe.ts";
import type { BindParameter } from "../nodes/element.ts";
import { defaultFor } from "../schema/columnDefault.ts";
import type { Compiled, DmlColumns, ParameterSlot } from "./compiled.ts";
import type { ParameterSet } from "./execute.ts";

/** What is kept of an INSERT or UPDATE, for whoever asks afterwards. */
interface Kept {
  readonly sets: readonly ParameterSet[];
  /** For each part of an INSERT's primary key: the values given for it, one per set; null where it is not given, or need not be kept. */
  readonly keys: readonly (unknown[] | null)[];
  /** What functions have given for defaults, set after set: they cannot be asked again. Null for one set, whose values are all there. */
  readonly called: unknown[] | null;
}

export class ValueReader {
  /** How many sets there are. */
  readonly count: number;
  readonly #compiled: Compiled;
  readonly #binds: readonly BindParameter[];
  /** The values of the set read last, by slot. */
  readonly #raw: unknown[];
  /** Null for what is neither INSERT nor UPDATE. */
  readonly #kept: Kept | null;

  /** @param keepsKeys whether the keys of an INSERT are to be known for sure, whatever becomes of the caller's list */
  constructor(compiled: Compiled, binds: readonly BindParameter[], sets: readonly ParameterSet[], keepsKeys = true) {
    this.count = sets.length;
    this.#compiled = compiled;
    this.#binds = binds;
    this.#raw = new Array<unknown>(compiled.slots.length);
    this.#kept =
      compiled.written === null
        ? null
        : {
            sets,
            keys:
              keepsKeys && compiled.insert !== null ? compiled.insert.key.map(({ slot }) => (slot === -1 ? null : [])) : NO_KEYS,
            called: sets.length === 1 ? null : [],
          };
  }

  /** Reads a set, and works out the defaults of columns that it has no value for. Throws ArgumentError for a missing value. */
  read(set: ParameterSet, index: number): this {
    const { slots } = this.#compiled;
    for (let number = 0; number < slots.length; number++) this.#raw[number] = this.#valueOf(number, set, index);
    if (this.#kept !== null) {
      const { keys } = this.#kept;
      for (let part = 0; part < keys.length; part++) keys[part]?.push(this.#raw[this.#compiled.insert!.key[part]!.slot]);
    }
    return this;
  }

  /** Which columns got values of their own, or the database's. Only of an INSERT or UPDATE. */
  get written(): DmlColumns {
    return this.#compiled.written!;
  }

  /** The values of every set by name, before conversion and with the defaults that were worked out. Only of an INSERT or UPDATE. */
  sentSets(): ParameterSet[] {
    const { slots } = this.#compiled;
    const { sets, called } = this.#kept!;
    if (called === null) return [namedValues(slots, (number) => this.#raw[number])];
    const calls = slots.map((slot) => isCalled(slot));
    let next = 0;
    return sets.map((set, index) =>
      namedValues(slots, (number) => (calls[number]! ? called[next++] : this.#valueOf(number, set, index))),
    );
  }

  /** The value that a set gave for a part of an INSERT's primary key; undefined where it gave none. */
  givenKey(index: number, part: number): unknown {
    const { slot } = this.#compiled.insert!.key[part]!;
    if (slot === -1) return undefined;
    const { keys, sets, called } = this.#kept!;
    const values = keys[part];
    if (values != null) return values[index];
    if (called === null) return this.#raw[slot];
    const { slots } = this.#compiled;
    // The caller may have emptied the list since.
    if (!isCalled(slots[slot]!)) return index < sets.length ? this.#valueOf(slot, sets[index]!, index) : undefined;
    const calls = slots.filter(isCalled);
    return called[index * calls.length + calls.indexOf(slots[slot]!)];
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

  #valueOf(number: number, set: ParameterSet, index: number): unknown {
    const { source } = this.#compiled.slots[number]!;
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
        const { column, when, row } = source;
        const fallback = (when === "insert" ? column.default : column.onupdate)!;
        const value = defaultFor(fallback, when, () => this.#rowSoFar(row, number, set, index));
        if (fallback.kind === "callable") this.#kept?.called?.push(value);
        return value;
      }
    }
  }

  /** What is known of a row when the default in this slot is worked out. */
  #rowSoFar(row: number, current: number, set: ParameterSet, index: number): Record<string, unknown> {
    const { slots, written } = this.#compiled;
    const known = written!.rows[row]!.filter(({ slot }) => slot < current || slots[slot]!.source.from !== "default");
    return Object.fromEntries(
      known.map(({ key, slot }) => [key, slot < current ? this.#raw[slot] : this.#valueOf(slot, set, index)]),
    );
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

/** True for a default that a function works out for each row. */
function isCalled({ source }: ParameterSlot): boolean {
  if (source.from !== "default") return false;
  return (source.when === "insert" ? source.column.default : source.column.onupdate)?.kind === "callable";
}

/** The values of slots by name; where two have the same, the first is that of a column. Values are asked for in order, all of them. */
function namedValues(slots: readonly ParameterSlot[], valueOf: (number: number) => unknown): ParameterSet {
  const values = new Map<string, unknown>();
  for (const [number, { name }] of slots.entries()) {
    const value = valueOf(number);
    if (!values.has(name)) values.set(name, value);
  }
  return Object.fromEntries(values);
}

function missingValue(name: string, set: ParameterSet, index: number): ArgumentError {
  const where = index === 0 ? "" : ` (parameter set ${index + 1})`;
  const why = name in set ? "it is undefined; use null for NULL" : `given are ${Object.keys(set).join(", ") || "none"}`;
  return new ArgumentError(`The statement needs a value for ${name}${where}: ${why}.`);
}
