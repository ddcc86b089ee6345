/**
 * The operators of the expression language as a table: how each is written, how tightly it binds, what its negation is. Adding an
 * operator is a row here and, where users call it as a method, a method of ColumnElement.
 */
export type BinaryOperator =
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  | "is"
  | "isNot"
  | "isDistinctFrom"
  | "isNotDistinctFrom"
  | "in"
  | "notIn"
  | "like"
  | "notLike"
  | "ilike"
  | "notIlike"
  | "between"
  | "notBetween"
  | "add"
  | "sub"
  | "mul"
  | "mod"
  | "concat"
  | "and"
  | "or"
  | "betweenAnd";

export type UnaryOperator = "not" | "negative" | "distinct" | "asc" | "desc" | "nullsFirst" | "nullsLast";

export interface OperatorInfo {
  readonly sql: string;
  /** Higher binds tighter. The numbers follow SQLAlchemy's, so that parentheses come out the same. */
  readonly precedence: number;
  /** True where `(a op b) op c` equals `a op (b op c)`, so that no parentheses are needed among equals. */
  readonly associative?: boolean;
  readonly comparison?: boolean;
  readonly negation?: BinaryOperator;
}

const comparison = (sql: string, negation: BinaryOperator): OperatorInfo => ({ sql, precedence: 5, comparison: true, negation });

export const BINARY_OPERATORS: { readonly [Name in BinaryOperator]: OperatorInfo } = {
  eq: comparison("=", "ne"),
  ne: comparison("!=", "eq"),
  lt: comparison("<", "ge"),
  le: comparison("<=", "gt"),
  gt: comparison(">", "le"),
  ge: comparison(">=", "lt"),
  is: comparison("IS", "isNot"),
  isNot: comparison("IS NOT", "is"),
  isDistinctFrom: comparison("IS DISTINCT FROM", "isNotDistinctFrom"),
  isNotDistinctFrom: comparison("IS NOT DISTINCT FROM", "isDistinctFrom"),
  in: comparison("IN", "notIn"),
  notIn: comparison("NOT IN", "in"),
  like: comparison("LIKE", "notLike"),
  notLike: comparison("NOT LIKE", "like"),
  ilike: comparison("ILIKE", "notIlike"),
  notIlike: comparison("NOT ILIKE", "ilike"),
  between: comparison("BETWEEN", "notBetween"),
  notBetween: comparison("NOT BETWEEN", "between"),
  betweenAnd: { sql: "AND", precedence: 5 },
  concat: { sql: "||", precedence: 6, associative: true },
  add: { sql: "+", precedence: 7, associative: true },
  sub: { sql: "-", precedence: 7 },
  mul: { sql: "*", precedence: 8, associative: true },
  mod: { sql: "%", precedence: 8 },
  and: { sql: "AND", precedence: 3, associative: true },
  or: { sql: "OR", precedence: 2, associative: true },
};

export const UNARY_OPERATORS: { readonly [Name in UnaryOperator]: { sql: string; precedence: number; postfix?: boolean } } = {
  not: { sql: "NOT ", precedence: 4 },
  negative: { sql: "-", precedence: 8 },
  distinct: { sql: "DISTINCT ", precedence: 4 },
  asc: { sql: " ASC", precedence: 3, postfix: true },
  desc: { sql: " DESC", precedence: 3, postfix: true },
  nullsFirst: { sql: " NULLS FIRST", precedence: 2, postfix: true },
  nullsLast: { sql: " NULLS LAST", precedence: 2, postfix: true },
};
