/**
 * Rewrites a select of entities into one of columns, with what its loader options add, and makes the plan by which its rows become
 * objects. Pure; the result is cached with the compiled statement.
 */
import { ArgumentError, NotYetSupportedError } from "../../errors/base.ts";
import { describe } from "../../sql/coerce/describe.ts";
import { Label, type ColumnElement } from "../../sql/nodes/element.ts";
import type { FromClause } from "../../sql/nodes/from.ts";
import { Alias, type ColumnCollection } from "../../sql/nodes/from.ts";
import type { Node } from "../../sql/nodes/node.ts";
import { columnsOfItem, JoinStep, Select } from "../../sql/nodes/select.ts";
import { MappedEntity, type Mapper } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import { RelationshipNode } from "../mapping/relationshipNode.ts";
import { pairsCondition } from "./conditions.ts";
import { LoadOption, LoadTree, TreeOption } from "./options.ts";
import type { EntityPlan, ItemPlan, RowPlan } from "./rowPlan.ts";
import { STRATEGIES } from "./strategies/index.ts";

export interface BuiltSelect {
  readonly statement: Select;
  readonly plan: RowPlan;
}

/** True where a select has something that only the ORM understands. */
export function isOrmSelect(statement: Node): statement is Select {
  return (
    statement instanceof Select &&
    (statement.statementOptions.length > 0 ||
      statement.items.some((item) => item instanceof MappedEntity) ||
      statement.joins.some((step) => step.target instanceof RelationshipNode))
  );
}

export function buildSelect(select: Select): BuiltSelect {
  return new SelectBuilder(select).build();
}

export class SelectBuilder {
  readonly #select: Select;
  readonly #columns: ColumnElement[] = [];
  readonly #joins: JoinStep[] = [];
  readonly #orderings: Node[] = [];
  readonly #trees = new Map<Mapper, LoadTree>();
  /** The joins that lead to the entity being prepared. */
  readonly #path: Relationship[] = [];
  #repeats = false;

  constructor(select: Select) {
    this.#select = select;
  }

  build(): BuiltSelect {
    const select = this.#select;
    this.#readOptions();
    for (const step of select.joins) this.#addJoin(step);
    const items: ItemPlan[] = [];
    const names: string[] = [];
    // Entities first get their own columns, so that what joins bring stands behind all that was asked for.
    const entities: { item: MappedEntity; plan: EntityPlan }[] = [];
    for (const item of select.items) {
      if (item instanceof MappedEntity) {
        const plan = this.#plan(item.mapper, item.selectable);
        entities.push({ item, plan });
        items.push({ kind: "entity", plan });
        names.push(item.mapper.name);
      } else {
        for (const column of columnsOfItem(item)) {
          items.push({ kind: "value", position: this.#columns.length });
          names.push(nameOf(column));
          this.#columns.push(column);
        }
      }
    }
    for (const { item, plan } of entities) this.#prepare(plan, item.selectable, this.#trees.get(item.mapper) ?? new LoadTree());
    if (
      this.#repeats &&
      (select.limitClause !== null || select.offsetClause !== null || select.isDistinct || select.groups.length > 0)
    ) {
      throw new NotYetSupportedError(
        "joinedload() of a list with limit, offset, distinct or groupBy is not there yet: the limit would count joined rows. Use selectinload().",
      );
    }
    const froms = select.froms.length > 0 || entities.length === 0 ? select.froms : [];
    const statement = select.with({
      items: this.#columns,
      froms,
      joins: this.#joins,
      orderings: [...select.orderings, ...this.#orderings],
      statementOptions: [],
    });
    return { statement, plan: { items, names, repeats: this.#repeats } };
  }

  /** A plan for a class's columns, which are added to the statement, with everything its relationships add. */
  entity(mapper: Mapper, source: FromClause<unknown>, tree: LoadTree): EntityPlan {
    const plan = this.#plan(mapper, source);
    this.#prepare(plan, source, tree);
    return plan;
  }
  outerJoin(target: FromClause<unknown>, on: Node): void {
    this.#joins.push(new JoinStep(target, on, "left"));
  }
  orderBy(ordering: Node): void {
    this.#orderings.push(ordering);
  }
  /** A joined list repeats its parent in several rows. */
  repeatParents(): void {
    this.#repeats = true;
  }

  #plan(mapper: Mapper, source: FromClause<unknown>): EntityPlan {
    const offset = this.#columns.length;
    const columns = mapper.columnAttributes.map(({ column }) =>
      source === (mapper.table as FromClause<unknown>) ? column : (source.c as ColumnCollection)[column.key]!,
    );
    this.#columns.push(...columns);
    const keyPositions = mapper.primaryKey.map((attribute) => offset + mapper.columnAttributes.indexOf(attribute));
    return { mapper, offset, keyPositions, joined: [], later: [] };
  }
  #prepare(plan: EntityPlan, source: FromClause<unknown>, tree: LoadTree): void {
    for (const { relationship, strategy, tree: inner } of tree.strategies(plan.mapper, this.#path)) {
      this.#path.push(relationship);
      STRATEGIES[strategy].prepare(this, plan, source, relationship, inner);
      this.#path.pop();
    }
  }

  #readOptions(): void {
    const mappers = new Set(this.#select.items.filter((item) => item instanceof MappedEntity).map((item) => item.mapper));
    for (const option of this.#select.statementOptions) {
      const mapper =
        option instanceof LoadOption
          ? option.steps[0]!.node.relationship.parent
          : option instanceof TreeOption
            ? option.mapper
            : null;
      if (mapper === null)
        throw new ArgumentError(`options() takes loader options such as selectinload(User.c.posts), got ${describe(option)}.`);
      if (!mappers.has(mapper)) {
        throw new ArgumentError(
          `A loader option starts from ${mapper.name}, which the statement does not select. It selects ${[...mappers].map(({ name }) => name).join(", ") || "no mapped class"}.`,
        );
      }
      if (option instanceof TreeOption) this.#trees.set(mapper, option.tree);
      else {
        const tree = this.#trees.get(mapper) ?? new LoadTree();
        this.#trees.set(mapper, tree);
        tree.add((option as LoadOption).steps);
      }
    }
  }

  /** A join along a relationship becomes one of tables; one through a secondary table becomes two. */
  #addJoin(step: JoinStep): void {
    if (!(step.target instanceof RelationshipNode)) {
      this.#joins.push(step);
      return;
    }
    if (step.on !== null)
      throw new ArgumentError(
        `join(${step.target.relationship.label}) has its condition already; leave the second argument out.`,
      );
    const { relationship } = step.target;
    const own = relationship.parent.table as FromClause<unknown>;
    const target = relationship.target.table as FromClause<unknown>;
    if (own === target)
      throw new NotYetSupportedError(
        `join(${relationship.label}) joins a table to itself, which needs an alias: join(table.alias("x"), condition).`,
      );
    if (relationship.secondary === null) {
      const [one, far] = relationship.direction === "manyToOne" ? [target, own] : [own, target];
      this.#joins.push(new JoinStep(target, pairsCondition(relationship.pairs, one, far), step.joinType));
      return;
    }
    const secondary = new Alias(relationship.secondary, null);
    this.#joins.push(new JoinStep(secondary, pairsCondition(relationship.pairs, own, secondary), step.joinType));
    this.#joins.push(new JoinStep(target, pairsCondition(relationship.targetPairs, target, secondary), step.joinType));
  }
}

function nameOf(column: ColumnElement): string {
  if (column instanceof Label) return column.name;
  return "key" in column ? (column.key as string) : "column";
}
