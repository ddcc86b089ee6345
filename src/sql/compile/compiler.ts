/**
 * Turns a statement into SQL text with holes for its parameters. The compiler keeps what one compilation needs (names given, slots,
 * CTEs met, which sources enclosing selects have); how each kind of node is written stands in the renderer files beside this one.
 */
import { CompileError } from "../../errors/sql.ts";
import type { SqlType } from "../../types/sqlType.ts";
import type { BindParameter } from "../nodes/element.ts";
import type { Cte, FromClause } from "../nodes/from.ts";
import type { Node } from "../nodes/node.ts";
import type { NodeKind } from "../nodes/node.ts";
import { cacheKey } from "../traverse/cacheKey.ts";
import type { Table } from "../schema/table.ts";
import {
  Compiled,
  writeTemplate,
  type DmlColumns,
  type InsertShape,
  type ParameterSlot,
  type SqlTemplate,
  type ValueSource,
} from "./compiled.ts";
import { ddlRenderers } from "./ddl.ts";
import type { SqlDialect } from "./dialect.ts";
import { dmlRenderers } from "./dml.ts";
import { elementRenderers } from "./element.ts";
import { fromRenderers } from "./from.ts";
import { HOLE, hole } from "./hole.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";
import type { ResultColumn, StatementKind } from "./plan.ts";
import { fillSchemas, schemaHole, schemaPrefixes } from "./schemaNames.ts";
import { selectRenderers } from "./select.ts";

/** One renderer for each kind of node: a kind without one does not type-check. */
const renderers: { readonly [K in NodeKind]: (node: NodeOfKind[K], compiler: Compiler) => string } = {
  ...elementRenderers,
  ...fromRenderers,
  ...selectRenderers,
  ...dmlRenderers,
  ...ddlRenderers,
};

/** Where the SQL being written stands, for what is written differently there. */
export interface Scope {
  /** What enclosing selects select from: a subquery that names one of these refers to it. */
  readonly enclosing: ReadonlySet<FromClause<unknown>>;
  /** True in a select whose columns are seen from outside under their names (subquery, CTE), so that each is given its name. */
  readonly isNested: boolean;
  /** True where columns are written without their table (RETURNING on SQLite, DDL). */
  readonly unqualified: boolean;
}

const TOP: Scope = { enclosing: new Set(), isNested: false, unqualified: false };

/** Compiles a statement; `binds` are the parameters as its cache key lists them. */
export function compile(
  statement: Node,
  dialect: SqlDialect,
  binds: readonly BindParameter[] = cacheKey(statement).binds,
): Compiled {
  return new Compiler(dialect, binds).compile(statement);
}

/** The SQL of any node, a statement or a part of one, for people to read. */
export function stringify(node: Node, dialect: SqlDialect): string {
  const { binds } = cacheKey(node);
  const compiler = new Compiler(dialect, binds);
  const marked = compiler.template(compiler.render(node));
  const template = fillSchemas(marked, schemaPrefixes(compiler.schemas, null, dialect));
  const counts = compiler.slots.map(({ source }) => {
    const value = source.from === "statement" ? binds[source.index]!.value : null;
    return Array.isArray(value) ? value.length : 1;
  });
  return writeTemplate(template, compiler.slots, dialect, counts, { position: 1 });
}

export class Compiler {
  readonly dialect: SqlDialect;
  scope: Scope = TOP;
  /** Set by the outermost statement: what its rows consist of. */
  resultColumns: readonly ResultColumn[] | null = null;
  insertShape: InsertShape | null = null;
  written: DmlColumns | null = null;
  readonly ctes = new Map<string, { readonly cte: Cte<unknown>; text: string }>();
  readonly slots: ParameterSlot[] = [];
  /** The schemas of the tables met, each with a hole of its own. */
  readonly schemas: (string | null)[] = [];
  readonly #slotOfBind = new Map<BindParameter, number>();
  readonly #bindIndex: ReadonlyMap<BindParameter, number>;
  readonly #counters = new Map<string, number>();
  readonly #names = new Map<Node, string>();
  #depth = 0;

  constructor(dialect: SqlDialect, binds: readonly BindParameter[]) {
    this.dialect = dialect;
    this.#bindIndex = new Map(binds.map((bind, index) => [bind, index]));
  }

  compile(statement: Node): Compiled {
    const text = this.render(statement);
    return new Compiled(this.dialect, {
      kind: statementKind(statement),
      template: this.template(text),
      slots: this.slots,
      columns: this.resultColumns,
      insert: this.insertShape,
      written: this.written,
      schemas: this.schemas,
    });
  }

