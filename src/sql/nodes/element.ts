/**
 * Column expressions: the base class with its operators as methods, and the nodes that those methods build. They stand in one file
 * because each needs the others at run time. Everything is immutable; a value given by the user becomes a bound parameter.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { Decimal } from "decimal.js";
import { BOOLEAN, NULL_TYPE, STRING, type SqlType } from "../../types/sqlType.ts";
import { literalType } from "../coerce/literalType.ts";
import { describe } from "../coerce/describe.ts";
import { fields, hasToNode, Node, TO_NODE, type Field } from "./node.ts";
import { BINARY_OPERATORS, type BinaryOperator, type UnaryOperator } from "./operators.ts";

declare const VALUE: unique symbol;
declare const NAME: unique symbol;
declare const OWNER: unique symbol;

/** What may be given where a value of type V is compared or computed with: exact types also take what converts without loss. */
export type LiteralOf<V> = V extends Decimal ? Decimal | number | string : V extends bigint ? bigint | number : V;

/** The other side of an operator: a value, null, or an expression of that type. */
export type Operand<V> = LiteralOf<V> | null | ColumnElement<V | null>;

/** An expression whose result column has a name known to the type system. */
export interface Named<V, Name extends string> extends ColumnElement<V> {
  readonly [NAME]: Name;
}

/** A column of a table, alias, subquery, CTE or mapped class, with its name and where it comes from. */
export interface Attribute<V, Name extends string, Owner> extends Named<V, Name> {
  readonly [OWNER]: Owner;
}

export type ValueOf<E> = E extends { readonly [VALUE]: infer V } ? V : never;
export type NameOf<E> = E extends { readonly [NAME]: infer Name extends string } ? Name : never;
export type OwnerOf<E> = E extends { readonly [OWNER]: infer Owner } ? Owner : never;

/**
 * An expression that has one value per row: a column, a bound value, a function call, a comparison …
 * Its methods are SQL's operators; none of them changes the expression, each gives a new one.
 */
export abstract class ColumnElement<out V = unknown> extends Node {
  declare readonly [VALUE]: V;
  abstract readonly type: SqlType;

  /** The name that a bound value compared with this expression starts with, such as `id` in `id_1`. */
  get bindHint(): string {
    return "param";
  }

  /** `=`; with null it is `IS NULL`. */
  eq(other: Operand<V>): ColumnElement<boolean> {
    return compare(this, "eq", other, "is");
  }
  /** `!=`; with null it is `IS NOT NULL`. */
  ne(other: Operand<V>): ColumnElement<boolean> {
    return compare(this, "ne", other, "isNot");
  }
  lt(other: Operand<V>): ColumnElement<boolean> {
    return compare(this, "lt", other);
  }
  le(other: Operand<V>): ColumnElement<boolean> {
    return compare(this, "le", other);
  }
  gt(other: Operand<V>): ColumnElement<boolean> {
    return compare(this, "gt", other);
  }
  ge(other: Operand<V>): ColumnElement<boolean> {
    return compare(this, "ge", other);
  }
  /** `IS`, for NULL, TRUE and FALSE. */
  is(other: null | boolean): ColumnElement<boolean> {
    return new BinaryExpression(this, "is", constantOf(other), BOOLEAN);
  }
  /** `IS NOT`, for NULL, TRUE and FALSE. */
  isNot(other: null | boolean): ColumnElement<boolean> {
    return new BinaryExpression(this, "isNot", constantOf(other), BOOLEAN);
  }
  /** A comparison in which NULL equals NULL, negated. */
  isDistinctFrom(other: Operand<V>): ColumnElement<boolean> {
    return new BinaryExpression(this, "isDistinctFrom", operand(other, this), BOOLEAN);
  }
  /** A comparison in which NULL equals NULL. */
  isNotDistinctFrom(other: Operand<V>): ColumnElement<boolean> {
    return new BinaryExpression(this, "isNotDistinctFrom", operand(other, this), BOOLEAN);
  }
  /** `IN`, with a list of values (an empty one is false for every row) or a select of one column. */
  in(values: readonly LiteralOf<V>[] | SelectLike<V>): ColumnElement<boolean> {
    return membership(this, "in", values);
  }
  notIn(values: readonly LiteralOf<V>[] | SelectLike<V>): ColumnElement<boolean> {
    return membership(this, "notIn", values);
  }
  /** `LIKE`; `escape` is the character that makes `%` and `_` ordinary. */
  like(pattern: string | ColumnElement<string | null>, options?: { readonly escape?: string }): ColumnElement<boolean> {
    return new BinaryExpression(this, "like", operand(pattern, this), BOOLEAN, options?.escape ?? null);
  }
  notLike(pattern: string | ColumnElement<string | null>, options?: { readonly escape?: string }): ColumnElement<boolean> {
    return new BinaryExpression(this, "notLike", operand(pattern, this), BOOLEAN, options?.escape ?? null);
  }
  /** LIKE without regard to case: ILIKE on PostgreSQL, `lower(a) LIKE lower(b)` elsewhere. */
  ilike(pattern: string | ColumnElement<string | null>, options?: { readonly escape?: string }): ColumnElement<boolean> {
    return new BinaryExpression(this, "ilike", operand(pattern, this), BOOLEAN, options?.escape ?? null);
  }
  notIlike(pattern: string | ColumnElement<string | null>, options?: { readonly escape?: string }): ColumnElement<boolean> {
    return new BinaryExpression(this, "notIlike", operand(pattern, this), BOOLEAN, options?.escape ?? null);
  }
  between(low: Operand<V>, high: Operand<V>): ColumnElement<boolean> {
    const range = new BinaryExpression(operand(low, this), "betweenAnd", operand(high, this), NULL_TYPE);
    return new BinaryExpression(this, "between", range, BOOLEAN);
  }

