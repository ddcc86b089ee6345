/**
 * SQL that the program writes by hand: `text("… :name")` and the template `` sql`…` ``. Values in it are bound parameters, and nodes
 * in it are compiled like anywhere else. It can be a statement or a part of one.
 */
import type { ExecutionOptions } from "../executionOptions.ts";
import { NULL_TYPE, type SqlType } from "../../types/sqlType.ts";
import { BindParameter, ColumnElement, literalBind } from "./element.ts";
import { fields, hasToNode, keepExecutionOptions, Node, setExecutionOptions, TO_NODE, type Field } from "./node.ts";

export class TextClause<V = unknown> extends ColumnElement<V> {
  declare readonly selects?: readonly unknown[];
  declare readonly nullable?: never;
  override readonly kind = "text";
  /** The text before, between and after the parts: one more than there are parts. */
  readonly strings: readonly string[];
  readonly parts: readonly Node[];
  override readonly type: SqlType = NULL_TYPE;

  constructor(strings: readonly string[], parts: readonly Node[]) {
    super();
    this.strings = strings;
    this.parts = parts;
  }
  override get fields(): readonly Field[] {
    return TEXT_FIELDS;
  }
  /** The same statement with options of how it is run, added to those it has. SQLAlchemy: execution_options. */
  executionOptions(options: ExecutionOptions): TextClause<V> {
    return setExecutionOptions(keepExecutionOptions(this, new TextClause<V>(this.strings, this.parts)), options);
  }
}
const TEXT_FIELDS = fields("strings:atoms", "parts:nodes");

/** `:name`, but not `::type`, and `\:` for a colon as it is. */
const PARAMETER = /\\:|::|:([A-Za-z_]\w*)/g;

/**
 * SQL text with named parameters, as in SQLAlchemy. Their values are given when it is executed.
 *
 * @example
 * ```ts
 * connection.execute(text("SELECT name FROM users WHERE id = :id"), { id: 1 });
 * ```
 */
export function text(source: string): TextClause {
  const strings: string[] = [];
  const parts: Node[] = [];
  let current = "";
  let end = 0;
  for (const match of source.matchAll(PARAMETER)) {
    current += source.slice(end, match.index);
    end = match.index + match[0].length;
    const name = match[1];
    if (name === undefined) {
      current += match[0] === "\\:" ? ":" : match[0];
    } else {
      strings.push(current);
      current = "";
      parts.push(new BindParameter(name, undefined, NULL_TYPE, { unique: false, required: true }));
    }
  }
  strings.push(current + source.slice(end));
  return new TextClause(strings, parts);
}

/**
 * SQL text as a template: every interpolated value becomes a bound parameter, an interpolated column, table or statement is written
 * as SQL.
 *
 * @example
 * ```ts
 * connection.execute(sql`SELECT name FROM users WHERE id = ${1}`);
 * ```
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): TextClause {
  return new TextClause(
    strings,
    values.map((value) => (value instanceof Node ? value : hasToNode(value) ? value[TO_NODE]("from") : literalBind(value))),
  );
}