  /** The SQL of one node. */
  render(node: Node): string {
    const renderer = renderers[node.kind] as (node: Node, compiler: Compiler) => string;
    this.#depth++;
    const text = renderer(node, this);
    this.#depth--;
    return text;
  }
  renderAll(nodes: readonly Node[], separator = ", "): string {
    return nodes.map((node) => this.render(node)).join(separator);
  }
  /** True while the outermost statement itself is being written. */
  get isOutermost(): boolean {
    return this.#depth === 1;
  }
  /** Runs `write` with another scope. */
  within<T>(scope: Partial<Scope>, write: () => T): T {
    const outer = this.scope;
    this.scope = { ...outer, ...scope };
    try {
      return write();
    } finally {
      this.scope = outer;
    }
  }

  quote(name: string): string {
    if (name.includes(HOLE)) throw new CompileError("An identifier must not contain the character NUL.");
    return this.dialect.quoteIdentifier(name);
  }
  tableName(table: Table): string {
    return this.qualified(table.schema, table.name);
  }
  /** A name with its schema, for which it leaves a hole: which one it is may only be known when the statement is executed. */
  qualified(schema: string | null, name: string): string {
    let position = this.schemas.indexOf(schema);
    if (position === -1) position = this.schemas.push(schema) - 1;
    return hole(schemaHole(position)) + this.quote(name);
  }
  /** SQL that a program wrote by hand, checked for the one character that it cannot contain. */
  verbatim(sql: string): string {
    if (sql.includes(HOLE)) throw new CompileError("SQL text must not contain the character NUL.");
    return sql;
  }
  /** The next name that starts so: `anon_1`, `anon_2` … */
  anonymousName(hint: string): string {
    const count = (this.#counters.get(hint) ?? 0) + 1;
    this.#counters.set(hint, count);
    return `${hint}_${count}`;
  }
  /** The name of an alias or subquery: its own, or one made up when it is first met. */
  nameOf(node: FromClause<unknown> & { readonly name: string | null }): string {
    if (node.name !== null) return node.name;
    let name = this.#names.get(node);
    if (name === undefined) {
      name = this.anonymousName(node.nameHint);
      this.#names.set(node, name);
    }
    return name;
  }

  /** The hole for a bound parameter. `typed` where nothing around it tells the server the type. */
  bind(parameter: BindParameter, options: { readonly typed?: boolean; readonly whenEmpty?: string } = {}): string {
    const cast = options.typed === true ? this.dialect.placeholderCast(parameter.type) : "";
    const known = this.#slotOfBind.get(parameter);
    if (known !== undefined && this.slots[known]!.cast === cast) return hole(known);
    const name = parameter.unique ? this.anonymousName(parameter.name.replaceAll(/\W/g, "_")) : parameter.name;
    const number = this.slot(name, this.#sourceOf(parameter), parameter.type, cast, options.whenEmpty);
    this.#slotOfBind.set(parameter, number);
    return hole(number);
  }
  /** Adds a slot, for a value that is no part of the statement (defaults). */
  slot(name: string, source: ValueSource, type: SqlType, cast = "", whenEmpty?: string): number {
    const expanding = whenEmpty === undefined ? null : { whenEmpty };
    this.slots.push({ name, source, type, convert: this.dialect.bindConverter(type), expanding, cast });
    return this.slots.length - 1;
  }
  #sourceOf(parameter: BindParameter): ValueSource {
    const index = this.#bindIndex.get(parameter);
    if (!parameter.unique)
      return { from: "parameters", name: parameter.name, otherwise: parameter.required ? null : (index ?? null) };
    return index === undefined ? { from: "constant", value: parameter.value } : { from: "statement", index };
  }

  /** Text with marked holes, taken apart. */
  template(text: string): SqlTemplate {
    const pieces = text.split(HOLE);
    return {
      strings: pieces.filter((_piece, index) => index % 2 === 0),
      slots: pieces.filter((_piece, index) => index % 2 === 1).map(Number),
    };
  }
}

function statementKind(statement: Node): StatementKind {
  switch (statement.kind) {
    case "select":
    case "compound":
      return "select";
    case "insert":
    case "update":
    case "delete":
    case "text":
      return statement.kind;
    case "createTable":
    case "dropTable":
    case "createIndex":
    case "addConstraint":
    case "dropConstraint":
      return "ddl";
    default:
      throw new CompileError(`A ${statement.kind} is no statement that can be executed by itself.`);
  }
}
