/** The conditions that follow from a relationship's pairs of columns, written for the sources at hand. */
import { BinaryExpression, BooleanClauseList } from "../../sql/nodes/element.ts";
import type { ColumnCollection, FromClause } from "../../sql/nodes/from.ts";
import type { Node } from "../../sql/nodes/node.ts";
import { BOOLEAN } from "../../types/sqlType.ts";
import type { Column } from "../../sql/schema/column.ts";
import type { ColumnPair } from "../mapping/relationship.ts";

/** `a.id = b.a_id AND …`; `from` has the keys referred to, `to` the columns that refer. */
export function pairsCondition(pairs: readonly ColumnPair[], from: FromClause<unknown>, to: FromClause<unknown>): Node {
  const equalities = pairs.map((pair) => new BinaryExpression(columnIn(from, pair.from), "eq", columnIn(to, pair.to), BOOLEAN));
  return equalities.length === 1 ? equalities[0]! : new BooleanClauseList("and", equalities);
}

/** A table's column as a source shows it: itself, or the alias's. */
export function columnIn(source: FromClause<unknown>, column: Column): Node {
  return source === (column.table as FromClause<unknown>) ? column : (source.c as ColumnCollection)[column.key]!;
}
