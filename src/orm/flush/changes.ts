/**
 * What a flush starts from: the objects to insert, update and delete, and the foreign keys and link rows that follow from changed
 * relationships. Pure: reads objects, sends nothing.
 */
import { FlushError } from "../../errors/orm.ts";
import type { ColumnAttribute, Entity } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import { stateOf, type InstanceState } from "../state/instanceState.ts";

/** A foreign key to be copied just before its row is written, when the key it refers to is known. */
export interface KeyCopy {
  readonly relationship: Relationship;
  /** The object referred to; null to set the key to NULL. */
  readonly source: InstanceState | null;
}

/** A row of a many-to-many table. */
export interface Link {
  readonly relationship: Relationship;
  readonly owner: InstanceState;
  readonly member: InstanceState;
}

export interface Changes {
  readonly inserts: readonly InstanceState[];
  readonly updates: readonly InstanceState[];
  readonly deletes: readonly InstanceState[];
  /** By the object whose row holds the foreign key. */
  readonly keyCopies: ReadonlyMap<InstanceState, readonly KeyCopy[]>;
  readonly newLinks: readonly Link[];
  readonly oldLinks: readonly Link[];
}

/** The members that came to and left a list, or the object that came and went, since the last flush. */
export function relationshipHistory(
  state: InstanceState,
  relationship: Relationship,
): { readonly added: readonly Entity[]; readonly removed: readonly Entity[] } {
  const value = state.entity[relationship.slot];
  if (value === undefined) return NOTHING;
  const isRecorded = state.relationshipChanges?.has(relationship) === true;
  const isNew = state.lifecycle === "pending";
  if (!isRecorded && !isNew) return NOTHING;
  const old = isRecorded && !isNew ? state.relationshipChanges!.get(relationship) : undefined;
  if (!relationship.isList) {
    return {
      added: value === null || value === old ? [] : [value as Entity],
      removed: old === null || old === undefined || value === old ? [] : [old as Entity],
    };
  }
  const before = new Set((old as readonly Entity[] | undefined) ?? []);
  const after = new Set(value as readonly Entity[]);
  return {
    added: [...after].filter((member) => !before.has(member)),
    removed: [...before].filter((member) => !after.has(member)),
  };
}
const NOTHING = { added: [], removed: [] } as const;

/**
 * Collects the changes.
 *
 * @param pending objects to insert, in the order in which they were added
 * @param modified objects with changes
 * @param deleted objects to delete
 */
export function collectChanges(
  pending: Iterable<InstanceState>,
  modified: Iterable<InstanceState>,
  deleted: ReadonlySet<InstanceState>,
): Changes {
  const inserts = [...pending];
  const updates = new Set([...modified].filter((state) => state.lifecycle === "persistent" && !deleted.has(state)));
  const collector = new Collector(deleted, updates);
  for (const state of [...inserts, ...updates]) collector.visit(state);
  for (const state of deleted) collector.visitDeleted(state);
  return {
    inserts,
    updates: [...updates].filter((state) => !deleted.has(state)),
    deletes: [...deleted],
    keyCopies: collector.keyCopies,
    newLinks: [...collector.newLinks.values()],
    oldLinks: [...collector.oldLinks.values()],
  };
}

class Collector {
  readonly keyCopies = new Map<InstanceState, KeyCopy[]>();
  readonly newLinks = new Map<string, Link>();
  readonly oldLinks = new Map<string, Link>();
  readonly #deleted: ReadonlySet<InstanceState>;
  readonly #updates: Set<InstanceState>;
  readonly #numbers = new Map<InstanceState, number>();

  constructor(deleted: ReadonlySet<InstanceState>, updates: Set<InstanceState>) {
    this.#deleted = deleted;
    this.#updates = updates;
  }

