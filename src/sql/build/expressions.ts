/** The functions that expressions start with: and, or, not, func, case_, cast, bindparam, literal and their like. */
import { ArgumentError } from "../../errors/base.ts";
import type { Decimal } from "decimal.js";
import type { Duration } from "../../types/duration.ts";
import { DATE_TIME, INTEGER, NULL_TYPE, STRING, type SqlType } from "../../types/sqlType.ts";
import { describe } from "../coerce/describe.ts";
import {
  BindParameter,
  CaseExpression,
  Cast,
  ColumnElement,
  conditionNode,
  conjunction,
  Constant,
  ExpressionList,
  FALSE,
  FunctionElement,
  LabelReference,
  literalBind,
  negate,
  NULL,
  TRUE,
  type Operand,
} from "../nodes/element.ts";
import { Exists, type SelectBase } from "../nodes/from.ts";
import { hasToNode, Node, TO_NODE } from "../nodes/node.ts";
import { ColumnSpec, type SpecValue } from "../schema/columnSpec.ts";

type Condition = ColumnElement<boolean | null>;

/** All of the conditions. Without any it is true. */
export function and(...conditions: Condition[]): ColumnElement<boolean> {
  return conjunction("and", conditions);
}
/** Any of the conditions. Without any it is false. */
export function or(...conditions: Condition[]): ColumnElement<boolean> {
  return conjunction("or", conditions);
}
/** The opposite of a condition. */
export function not(condition: Condition): ColumnElement<boolean> {
  const node = conditionNode(condition, "not");
  return negate(node as ColumnElement);
}
/** `EXISTS (SELECT …)`. */
export function exists(statement: SelectBase<unknown>): ColumnElement<boolean> {
  return new Exists(statement);
}
/** SQL's NULL. */
export function null_(): ColumnElement<null> {
  return NULL;
}
export function true_(): ColumnElement<boolean> {
  return TRUE;
}
export function false_(): ColumnElement<boolean> {
  return FALSE;
}

/** Ascending; a string is the name of a label. */
export function asc(expression: ColumnElement | string): ColumnElement {
  return orderable(expression).asc();
}
/** Descending; a string is the name of a label. */
export function desc(expression: ColumnElement | string): ColumnElement {
  return orderable(expression).desc();
}
function orderable(expression: ColumnElement | string): ColumnElement {
  return typeof expression === "string" ? new LabelReference(expression) : expression;
}
/** `DISTINCT x` inside a function, as in `func.count(distinct(users.c.name))`. */
export function distinct<V>(expression: ColumnElement<V>): ColumnElement<V> {
  return expression.distinct();
}
/** Several expressions as one, in parentheses. */
export function tuple(...expressions: readonly unknown[]): ColumnElement {
  return new ExpressionList(expressions.map((expression) => literalBind(expression)));
}

/** A value as an expression: a bound parameter. */
export function literal<const V extends string | number | bigint | boolean | Date | Uint8Array | Decimal | Duration>(
  value: V,
): ColumnElement<Widen<V>> {
  return literalBind(value) as ColumnElement<Widen<V>>;
}
type Widen<V> = V extends string
  ? string
  : V extends number
    ? number
    : V extends bigint
      ? bigint
      : V extends boolean
        ? boolean
        : V;

/** SQL text as a column expression. It is written as it is: never put a user's input here. */
export function literalColumn<V = unknown>(sql: string, type?: ColumnSpec<V>): ColumnElement<V> {
  return new Constant<V>("literal", type?.type ?? NULL_TYPE, sql);
}

/**
 * A named parameter, whose value is given when the statement is executed.
 *
 * @param options `type` says how the value is converted; `value` is used where execute brings none
 */
export function bindparam<V = unknown>(
  name: string,
  options: { readonly type?: ColumnSpec<V>; readonly value?: V } = {},
): ColumnElement<V> {
  for (const option of Object.keys(options)) {
    if (option !== "type" && option !== "value")
      throw new ArgumentError(`bindparam() has no option ${option}; it has: type, value.`);
  }
  const { type, value } = options;
  return new BindParameter<V>(name, value, type?.type ?? NULL_TYPE, { unique: false, required: value === undefined });
}

