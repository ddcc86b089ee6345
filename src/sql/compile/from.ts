/**
 * How what stands in FROM is written, and how the sources and joins of a select are found from its columns and conditions.
 */
import { AmbiguousForeignKeysError, CompileError, NoForeignKeysError } from "../../errors/sql.ts";
import { ArgumentError } from "../../errors/base.ts";
import { BinaryExpression, BooleanClauseList } from "../nodes/element.ts";
import type { EntityClause } from "../nodes/from.ts";
import { Alias, DerivedColumn, FromClause, Join, selectableOf, type Cte } from "../nodes/from.ts";
import type { Node } from "../nodes/node.ts";
import type { Column } from "../schema/column.ts";
import type { Table } from "../schema/table.ts";
import { childrenOf } from "../traverse/visit.ts";
import { BOOLEAN } from "../../types/sqlType.ts";
import { condition } from "./element.ts";
import type { Compiler } from "./compiler.ts";
import type { NodeOfKind } from "./nodeOfKind.ts";

type FromKind = "table" | "alias" | "subquery" | "cte" | "join" | "entity" | "relationship" | "scalarSelect" | "exists";
type Source = FromClause<unknown>;

/** The text in a FROM list: with AS, where a column would only name the source. */
export const fromRenderers: { readonly [K in FromKind]: (node: NodeOfKind[K], compiler: Compiler) => string } = {
  table: (node, compiler) => compiler.tableName(node),
  alias: (node, compiler) => {
    const element = node.element;
    const inner = element.kind === "cte" ? cteReference(element as Cte<unknown>, compiler) : compiler.render(element);
    return `${inner} AS ${compiler.quote(compiler.nameOf(node))}`;
  },
  subquery: (node, compiler) => {
    const text = compiler.within({ isNested: true, enclosing: new Set() }, () => compiler.render(node.element));
    return `(${text}) AS ${compiler.quote(compiler.nameOf(node))}`;
  },
  cte: cteReference,
  join: (node, compiler) => {
    const { features } = compiler.dialect;
    if (node.joinType === "full" && !features.fullOuterJoin)
      throw new CompileError(`${compiler.dialect.name} has no FULL OUTER JOIN.`);
    const keyword =
      node.joinType === "inner" ? features.innerJoinKeyword : node.joinType === "left" ? "LEFT OUTER JOIN" : "FULL OUTER JOIN";
    const right = node.right instanceof Join ? `(${compiler.render(node.right)})` : compiler.render(node.right);
    return `${compiler.render(node.left)} ${keyword} ${right} ON ${condition(node.on ?? joinCondition(node.left, node.right), compiler)}`;
  },
  entity: (node, compiler) => compiler.render(node.selectable),
  relationship: () => {
    throw new CompileError(
      "A relationship stands in a statement that a plain connection executes. Execute the statement with a session, or join the tables.",
    );
  },
  scalarSelect: (node, compiler) => `(${compiler.within({ isNested: false }, () => compiler.render(node.element))})`,
  exists: (node, compiler) => `EXISTS (${compiler.within({ isNested: false }, () => compiler.render(node.element))})`,
};

/** The name of a CTE; its text is written once, in the WITH of the outermost statement. */
function cteReference(cte: Cte<unknown>, compiler: Compiler): string {
  const known = compiler.ctes.get(cte.name);
  // The recursive part refers to the CTE as it was before that part was added; both are the one CTE.
  const isSame = known !== undefined && (known.cte === cte || known.cte.restates === cte || cte.restates === known.cte);
  if (known !== undefined && !isSame) throw new CompileError(`Two different CTEs are called ${cte.name}.`);
  if (known === undefined) {
    const entry = { cte, text: "" };
    compiler.ctes.set(cte.name, entry);
    const inner = compiler.within({ isNested: true, enclosing: new Set() }, () => compiler.render(cte.element));
    const columns = cte.recursive
      ? `(${cte.columnList.map((column) => compiler.quote((column as DerivedColumn).name)).join(", ")})`
      : "";
    entry.text = `${compiler.quote(cte.name)}${columns} AS (${inner})`;
    // A CTE that this one needs was met later and finished earlier; it has to stand before.
    compiler.ctes.delete(cte.name);
    compiler.ctes.set(cte.name, entry);
  }
  return compiler.quote(cte.name);
}

/** `WITH …` for the statement, with a blank behind it; "" where there are no CTEs. */
export function withClause(compiler: Compiler): string {
  if (compiler.ctes.size === 0) return "";
  const entries = [...compiler.ctes.values()];
  return `WITH ${entries.some(({ cte }) => cte.recursive) ? "RECURSIVE " : ""}${entries.map(({ text }) => text).join(", ")} `;
}

/** What an expression takes its columns from; subqueries in it are closed. */
export function sourcesOf(node: Node, into: Set<Source> = new Set()): Set<Source> {
  switch (node.kind) {
    case "column":
      into.add((node as Column).table);
      break;
    case "derivedColumn":
      into.add((node as DerivedColumn).from);
      break;
    case "scalarSelect":
    case "exists":
    case "select":
    case "compound":
      break;
    case "entity":
      into.add((node as EntityClause).selectable);
      break;
    default:
      if (node instanceof FromClause) into.add(node as Source);
      else for (const child of childrenOf(node)) sourcesOf(child, into);
  }
  return into;
}

/** The sources inside a join, and the join itself; of anything else, it. */
export function membersOf(source: Source, into: Set<Source> = new Set()): Set<Source> {
  into.add(source);
  if (source instanceof Join) {
    membersOf(source.left, into);
    membersOf(source.right, into);
  }
  return into;
}

