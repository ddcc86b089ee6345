/**
 * The names of schemas in a compiled statement. The compiler leaves a hole for each, so that one cached statement serves all schemas; they
 * are filled when the statement is compiled and, with other names, when it is executed with a schemaTranslateMap.
 */
import type { SqlTemplate } from "./compiled.ts";
import type { SqlDialect } from "./dialect.ts";

/** The schemas of the tables that a statement names, null for tables without one: the hole -1 is the first, -2 the second, and so on. */
export type SchemaNames = readonly (string | null)[];

/** By the name in the statement: the name to be written instead, or null for none. */
export type SchemaMap = ReadonlyMap<string | null, string | null>;

/** The number of the hole for the schema at this position. */
export function schemaHole(position: number): number {
  return -1 - position;
}

export function translatedNames(names: SchemaNames, map: SchemaMap | null): SchemaNames {
  if (map === null) return names;
  return names.map((name) => {
    const other = map.get(name);
    return other === undefined ? name : other;
  });
}

/** What stands before the names of tables: a quoted name with a dot, or nothing. */
export function schemaPrefixes(names: SchemaNames, map: SchemaMap | null, dialect: SqlDialect): readonly string[] {
  return translatedNames(names, map).map((name) => (name === null ? "" : `${dialect.quoteIdentifier(name)}.`));
}

/** The template without holes for schemas. */
export function fillSchemas(template: SqlTemplate, prefixes: readonly string[]): SqlTemplate {
  const strings: string[] = [];
  const slots: number[] = [];
  let text = template.strings[0]!;
  for (const [index, slot] of template.slots.entries()) {
    const next = template.strings[index + 1]!;
    if (slot < 0) {
      text += prefixes[-1 - slot]! + next;
    } else {
      strings.push(text);
      slots.push(slot);
      text = next;
    }
  }
  strings.push(text);
  return { strings, slots };
}
