/**
 * Loader options: `selectinload(User.c.posts).joinedload(Post.c.author)`. An option is a path of relationships with a strategy each;
 * those of a statement are put together to a tree, which the compilation of the statement follows.
 */
import { ArgumentError } from "../../errors/base.ts";
import { describe } from "../../sql/coerce/describe.ts";
import type { StatementOption } from "../../sql/nodes/select.ts";
import type { Mapper } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import { RelationshipNode } from "../mapping/relationshipNode.ts";
import type { Multiplicity } from "../mapping/specs.ts";
import type { RelationshipAttribute, TableNameOf } from "../mapping/typing.ts";

/** How a relationship is loaded. */
export type StrategyName = "lazy" | "selectin" | "joined";

interface Step {
  readonly node: RelationshipNode;
  readonly strategy: StrategyName;
}

type AnyRelationship = RelationshipAttribute<string, unknown, Multiplicity>;

/** A path of relationships to load. `Owner` is the class it starts from, `Tail` the one it has come to. */
export class LoadOption<Owner extends string = string, Tail extends string = string> implements StatementOption {
  declare readonly owner?: Owner;
  declare readonly tail?: Tail;
  readonly steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.steps = steps;
  }
  get cacheKey(): string {
    return this.steps.map(({ node, strategy }) => `${strategy}:${node.label}`).join(">");
  }
  /** Goes on along the path: the relationship of the objects just named, loaded by a second SELECT … IN. */
  selectinload<Target, M extends Multiplicity>(
    relationship: RelationshipAttribute<Tail, Target, M>,
  ): LoadOption<Owner, TableNameOf<Target>> {
    return this.#and(relationship, "selectin");
  }
  /** Goes on along the path: the relationship of the objects just named, loaded by a LEFT OUTER JOIN. */
  joinedload<Target, M extends Multiplicity>(
    relationship: RelationshipAttribute<Tail, Target, M>,
  ): LoadOption<Owner, TableNameOf<Target>> {
    return this.#and(relationship, "joined");
  }
  /** Goes on along the path: the relationship of the objects just named, loaded when it is read. */
  lazyload<Target, M extends Multiplicity>(
    relationship: RelationshipAttribute<Tail, Target, M>,
  ): LoadOption<Owner, TableNameOf<Target>> {
    return this.#and(relationship, "lazy");
  }
  #and<T extends string>(relationship: AnyRelationship, strategy: StrategyName): LoadOption<Owner, T> {
    const step = stepOf(relationship, strategy);
    const last = this.steps.at(-1)!.node.relationship;
    if (step.node.relationship.parent !== last.target) {
      throw new ArgumentError(
        `${strategy}load(): ${last.label} leads to ${last.target.name}, and ${step.node.relationship.label} starts from ${step.node.relationship.parent.name}.`,
      );
    }
    return new LoadOption<Owner, T>([...this.steps, step]);
  }
}

function stepOf(relationship: unknown, strategy: StrategyName): Step {
  if (!(relationship instanceof RelationshipNode)) {
    throw new ArgumentError(`${strategy}load() takes a relationship such as User.c.posts, got ${describe(relationship)}.`);
  }
  return { node: relationship, strategy };
}

/**
 * Loads a relationship of all objects found by a second statement, SELECT … WHERE key IN (…), in batches of 500 keys.
 *
 * @example
 * ```ts no-check
 * session.scalars(select(User).options(selectinload(User.c.posts)));
 * ```
 */
export function selectinload<Owner extends string, Target, M extends Multiplicity>(
  relationship: RelationshipAttribute<Owner, Target, M>,
): LoadOption<Owner, TableNameOf<Target>> {
  return new LoadOption([stepOf(relationship, "selectin")]);
}

/** Loads a relationship in the same statement, by a LEFT OUTER JOIN. Each object is given once, however many rows it takes. */
export function joinedload<Owner extends string, Target, M extends Multiplicity>(
  relationship: RelationshipAttribute<Owner, Target, M>,
): LoadOption<Owner, TableNameOf<Target>> {
  return new LoadOption([stepOf(relationship, "joined")]);
}

/** Loads a relationship when it is read, whatever the mapping says. */
export function lazyload<Owner extends string, Target, M extends Multiplicity>(
  relationship: RelationshipAttribute<Owner, Target, M>,
): LoadOption<Owner, TableNameOf<Target>> {
  return new LoadOption([stepOf(relationship, "lazy")]);
}

/** What to load of one class's objects, and how. */
export class LoadTree {
  readonly branches = new Map<Relationship, { strategy: StrategyName; readonly tree: LoadTree }>();

  add(steps: readonly Step[]): void {
    const [first, ...rest] = steps;
    if (first === undefined) return;
    const { relationship } = first.node;
    let branch = this.branches.get(relationship);
    if (branch === undefined) {
      branch = { strategy: first.strategy, tree: new LoadTree() };
      this.branches.set(relationship, branch);
    }
    branch.strategy = first.strategy;
    branch.tree.add(rest);
  }
  /** Each relationship of a class with its strategy: the option's, else the mapping's. `path` has the joins that led here. */
  *strategies(
    mapper: Mapper,
    path: readonly Relationship[],
  ): Iterable<{ relationship: Relationship; strategy: StrategyName; tree: LoadTree }> {
    for (const relationship of mapper.relationships.values()) {
      const branch = this.branches.get(relationship);
      // What the mapping joins by default must not go round in a circle.
      const isCircle = path.includes(relationship) || (relationship.reverse !== null && path.includes(relationship.reverse));
      const byDefault: StrategyName =
        relationship.lazy === "select" || (relationship.lazy === "joined" && isCircle) ? "lazy" : relationship.lazy;
      yield { relationship, strategy: branch?.strategy ?? byDefault, tree: branch?.tree ?? new LoadTree() };
    }
  }
  /** For the cache key of statements that are made for this tree. */
  get cacheKey(): string {
    return [...this.branches]
      .map(([relationship, { strategy, tree }]) => `${strategy}:${relationship.label}(${tree.cacheKey})`)
      .join(",");
  }
}

/** A tree as an option, for statements that the ORM makes itself. */
export class TreeOption implements StatementOption {
  readonly mapper: Mapper;
  readonly tree: LoadTree;

  constructor(mapper: Mapper, tree: LoadTree) {
    this.mapper = mapper;
    this.tree = tree;
  }
  get cacheKey(): string {
    return `${this.mapper.table.id}:${this.tree.cacheKey}`;
  }
}
