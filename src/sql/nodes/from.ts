/**
 * What stands in FROM: the base class of tables, and aliases, subqueries, CTEs and joins, with the columns that they offer. The two
 * forms in which a select becomes an expression (scalar subquery, EXISTS) are here too, since every select can be turned into each.
 */
import { ArgumentError } from "../../errors/base.ts";
import { BOOLEAN, type SqlType } from "../../types/sqlType.ts";
import { ColumnElement, conditionNode, type Attribute, type OwnerOf } from "./element.ts";
import { fields, hasToNode, Node, TO_NODE, type ClauseRole, type Field } from "./node.ts";
import { describe } from "../coerce/describe.ts";

/** The columns of a table or of what is selected from, by key. */
export type ColumnCollection = Readonly<Record<string, ColumnElement>>;

declare const COLUMNS: unique symbol;

/** The owner of an anonymous alias's columns: told apart from the thing itself, so that an outer join makes only one of them nullable. */
export type AnonymousOwner<C> = readonly [OwnerOf<C[keyof C]>];

/** The `.c` of something derived: the same columns, owned by it. */
export type ColumnsOf<C, Owner> = {
  readonly [K in keyof C]: C[K] extends ColumnElement<infer V> ? Attribute<V, K & string, Owner> : never;
};

/** Something that rows can be selected from. `C` is the type of its `.c`. */
export abstract class FromClause<C = ColumnCollection> extends Node {
  declare readonly [COLUMNS]: C;
  /** Its columns, by key. */
  abstract get c(): C;
  /** Its columns in order. */
  abstract get columnList(): readonly ColumnElement[];
  /** What an anonymous name for it starts with. */
  abstract get nameHint(): string;

  /** The same rows under another name, for joining a table to itself. Without a name one is made up (`users_1`). */
  alias(): Alias<ColumnsOf<C, AnonymousOwner<C>>>;
  alias<const Name extends string>(name: Name): Alias<ColumnsOf<C, Name>>;
  alias(name?: string): Alias<unknown> {
    return new Alias(this, name ?? null);
  }
  /** `a JOIN b ON …`; without a condition it is found from the foreign keys. */
  join(right: FromClause<unknown>, on?: ColumnElement<boolean | null>): Join {
    return new Join(this, right, on === undefined ? null : conditionNode(on, "join"), "inner");
  }
  /** `a LEFT OUTER JOIN b ON …`. */
  outerjoin(right: FromClause<unknown>, on?: ColumnElement<boolean | null>): Join {
    return new Join(this, right, on === undefined ? null : conditionNode(on, "outerjoin"), "left");
  }
}

/** A column of an alias, subquery or CTE: the column of what is inside, seen from outside. */
export class DerivedColumn<V = unknown> extends ColumnElement<V> {
  override readonly kind = "derivedColumn";
  readonly from: FromClause<unknown>;
  readonly name: string;
  readonly key: string;
  /** The column or expression inside. */
  readonly source: ColumnElement;

  constructor(from: FromClause<unknown>, key: string, name: string, source: ColumnElement) {
    super();
    this.from = from;
    this.key = key;
    this.name = name;
    this.source = source;
  }
  override get type(): SqlType {
    return this.source.type;
  }
  override get bindHint(): string {
    return this.name;
  }
  override get fields(): readonly Field[] {
    return DERIVED_COLUMN_FIELDS;
  }
}
const DERIVED_COLUMN_FIELDS = fields("from:node", "name:atom");

/** A column as the parts of a select see it: what it is called inside and outside. */
export interface ExportedColumn {
  readonly key: string;
  readonly name: string;
  readonly element: ColumnElement;
}

/** Builds the columns of something derived. */
function derive(
  from: FromClause<unknown>,
  exported: readonly ExportedColumn[],
): { c: Record<string, DerivedColumn>; list: DerivedColumn[] } {
  const c: Record<string, DerivedColumn> = Object.create(null) as Record<string, DerivedColumn>;
  const list = exported.map(({ key, name, element }) => {
    const column = new DerivedColumn(from, key, name, element);
    c[key] ??= column;
    return column;
  });
  return { c, list };
}

/** Columns that are made when they are first asked for, because most aliases and subqueries live for one statement. */
abstract class DerivedFrom<C> extends FromClause<C> {
  #derived: { c: Record<string, DerivedColumn>; list: DerivedColumn[] } | null = null;

  protected abstract exported(): readonly ExportedColumn[];