/** What a select selects from, joins put together: named sources first, then those of its columns, then those of its conditions. */
export function resolveSources(select: NodeOfKind["select"]): readonly Source[] {
  const joined = new Set<Source>();
  for (const step of select.joins) membersOf(selectableOf(step.target), joined);
  const sources: Source[] = select.froms.map(selectableOf);
  const covered = new Set<Source>();
  for (const source of sources) membersOf(source, covered);
  const add = (nodes: readonly Node[], skip: ReadonlySet<Source>): void => {
    for (const node of nodes) {
      for (const source of sourcesOf(node)) {
        if (covered.has(source) || skip.has(source)) continue;
        membersOf(source, covered);
        sources.push(source);
      }
    }
  };
  add(select.items, joined);
  for (const step of select.joins) {
    const target = selectableOf(step.target);
    if (sources.length === 0) add(select.criteria, joined);
    const position = leftSide(sources, target, step.on);
    sources[position] = new Join(sources[position]!, target, step.on ?? joinCondition(sources[position]!, target), step.joinType);
    membersOf(target, covered);
  }
  add(select.criteria, new Set());
  return sources;
}

/** Which of several sources a join continues. */
function leftSide(sources: readonly Source[], target: Source, on: Node | null): number {
  if (sources.length === 0) {
    throw new ArgumentError(
      `Nothing to join ${target.nameHint} to: the select takes nothing from a table. Name the left side with selectFrom().`,
    );
  }
  if (sources.length === 1) return 0;
  const mentioned = on === null ? null : sourcesOf(on);
  const candidates = sources.flatMap((source, position) => {
    const members = membersOf(source);
    const fits = mentioned === null ? links(source, target).length > 0 : [...mentioned].some((one) => members.has(one));
    return fits ? [position] : [];
  });
  if (candidates.length === 1) return candidates[0]!;
  if (on !== null) return candidates[0] ?? 0;
  const names = sources.map((source) => source.nameHint).join(", ");
  if (candidates.length === 0)
    throw new NoForeignKeysError(`No foreign key links ${target.nameHint} to any of ${names}. Give join() a condition.`);
  throw new AmbiguousForeignKeysError(
    `${target.nameHint} can be joined to several of ${names}. Name the left side with selectFrom(), or give join() a condition.`,
  );
}

/** One foreign key between two sources, as columns of those sources. */
type Link = readonly { readonly left: Node; readonly right: Node }[];

/** The ON condition that follows from the foreign keys between two sources. */
export function joinCondition(left: Source, right: Source): Node {
  const found = links(left, right);
  if (found.length === 0) {
    throw new NoForeignKeysError(`No foreign key links ${left.nameHint} and ${right.nameHint}. Give the join a condition.`);
  }
  if (found.length > 1) {
    throw new AmbiguousForeignKeysError(
      `Several foreign keys link ${left.nameHint} and ${right.nameHint}. Give the join a condition.`,
    );
  }
  const pairs = found[0]!.map(({ left: a, right: b }) => new BinaryExpression(a, "eq", b, BOOLEAN));
  return pairs.length === 1 ? pairs[0]! : new BooleanClauseList("and", pairs);
}

/** The foreign keys between two sources. Columns of one source that refer to the same table through several columns are one key. */
function links(left: Source, right: Source): readonly Link[] {
  const found: Link[] = [];
  for (const a of membersOf(left)) {
    for (const b of membersOf(right)) {
      if (a instanceof Join || b instanceof Join) continue;
      const forth = references(a, b).map(({ from, to }) => ({ left: from, right: to }));
      const back = a === b ? [] : references(b, a).map(({ from, to }) => ({ left: to, right: from }));
      for (const group of [forth, back]) found.push(...groupComposite(group, a, b));
    }
  }
  return found;
}

/** References that together cover a composite key are one link; several references to the same column are several. */
function groupComposite(pairs: Link, a: Source, b: Source): readonly Link[] {
  if (pairs.length <= 1) return pairs.length === 0 ? [] : [pairs];
  const targets = new Set(
    pairs.flatMap((pair) =>
      [...(tableOf(b)?.primaryKey ?? []), ...(tableOf(a)?.primaryKey ?? [])].filter(
        (column) => original(pair.right) === column || original(pair.left) === column,
      ),
    ),
  );
  return targets.size >= pairs.length ? [pairs] : pairs.map((pair) => [pair]);
}

function references(from: Source, to: Source): { from: Node; to: Node }[] {
  const target = tableOf(to);
  const table = tableOf(from);
  if (table === null || target === null) return [];
  return from.columnList.flatMap((column) => {
    const source = original(column);
    return source === null
      ? []
      : source.foreignKeys
          .filter((key) => key.column.table === target)
          .flatMap((key) => {
            const referred = to.columnList.find((candidate) => original(candidate) === key.column);
            return referred === undefined ? [] : [{ from: column, to: referred }];
          });
  });
}

/** The table behind a source, through aliases. */
function tableOf(source: Source): Table | null {
  if (source.kind === "table") return source as Table;
  if (source instanceof Alias) return tableOf(source.element);
  const first = source.columnList.map(original).find((column) => column !== null);
  return first?.table ?? null;
}

/** The column of a table behind a column, through aliases and subqueries. */
function original(column: Node): Column | null {
  if (column.kind === "column") return column as Column;
  if (column instanceof DerivedColumn) return original(column.source);
  return null;
}