  add(other: Operand<V>): ColumnElement<V> {
    return this.type.kind === "string" || this.type.kind === "text"
      ? this.arithmetic("concat", other)
      : this.arithmetic("add", other);
  }
  sub(other: Operand<V>): ColumnElement<V> {
    return this.arithmetic("sub", other);
  }
  mul(other: Operand<V>): ColumnElement<V> {
    return this.arithmetic("mul", other);
  }
  mod(other: Operand<V>): ColumnElement<V> {
    return this.arithmetic("mod", other);
  }
  /** `||`, or `concat()` on MySQL. */
  concat(other: string | ColumnElement<string | null>): ColumnElement<string> {
    return new BinaryExpression(this, "concat", operand(other, this), STRING);
  }
  /** Unary minus. */
  neg(): ColumnElement<V> {
    return new UnaryExpression("negative", this, this.type);
  }

  and(...others: ColumnElement<boolean | null>[]): ColumnElement<boolean> {
    return conjunction("and", [this, ...others]);
  }
  or(...others: ColumnElement<boolean | null>[]): ColumnElement<boolean> {
    return conjunction("or", [this, ...others]);
  }
  not(): ColumnElement<boolean> {
    return negate(this);
  }

  /** `DISTINCT x`, as in `count(DISTINCT x)`. */
  distinct(): ColumnElement<V> {
    return new UnaryExpression("distinct", this, this.type);
  }
  asc(): ColumnElement<V> {
    return new UnaryExpression("asc", this, this.type);
  }
  desc(): ColumnElement<V> {
    return new UnaryExpression("desc", this, this.type);
  }
  nullsFirst(): ColumnElement<V> {
    return new UnaryExpression("nullsFirst", this, this.type);
  }
  nullsLast(): ColumnElement<V> {
    return new UnaryExpression("nullsLast", this, this.type);
  }
  /** `x AS name`: the column of the result is called so, and typed so. */
  label<const Name extends string>(name: Name): Named<V, Name> {
    return new Label(name, this) as unknown as Named<V, Name>;
  }

  protected arithmetic(operator: BinaryOperator, other: unknown): ColumnElement<V> {
    return new BinaryExpression(this, operator, operand(other, this), this.type);
  }
}

/** A select of one column, where an expression can take one. */
export interface SelectLike<out V> {
  [TO_NODE](role: "in"): Node;
  readonly scalarType?: V;
}

interface BindOptions {
  readonly unique?: boolean;
  readonly expanding?: boolean;
  readonly required?: boolean;
}
/** One object for all values in statements, which are many. */
const ANONYMOUS: BindOptions = {};

