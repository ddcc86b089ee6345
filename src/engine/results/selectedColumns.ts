/**
 * The expressions that a statement selects or returns, in the order of its result's columns: by them a row can be asked for a value. Called
 * for a statement that runs on an earlier one's compilation, whose columns belong to that one's expressions. Pure.
 */
import { Delete, Insert, Update } from "../../sql/nodes/dml.ts";
import type { Node } from "../../sql/nodes/node.ts";
import { columnsOfItem, CompoundSelect, Select } from "../../sql/nodes/select.ts";

const NONE: readonly object[] = [];

export function selectedBy(statement: Node): readonly object[] {
  if (statement instanceof Select) return statement.items.flatMap(columnsOfItem);
  if (statement instanceof CompoundSelect) return statement.exportedColumns().map(({ element }) => element);
  if (statement instanceof Insert || statement instanceof Update || statement instanceof Delete)
    return statement.returningColumns ?? NONE;
  return NONE;
}
