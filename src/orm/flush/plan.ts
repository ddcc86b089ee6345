/**
 * The order of a flush: a list of small actions, parents before the children that refer to them, deletions the other way round. Pure and
 * deterministic, so that it can be tested and printed before anything is sent.
 */
import { CircularDependencyError } from "../../errors/sql.ts";
import { topologicalSort } from "../../util/topologicalSort.ts";
import type { Mapper } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import type { InstanceState } from "../state/instanceState.ts";
import type { Changes, KeyCopy, Link } from "./changes.ts";

export type FlushAction =
  | { readonly kind: "update"; readonly mapper: Mapper; readonly states: readonly InstanceState[] }
  | { readonly kind: "insert"; readonly mapper: Mapper; readonly states: readonly InstanceState[] }
  | { readonly kind: "deleteLinks"; readonly relationship: Relationship; readonly links: readonly Link[] }
  | { readonly kind: "insertLinks"; readonly relationship: Relationship; readonly links: readonly Link[] }
  | { readonly kind: "delete"; readonly mapper: Mapper; readonly states: readonly InstanceState[] };

/** A line for people: `insert users (2)`. */
export function describeAction(action: FlushAction): string {
  switch (action.kind) {
    case "insertLinks":
    case "deleteLinks":
      return `${action.kind} ${action.relationship.secondary!.name} (${action.links.length})`;
    default:
      return `${action.kind} ${action.mapper.table.name} (${action.states.length})`;
  }
}

export function planFlush(changes: Changes): readonly FlushAction[] {
  const mappers = [...new Set([...changes.updates, ...changes.inserts, ...changes.deletes].map((state) => state.mapper))];
  const { order, cyclic } = topologicalSort(mappers, (mapper) => referredMappers(mapper, mappers));
  const selfReferring = (mapper: Mapper): boolean => mapper.table.foreignKeys.some((key) => key.column.table === mapper.table);
  const actions: FlushAction[] = [];
  const groups = groupComponents(order, cyclic);
  for (const group of groups) {
    const updates = changes.updates.filter((state) => group.includes(state.mapper));
    const inserts = changes.inserts.filter((state) => group.includes(state.mapper));
    for (const mapper of group) {
      const states = updates.filter((state) => state.mapper === mapper && !waitsForInsert(state, changes.keyCopies));
      if (states.length > 0) actions.push({ kind: "update", mapper, states: sortedByKey(states) });
    }
    const needsRowOrder = group.length > 1 || selfReferring(group[0]!);
    for (const states of needsRowOrder ? rowLevels(inserts, changes.keyCopies) : [inserts]) {
      for (const mapper of group) {
        const own = states.filter((state) => state.mapper === mapper);
        if (own.length > 0) actions.push({ kind: "insert", mapper, states: own });
      }
    }
    // A row that is to refer to a new one of its own table, or of a table in a circle with it, is updated when that is there.
    for (const mapper of group) {
      const states = updates.filter((state) => state.mapper === mapper && waitsForInsert(state, changes.keyCopies));
      if (states.length > 0) actions.push({ kind: "update", mapper, states: sortedByKey(states) });
    }
  }
  for (const links of byRelationship(changes.oldLinks))
    actions.push({ kind: "deleteLinks", relationship: links[0]!.relationship, links });
  for (const links of byRelationship(changes.newLinks))
    actions.push({ kind: "insertLinks", relationship: links[0]!.relationship, links });
  for (const group of [...groups].reverse()) {
    const deletes = changes.deletes.filter((state) => group.includes(state.mapper));
    const needsRowOrder = group.length > 1 || selfReferring(group[0]!);
    for (const states of needsRowOrder ? deleteLevels(deletes) : [deletes]) {
      for (const mapper of [...group].reverse()) {
        const own = states.filter((state) => state.mapper === mapper);
        if (own.length > 0) actions.push({ kind: "delete", mapper, states: sortedByKey(own) });
      }
    }
  }
  return actions;
}

function referredMappers(mapper: Mapper, mappers: readonly Mapper[]): readonly Mapper[] {
  const tables = new Set(mapper.table.foreignKeys.map((key) => key.column.table));
  return mappers.filter((other) => other !== mapper && tables.has(other.table));
}

