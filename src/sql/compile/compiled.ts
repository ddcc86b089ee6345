/**
 * A compiled statement: its SQL with holes for parameters, where each parameter's value comes from, and what the result's columns
 * are. It is what the statement cache keeps; `text` fills the holes, which only matters where a list of values is written out.
 */
import type { SqlType } from "../../types/sqlType.ts";
import { Lru } from "../../util/lru.ts";
import type { Column } from "../schema/column.ts";
import type { Converter, SqlDialect } from "./dialect.ts";
import type { ResultColumn, StatementKind } from "./plan.ts";
import { fillSchemas, schemaPrefixes, translatedNames, type SchemaMap, type SchemaNames } from "./schemaNames.ts";

/** Where a parameter's value comes from at execution. */
export type ValueSource =
  /** The statement's own bound value: the n-th that the cache key took out. */
  | { readonly from: "statement"; readonly index: number }
  /** The parameters given to `execute`, by name; where they have none of that name, the statement's own value, if it has one. */
  | { readonly from: "parameters"; readonly name: string; readonly otherwise: number | null }
  /** A default of the column, worked out for each row. */
  | { readonly from: "default"; readonly column: Column; readonly when: "insert" | "update"; readonly row: number }
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
  /** Up to the row of values, that row, and the rest. */
  readonly head: SqlTemplate;
  readonly row: SqlTemplate;
  readonly tail: SqlTemplate;
  /** For `orderedSelect`: the names and types of the inserted columns. */
  readonly columns: readonly string[];
  readonly casts: readonly string[];
  /** The columns of the primary key and what is known of each before the statement runs. */
  readonly key: readonly { readonly column: Column; readonly slot: number }[];
  readonly returned: readonly number[];
  readonly generated: number;
  /** True where RETURNING was added by the compiler for the key. */
  readonly hidden: boolean;
  /** True when every value is a parameter and nothing else has any, so that rows may be put together in one statement. */
  readonly batchable: boolean;
}

/** Which columns an INSERT or UPDATE writes that it was given no value for, or whose value only the database knows. */
export interface DmlColumns {
  /** Their default or onupdate is worked out before the statement is sent. */
  readonly prefetch: readonly Column[];
  /**
   * The database works their value out, and the statement does not return it: defaults of the server, SQL expressions. Without the parts of a
   * new row's primary key, by which such values would be asked for.
   */
  readonly postfetch: readonly Column[];
  /** For defaults that are told of their row: where the values of each row of the statement are. Empty where there are no such defaults. */
  readonly rows: readonly (readonly WrittenValue[])[];
}

/** A value of a row that is a parameter: the key of its column, and the number of its slot. */
export interface WrittenValue {
  readonly key: string;
  readonly slot: number;
}

/** Text with numbered holes: `strings` has one more member than `slots`. A negative number stands for a schema (schemaNames.ts). */
export interface SqlTemplate {
  readonly strings: readonly string[];
  readonly slots: readonly number[];
}

/** What the compiler has found out about a statement; templates may still have holes for schemas. */
export interface CompiledParts {
  readonly kind: StatementKind;
  readonly template: SqlTemplate;
  readonly slots: readonly ParameterSlot[];
  readonly columns: readonly ResultColumn[] | null;
  readonly insert: InsertShape | null;
  readonly written: DmlColumns | null;
  readonly schemas: SchemaNames;
}

/** So many translations of one statement are kept. Making one costs some microseconds, compiling the statement ten times as much. */
const TRANSLATIONS_KEPT = 16;
/** Texts of multi-row INSERTs kept for one statement; those of 1,000 rows take some 30 KB. A list needs two, for its pages and for the rest. */
const BATCH_TEXTS_KEPT = 4;

export class Compiled {
  readonly kind: StatementKind;
  readonly template: SqlTemplate;
  readonly slots: readonly ParameterSlot[];
  readonly columns: readonly ResultColumn[] | null;
  readonly insert: InsertShape | null;
  /** Set for INSERT and UPDATE. */
  readonly written: DmlColumns | null;
  /** True where the driver must not round integers: they may exceed 2^53, or their type is not known. */
  readonly wideIntegers: boolean;
  readonly returnsRows: boolean;
  /** When it was made, by `performance.now()`; for logs. */
  readonly compiledAt: number = performance.now();
  /** The slots in the order in which their values are sent. */
  readonly order: readonly number[];
  /** The SQL text; null when it depends on how many values a list has. */
  readonly sql: string | null;
  /** The texts of this INSERT for many rows, by what they depend on (insertBatches.ts). */
  readonly batchTexts: Lru<string, string> | null;
  readonly #dialect: SqlDialect;
  readonly #parts: CompiledParts;
  #translations: Lru<string, Compiled> | null = null;

  /** @param map null to write the schemas as the statement has them */
  constructor(dialect: SqlDialect, parts: CompiledParts, map: SchemaMap | null = null) {
    const { kind, slots, columns, insert, schemas } = parts;
    const prefixes = schemaPrefixes(schemas, map, dialect);
    this.#dialect = dialect;
    this.#parts = parts;
    this.kind = kind;
    this.template = fillSchemas(parts.template, prefixes);
    this.slots = slots;
    this.columns = columns;
    this.insert =
      insert === null
        ? null
        : {
            ...insert,
            head: fillSchemas(insert.head, prefixes),
            row: fillSchemas(insert.row, prefixes),
            tail: fillSchemas(insert.tail, prefixes),
          };
    this.written = parts.written;
    this.order = sendingOrder(this.template, dialect);
    this.returnsRows = columns !== null || kind === "text";
    this.wideIntegers =
      (columns === null && kind === "text") || columns?.some((column) => dialect.isWide(column.type.kind)) === true;
    this.sql = slots.some((slot) => slot.expanding !== null) ? null : this.text([]);
    this.batchTexts = insert?.batchable === true ? new Lru(BATCH_TEXTS_KEPT) : null;
  }

  /** The SQL text, given how many values each list has (by slot). */
  text(counts: readonly number[]): string {
    return writeTemplate(this.template, this.slots, this.#dialect, counts, { position: 1 });
  }

  /** The same statement with other names of schemas. */
  inSchemas(map: SchemaMap): Compiled {
    const { schemas } = this.#parts;
    if (!schemas.some((schema) => map.has(schema))) return this;
    const key = JSON.stringify(translatedNames(schemas, map));
    this.#translations ??= new Lru(TRANSLATIONS_KEPT);
    let translation = this.#translations.get(key);
    if (translation === undefined) {
      translation = new Compiled(this.#dialect, this.#parts, map);
      this.#translations.set(key, translation);
    }
    return translation;
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
