/**
 * Many rows of an INSERT as a few statements of many rows each, which databases take much faster than one row at a time; SQLAlchemy calls
 * it insertmanyvalues. Used by execute.ts; it decides neither whether this is done nor what becomes of the rows that come back.
 */
import {
  sendingOrder,
  writeTemplate,
  type Compiled,
  type InsertShape,
  type ParameterSlot,
  type SqlTemplate,
} from "./compiled.ts";
import type { SqlDialect } from "./dialect.ts";
import type { ParameterSet } from "./execute.ts";
import type { ValueReader } from "./valueReader.ts";

/** `values` is INSERT … VALUES; `orderedSelect` is INSERT … SELECT … ORDER BY, which promises to number and return rows in that order. */
export type BatchStyle = "values" | "orderedSelect";

/** The statements, none with more rows than `pageSize` or more parameters than the database takes. */
export function insertBatches(
  dialect: SqlDialect,
  compiled: Compiled,
  shape: InsertShape,
  reader: ValueReader,
  sets: readonly ParameterSet[],
  style: BatchStyle,
  pageSize: number,
): { readonly sql: string; readonly values: readonly unknown[] }[] {
  const order = sendingOrder(shape.row, dialect);
  const width = order.length;
  const size = Math.max(1, Math.min(pageSize, Math.floor(dialect.features.maxParameters / width)));
  const batches: { sql: string; values: unknown[] }[] = [];
  for (let start = 0; start < sets.length; start += size) {
    const rows = Math.min(size, sets.length - start);
    const values = new Array<unknown>(rows * width);
    for (let row = 0; row < rows; row++) reader.read(sets[start + row]!, start + row).fill(values, row * width, order);
    batches.push({ sql: textFor(dialect, compiled, shape, rows, style), values });
  }
  return batches;
}

/** Writing the text of 1,000 rows takes as long as converting their values. */
function textFor(dialect: SqlDialect, compiled: Compiled, shape: InsertShape, rows: number, style: BatchStyle): string {
  const name = `${style} ${rows}`;
  let text = compiled.batchTexts?.get(name);
  if (text === undefined) {
    text = writeBatch(dialect, compiled, shape, rows, style);
    compiled.batchTexts?.set(name, text);
  }
  return text;
}

function writeBatch(dialect: SqlDialect, compiled: Compiled, shape: InsertShape, rows: number, style: BatchStyle): string {
  const counter = { position: 1 };
  const isOrdered = style === "orderedSelect";
  const head = textOf(shape.head);
  // What the compiler returns for the key of a single row is not wanted of many.
  const tail = shape.hidden ? "" : textOf(shape.tail);
  const lines = Array.from({ length: rows }, (_row, index) => {
    const slots = isOrdered && index === 0 ? castSlots(compiled, shape) : compiled.slots;
    const text = writeTemplate(shape.row, slots, dialect, [], counter);
    return isOrdered ? `${text.slice(0, -1)}, ${index})` : text;
  });
  if (!isOrdered) return `${head} VALUES ${lines.join(", ")}${tail}`;
  const names = shape.columns.map((_name, index) => `p${index}`);
  const casts = names.map((name, index) => `${name}::${shape.casts[index]!}`);
  return `${head} SELECT ${casts.join(", ")} FROM (VALUES ${lines.join(", ")}) AS new_rows(${names.join(", ")}, row_number) ORDER BY row_number${tail}`;
}

/**
 * Without a type the server takes the values of a VALUES list for text, and would read bytes as text. One row with types is enough: the
 * others take theirs from it.
 */
function castSlots(compiled: Compiled, shape: InsertShape): readonly ParameterSlot[] {
  const slots = [...compiled.slots];
  for (const [column, slot] of shape.row.slots.entries()) slots[slot] = { ...slots[slot]!, cast: `::${shape.casts[column]!}` };
  return slots;
}

/** Of a template without holes, as what stands around the rows is. */
function textOf(template: SqlTemplate): string {
  return template.strings.join("");
}
