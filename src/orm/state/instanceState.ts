/**
 * What the ORM notes about one mapped object: its session, its place in the life cycle, and the old values of what was changed. Reading
 * and loading never touch the changes; only writing does, so a flush costs what changed.
 */
import type { Column } from "../../sql/schema/column.ts";
import type { ColumnAttribute, Entity, IdentityKey, Mapper } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";

/** Under this property an object keeps its state. */
export const STATE: unique symbol = Symbol("athanor.state");

/**
 * Where an object stands, in SQLAlchemy's words: transient (no session, no row), pending (will be inserted), persistent (has a row
 * and a session), deleted (its row was deleted in this transaction), detached (has a row and no session).
 */
export type Lifecycle = "transient" | "pending" | "persistent" | "deleted" | "detached";

/** What a state needs of the session it belongs to. */
export interface SessionLink {
  readonly colour: "sync" | "async";
  /** An object of the session was changed for the first time since the last flush. */
  noteChange(state: InstanceState): void;
  /** Takes an object in that came to be related to one of the session's. */
  cascadeIn(entity: Entity): void;
  /** Takes an object out again that has no row yet; does nothing with any other. */
  dropPending(state: InstanceState): void;
  /** What a many-to-one relationship leads to, where the session knows it without a statement; undefined where it does not. */
  knownReference(state: InstanceState, relationship: Relationship): Entity | null | undefined;
  /** Loads attributes of a persistent object now; only in a synchronous session. */
  loadNow(state: InstanceState, attribute: ColumnAttribute | Relationship): unknown;
}

/** Members that were added to or taken from a list that is not loaded, to be applied when it is. */
export interface PendingMembers {
  readonly added: Set<Entity>;
  readonly removed: Set<Entity>;
}

export class InstanceState {
  readonly entity: Entity;
  readonly mapper: Mapper;
  session: SessionLink | null = null;
  lifecycle: Lifecycle = "transient";
  /** The key under which the identity map has the object; null before it has a row. */
  identity: IdentityKey | null = null;
  /** The values of the primary key, which an expired object needs to be loaded again. */
  keyValues: readonly unknown[] | null = null;
  /** The parts of its key that the database made, which a rollback takes away again. */
  generatedKey: readonly ColumnAttribute[] | null = null;
  /** Old values of changed column attributes; undefined where the old one was not loaded. Null while nothing is changed. */
  changes: Map<ColumnAttribute, unknown> | null = null;
  /** Old values of changed relationships: an object or null, or the list as it was. */
  relationshipChanges: Map<Relationship, unknown> | null = null;
  pendingMembers: Map<Relationship, PendingMembers> | null = null;

  constructor(entity: Entity, mapper: Mapper) {
    this.entity = entity;
    this.mapper = mapper;
  }

  /** True when the object has a row that a flush could have to update, in this session or, once detached, in another. */
  get isTracked(): boolean {
    return this.lifecycle === "persistent" || this.lifecycle === "detached";
  }
  get isModified(): boolean {
    return this.changes !== null || this.relationshipChanges !== null;
  }
  recordColumn(attribute: ColumnAttribute, old: unknown): void {
    if (!this.isTracked) return;
    this.changes ??= new Map();
    if (!this.changes.has(attribute)) this.changes.set(attribute, old);
    this.session?.noteChange(this);
  }
  recordRelationship(relationship: Relationship, old: unknown): void {
    if (!this.isTracked && this.lifecycle !== "pending") return;
    this.relationshipChanges ??= new Map();
    if (!this.relationshipChanges.has(relationship)) this.relationshipChanges.set(relationship, old);
    this.session?.noteChange(this);
  }
  /** The list as it is before its first change since the last flush. */
  recordList(relationship: Relationship, list: readonly Entity[]): void {
    if (this.relationshipChanges?.has(relationship) === true) return;
    this.recordRelationship(relationship, this.lifecycle === "pending" ? [] : Array.from(list));
  }
  /** Remembers the primary key, before its attributes are emptied. */
  noteKey(): void {
    const values = this.mapper.primaryKeyOf(this.entity);
    if (!values.includes(undefined)) this.keyValues = values;
  }
  /** The value of a column of the object's row; that of its key is known even where it was expired. */
  columnValue(column: Column): unknown {
    const attribute = this.mapper.attributeOf(column);
    const value = this.entity[attribute.slot];
    if (value !== undefined || this.keyValues === null) return value;
    return this.keyValues[this.mapper.primaryKey.indexOf(attribute)];
  }
  /** `User(id=1)`, for messages. */
  describe(): string {
    const parts = this.mapper.primaryKey.map(({ key, column }) => `${key}=${String(this.columnValue(column) ?? "none")}`);
    return `${this.mapper.name}(${parts.join(", ")})`;
  }
  forgetChanges(): void {
    this.changes = null;
    this.relationshipChanges = null;
    this.pendingMembers = null;
  }
  /** The flush has written the changes; only members that are not in the session have not been. */
  forgetFlushed(): void {
    const waiting = this.pendingMembers;
    this.forgetChanges();
    for (const [relationship, { added }] of waiting ?? []) {
      for (const member of added) {
        if (stateOf(member)!.session !== this.session) this.membersToApply(relationship).added.add(member);
      }
    }
  }
  forgetChangesOf(names: readonly string[]): void {
    for (const changes of [this.changes, this.relationshipChanges, this.pendingMembers])
      for (const attribute of changes?.keys() ?? []) if (names.includes(attribute.key)) changes!.delete(attribute as never);
    if (this.changes?.size === 0) this.changes = null;
    if (this.relationshipChanges?.size === 0) this.relationshipChanges = null;
  }
  membersToApply(relationship: Relationship): PendingMembers {
    this.pendingMembers ??= new Map();
    let members = this.pendingMembers.get(relationship);
    if (members === undefined) {
      members = { added: new Set(), removed: new Set() };
      this.pendingMembers.set(relationship, members);
    }
    // With the flush the rows say it all, and what is noted here must be forgotten.
    this.session?.noteChange(this);
    return members;
  }
}

/** The state of a mapped object; undefined for anything else. */
export function stateOf(value: unknown): InstanceState | undefined {
  return typeof value === "object" && value !== null ? (value as { [STATE]?: InstanceState })[STATE] : undefined;
}