  override get c(): C {
    return (this.#derived ??= derive(this, this.exported())).c as unknown as C;
  }
  override get columnList(): readonly ColumnElement[] {
    return (this.#derived ??= derive(this, this.exported())).list;
  }
  override get hasIdentity(): boolean {
    return true;
  }
}

export class Alias<C = ColumnCollection> extends DerivedFrom<C> {
  override readonly kind = "alias";
  readonly element: FromClause<unknown>;
  /** Null for an anonymous alias, named when it is compiled. */
  readonly name: string | null;

  constructor(element: FromClause<unknown>, name: string | null) {
    super();
    this.element = element;
    this.name = name;
  }
  protected override exported(): readonly ExportedColumn[] {
    return this.element.columnList.map((column) => exportedColumn(column));
  }
  override get nameHint(): string {
    return this.name ?? this.element.nameHint;
  }
  override get fields(): readonly Field[] {
    return ALIAS_FIELDS;
  }
}
const ALIAS_FIELDS = fields("name:atom", "element:node");

/** How a column is known outside of what it stands in. */
export function exportedColumn(column: ColumnElement): ExportedColumn {
  const { key, name } = column as { key?: string; name?: string };
  if (key === undefined || name === undefined)
    throw new ArgumentError(`${describe(column)} has no name of its own; give it a label().`);
  return { key, name, element: column };
}

/** Common to SELECT and to UNION and its like: what can become a subquery, a CTE, a scalar. */
export abstract class SelectBase<C = ColumnCollection, V = unknown> extends Node {
  declare readonly [COLUMNS]: C;
  declare readonly scalarType?: V;

  /** What the statement gives, as a subquery shows it to the outside. */
  abstract exportedColumns(): readonly ExportedColumn[];
  /** The set operation of this statement and another. */
  abstract combine(operator: SetOperator, other: SelectBase<unknown>): SelectBase<unknown>;

  /** `(SELECT …) AS name`, to select from. */
  subquery(): Subquery<ColumnsOf<C, AnonymousOwner<C>>>;
  subquery<const Name extends string>(name: Name): Subquery<ColumnsOf<C, Name>>;
  subquery(name?: string): Subquery<unknown> {
    return new Subquery(this, name ?? null);
  }
  /** `WITH name AS (SELECT …)`; with `recursive`, `.unionAll(…)` on the result adds the part that refers to itself. */
  cte<const Name extends string>(name: Name, options: { readonly recursive?: boolean } = {}): Cte<ColumnsOf<C, Name>> {
    return new Cte(this, name, options.recursive ?? false);
  }
  /** The statement as an expression: it must give one column, and at most one row. */
  scalarSubquery(): ScalarSelect<V | null> {
    return new ScalarSelect(this);
  }
  /** `EXISTS (SELECT …)`. */
  exists(): Exists {
    return new Exists(this);
  }
  [TO_NODE](role: ClauseRole): Node {
    if (role === "column" || role === "selectItem") return this.scalarSubquery();
    if (role === "from") return this.subquery();
    return this;
  }
}

export type SetOperator = "UNION" | "UNION ALL";

export class Subquery<C = ColumnCollection> extends DerivedFrom<C> {
  override readonly kind = "subquery";
  readonly element: SelectBase<unknown>;
  readonly name: string | null;

  constructor(element: SelectBase<unknown>, name: string | null) {
    super();
    this.element = element;
    this.name = name;
  }
  protected override exported(): readonly ExportedColumn[] {
    return this.element.exportedColumns();
  }
  override get nameHint(): string {
    return this.name ?? "anon";
  }
  override get fields(): readonly Field[] {
    return SUBQUERY_FIELDS;
  }
}
const SUBQUERY_FIELDS = fields("name:atom", "element:node");

export class Cte<C = ColumnCollection> extends DerivedFrom<C> {
  override readonly kind = "cte";
  readonly element: SelectBase<unknown>;
  readonly name: string;
  readonly recursive: boolean;
  /** The CTE without its recursive part, to which that part refers; null when this is it. */
  readonly restates: Cte<unknown> | null;

  constructor(element: SelectBase<unknown>, name: string, recursive: boolean, restates: Cte<unknown> | null = null) {
    super();
    this.element = element;
    this.name = name;
    this.recursive = recursive;
    this.restates = restates;
  }
  /** Adds the part of a recursive CTE that selects from the CTE itself, dropping duplicate rows (which ends circles). */
  union(part: SelectBase<unknown>): Cte<C> {
    return this.#extend("UNION", part);
  }
  /**
   * Adds the part of a recursive CTE that selects from the CTE itself.
   *
   * @example
   * ```ts
   * const roots = select(nodes.c.id).where(nodes.c.parentId.is(null)).cte("tree", { recursive: true });
   * const tree = roots.unionAll(select(nodes.c.id).join(roots, nodes.c.parentId.eq(roots.c.id)));
   * ```
   */
  unionAll(part: SelectBase<unknown>): Cte<C> {
    return this.#extend("UNION ALL", part);
  }
  #extend(operator: SetOperator, part: SelectBase<unknown>): Cte<C> {
    if (!this.recursive)
      throw new ArgumentError(`The CTE ${this.name} is not recursive. Make it with .cte("${this.name}", { recursive: true }).`);
    return new Cte<C>(this.element.combine(operator, part), this.name, true, this);
  }
  protected override exported(): readonly ExportedColumn[] {
    return this.element.exportedColumns();
  }
  override get nameHint(): string {
    return this.name;
  }
  override get fields(): readonly Field[] {
    return CTE_FIELDS;
  }
}
const CTE_FIELDS = fields("name:atom", "recursive:atom", "restates:node", "element:node");

export type JoinType = "inner" | "left" | "full";

/** Two sources joined. `on` is null until the compiler finds the condition from the foreign keys. */
export class Join extends FromClause {
  override readonly kind = "join";
  readonly left: FromClause<unknown>;
  readonly right: FromClause<unknown>;
  readonly on: Node | null;
  readonly joinType: JoinType;