  visit(state: InstanceState): void {
    for (const relationship of state.mapper.relationships.values()) {
      const { added, removed } = relationshipHistory(state, relationship);
      if (added.length === 0 && removed.length === 0) {
        // What a reference led to may never have been loaded.
        const isCleared = state.entity[relationship.slot] === null && state.relationshipChanges?.get(relationship) === undefined;
        if (isCleared && state.relationshipChanges?.has(relationship) === true)
          this.#copyKey(state, { relationship, source: null });
        continue;
      }
      warnOfStrangers(state, relationship, added);
      switch (relationship.direction) {
        case "manyToOne":
          this.#copyKey(state, { relationship, source: added.length > 0 ? stateOf(added[0])! : null });
          break;
        case "oneToMany":
          for (const member of added) this.#copyKey(stateOf(member)!, { relationship, source: state });
          for (const member of removed) this.#clearKey(stateOf(member)!, relationship, state);
          break;
        case "manyToMany":
          for (const member of added) {
            // What is deleted in the same flush needs no link any more.
            if (!this.#deleted.has(stateOf(member)!)) this.#link(this.newLinks, relationship, state, stateOf(member)!);
          }
          for (const member of removed) this.#link(this.oldLinks, relationship, state, stateOf(member)!);
      }
    }
  }

  /** What a deleted object leaves behind: references to clear, link rows to remove. Its lists were loaded when it was deleted. */
  visitDeleted(state: InstanceState): void {
    for (const relationship of state.mapper.relationships.values()) {
      const value = state.entity[relationship.slot];
      if (!relationship.isList || value === undefined) continue;
      const { removed } = relationshipHistory(state, relationship);
      for (const member of [...(value as readonly Entity[]), ...removed]) {
        const memberState = stateOf(member)!;
        if (memberState.identity === null) continue;
        if (relationship.direction === "manyToMany") this.#link(this.oldLinks, relationship, state, memberState);
        else this.#clearKey(memberState, relationship, state);
      }
    }
  }

  #copyKey(holder: InstanceState, copy: KeyCopy): void {
    const copies = this.keyCopies.get(holder);
    // A clearing gives way to a new parent, whichever was met first.
    const kept = (copies ?? []).filter((other) => !(other.source === null && sameKey(other.relationship, copy.relationship)));
    this.keyCopies.set(holder, [...kept, copy]);
    if (holder.lifecycle === "persistent" && !this.#deleted.has(holder)) this.#updates.add(holder);
  }

  #clearKey(holder: InstanceState, relationship: Relationship, owner: InstanceState): void {
    if (this.#deleted.has(holder) || holder.lifecycle !== "persistent") return;
    const hasParent =
      this.keyCopies.get(holder)?.some((copy) => copy.source !== null && sameKey(copy.relationship, relationship)) === true;
    if (hasParent) return;
    // It may have been given another parent by its foreign key, or through the other side.
    const moved = relationship.pairs.some(({ from, to }) => {
      const key = holder.columnValue(to);
      return key !== undefined && !to.type.sameValue(key, owner.columnValue(from));
    });
    if (!moved) this.#copyKey(holder, { relationship, source: null });
  }

  #link(into: Map<string, Link>, relationship: Relationship, owner: InstanceState, member: InstanceState): void {
    // Both sides show the same link: it is one row, named by the two objects and the table.
    const [a, b] = [this.#number(owner), this.#number(member)];
    const { secondary } = relationship;
    const isOwnersSide = relationship.pairs[0]!.to.id < relationship.targetPairs[0]!.to.id;
    const key = `${secondary!.id}:${isOwnersSide ? `${a}-${b}` : `${b}-${a}`}`;
    if (!into.has(key)) into.set(key, { relationship, owner, member });
  }
  #number(state: InstanceState): number {
    let number = this.#numbers.get(state);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(state, number);
    }
    return number;
  }
}

/** Members that came in through the other side, while their owner was in the session and they were not. */
function warnOfStrangers(state: InstanceState, relationship: Relationship, added: readonly Entity[]): void {
  for (const member of added) {
    if (stateOf(member)!.session === state.session) continue;
    process.emitWarning(
      `${stateOf(member)!.describe()} is in ${relationship.label} of ${state.describe()} and not in the session, so this flush does not write it. Add it with session.add().`,
      { type: "AthanorWarning", code: "not-in-session" },
    );
  }
}

/** True when two relationships are about the same foreign key columns. */
function sameKey(a: Relationship, b: Relationship): boolean {
  return a.pairs[0]!.to === b.pairs[0]!.to;
}

/** Copies the keys of a row that is about to be written. */
export function copyKeys(holder: InstanceState, copies: readonly KeyCopy[]): void {
  for (const { relationship, source } of copies) {
    for (const { from, to } of relationship.pairs) {
      const attribute: ColumnAttribute = holder.mapper.attributeOf(to);
      const value = source === null ? null : source.columnValue(from);
      if (value === undefined) {
        throw new FlushError(
          `${relationship.label} refers to ${String(from)}, which is not loaded on ${source!.describe()}. Load the object again before the flush.`,
        );
      }
      const old = holder.entity[attribute.slot];
      if (old === value || (old !== undefined && attribute.column.type.sameValue(old, value))) continue;
      holder.entity[attribute.slot] = value;
      holder.recordColumn(attribute, old);
    }
  }
}
