/**
 * How SELECT and set operations are written: columns with their labels, sources, conditions, ordering, paging.
 */
import { CompileError } from "../../errors/sql.ts";
import { ArgumentError } from "../../errors/base.ts";
import {
  BindParameter,
  Cast,
  Constant,
  FunctionElement,
  Label,
  LabelReference,
  UnaryExpression,
  type ColumnElement,
} from "../nodes/element.ts";
import type { DerivedColumn } from "../nodes/from.ts";
import type { FromClause } from "../nodes/from.ts";
import type { Node } from "../nodes/node.ts";
import { columnsOfItem, type CompoundSelect, type Select } from "../nodes/select.ts";
import type { Column } from "../schema/column.ts";
import type { Compiler } from "./compiler.ts";
import { condition } from "./element.ts";
import { membersOf, resolveSources, withClause } from "./from.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";
import type { ResultColumn } from "./plan.ts";

export const selectRenderers: {
  readonly [K in "select" | "compound" | "joinStep"]: (node: NodeOfKind[K], compiler: Compiler) => string;
} = {
  select: renderSelect,
  compound: renderCompound,
  joinStep: () => {
    throw new CompileError("A join of a select cannot be compiled by itself.");
  },
};

function renderSelect(select: Select, compiler: Compiler): string {
  const isOutermost = compiler.isOutermost;
  const { enclosing } = compiler.scope;
  const sources = correlate(resolveSources(select), enclosing);
  const visible = new Set(enclosing);
  for (const source of sources) for (const member of membersOf(source)) visible.add(member);
  const text = compiler.within({ enclosing: visible, unqualified: false }, () => {
    const columns = renderColumns(select, compiler, isOutermost);
    let body = `SELECT ${select.isDistinct ? "DISTINCT " : ""}${columns}`;
    // A source in FROM is no scalar subquery: it does not see what stands beside it.
    if (sources.length > 0) body += ` FROM ${compiler.within({ isNested: false }, () => compiler.renderAll(sources))}`;
    return body + renderClauses(select, compiler);
  });
  return isOutermost ? withClause(compiler) + text : text;
}

function renderClauses(select: Select, compiler: Compiler): string {
  return compiler.within({ isNested: false }, () => {
    let text = "";
    if (select.criteria.length > 0) text += ` WHERE ${conditions(select.criteria, compiler)}`;
    if (select.groups.length > 0) text += ` GROUP BY ${orderings(select.groups, select, compiler)}`;
    if (select.havings.length > 0) text += ` HAVING ${conditions(select.havings, compiler)}`;
    if (select.orderings.length > 0) text += ` ORDER BY ${orderings(select.orderings, select, compiler)}`;
    text += limitClause(select.limitClause, select.offsetClause, compiler);
    if (select.lock !== null && compiler.dialect.features.forUpdate) text += ` ${select.lock}`;
    return text;
  });
}

/** Conditions that must all hold. */
export function conditions(nodes: readonly Node[], compiler: Compiler): string {
  const needed = nodes.filter((node) => !(node instanceof Constant && node.constant === "true"));
  if (needed.length <= 1) return condition(needed[0] ?? nodes[0]!, compiler);
  return needed
    .flatMap((node) =>
      node.kind === "booleanList" && (node as NodeOfKind["booleanList"]).operator === "and"
        ? (node as NodeOfKind["booleanList"]).clauses
        : [node],
    )
    .map((node) => {
      const text = condition(node, compiler);
      return node.kind === "booleanList" || node.kind === "exists" || node.kind === "text" ? `(${text})` : text;
    })
    .join(" AND ");
}

/** Takes away the sources that an enclosing select has: those are what the subquery refers to. */
function correlate(
  sources: readonly FromClause<unknown>[],
  enclosing: ReadonlySet<FromClause<unknown>>,
): readonly FromClause<unknown>[] {
  if (enclosing.size === 0) return sources;
  const own = sources.filter((source) => !enclosing.has(source));
  return own.length === 0 ? sources : own;
}

/** The columns with their labels; for the outermost select also what its rows consist of. */
function renderColumns(select: Select, compiler: Compiler, isOutermost: boolean): string {
  if (select.items.length === 0) throw new ArgumentError("The select has no columns. Give select() at least one.");
  if (compiler.scope.isNested) {
    return select
      .exportedColumns()
      .map(({ name, element }) => withLabel(element, name, compiler))
      .join(", ");
  }
  const columns = select.items.flatMap(columnsOfItem);
  const labels = new LabelWriter(compiler);
  const results: ResultColumn[] = [];
  const text = columns
    .map((column) => {
      const { sql, name } = labels.write(column);
      results.push({ name, type: column.type, expression: column });
      return sql;
    })
    .join(", ");
  if (isOutermost) compiler.resultColumns = results;
  return text;
}

