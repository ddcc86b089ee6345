/**
 * What a loader strategy is: it may add to the statement that loads the parents, or note what is to be loaded after it. A new strategy
 * is a file beside this one, an entry in index.ts, and in ../options.ts its name and the functions that ask for it.
 */
import type { Relationship } from "../../mapping/relationship.ts";
import type { FromClause } from "../../../sql/nodes/from.ts";
import type { LoadTree } from "../options.ts";
import type { SelectBuilder } from "../selectBuilder.ts";
import type { EntityPlan } from "../rowPlan.ts";

export interface LoaderStrategy {
  /**
   * Called while a statement is compiled, for one relationship of the entities it selects.
   *
   * @param source the table, or alias of it, that the parents come from
   */
  prepare(
    builder: SelectBuilder,
    parent: EntityPlan,
    source: FromClause<unknown>,
    relationship: Relationship,
    tree: LoadTree,
  ): void;
}
