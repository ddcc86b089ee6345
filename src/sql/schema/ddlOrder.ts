/**
 * In which order tables are created and dropped. Pure: gives the statements, runs none. A circle of foreign keys is broken by adding
 * them with ALTER TABLE where the database can, and is left alone on SQLite, which does not check a table's references when it is made.
 */
import { topologicalSort } from "../../util/topologicalSort.ts";
import type { Features } from "../compile/dialect.ts";
import { AddForeignKey, CreateIndex, CreateTable, DropForeignKey, DropTable } from "../nodes/ddl.ts";
import type { Node } from "../nodes/node.ts";
import type { ForeignKey } from "./column.ts";
import type { Table } from "./table.ts";

export function createPlan(tables: readonly Table[], features: Features): readonly Node[] {
  const { order, late } = arrange(tables, features);
  const statements: Node[] = [];
  for (const table of order) {
    statements.push(new CreateTable(table, late));
    statements.push(...table.indexes.map((index) => new CreateIndex(table, index)));
  }
  for (const key of late) statements.push(new AddForeignKey(key));
  return statements;
}

export function dropPlan(tables: readonly Table[], features: Features): readonly Node[] {
  const { order, late } = arrange(tables, features);
  return [...[...late].map((key) => new DropForeignKey(key)), ...[...order].reverse().map((table) => new DropTable(table))];
}

/** The order of creation, and the foreign keys that can only come when all tables are there. */
function arrange(tables: readonly Table[], features: Features): { order: readonly Table[]; late: ReadonlySet<ForeignKey> } {
  const referred = (table: Table): Table[] =>
    table.foreignKeys.map((key) => key.column.table).filter((target) => target !== table);
  const { order, cyclic } = topologicalSort(tables, referred);
  const late = new Set<ForeignKey>();
  if (!features.alterAddConstraint) return { order, late };
  const position = new Map(order.map((table, index) => [table, index]));
  for (const table of cyclic) {
    for (const key of table.foreignKeys) {
      const target = position.get(key.column.table);
      if (target !== undefined && target > position.get(table)!) late.add(key);
    }
  }
  return { order, late };
}
