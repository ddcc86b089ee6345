/**
 * SELECT, and UNION with its like. Every method gives a new statement; nothing is compiled before it is executed or printed.
 */
import type { ExecutionOptions } from "../executionOptions.ts";
import { ArgumentError } from "../../errors/base.ts";
import { INTEGER } from "../../types/sqlType.ts";
import { describe } from "../coerce/describe.ts";
import {
  BindParameter,
  ColumnElement,
  conditionNode,
  Constant,
  FunctionElement,
  Label,
  LabelReference,
  literalBind,
} from "./element.ts";
import { fields, hasToNode, Node, TO_NODE, type Field, keepExecutionOptions, setExecutionOptions } from "./node.ts";
import {
  EntityClause,
  exportedColumn,
  FromClause,
  fromNode,
  SelectBase,
  type ExportedColumn,
  type ColumnCollection,
  type JoinType,
  type SetOperator,
} from "./from.ts";
import type { ColumnsOfItems, OuterTarget, RelationshipTarget, ScalarOfItems, SelectItem } from "../typing.ts";

/** One `.join()` of a select, before its target and condition are resolved. */
export class JoinStep extends Node {
  override readonly kind = "joinStep";
  /** A FROM clause, entity, or (in the ORM) a relationship. */
  readonly target: Node;
  readonly on: Node | null;
  readonly joinType: JoinType;

  constructor(target: Node, on: Node | null, joinType: JoinType) {
    super();
    this.target = target;
    this.on = on;
    this.joinType = joinType;
  }
  override get fields(): readonly Field[] {
    return JOIN_STEP_FIELDS;
  }
}
const JOIN_STEP_FIELDS = fields("joinType:atom", "target:node", "on:node");

/** What a loader option or another extension of a statement must offer: a key for the cache. Interpreted by the ORM. */
export interface StatementOption {
  readonly cacheKey: string;
}

interface SelectParts {
  readonly items: readonly Node[];
  readonly froms: readonly Node[];
  readonly joins: readonly JoinStep[];
  readonly criteria: readonly Node[];
  readonly groups: readonly Node[];
  readonly havings: readonly Node[];
  readonly orderings: readonly Node[];
  readonly limitClause: Node | null;
  readonly offsetClause: Node | null;
  readonly isDistinct: boolean;
  readonly lock: string | null;
  readonly statementOptions: readonly StatementOption[];
}

const EMPTY: SelectParts = {
  items: [],
  froms: [],
  joins: [],
  criteria: [],
  groups: [],
  havings: [],
  orderings: [],
  limitClause: null,
  offsetClause: null,
  isDistinct: false,
  lock: null,
  statementOptions: [],
};

/** Ordering and paging, common to SELECT and set operations. */
export type OrderArgument = ColumnElement | string;

/**
 * A SELECT statement. `A` is what it selects, `N` the owners (table names) that outer joins may leave without a row.
 */