/** Mappers that refer to each other in a circle go together; each other one by itself. */
function groupComponents(order: readonly Mapper[], cyclic: ReadonlySet<Mapper>): readonly (readonly Mapper[])[] {
  const groups: Mapper[][] = [];
  for (const mapper of order) {
    const last = groups.at(-1);
    if (cyclic.has(mapper) && last !== undefined && cyclic.has(last[0]!)) last.push(mapper);
    else groups.push([mapper]);
  }
  return groups;
}

function waitsForInsert(state: InstanceState, keyCopies: Changes["keyCopies"]): boolean {
  return (keyCopies.get(state) ?? []).some(({ source }) => source?.lifecycle === "pending");
}

/** New rows in levels: a row stands in a later level than the new rows it refers to. Within a level they keep their order. */
function rowLevels(
  inserts: readonly InstanceState[],
  keyCopies: ReadonlyMap<InstanceState, readonly KeyCopy[]>,
): readonly (readonly InstanceState[])[] {
  const isNew = new Set(inserts);
  return levels(inserts, (state) =>
    (keyCopies.get(state) ?? []).flatMap(({ source }) =>
      source !== null && source !== state && isNew.has(source) ? [source] : [],
    ),
  );
}

/** Rows to delete in levels: a row goes before the rows it refers to. */
function deleteLevels(deletes: readonly InstanceState[]): readonly (readonly InstanceState[])[] {
  const byIdentity = new Map<Mapper, Map<unknown, InstanceState>>();
  for (const state of deletes) {
    const states = byIdentity.get(state.mapper) ?? new Map<unknown, InstanceState>();
    byIdentity.set(state.mapper, states.set(state.identity, state));
  }
  const referrers = new Map<InstanceState, InstanceState[]>();
  for (const state of deletes) {
    for (const [mapper, states] of byIdentity) {
      const target = states.get(mapper.identityKey(keyHeldFor(state, mapper)));
      if (target !== undefined && target !== state) referrers.set(target, [...(referrers.get(target) ?? []), state]);
    }
  }
  return levels(deletes, (state) => referrers.get(state) ?? []);
}

/** The primary key of the row of another class that a row refers to. */
function keyHeldFor(state: InstanceState, target: Mapper): readonly unknown[] {
  return target.primaryKey.map(({ column }) => {
    const key = state.mapper.table.foreignKeys.find((candidate) => candidate.column === column);
    return key === undefined ? null : state.columnValue(key.parent);
  });
}

function levels(
  states: readonly InstanceState[],
  needs: (state: InstanceState) => readonly InstanceState[],
): readonly (readonly InstanceState[])[] {
  const { order, cyclic } = topologicalSort(states, needs);
  if (cyclic.size > 0) {
    const cycle = [...cyclic].map((state) => state.describe());
    throw new CircularDependencyError(
      `These rows refer to each other in a circle, so that none can be written first: ${cycle.slice(0, 5).join(", ")}. Flush one without its reference, then set the reference (postUpdate is not there yet).`,
      cycle,
    );
  }
  const levelOf = new Map<InstanceState, number>();
  const result: InstanceState[][] = [];
  for (const state of order) {
    const level = needs(state).reduce((deepest, needed) => Math.max(deepest, levelOf.get(needed)! + 1), 0);
    levelOf.set(state, level);
    (result[level] ??= []).push(state);
  }
  const position = new Map(states.map((state, index) => [state, index]));
  for (const level of result) level.sort((a, b) => position.get(a)! - position.get(b)!);
  return result;
}

/** UPDATE and DELETE go by primary key, so that two sessions lock rows in the same order. */
function sortedByKey(states: readonly InstanceState[]): readonly InstanceState[] {
  return [...states].sort((a, b) => compareKeys(a.identity, b.identity));
}

function compareKeys(a: unknown, b: unknown): number {
  if (a === b) return 0;
  return (a as number) < (b as number) ? -1 : 1;
}

function byRelationship(links: readonly Link[]): readonly (readonly Link[])[] {
  const groups = new Map<Relationship, Link[]>();
  for (const link of links) groups.set(link.relationship, [...(groups.get(link.relationship) ?? []), link]);
  return [...groups.values()];
}