/** A value handed to the database beside the SQL text, never inside it. */
export class BindParameter<V = unknown> extends ColumnElement<V> {
  override readonly kind = "bind";
  /** The parameter's name where the user gave it one, else what its anonymous name starts with. */
  readonly name: string;
  readonly value: unknown;
  override readonly type: SqlType;
  /** True for anonymous parameters; a named one takes its value from the parameters of `execute`. */
  readonly unique: boolean;
  /** True when the value is a list that is written as as many placeholders as it has members. */
  readonly expanding: boolean;
  /** True when a value must be given at execution. */
  readonly required: boolean;

  constructor(name: string, value: unknown, type: SqlType, options: BindOptions = ANONYMOUS) {
    super();
    this.name = name;
    this.value = value;
    this.type = type;
    this.unique = options.unique ?? true;
    this.expanding = options.expanding ?? false;
    this.required = options.required ?? false;
  }
  override get bindHint(): string {
    return this.name;
  }
  /** Not read for the cache key, which treats parameters by themselves (../traverse/cacheKey.ts). */
  override get fields(): readonly Field[] {
    return NO_FIELDS;
  }
}
const NO_FIELDS = fields();

export class BinaryExpression<V = unknown> extends ColumnElement<V> {
  override readonly kind = "binary";
  readonly left: Node;
  readonly operator: BinaryOperator;
  readonly right: Node;
  override readonly type: SqlType;
  /** The escape character of LIKE. */
  readonly escape: string | null;

  constructor(left: Node, operator: BinaryOperator, right: Node, type: SqlType, escape: string | null = null) {
    super();
    this.left = left;
    this.operator = operator;
    this.right = right;
    this.type = type;
    this.escape = escape;
  }
  override get bindHint(): string {
    return this.left instanceof ColumnElement ? this.left.bindHint : "param";
  }
  override get fields(): readonly Field[] {
    return BINARY_FIELDS;
  }
}
const BINARY_FIELDS = fields("operator:atom", "left:node", "right:node", "type:type", "escape:atom");

export class UnaryExpression<V = unknown> extends ColumnElement<V> {
  override readonly kind = "unary";
  readonly operator: UnaryOperator;
  readonly element: Node;
  override readonly type: SqlType;

  constructor(operator: UnaryOperator, element: Node, type: SqlType) {
    super();
    this.operator = operator;
    this.element = element;
    this.type = type;
  }
  override get fields(): readonly Field[] {
    return UNARY_FIELDS;
  }
}
const UNARY_FIELDS = fields("operator:atom", "element:node", "type:type");

/** Two or more conditions joined by AND or by OR. Built by `conjunction`, which flattens and simplifies. */
export class BooleanClauseList extends ColumnElement<boolean> {
  override readonly kind = "booleanList";
  readonly operator: "and" | "or";
  readonly clauses: readonly Node[];
  override readonly type: SqlType = BOOLEAN;

  constructor(operator: "and" | "or", clauses: readonly Node[]) {
    super();
    this.operator = operator;
    this.clauses = clauses;
  }
  override get fields(): readonly Field[] {
    return BOOLEAN_LIST_FIELDS;
  }
}
const BOOLEAN_LIST_FIELDS = fields("operator:atom", "clauses:nodes");

/** Expressions with commas between them, in parentheses: a tuple. */
export class ExpressionList<V = unknown> extends ColumnElement<V> {
  override readonly kind = "expressionList";
  readonly clauses: readonly Node[];
  override readonly type: SqlType = NULL_TYPE;

  constructor(clauses: readonly Node[]) {
    super();
    this.clauses = clauses;
  }
  override get fields(): readonly Field[] {
    return EXPRESSION_LIST_FIELDS;
  }
}
const EXPRESSION_LIST_FIELDS = fields("clauses:nodes");

export class Label<V = unknown> extends ColumnElement<V> {
  override readonly kind = "label";
  readonly name: string;
  readonly element: ColumnElement<V>;

  constructor(name: string, element: ColumnElement<V>) {
    super();
    this.name = requireName(name, "a label");
    this.element = element;
  }
  override get type(): SqlType {
    return this.element.type;
  }
  override get bindHint(): string {
    return this.name;
  }
  override get fields(): readonly Field[] {
    return LABEL_FIELDS;
  }
}
const LABEL_FIELDS = fields("name:atom", "element:node");

