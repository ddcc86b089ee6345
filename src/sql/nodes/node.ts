/**
 * The base of every node of the expression language. A node is immutable data; its class lists its parts once, in `fields`, and
 * that list drives the cache key, visiting, cloning and comparing (../traverse). How a node is written in SQL is in ../compile.
 */

import { ArgumentError } from "../../errors/base.ts";
import type { SqlDialect } from "../compile/dialect.ts";
import type { ExecutionOptions } from "../executionOptions.ts";

/** What a part is, and so how the traversals treat it. */
export type FieldRole =
  /** A child node, or null. */
  | "node"
  /** An array of child nodes. */
  | "nodes"
  /** A string, number, boolean or null that changes the SQL text. */
  | "atom"
  /** An array of atoms. */
  | "atoms"
  /** A SqlType. */
  | "type";

export interface Field {
  readonly name: string;
  readonly role: FieldRole;
}

/** Declares the parts of a node class: `fields("left:node", "operator:atom")`. */
export function fields(...declarations: `${string}:${FieldRole}`[]): readonly Field[] {
  return declarations.map((declaration) => {
    const [name, role] = declaration.split(":") as [string, FieldRole];
    return { name, role };
  });
}

/** Every kind of node; the compiler has exactly one renderer for each. */
export type NodeKind =
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
  | "text"
  | "scalarSelect"
  | "exists"
  | "table"
  | "alias"
  | "subquery"
  | "cte"
  | "join"
  | "entity"
  | "relationship"
  | "select"
  | "joinStep"
  | "compound"
  | "insert"
  | "update"
  | "delete"
  | "createTable"
  | "dropTable"
  | "createIndex"
  | "addConstraint"
  | "dropConstraint";

type SqlWriter = (node: Node, dialect: SqlDialect | null) => string;

/** Writes a node as SQL for people; set by the dialects (dialects/index.ts), which are a layer further down. */
let writeSql: SqlWriter | null = null;

/** @param writer takes null for standard SQL */
export function setSqlWriter(writer: SqlWriter): void {
  writeSql = writer;
}

/** The options of `compile()`. */
export interface CompileOptions {
  /** Default: standard SQL. */
  readonly dialect?: SqlDialect;
}

/** The text of a statement, as `compile()` gives it: `String(compiled)`. */
export class CompiledText {
  readonly string: string;

  constructor(text: string) {
    this.string = text;
  }

  toString(): string {
    return this.string;
  }
}

export abstract class Node {
  abstract readonly kind: NodeKind;
  /** The class's parts, in the order in which they are keyed and visited. */
  abstract get fields(): readonly Field[];
  /**
   * True for nodes that others refer to by identity (aliases, subqueries, CTEs): the cache key then says which one is meant, not only
   * what it looks like.
   */
  get hasIdentity(): boolean {
    return false;
  }
  /** How the statement asks to be run; null for what is no statement, or asks nothing. */
  declare readonly ownExecutionOptions: ExecutionOptions | null;
  /** The SQL, in the standard's words, with the names of parameters (`:id_1`) in place of their values. */
  toString(): string {
    return writeSql === null ? this.kind : writeSql(this, null);
  }

  /**
   * The SQL as a dialect writes it, with its placeholders in place of values: for reading, for scripts, and for whoever sends it by other means.
   * Executing a statement needs none of it. SQLAlchemy: compile.
   *
   * @param options `dialect`: that of an engine, or `makeUrl(…).getDialect()`
   * @throws ArgumentError for an option that does not exist, CompileError for what the dialect cannot write
   * @example
   * ```ts no-check
   * console.log(String(select(users.c.id).compile({ dialect: engine.dialect })));
   * ```
   */
  compile(options: CompileOptions = {}): CompiledText {
    const { dialect = null, ...rest } = options;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) throw new ArgumentError(`compile() has no option ${unknown}; it has dialect`);
    if (typeof (dialect as unknown) !== "object")
      throw new ArgumentError("compile() takes a dialect, such as engine.dialect or makeUrl(…).getDialect(), and not its name");
    return new CompiledText(writeSql === null ? this.kind : writeSql(this, dialect));
  }
}

// On the prototype, so that the thousands of nodes without options carry no field for them.
Object.defineProperty(Node.prototype, "ownExecutionOptions", { value: null });

/** A new statement made from another runs as that one asked to. */
export function keepExecutionOptions<T extends Node>(from: Pick<Node, "ownExecutionOptions">, made: T): T {
  return from.ownExecutionOptions === null ? made : setExecutionOptions(made, from.ownExecutionOptions);
}

/** For statements that nobody else has seen yet. */
export function setExecutionOptions<T extends Node>(made: T, options: ExecutionOptions): T {
  const value = Object.freeze({ ...made.ownExecutionOptions, ...options });
  return Object.defineProperty(made, "ownExecutionOptions", { value, configurable: true });
}

/**
 * Objects that are not nodes but stand for one answer this method: a mapped class is its entity, a Select in an expression is a
 * scalar subquery. `role` says what the place wants.
 */
export const TO_NODE: unique symbol = Symbol("athanor.toNode");

export type ClauseRole = "column" | "from" | "in" | "selectItem" | "joinTarget";

export interface ToNode {
  [TO_NODE](role: ClauseRole): Node;
}

export function hasToNode(value: unknown): value is ToNode {
  return (typeof value === "object" || typeof value === "function") && value !== null && TO_NODE in value;
}
