/**
 * A compiled statement: its SQL with holes for parameters, where each parameter's value comes from, and what the result's columns
 * are. It is what the statement cache keeps; `text` fills the holes, which only matters where a list of values is written out.
 */
import type { SqlType } from "../../types/sqlType.ts";
import type { Column } from "../schema/column.ts";
import type { Converter, SqlDialect } from "./dialect.ts";
import type { ResultColumn, StatementKind } from "./plan.ts";

/** Where a parameter's value comes from at execution. */
export type ValueSource =
  /** The statement's own bound value: the n-th that the cache key took out. */
  | { readonly from: "statement"; readonly index: number }
  /** The parameters given to `execute`, by name; where they have none of that name, the statement's own value, if it has one. */
  | { readonly from: "parameters"; readonly name: string; readonly otherwise: number | null }
  /** A default of the column, worked out for each row. */
  | { readonly from: "default"; readonly column: Column; readonly when: "insert" | "update" }
  /** A value that belongs to the compiled statement itself. */
  | { readonly from: "constant"; readonly value: unknown };

export interface ParameterSlot {
  readonly name: string;
  readonly source: ValueSource;
  readonly type: SqlType;
  readonly convert: Converter | null;
  /** Where a list stands: it is written as one placeholder per value, and differently when it is empty. */
  readonly expanding: { readonly whenEmpty: string } | null;
  readonly cast: string;
}

/** The parts of an INSERT that are repeated or changed when many rows go into one statement. */
export interface InsertShape {
  readonly table: string;
  /** Text up to the row of values, the values, and the rest; with slot numbers between the pieces of text. */
  readonly head: string;
  readonly row: SqlTemplate;
  readonly tail: string;
  /** For `orderedSelect`: the names and types of the inserted columns. */
  readonly columns: readonly string[];
  readonly casts: readonly string[];
  /** The columns of the primary key and what is known of each before the statement runs. */
  readonly key: readonly { readonly column: Column; readonly slot: number }[];
  readonly returned: readonly number[];
  readonly generated: number;
  /** True where RETURNING was added by the compiler for the key. */
  readonly hidden: boolean;
  /** True when every value is a parameter, so that rows may be put together in one statement. */
  readonly batchable: boolean;
}

/** Text with numbered holes: `strings` has one more member than `slots`. */
export interface SqlTemplate {
  readonly strings: readonly string[];
  readonly slots: readonly number[];
}

export class Compiled {
  readonly kind: StatementKind;
  readonly template: SqlTemplate;
  readonly slots: readonly ParameterSlot[];
  readonly columns: readonly ResultColumn[] | null;
  readonly insert: InsertShape | null;
  /** True where the driver must not round integers: they may exceed 2^53, or their type is not known. */
  readonly wideIntegers: boolean;
  readonly returnsRows: boolean;
  /** The slots in the order in which their values are sent. */
  readonly order: readonly number[];
  /** The SQL text; null when it depends on how many values a list has. */
  readonly sql: string | null;
  readonly #dialect: SqlDialect;

  constructor(
    dialect: SqlDialect,
    kind: StatementKind,
    template: SqlTemplate,
    slots: readonly ParameterSlot[],
    columns: readonly ResultColumn[] | null,
    insert: InsertShape | null,
  ) {
    this.#dialect = dialect;
    this.kind = kind;
    this.template = template;
    this.slots = slots;
    this.columns = columns;
    this.insert = insert;
    this.order = sendingOrder(template, dialect);
    this.returnsRows = columns !== null || kind === "text";
    this.wideIntegers =
      (columns === null && kind === "text") || columns?.some((column) => dialect.isWide(column.type.kind)) === true;
    this.sql = slots.some((slot) => slot.expanding !== null) ? null : this.text([]);
  }

  /** The SQL text, given how many values each list has (by slot). */
  text(counts: readonly number[]): string {
    return writeTemplate(this.template, this.slots, this.#dialect, counts, { position: 1 });
  }
}

/** Fills the holes of a template with placeholders, counting positions on in `counter`. */
export function writeTemplate(
  template: SqlTemplate,
  slots: readonly ParameterSlot[],
  dialect: SqlDialect,
  counts: readonly number[],
  counter: { position: number },
): string {
  const written = new Map<number, string>();
  let text = template.strings[0]!;
  for (const [hole, slotNumber] of template.slots.entries()) {
    let placeholders = dialect.features.numberedPlaceholders ? written.get(slotNumber) : undefined;
    if (placeholders === undefined) {
      placeholders = writeSlot(slots[slotNumber]!, dialect, counts[slotNumber] ?? 0, counter);
      written.set(slotNumber, placeholders);
    }
    text += placeholders + template.strings[hole + 1]!;
  }
  return text;
}

function writeSlot(slot: ParameterSlot, dialect: SqlDialect, count: number, counter: { position: number }): string {
  const placeholder = (name: string): string => dialect.placeholder(counter.position++, name) + slot.cast;
  if (slot.expanding === null) return placeholder(slot.name);
  if (count === 0) return slot.expanding.whenEmpty;
  return Array.from({ length: count }, (_member, index) => placeholder(`${slot.name}_${index + 1}`)).join(", ");
}

/** The slots in the order in which their values are sent. */
export function sendingOrder(template: SqlTemplate, dialect: SqlDialect): readonly number[] {
  return dialect.features.numberedPlaceholders ? [...new Set(template.slots)] : template.slots;
}