/** Gives the columns of a select names that differ: `id`, `id_1` for another column of that name, `id__1` for the same once more. */
export class LabelWriter {
  readonly #compiler: Compiler;
  readonly #taken = new Map<string, ColumnElement>();

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  write(column: ColumnElement): { readonly sql: string; readonly name: string } {
    const compiler = this.#compiler;
    if (column instanceof Label) {
      this.#taken.set(column.name, column);
      return { sql: withLabel(column.element, column.name, compiler), name: column.name };
    }
    if (column instanceof Constant && column.constant === "literal") return { sql: selected(column, compiler), name: column.sql };
    if (column.kind === "text") return { sql: compiler.render(column), name: compiler.anonymousName("anon") };
    const natural = naturalName(column);
    if (natural === null) {
      const label = compiler.anonymousName(column instanceof FunctionElement ? column.name.replaceAll(/\W/g, "_") : "anon");
      return { sql: withLabel(column, label, compiler), name: label };
    }
    const isPlain = column.kind === "column" || column.kind === "derivedColumn";
    const holder = this.#taken.get(natural.name);
    if (holder === undefined) {
      this.#taken.set(natural.name, column);
      return isPlain
        ? { sql: compiler.render(column), name: natural.key }
        : { sql: withLabel(column, natural.name, compiler), name: natural.key };
    }
    const label = compiler.anonymousName(
      holder === column || naturalSource(holder) === naturalSource(column) ? `${natural.name}_` : natural.name,
    );
    return { sql: withLabel(column, label, compiler), name: label };
  }
}

/** The name a column brings along: its own, or that of the column under a CAST. */
function naturalName(column: ColumnElement): { readonly name: string; readonly key: string } | null {
  if (column.kind === "column" || column.kind === "derivedColumn") return column as Column | DerivedColumn;
  if (column instanceof Cast) return naturalName(column.element as ColumnElement);
  return null;
}

function naturalSource(column: ColumnElement): ColumnElement {
  return column instanceof Cast ? naturalSource(column.element as ColumnElement) : column;
}

function withLabel(element: ColumnElement, name: string, compiler: Compiler): string {
  const inner = element instanceof Label ? element.element : element;
  return `${selected(inner, compiler)} AS ${compiler.quote(name)}`;
}

/** A parameter in the list of columns has nothing beside it to take its type from. */
function selected(element: ColumnElement, compiler: Compiler): string {
  return compiler.within({ isNested: false }, () =>
    element instanceof BindParameter ? compiler.bind(element, { typed: true }) : compiler.render(element),
  );
}

/** ORDER BY and GROUP BY: names and labels stand for what the select gives under them. */
function orderings(nodes: readonly Node[], select: Select | CompoundSelect, compiler: Compiler): string {
  return nodes.map((node) => compiler.render(resolveOrdering(node, select))).join(", ");
}

/** An expression that is selected under a label is written as the label; a string names a label, else a column of the select. */
function resolveOrdering(node: Node, select: Select | CompoundSelect): Node {
  if (node instanceof UnaryExpression) {
    const element = resolveOrdering(node.element, select);
    return element === node.element ? node : new UnaryExpression(node.operator, element, node.type);
  }
  if (node instanceof Label) {
    return select.kind === "select" && select.items.includes(node) ? new LabelReference(node.name) : node;
  }
  if (!(node instanceof LabelReference)) return node;
  const exported = select.exportedColumns();
  const found = exported.find((column) => column.key === node.name || column.name === node.name);
  if (found === undefined) {
    throw new ArgumentError(
      `${JSON.stringify(node.name)} is no label or column of the select; it has ${exported.map((column) => column.key).join(", ")}. For SQL text use text() or literalColumn().`,
    );
  }
  return found.element instanceof Label || select.kind === "compound" ? new LabelReference(found.name) : found.element;
}

function renderCompound(compound: CompoundSelect, compiler: Compiler): string {
  const isOutermost = compiler.isOutermost;
  const [first] = compound.members;
  const text = compound.members
    .map((member) => {
      const inner = compiler.render(member);
      const hasTail =
        member.kind === "compound" ||
        (member as Select).orderings.length > 0 ||
        (member as Select).limitClause !== null ||
        (member as Select).offsetClause !== null;
      return hasTail ? `(${inner})` : inner;
    })
    .join(` ${compound.operator} `);
  if (isOutermost) {
    compiler.resultColumns = first!
      .exportedColumns()
      .map(({ key, element }) => ({ name: key, type: element.type, expression: element }));
  }
  const tail = compiler.within({ isNested: false }, () => {
    const order = compound.orderings.length === 0 ? "" : ` ORDER BY ${orderings(compound.orderings, compound, compiler)}`;
    return order + limitClause(compound.limitClause, compound.offsetClause, compiler);
  });
  return (isOutermost ? withClause(compiler) : "") + text + tail;
}

/** LIMIT and OFFSET in the dialect's style. */
function limitClause(limit: Node | null, offset: Node | null, compiler: Compiler): string {
  if (limit === null && offset === null) return "";
  const write = (node: Node | null, otherwise: string): string => (node === null ? otherwise : compiler.render(node));
  switch (compiler.dialect.features.limitStyle) {
    case "limit-minus-one":
      return ` LIMIT ${write(limit, "-1")} OFFSET ${write(offset, "0")}`;
    case "limit-comma":
      if (offset === null) return ` LIMIT ${write(limit, "")}`;
      return ` LIMIT ${write(offset, "")}, ${write(limit, "18446744073709551615")}`;
    case "limit-all":
      return ` LIMIT ${write(limit, "ALL")}${offset === null ? "" : ` OFFSET ${write(offset, "")}`}`;
    case "limit-offset":
      return ` LIMIT ${write(limit, "-1")}${offset === null ? "" : ` OFFSET ${write(offset, "")}`}`;
  }
}
