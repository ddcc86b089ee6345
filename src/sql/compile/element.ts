/**
 * How column expressions are written. Parentheses follow from the operators' table: an operand gets them when it binds no tighter than
 * what it stands in.
 */
import { CompileError } from "../../errors/sql.ts";
import { BindParameter, type BinaryExpression, type BooleanClauseList, type UnaryExpression } from "../nodes/element.ts";
import type { Node } from "../nodes/node.ts";
import { BINARY_OPERATORS, UNARY_OPERATORS, type BinaryOperator } from "../nodes/operators.ts";
import { BOOLEAN, STRING } from "../../types/sqlType.ts";
import type { Compiler } from "./compiler.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";
import { joinTextParts } from "./text.ts";

type ElementKind =
  | "column"
  | "derivedColumn"
  | "bind"
  | "binary"
  | "unary"
  | "booleanList"
  | "expressionList"
  | "label"
  | "labelReference"
  | "function"
  | "case"
  | "cast"
  | "constant"
  | "text";

/** How tightly a node binds as an operand; what is closed in itself binds tightest. */
const CLOSED = 100;
/** EXISTS (…) is put in parentheses wherever an operator takes it. */
const LOOSEST = 0;

export function precedenceOf(node: Node): number {
  switch (node.kind) {
    case "binary":
      return BINARY_OPERATORS[(node as BinaryExpression).operator].precedence;
    case "booleanList":
      return BINARY_OPERATORS[(node as BooleanClauseList).operator].precedence;
    case "unary":
      return UNARY_OPERATORS[(node as UnaryExpression).operator].precedence;
    case "exists":
    case "text":
      return LOOSEST;
    default:
      return CLOSED;
  }
}

/** An operand of a binary operator, in parentheses if it needs them. */
function operandOf(node: Node, operator: BinaryOperator, compiler: Compiler, typed = false): string {
  const text = node instanceof BindParameter ? compiler.bind(node, { typed }) : compiler.render(node);
  const { precedence, associative } = BINARY_OPERATORS[operator];
  const own =
    node.kind === "binary"
      ? (node as BinaryExpression).operator
      : node.kind === "booleanList"
        ? (node as BooleanClauseList).operator
        : null;
  // The two ends of a BETWEEN are no operand, and no database takes parentheses around them.
  if (own === "betweenAnd" || (own === operator && associative === true)) return text;
  return precedenceOf(node) <= precedence ? `(${text})` : text;
}

/** A condition as WHERE and AND take it: databases without booleans want a comparison even of a column that holds one. */
export function condition(node: Node, compiler: Compiler): string {
  if (compiler.dialect.features.nativeBoolean) return compiler.render(node);
  if (isBooleanValue(node)) return `${compiler.render(node)} = ${compiler.dialect.literal(true, BOOLEAN)}`;
  if (node.kind === "constant") {
    const { constant } = node as NodeOfKind["constant"];
    if (constant === "true") return "1 = 1";
    if (constant === "false") return "0 = 1";
  }
  return compiler.render(node);
}

function isBooleanValue(node: Node): boolean {
  return (node.kind === "column" || node.kind === "derivedColumn") && (node as NodeOfKind["column"]).type.kind === "boolean";
}

function renderBinary(node: BinaryExpression, compiler: Compiler): string {
  const { operator, left, right } = node;
  const { features } = compiler.dialect;
  switch (operator) {
    case "in":
    case "notIn":
      return renderMembership(node, compiler);
    case "ilike":
    case "notIlike":
      if (!features.ilike) {
        const keyword = operator === "ilike" ? "LIKE" : "NOT LIKE";
        return `lower(${compiler.render(left)}) ${keyword} lower(${compiler.render(right)})${escapeClause(node, compiler)}`;
      }
      break;
    case "isDistinctFrom":
    case "isNotDistinctFrom":
      return renderDistinctFrom(node, compiler);
    case "concat":
      if (features.concatenation === "concat()")
        return `concat(${concatOperands(node)
          .map((part) => compiler.render(part))
          .join(", ")})`;
      break;
    default:
  }
  // Two parameters tell the server nothing about each other's type.
  const typed = left instanceof BindParameter && right instanceof BindParameter;
  const text = `${operandOf(left, operator, compiler, typed)} ${BINARY_OPERATORS[operator].sql} ${operandOf(right, operator, compiler, typed)}`;
  return text + escapeClause(node, compiler);
}

function escapeClause(node: BinaryExpression, compiler: Compiler): string {
  return node.escape === null ? "" : ` ESCAPE ${compiler.dialect.literal(node.escape, STRING)}`;
}

function concatOperands(node: Node): readonly Node[] {
  if (node.kind !== "binary" || (node as BinaryExpression).operator !== "concat") return [node];
  const { left, right } = node as BinaryExpression;
  return [...concatOperands(left), ...concatOperands(right)];
}

/** NOT IN is closed in parentheses because the form for an empty list holds an OR. */
function renderMembership(node: BinaryExpression, compiler: Compiler): string {
  const isNegated = node.operator === "notIn";
  const left = operandOf(node.left, node.operator, compiler);
  const right =
    node.right instanceof BindParameter
      ? `(${compiler.bind(node.right, { whenEmpty: emptyList(isNegated, compiler) })})`
      : `(${compiler.within({ isNested: false }, () => compiler.render(node.right))})`;
  return isNegated ? `(${left} NOT IN ${right})` : `${left} IN ${right}`;
}