export class Select<A extends readonly unknown[] = readonly unknown[], N = never>
  extends SelectBase<ColumnsOfItems<A>, ScalarOfItems<A>>
  implements SelectParts
{
  declare readonly selects?: A;
  declare readonly nullable?: N;
  override readonly kind = "select";
  readonly items: readonly Node[];
  readonly froms: readonly Node[];
  readonly joins: readonly JoinStep[];
  readonly criteria: readonly Node[];
  readonly groups: readonly Node[];
  readonly havings: readonly Node[];
  readonly orderings: readonly Node[];
  readonly limitClause: Node | null;
  readonly offsetClause: Node | null;
  readonly isDistinct: boolean;
  readonly lock: string | null;
  readonly statementOptions: readonly StatementOption[];

  constructor(parts: Partial<SelectParts>, base: SelectParts = EMPTY) {
    super();
    this.items = parts.items ?? base.items;
    this.froms = parts.froms ?? base.froms;
    this.joins = parts.joins ?? base.joins;
    this.criteria = parts.criteria ?? base.criteria;
    this.groups = parts.groups ?? base.groups;
    this.havings = parts.havings ?? base.havings;
    this.orderings = parts.orderings ?? base.orderings;
    this.limitClause = parts.limitClause === undefined ? base.limitClause : parts.limitClause;
    this.offsetClause = parts.offsetClause === undefined ? base.offsetClause : parts.offsetClause;
    this.isDistinct = parts.isDistinct ?? base.isDistinct;
    this.lock = parts.lock === undefined ? base.lock : parts.lock;
    this.statementOptions = parts.statementOptions ?? base.statementOptions;
  }
  /** A copy with some parts replaced, for whoever rewrites statements (the ORM). */
  with<B extends readonly unknown[] = A, M = N>(parts: Partial<SelectParts>): Select<B, M> {
    return keepExecutionOptions(this, new Select<B, M>(parts, this));
  }
  override get fields(): readonly Field[] {
    return SELECT_FIELDS;
  }
  /** The keys of the options, which change what is selected. */
  get optionKeys(): readonly string[] {
    return this.statementOptions.map((option) => option.cacheKey);
  }

  /** The same statement with options of how it is run, added to those it has. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): Select<A, N> {
    return setExecutionOptions(this.with({}), options);
  }
  /** Adds conditions; all of them must hold. */
  where(...conditions: ColumnElement<boolean | null>[]): Select<A, N> {
    return this.with({ criteria: [...this.criteria, ...conditions.map((condition) => conditionNode(condition, "where"))] });
  }
  /** Equality of attributes of the entity or table selected first: `filterBy({ name: "a" })`. */
  filterBy(values: Readonly<Record<string, unknown>>): Select<A, N> {
    const first = this.joins.at(-1)?.target ?? this.froms[0] ?? this.items[0];
    const from = first instanceof EntityClause ? first.selectable : first instanceof FromClause ? first : ownerOfColumn(first);
    if (from === null) throw new ArgumentError("filterBy() needs a statement that selects a table or a mapped class.");
    const conditions = Object.entries(values).map(([key, value]) => {
      const column = (from.c as ColumnCollection)[key];
      if (column === undefined)
        throw new ArgumentError(
          `filterBy(): ${from.nameHint} has no column ${key}. It has ${Object.keys(from.c as object).join(", ")}.`,
        );
      return column.eq(value);
    });
    return this.where(...conditions);
  }
  /** Names what to select from, where it does not follow from the columns. */
  selectFrom(...sources: unknown[]): Select<A, N> {
    return this.with({ froms: [...this.froms, ...sources.map((source) => fromNode(source, "selectFrom"))] });
  }
  /** Joins a table, alias, subquery, mapped class or relationship. Without a condition it is found from the foreign keys. */
  join(target: JoinTarget, on?: ColumnElement<boolean | null>): Select<A, N> {
    return this.#join(target, on, "inner");
  }
  /** LEFT OUTER JOIN: what the target brings may be null in the rows. */
  outerjoin<const T extends JoinTarget>(target: T, on?: ColumnElement<boolean | null>): Select<A, N | OuterTarget<T>> {
    return this.#join(target, on, "left");
  }
  #join(target: unknown, on: ColumnElement<boolean | null> | undefined, joinType: JoinType): Select<A, N> {
    const step = new JoinStep(fromNode(target, "join"), on === undefined ? null : conditionNode(on, "join"), joinType);
    return this.with({ joins: [...this.joins, step] });
  }
  groupBy(...expressions: OrderArgument[]): Select<A, N> {
    return this.with({ groups: [...this.groups, ...expressions.map((expression) => orderNode(expression, "groupBy"))] });
  }
  having(...conditions: ColumnElement<boolean | null>[]): Select<A, N> {
    return this.with({ havings: [...this.havings, ...conditions.map((condition) => conditionNode(condition, "having"))] });
  }
  /** Adds to the ordering; `orderBy(null)` takes away what was there. A string is the name of a label. */
  orderBy(...expressions: (OrderArgument | null)[]): Select<A, N> {
    return this.with({ orderings: nextOrderings(this.orderings, expressions) });
  }
  /** At most so many rows; null takes the limit away. */
  limit(count: number | ColumnElement<number> | null): Select<A, N> {
    return this.with({ limitClause: countNode(count, "limit") });
  }
  offset(count: number | ColumnElement<number> | null): Select<A, N> {
    return this.with({ offsetClause: countNode(count, "offset") });
  }
  distinct(): Select<A, N> {
    return this.with({ isDistinct: true });
  }
  /** `FOR UPDATE`; left out on SQLite, whose transactions lock the database. */
  withForUpdate(): Select<A, N> {
    return this.with({ lock: "FOR UPDATE" });
  }
  /** Loader options of the ORM, such as `selectinload(User.c.posts)`. */
  options(...options: StatementOption[]): Select<A, N> {
    return this.with({ statementOptions: [...this.statementOptions, ...options] });
  }
  addColumns<const B extends readonly SelectItem[]>(...items: B): Select<readonly [...A, ...B], N> {
    return this.with<readonly [...A, ...B], N>({ items: [...this.items, ...items.map(selectItemNode)] });
  }
  /** The same rows, other columns. */
  withOnlyColumns<const B extends readonly SelectItem[]>(...items: B): Select<B, N> {
    return this.with<B, N>({ items: items.map(selectItemNode) });
  }

  union(...others: SelectBase<unknown, unknown>[]): CompoundSelect<A> {
    return new CompoundSelect<A>("UNION", [this, ...others]);
  }
  unionAll(...others: SelectBase<unknown, unknown>[]): CompoundSelect<A> {
    return new CompoundSelect<A>("UNION ALL", [this, ...others]);
  }

  override combine(operator: SetOperator, other: SelectBase<unknown>): SelectBase<unknown> {
    return new CompoundSelect(operator, [this, other]);
  }
  override exportedColumns(): readonly ExportedColumn[] {
    return disambiguate(this.items.flatMap(columnsOfItem));
  }
}
const SELECT_FIELDS = fields(
  "isDistinct:atom",
  "lock:atom",
  "optionKeys:atoms",
  "items:nodes",
  "froms:nodes",
  "joins:nodes",
  "criteria:nodes",
  "groups:nodes",
  "havings:nodes",
  "orderings:nodes",
  "limitClause:node",
  "offsetClause:node",
);

