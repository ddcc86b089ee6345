/**
 * How tables, indexes and foreign keys are created and dropped.
 */
import { CompileError } from "../../errors/sql.ts";
import { STRING } from "../../types/sqlType.ts";
import type { Column, ForeignKey } from "../schema/column.ts";
import type { Compiler } from "./compiler.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";

type DdlKind = "createTable" | "dropTable" | "createIndex" | "addConstraint" | "dropConstraint";

export const ddlRenderers: { readonly [K in DdlKind]: (node: NodeOfKind[K], compiler: Compiler) => string } = {
  createTable: ({ table, leaveOut }, compiler) => {
    const lines = table.columns.map((column) => columnDefinition(column, compiler));
    if (table.primaryKey.length > 0) lines.push(`PRIMARY KEY (${names(table.primaryKey, compiler)})`);
    for (const constraint of table.uniqueConstraints) {
      const prefix = constraint.name === null ? "" : `CONSTRAINT ${compiler.quote(constraint.name)} `;
      lines.push(`${prefix}UNIQUE (${names(constraint.columns as readonly Column[], compiler)})`);
    }
    for (const key of table.foreignKeys) if (!leaveOut.has(key)) lines.push(foreignKey(key, compiler));
    return `CREATE TABLE ${compiler.tableName(table)} (\n\t${lines.join(",\n\t")}\n)`;
  },
  dropTable: ({ table }, compiler) => `DROP TABLE ${compiler.tableName(table)}`,
  createIndex: ({ table, index }, compiler) => {
    const columns = compiler.within({ unqualified: true }, () =>
      index.expressions
        .map((expression) => {
          const text = compiler.render(expression);
          return expression.kind === "column" || expression.kind === "unary" ? text : `(${text})`;
        })
        .join(", "),
    );
    const isAttached = compiler.dialect.features.schemas === "attached";
    const name = isAttached ? compiler.qualified(table.schema, index.name) : compiler.quote(index.name);
    const target = isAttached ? compiler.quote(table.name) : compiler.tableName(table);
    return `CREATE ${index.isUnique ? "UNIQUE " : ""}INDEX ${name} ON ${target} (${columns})`;
  },
  addConstraint: ({ foreignKey: key }, compiler) =>
    `ALTER TABLE ${compiler.tableName(key.parent.table)} ADD CONSTRAINT ${compiler.quote(constraintName(key))} ${reference(key, compiler)}`,
  dropConstraint: ({ foreignKey: key }, compiler) =>
    `ALTER TABLE ${compiler.tableName(key.parent.table)} DROP CONSTRAINT ${compiler.quote(constraintName(key))}`,
};

function names(columns: readonly Column[], compiler: Compiler): string {
  return columns.map((column) => compiler.quote(column.name)).join(", ");
}

/** A key that is added later needs a name, so that it can be dropped again; one made up follows from the columns. */
function constraintName(key: ForeignKey): string {
  return key.options.name ?? `fk_${key.parent.table.name}_${key.parent.name}_${key.column.table.name}`;
}

function columnDefinition(column: Column, compiler: Compiler): string {
  const { features } = compiler.dialect;
  const isNumbered = column.table.autoincrementColumn === column;
  let type = compiler.dialect.typeName(column.type, "ddl");
  if (isNumbered && features.autoincrement === "serial") type = SERIAL[column.type.kind] ?? "SERIAL";
  // SQLite numbers a key by itself only where its type is written INTEGER, which holds 64 bits there.
  if (isNumbered && features.autoincrement === "rowid") type = "INTEGER";
  const fallback = column.serverDefault === null ? "" : ` DEFAULT ${serverDefault(column, compiler)}`;
  const notNull = column.isNullable ? "" : " NOT NULL";
  const numbering = isNumbered && features.autoincrement === "auto_increment" ? " AUTO_INCREMENT" : "";
  return `${compiler.quote(column.name)} ${type}${fallback}${notNull}${numbering}`;
}

const SERIAL: Readonly<Record<string, string>> = { smallInteger: "SMALLSERIAL", integer: "SERIAL", bigInteger: "BIGSERIAL" };

function serverDefault(column: Column, compiler: Compiler): string {
  const source = column.serverDefault;
  if (typeof source === "string") return compiler.dialect.literal(source, STRING);
  const before = compiler.slots.length;
  const text = compiler.within({ unqualified: true }, () => compiler.render(source!));
  if (compiler.slots.length > before) {
    throw new CompileError(
      `The serverDefault of ${String(column)} has a bound value, which DDL cannot carry. Write it with literalColumn() or as a string.`,
    );
  }
  // A database takes a call as a default, but an operator only in parentheses.
  return source!.kind === "function" || source!.kind === "constant" ? text : `(${text})`;
}

function foreignKey(key: ForeignKey, compiler: Compiler): string {
  const prefix = key.options.name === undefined ? "" : `CONSTRAINT ${compiler.quote(key.options.name)} `;
  return prefix + reference(key, compiler);
}

function reference(key: ForeignKey, compiler: Compiler): string {
  const { column, options, parent } = key;
  const target = column.table;
  const isAttached = compiler.dialect.features.schemas === "attached";
  if (isAttached && target.schema !== parent.table.schema)
    throw new CompileError(
      `The foreign key of ${String(parent)} refers to ${String(target)} in another schema, which ${compiler.dialect.name} cannot do.`,
    );
  const name = isAttached ? compiler.quote(target.name) : compiler.tableName(target);
  let text = `FOREIGN KEY(${compiler.quote(parent.name)}) REFERENCES ${name} (${compiler.quote(column.name)})`;
  if (options.ondelete !== undefined) text += ` ON DELETE ${options.ondelete}`;
  if (options.onupdate !== undefined) text += ` ON UPDATE ${options.onupdate}`;
  return text;
}