/** A label of the same statement, by its name: what a string in `orderBy("n")` means. */
export class LabelReference extends ColumnElement {
  override readonly kind = "labelReference";
  readonly name: string;
  override readonly type: SqlType = NULL_TYPE;

  constructor(name: string) {
    super();
    this.name = requireName(name, "a label");
  }
  override get fields(): readonly Field[] {
    return LABEL_REFERENCE_FIELDS;
  }
}
const LABEL_REFERENCE_FIELDS = fields("name:atom");

/** A call of a SQL function. */
export class FunctionElement<V = unknown> extends ColumnElement<V> {
  override readonly kind = "function";
  readonly name: string;
  readonly args: readonly Node[];
  override readonly type: SqlType;

  constructor(name: string, args: readonly Node[], type: SqlType) {
    super();
    this.name = requireName(name, "a function");
    this.args = args;
    this.type = type;
  }
  override get bindHint(): string {
    return this.name;
  }
  override get fields(): readonly Field[] {
    return FUNCTION_FIELDS;
  }
}
const FUNCTION_FIELDS = fields("name:atom", "args:nodes", "type:type");

/** CASE. `whens` holds condition and result in turns. */
export class CaseExpression<V = unknown> extends ColumnElement<V> {
  override readonly kind = "case";
  readonly value: Node | null;
  readonly whens: readonly Node[];
  readonly otherwise: Node | null;
  override readonly type: SqlType;

  constructor(value: Node | null, whens: readonly Node[], otherwise: Node | null, type: SqlType) {
    super();
    this.value = value;
    this.whens = whens;
    this.otherwise = otherwise;
    this.type = type;
  }
  override get fields(): readonly Field[] {
    return CASE_FIELDS;
  }
}
const CASE_FIELDS = fields("value:node", "whens:nodes", "otherwise:node", "type:type");

export class Cast<V = unknown> extends ColumnElement<V> {
  override readonly kind = "cast";
  readonly element: Node;
  override readonly type: SqlType;

  constructor(element: Node, type: SqlType) {
    super();
    this.element = element;
    this.type = type;
  }
  override get fields(): readonly Field[] {
    return CAST_FIELDS;
  }
}
const CAST_FIELDS = fields("element:node", "type:type");

/** NULL, TRUE, FALSE, or SQL text that the program itself wrote (`literalColumn`). */
export class Constant<V = unknown> extends ColumnElement<V> {
  override readonly kind = "constant";
  readonly constant: "null" | "true" | "false" | "literal";
  readonly sql: string;
  override readonly type: SqlType;

  constructor(constant: "null" | "true" | "false" | "literal", type: SqlType, sql = "") {
    super();
    this.constant = constant;
    this.sql = sql;
    this.type = type;
  }
  override get fields(): readonly Field[] {
    return CONSTANT_FIELDS;
  }
}
const CONSTANT_FIELDS = fields("constant:atom", "sql:atom", "type:type");

export const NULL: Constant<null> = new Constant<null>("null", NULL_TYPE);
export const TRUE: Constant<boolean> = new Constant<boolean>("true", BOOLEAN);
export const FALSE: Constant<boolean> = new Constant<boolean>("false", BOOLEAN);

function constantOf(value: null | boolean): Constant {
  if (value === null) return NULL;
  if (value === true) return TRUE;
  if (value === false) return FALSE;
  throw new ArgumentError(`is() and isNot() take null, true or false, got ${describe(value)}.`);
}

function compare(
  left: ColumnElement,
  operator: BinaryOperator,
  other: unknown,
  withNull?: "is" | "isNot",
): ColumnElement<boolean> {
  if (other === null) {
    if (withNull !== undefined) return new BinaryExpression(left, withNull, NULL, BOOLEAN);
    throw new ArgumentError(`Nothing is less or greater than NULL: ${operator}() got null. Use is(null) or isNot(null).`);
  }
  if (typeof other === "boolean" && left.type.kind === "boolean" && (operator === "eq" || operator === "ne")) {
    return new BinaryExpression(left, operator, constantOf(other), BOOLEAN);
  }
  return new BinaryExpression(left, operator, operand(other, left), BOOLEAN);
}