/** What `.join()` takes. */
export type JoinTarget = Node | { readonly c: object } | RelationshipTarget<unknown> | { [TO_NODE](role: "joinTarget"): Node };

interface CompoundParts {
  readonly orderings: readonly Node[];
  readonly limitClause: Node | null;
  readonly offsetClause: Node | null;
}

/** Selects put together by a set operation; columns are named as in the first. */
export class CompoundSelect<A extends readonly unknown[] = readonly unknown[]>
  extends SelectBase<ColumnsOfItems<A>, ScalarOfItems<A>>
  implements CompoundParts
{
  declare readonly selects?: A;
  declare readonly nullable?: never;
  override readonly kind = "compound";
  readonly operator: SetOperator;
  readonly members: readonly SelectBase<unknown>[];
  readonly orderings: readonly Node[];
  readonly limitClause: Node | null;
  readonly offsetClause: Node | null;

  constructor(operator: SetOperator, members: readonly SelectBase<unknown>[], parts: Partial<CompoundParts> = {}) {
    super();
    for (const member of members) {
      if (!(member instanceof SelectBase))
        throw new ArgumentError(`${operator} takes select statements, got ${describe(member)}.`);
    }
    this.operator = operator;
    this.members = members;
    this.orderings = parts.orderings ?? [];
    this.limitClause = parts.limitClause ?? null;
    this.offsetClause = parts.offsetClause ?? null;
  }
  override get fields(): readonly Field[] {
    return COMPOUND_FIELDS;
  }
  /** The same statement with options of how it is run, added to those it has. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): CompoundSelect<A> {
    return setExecutionOptions(keepExecutionOptions(this, new CompoundSelect<A>(this.operator, this.members, this)), options);
  }
  orderBy(...expressions: (OrderArgument | null)[]): CompoundSelect<A> {
    return keepExecutionOptions(
      this,
      new CompoundSelect(this.operator, this.members, { ...this, orderings: nextOrderings(this.orderings, expressions) }),
    );
  }
  limit(count: number | ColumnElement<number> | null): CompoundSelect<A> {
    return keepExecutionOptions(
      this,
      new CompoundSelect(this.operator, this.members, { ...this, limitClause: countNode(count, "limit") }),
    );
  }
  offset(count: number | ColumnElement<number> | null): CompoundSelect<A> {
    return keepExecutionOptions(
      this,
      new CompoundSelect(this.operator, this.members, { ...this, offsetClause: countNode(count, "offset") }),
    );
  }
  override combine(operator: SetOperator, other: SelectBase<unknown>): SelectBase<unknown> {
    return new CompoundSelect(operator, [this, other]);
  }
  override exportedColumns(): readonly ExportedColumn[] {
    return this.members[0]!.exportedColumns();
  }
}
const COMPOUND_FIELDS = fields("operator:atom", "members:nodes", "orderings:nodes", "limitClause:node", "offsetClause:node");

/** A thing given to `select()` as a node. */
export function selectItemNode(item: unknown): Node {
  if (item instanceof Node && !(item instanceof SelectBase)) return item;
  if (hasToNode(item)) return item[TO_NODE]("selectItem");
  if (typeof item === "number" || typeof item === "bigint" || typeof item === "boolean") return literalBind(item);
  throw new ArgumentError(
    `select() takes columns, tables, expressions and mapped classes; got ${describe(item)}. For SQL text use literalColumn() or text().`,
  );
}

/** The columns that one item of a select stands for. */
export function columnsOfItem(item: Node): readonly ColumnElement[] {
  if (item instanceof FromClause) return item.columnList;
  if (item instanceof EntityClause) return item.entityColumns;
  if (item instanceof ColumnElement) return [item];
  throw new ArgumentError(`${describe(item)} cannot be selected.`);
}

/** The names under which a subquery shows its columns; those without one of their own get an anonymous one. */
function disambiguate(columns: readonly ColumnElement[]): readonly ExportedColumn[] {
  const taken = new Map<string, number>();
  return columns.map((element) => {
    const exported = nameOf(element);
    const seen = taken.get(exported.key) ?? 0;
    taken.set(exported.key, seen + 1);
    return seen === 0 && !exported.anonymous ? exported : numbered(exported, exported.anonymous ? seen + 1 : seen);
  });
}

function numbered(exported: ExportedColumn, count: number): ExportedColumn {
  return { key: `${exported.key}_${count}`, name: `${exported.name}_${count}`, element: exported.element };
}

function nameOf(element: ColumnElement): ExportedColumn & { readonly anonymous: boolean } {
  if (element instanceof Label) return { key: element.name, name: element.name, element, anonymous: false };
  if (element instanceof FunctionElement) return { key: element.name, name: element.name, element, anonymous: true };
  if (element instanceof Constant && element.constant === "literal")
    return { key: element.sql, name: element.sql, element, anonymous: false };
  if ("key" in element) return { ...exportedColumn(element), anonymous: false };
  return { key: "anon", name: "anon", element, anonymous: true };
}

function ownerOfColumn(node: Node | undefined): FromClause<unknown> | null {
  const owner =
    (node as { table?: unknown; from?: unknown } | undefined)?.table ?? (node as { from?: unknown } | undefined)?.from;
  return owner instanceof FromClause ? (owner as FromClause<unknown>) : null;
}

function nextOrderings(current: readonly Node[], expressions: readonly (OrderArgument | null)[]): readonly Node[] {
  if (expressions.length === 1 && expressions[0] === null) return [];
  return [...current, ...expressions.map((expression) => orderNode(expression, "orderBy"))];
}

function orderNode(value: unknown, where: string): Node {
  if (value instanceof Node) return value;
  if (typeof value === "string") return new LabelReference(value);
  if (hasToNode(value)) return value[TO_NODE]("column");
  throw new ArgumentError(`${where}() takes expressions or the names of labels, got ${describe(value)}.`);
}

function countNode(count: unknown, where: string): Node | null {
  if (count === null) return null;
  if (count instanceof ColumnElement) return count;
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) {
    throw new ArgumentError(`${where}() takes a whole number from 0, an expression or null; got ${describe(count)}.`);
  }
  return new BindParameter("param", count, INTEGER);
}