/** What stands between the parentheses of an IN without values; it closes them itself to add a condition. */
function emptyList(isNegated: boolean, compiler: Compiler): string {
  if (compiler.dialect.features.emptyIn === "empty-select") return "SELECT 1 FROM (SELECT 1) WHERE 1!=1";
  return isNegated ? "NULL) OR (1 = 1" : "NULL) AND (1 != 1";
}

function renderDistinctFrom(node: BinaryExpression, compiler: Compiler): string {
  const isNegated = node.operator === "isNotDistinctFrom";
  const left = operandOf(node.left, node.operator, compiler);
  const right = operandOf(node.right, node.operator, compiler);
  switch (compiler.dialect.features.isDistinctFrom) {
    case "standard":
      return `${left} ${BINARY_OPERATORS[node.operator].sql} ${right}`;
    case "is-not":
      return `${left} ${isNegated ? "IS" : "IS NOT"} ${right}`;
    case "null-safe-equal":
      return isNegated ? `${left} <=> ${right}` : `NOT (${left} <=> ${right})`;
  }
}

function renderUnary(node: UnaryExpression, compiler: Compiler): string {
  const { sql, precedence, postfix } = UNARY_OPERATORS[node.operator];
  if (node.operator === "not" && !compiler.dialect.features.nativeBoolean && isBooleanValue(node.element)) {
    return `${compiler.render(node.element)} = ${compiler.dialect.literal(false, BOOLEAN)}`;
  }
  const text = compiler.render(node.element);
  const isOrdering =
    node.element.kind === "unary" && UNARY_OPERATORS[(node.element as UnaryExpression).operator].postfix === true;
  const element = !isOrdering && precedenceOf(node.element) <= precedence ? `(${text})` : text;
  return postfix === true ? `${element}${sql}` : `${sql}${element}`;
}

/** Arguments of functions and branches of CASE: a parameter there has nothing beside it to take its type from. */
function typedArgument(node: Node, compiler: Compiler): string {
  return node instanceof BindParameter ? compiler.bind(node, { typed: true }) : compiler.render(node);
}

export const elementRenderers: { readonly [K in ElementKind]: (node: NodeOfKind[K], compiler: Compiler) => string } = {
  column: (node, compiler) =>
    compiler.scope.unqualified ? compiler.quote(node.name) : `${compiler.tableName(node.table)}.${compiler.quote(node.name)}`,
  derivedColumn: (node, compiler) =>
    `${compiler.quote(compiler.nameOf(node.from as NodeOfKind["alias"]))}.${compiler.quote(node.name)}`,
  bind: (node, compiler) => compiler.bind(node),
  binary: renderBinary,
  unary: renderUnary,
  booleanList: (node, compiler) =>
    node.clauses
      .map((clause) => {
        const text = condition(clause, compiler);
        return precedenceOf(clause) <= BINARY_OPERATORS[node.operator].precedence ? `(${text})` : text;
      })
      .join(` ${BINARY_OPERATORS[node.operator].sql} `),
  expressionList: (node, compiler) => `(${compiler.renderAll(node.clauses)})`,
  label: (node, compiler) => compiler.render(node.element),
  labelReference: (node, compiler) => compiler.quote(node.name),
  function: (node, compiler) => {
    const name = compiler.dialect.functionName(node.name);
    if (NILADIC.has(name.toUpperCase()) && node.args.length === 0) return name.toUpperCase();
    const args =
      node.name === "count" && node.args.length === 0
        ? "*"
        : node.args.map((argument) => typedArgument(argument, compiler)).join(", ");
    return `${functionIdentifier(name, compiler)}(${args})`;
  },
  case: (node, compiler) => {
    let text = node.value === null ? "CASE" : `CASE ${compiler.render(node.value)}`;
    for (let index = 0; index < node.whens.length; index += 2) {
      const when = node.value === null ? condition(node.whens[index]!, compiler) : compiler.render(node.whens[index]!);
      text += ` WHEN ${when} THEN ${typedArgument(node.whens[index + 1]!, compiler)}`;
    }
    return node.otherwise === null ? `${text} END` : `${text} ELSE ${typedArgument(node.otherwise, compiler)} END`;
  },
  cast: (node, compiler) => `CAST(${compiler.render(node.element)} AS ${compiler.dialect.typeName(node.type, "cast")})`,
  constant: (node, compiler) => {
    switch (node.constant) {
      case "null":
        return "NULL";
      case "true":
        return compiler.dialect.literal(true, BOOLEAN);
      case "false":
        return compiler.dialect.literal(false, BOOLEAN);
      case "literal":
        return compiler.verbatim(node.sql);
    }
  },
  text: (node, compiler) => joinTextParts(node, compiler),
};

/** Functions that standard SQL writes without parentheses. */
const NILADIC: ReadonlySet<string> = new Set([
  "CURRENT_DATE",
  "CURRENT_TIME",
  "CURRENT_TIMESTAMP",
  "CURRENT_USER",
  "SESSION_USER",
  "USER",
]);

/** A function's name is written as given when it is a plain word; packages have dots. */
function functionIdentifier(name: string, compiler: Compiler): string {
  return name
    .split(".")
    .map((part) => {
      if (part === "") throw new CompileError(`${JSON.stringify(name)} is no name of a function.`);
      return /^[A-Za-z_]\w*$/.test(part) ? part : compiler.quote(part);
    })
    .join(".");
}