function membership(left: ColumnElement, operator: "in" | "notIn", values: unknown): ColumnElement<boolean> {
  if (hasToNode(values)) return new BinaryExpression(left, operator, values[TO_NODE]("in"), BOOLEAN);
  if (!Array.isArray(values)) {
    throw new ArgumentError(`${operator}() takes an array of values or a select of one column, got ${describe(values)}.`);
  }
  for (const value of values as unknown[]) {
    if (value === undefined)
      throw new ArgumentError(`${operator}() got a list with undefined in it. Leave the member out, or give its value.`);
  }
  const bind = new BindParameter(left.bindHint, [...(values as unknown[])], operandType(left, (values as unknown[])[0]), {
    expanding: true,
  });
  return new BinaryExpression(left, operator, bind, BOOLEAN);
}

/** The other side of an operator as a node: an expression stays what it is, a value becomes a bound parameter of the left side's type. */
export function operand(value: unknown, left: ColumnElement): Node {
  if (value instanceof ColumnElement) return value;
  if (hasToNode(value)) return value[TO_NODE]("column");
  if (value === null) return NULL;
  return new BindParameter(left.bindHint, requireValue(value), operandType(left, value));
}

/** A value takes the type of what it is compared with; a value that cannot be of that type keeps its own. */
function operandType(left: ColumnElement, value: unknown): SqlType {
  return left.type.kind === "null" ? literalType(value) : left.type.ofOperand;
}

/** A bound parameter for a value that stands alone, typed by what it is. */
export function literalBind(value: unknown, hint = "param"): ColumnElement {
  if (value instanceof ColumnElement) return value;
  if (hasToNode(value)) return value[TO_NODE]("column") as ColumnElement;
  if (value === null) return NULL;
  return new BindParameter(hint, requireValue(value), literalType(value));
}

function requireValue(value: unknown): unknown {
  if (value === undefined) {
    throw new ArgumentError("undefined is not a value. Use null for NULL, or leave the condition out.");
  }
  return value;
}

function requireName(name: unknown, what: string): string {
  if (typeof name !== "string" || name === "")
    throw new ArgumentError(`The name of ${what} must be a string that is not empty, got ${describe(name)}.`);
  return name;
}

/** AND or OR of conditions: nested lists of the same kind are flattened, TRUE and FALSE folded away. */
export function conjunction(operator: "and" | "or", conditions: readonly unknown[]): ColumnElement<boolean> {
  const neutral = operator === "and" ? TRUE : FALSE;
  const absorbing = operator === "and" ? FALSE : TRUE;
  const clauses: Node[] = [];
  for (const condition of conditions) {
    const node = conditionNode(condition, operator);
    if (node === neutral) continue;
    if (node === absorbing) return absorbing;
    if (node instanceof BooleanClauseList && node.operator === operator) clauses.push(...node.clauses);
    else clauses.push(node);
  }
  if (clauses.length === 0) return neutral;
  if (clauses.length === 1 && clauses[0] instanceof ColumnElement) return clauses[0] as ColumnElement<boolean>;
  return new BooleanClauseList(operator, clauses);
}

/** A condition for WHERE, HAVING, ON: an expression. `undefined` never means "no condition". */
export function conditionNode(condition: unknown, where: string): Node {
  if (condition instanceof Node) return condition;
  if (condition === true) return TRUE;
  if (condition === false) return FALSE;
  if (hasToNode(condition)) return condition[TO_NODE]("column");
  throw new ArgumentError(`${where}() takes conditions, such as users.c.id.eq(1); got ${describe(condition)}.`);
}

/** NOT, written as the opposite operator where there is one. */
export function negate(element: ColumnElement): ColumnElement<boolean> {
  if (element === TRUE) return FALSE;
  if (element === FALSE) return TRUE;
  if (element instanceof UnaryExpression && element.operator === "not" && element.element instanceof ColumnElement) {
    return element.element as ColumnElement<boolean>;
  }
  if (element instanceof BinaryExpression) {
    const negation = BINARY_OPERATORS[element.operator].negation;
    if (negation !== undefined) return new BinaryExpression(element.left, negation, element.right, BOOLEAN, element.escape);
  }
  return new UnaryExpression("not", element, BOOLEAN);
}
