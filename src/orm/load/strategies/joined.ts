/** Loads a relationship in the same statement: an alias of its table comes in by LEFT OUTER JOIN, its columns behind the others. */
import { Alias, Join, type ColumnCollection, type FromClause } from "../../../sql/nodes/from.ts";
import type { Node } from "../../../sql/nodes/node.ts";
import { replaceNodes } from "../../../sql/traverse/visit.ts";
import type { Column } from "../../../sql/schema/column.ts";
import type { Table } from "../../../sql/schema/table.ts";
import type { Relationship } from "../../mapping/relationship.ts";
import { pairsCondition } from "../conditions.ts";
import type { LoaderStrategy } from "./strategy.ts";

export const joined: LoaderStrategy = {
  prepare(builder, parent, source, relationship, tree) {
    const target = new Alias(relationship.target.table, null);
    const secondary = relationship.secondary === null ? null : new Alias(relationship.secondary, null);
    if (secondary === null) {
      const [one, far] = relationship.direction === "manyToOne" ? [target, source] : [source, target];
      builder.outerJoin(target, pairsCondition(relationship.pairs, one, far));
    } else {
      const link = new Join(secondary, target, pairsCondition(relationship.targetPairs, target, secondary), "inner");
      builder.outerJoin(link, pairsCondition(relationship.pairs, source, secondary));
    }
    if (relationship.isList) builder.repeatParents();
    for (const ordering of orderingsIn(relationship, target)) builder.orderBy(ordering);
    parent.joined.push({ relationship, plan: builder.entity(relationship.target, target, tree) });
  },
};

/** The order of a relationship's list, by the columns of the alias. */
function orderingsIn(relationship: Relationship, target: FromClause<unknown>): readonly Node[] {
  const table: Table = relationship.target.table;
  return relationship.orderBy.map((ordering) =>
    replaceNodes(ordering as Node, (node) =>
      node.kind === "column" && (node as Column).table === table ? (target.c as ColumnCollection)[(node as Column).key]! : null,
    ),
  );
}