  constructor(left: FromClause<unknown>, right: FromClause<unknown>, on: Node | null, joinType: JoinType) {
    super();
    this.left = left;
    this.right = right;
    this.on = on;
    this.joinType = joinType;
  }
  /** Both sides' columns; where both have a key, it is written `table_key`. */
  override get c(): ColumnCollection {
    const c: Record<string, ColumnElement> = Object.create(null) as Record<string, ColumnElement>;
    for (const side of [this.left, this.right]) {
      for (const column of side.columnList) c[`${side.nameHint}_${exportedColumn(column).key}`] = column;
    }
    return c;
  }
  override get columnList(): readonly ColumnElement[] {
    return [...this.left.columnList, ...this.right.columnList];
  }
  override get nameHint(): string {
    return "join";
  }
  override get fields(): readonly Field[] {
    return JOIN_FIELDS;
  }
}
const JOIN_FIELDS = fields("joinType:atom", "left:node", "right:node", "on:node");

/**
 * A mapped class as a part of a statement: it selects all its columns at once. The ORM turns rows of it into objects; without the ORM
 * it is its columns.
 */
export abstract class EntityClause extends Node {
  override readonly kind = "entity";
  /** The table, or an alias of it. */
  abstract readonly selectable: FromClause<unknown>;
  /** What a plain connection selects for it. */
  abstract readonly entityColumns: readonly ColumnElement[];
  /** Distinguishes entities in the cache key. */
  abstract readonly entityKey: string;

  override get fields(): readonly Field[] {
    return ENTITY_FIELDS;
  }
}
const ENTITY_FIELDS = fields("entityKey:atom", "selectable:node");

/** A select used as one value. */
export class ScalarSelect<V = unknown> extends ColumnElement<V> {
  override readonly kind = "scalarSelect";
  readonly element: SelectBase<unknown>;

  constructor(element: SelectBase<unknown>) {
    super();
    this.element = element;
  }
  override get type(): SqlType {
    const columns = this.element.exportedColumns();
    if (columns.length !== 1)
      throw new ArgumentError(`A scalar subquery must select one column; this one selects ${columns.length}.`);
    return columns[0]!.element.type;
  }
  override get fields(): readonly Field[] {
    return ELEMENT_FIELDS;
  }
}
const ELEMENT_FIELDS = fields("element:node");

export class Exists extends ColumnElement<boolean> {
  override readonly kind = "exists";
  readonly element: SelectBase<unknown>;
  override readonly type: SqlType = BOOLEAN;

  constructor(element: SelectBase<unknown>) {
    super();
    this.element = element;
  }
  override get fields(): readonly Field[] {
    return ELEMENT_FIELDS;
  }
}

/** The argument of `selectFrom`, `join` …: a table or what acts as one. */
export function fromNode(value: unknown, where: string): Node {
  if (value instanceof FromClause || value instanceof EntityClause) return value as Node;
  if (hasToNode(value)) return value[TO_NODE](where.includes("join") ? "joinTarget" : "from");
  throw new ArgumentError(`${where}() takes a table, alias, subquery, CTE or mapped class; got ${describe(value)}.`);
}

/** The FROM clause behind what `fromNode` gave: the entity's table, or the clause itself. */
export function selectableOf(node: Node): FromClause<unknown> {
  if (node instanceof EntityClause) return node.selectable;
  if (node instanceof FromClause) return node as FromClause<unknown>;
  throw new ArgumentError(`${describe(node)} cannot stand in FROM.`);
}