/** `CAST(x AS type)`. */
export function cast<S extends ColumnSpec>(expression: unknown, type: S): ColumnElement<SpecValue<S>> {
  if (!(type instanceof ColumnSpec)) throw new ArgumentError(`cast() takes a type such as t.integer(), got ${describe(type)}.`);
  return new Cast<SpecValue<S>>(literalBind(expression), type.type);
}

/**
 * CASE: `case_([[condition, value], …], { else: value })`, or `case_(…, { value: expression })` to compare one expression.
 */
export function case_<V>(
  whens: readonly (readonly [condition: unknown, result: Operand<V> | V])[],
  options: { readonly else?: Operand<V> | V; readonly value?: ColumnElement } = {},
): ColumnElement<V | null> {
  for (const option of Object.keys(options)) {
    if (option !== "else" && option !== "value") throw new ArgumentError(`case_() has no option ${option}; it has: else, value.`);
  }
  if (whens.length === 0) throw new ArgumentError("case_() needs at least one condition with its value.");
  const value = options.value ?? null;
  const nodes = whens.flatMap(([condition, result]) => [
    value === null ? conditionNode(condition, "case_") : literalBind(condition),
    literalBind(result),
  ]);
  const typed = nodes.filter((_node, index) => index % 2 === 1).find((node) => (node as ColumnElement).type.kind !== "null");
  const otherwise = options.else === undefined ? null : literalBind(options.else);
  return new CaseExpression<V | null>(value, nodes, otherwise, (typed as ColumnElement | undefined)?.type ?? NULL_TYPE);
}

/** What a function gives, where that follows from its name or its arguments. */
interface GenericFunctions {
  count(expression?: ColumnElement | ToCount): ColumnElement<number>;
  sum<V>(expression: ColumnElement<V>): ColumnElement<V | null>;
  min<V>(expression: ColumnElement<V>): ColumnElement<V | null>;
  max<V>(expression: ColumnElement<V>): ColumnElement<V | null>;
  coalesce<V>(first: ColumnElement<V>, ...others: Operand<NonNullable<V>>[]): ColumnElement<NonNullable<V>>;
  lower(expression: ColumnElement<string | null> | string): ColumnElement<string>;
  upper(expression: ColumnElement<string | null> | string): ColumnElement<string>;
  length(expression: ColumnElement<string | null> | string): ColumnElement<number>;
  char_length(expression: ColumnElement<string | null> | string): ColumnElement<number>;
  concat(...expressions: readonly unknown[]): ColumnElement<string>;
  now(): ColumnElement<Date>;
  current_timestamp(): ColumnElement<Date>;
}
type ToCount = { readonly c: object };
type AnyFunction = (...args: readonly unknown[]) => ColumnElement;

const FIXED_TYPES: Readonly<Record<string, SqlType>> = {
  count: INTEGER,
  lower: STRING,
  upper: STRING,
  length: INTEGER,
  char_length: INTEGER,
  concat: STRING,
  now: DATE_TIME,
  current_timestamp: DATE_TIME,
};
const TYPE_OF_FIRST_ARGUMENT: ReadonlySet<string> = new Set(["min", "max", "coalesce", "sum"]);

function functionType(name: string, args: readonly Node[]): SqlType {
  const fixed = FIXED_TYPES[name];
  if (fixed !== undefined) return fixed;
  const first = args[0];
  if (!TYPE_OF_FIRST_ARGUMENT.has(name) || !(first instanceof ColumnElement)) return NULL_TYPE;
  return first.type;
}

/**
 * Every SQL function by its name: `func.count()`, `func.lower(users.c.name)`, `func.anything(1, "a")`. Those that SQLAlchemy calls
 * generic have typed results; any other gives `unknown` until it is cast or labelled.
 */
export const func: GenericFunctions & Readonly<Record<string, AnyFunction>> = new Proxy(
  {} as GenericFunctions & Record<string, AnyFunction>,
  {
    get(_target, name) {
      if (typeof name !== "string") return undefined;
      return (...args: readonly unknown[]) => {
        const nodes = args.map((argument) => functionArgument(argument, name));
        return new FunctionElement(name, nodes, functionType(name, nodes));
      };
    },
  },
);

function functionArgument(argument: unknown, hint: string): Node {
  if (argument instanceof Node) return argument;
  if (hasToNode(argument)) return argument[TO_NODE]("column");
  return literalBind(argument, hint);
}
