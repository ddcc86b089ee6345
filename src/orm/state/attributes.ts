/**
 * Reading and writing attributes of mapped objects. A write notes the old value, keeps both sides of a relationship in step and takes
 * new objects into the session; a read of what is not loaded loads it, or says how to.
 */
import { ArgumentError } from "../../errors/base.ts";
import { DetachedInstanceError, MissingLoadError } from "../../errors/orm.ts";
import { describe } from "../../sql/coerce/describe.ts";
import type { ColumnAttribute, Entity } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import { stateOf, type InstanceState } from "./instanceState.ts";
import { TrackedList, type ListEvents } from "./trackedList.ts";

/** Reads a column attribute whose slot is empty. */
export function readColumn(entity: Entity, attribute: ColumnAttribute): unknown {
  const state = stateOf(entity);
  if (state === undefined || state.lifecycle === "transient" || state.lifecycle === "pending") return undefined;
  return loadNow(state, attribute, attribute.key);
}

export function readRelationship(entity: Entity, relationship: Relationship): unknown {
  const value = entity[relationship.slot];
  if (value !== undefined) return value;
  const state = stateOf(entity);
  if (state === undefined) return undefined;
  if (state.lifecycle === "transient" || state.lifecycle === "pending") return initialize(state, relationship);
  if (!relationship.isList && state.session !== null) {
    const known = state.session.knownReference(state, relationship);
    if (known !== undefined) return (entity[relationship.slot] = known);
  }
  return loadNow(state, relationship, relationship.key);
}

function loadNow(state: InstanceState, attribute: ColumnAttribute | Relationship, key: string): unknown {
  const { session, mapper } = state;
  if (session === null) {
    throw new DetachedInstanceError(
      `${state.describe()} is not in a session, so its attribute ${key} cannot be loaded. Load it before the session is closed, or keep values on commit with expireOnCommit: false.`,
    );
  }
  if (session.colour === "async") {
    const cure =
      "column" in attribute
        ? "A commit or rollback forgets the values of all objects (expireOnCommit: false keeps them on commit). Load it"
        : `Load it with the query: options(selectinload(${mapper.name}.c.${key})), or`;
    throw new MissingLoadError(
      `${state.describe()}: the attribute ${key} is not loaded, and an asynchronous session cannot load it while it is read. ${cure} with: await session.load(object, "${key}").`,
    );
  }
  return session.loadNow(state, attribute);
}

/** An empty list for a relationship. */
export function newList(state: InstanceState, relationship: Relationship): TrackedList {
  return new TrackedList(state, relationship, LIST_EVENTS);
}
const LIST_EVENTS: ListEvents = { check: requireMember, added: memberAdded, removed: memberRemoved };

/** A relationship of an object without a row: empty until something is put there. */
function initialize(state: InstanceState, relationship: Relationship): unknown {
  const value = relationship.isList ? newList(state, relationship) : null;
  state.entity[relationship.slot] = value;
  return value;
}

export function writeColumn(entity: Entity, attribute: ColumnAttribute, value: unknown): void {
  if (value === undefined) {
    throw new ArgumentError(
      `${attribute.key} cannot be set to undefined. Use null for NULL, or leave it out to get the default.`,
    );
  }
  const old = entity[attribute.slot];
  if (old === value) return;
  entity[attribute.slot] = value;
  stateOf(entity)?.recordColumn(attribute, old);
}

export function writeRelationship(entity: Entity, relationship: Relationship, value: unknown): void {
  const state = stateOf(entity)!;
  if (relationship.isList) {
    if (!Array.isArray(value)) throw new ArgumentError(`${relationship.label} is a list; it was given ${describe(value)}.`);
    const current = readRelationship(entity, relationship) as TrackedList;
    if (current !== value) current.splice(0, current.length, ...(value as Entity[]));
    return;
  }
  if (value !== null) requireMember(relationship, value);
  const old = replaceReference(state, relationship, value as Entity | null);
  if (old === value) return;
  const { reverse } = relationship;
  if (reverse !== null) {
    if (old !== null && old !== undefined) dropFromList(old, reverse, entity);
    if (value !== null) addToList(value as Entity, reverse, entity);
    else dropNewOrphan(entity, reverse);
  }
  if (value !== null) cascade(state, relationship, value as Entity);
}

/** Sets a reference, and gives what was there before as far as that is known without loading; undefined where it is not. */
function replaceReference(state: InstanceState, relationship: Relationship, value: Entity | null): Entity | null | undefined {
  const { entity, session } = state;
  let old = entity[relationship.slot] as Entity | null | undefined;
  if (old === undefined && state.isTracked) old = session?.knownReference(state, relationship);
  entity[relationship.slot] = value;
  if (old !== value) state.recordRelationship(relationship, old);
  return old;
}

/** A new object that is nobody's, and may not be, is not to be inserted. */
function dropNewOrphan(member: Entity, list: Relationship): void {
  if (list.cascade.has("delete-orphan")) stateOf(member)!.session?.dropPending(stateOf(member)!);
}

/** Objects of another class, or no objects, are refused before anything is changed. */
function requireMember(relationship: Relationship, value: unknown): void {
  const state = stateOf(value);
  if (state === undefined || state.mapper !== relationship.target) {
    throw new ArgumentError(
      `${relationship.label} holds objects of ${relationship.target.name}; it was given ${describe(value)}.`,
    );
  }
}

/** A member came into a list: the other side is told, and the session takes it in. */
function memberAdded(state: InstanceState, relationship: Relationship, member: Entity): void {
  const { reverse } = relationship;
  if (reverse !== null) {
    if (reverse.isList) addToList(member, reverse, state.entity);
    else setReference(member, reverse, state.entity);
  }
  cascade(state, relationship, member);
}

/** A member left a list: the other side is told. */
function memberRemoved(state: InstanceState, relationship: Relationship, member: Entity): void {
  const { reverse } = relationship;
  if (reverse?.isList === true) dropFromList(member, reverse, state.entity);
  else if (reverse === null) dropNewOrphan(member, relationship);
  else if (member[reverse.slot] === state.entity || member[reverse.slot] === undefined) {
    setReference(member, reverse, null);
    dropNewOrphan(member, relationship);
  }
}

/** Sets the many-to-one side without telling the list, which knows; leaves the list where the object was before. */
function setReference(member: Entity, relationship: Relationship, value: Entity | null): void {
  const old = replaceReference(stateOf(member)!, relationship, value);
  const { reverse } = relationship;
  if (old !== value && old !== null && old !== undefined && reverse !== null) dropFromList(old, reverse, member);
}

/** Adds to the other side's list without telling back; a list that is not loaded learns of it when it is. */
function addToList(owner: Entity, relationship: Relationship, member: Entity): void {
  const list = listOf(owner, relationship);
  if (list === null) {
    const members = stateOf(owner)!.membersToApply(relationship);
    members.removed.delete(member);
    members.added.add(member);
  } else list.addQuietly(member);
}

function dropFromList(owner: Entity, relationship: Relationship, member: Entity): void {
  const list = listOf(owner, relationship);
  if (list === null) {
    const members = stateOf(owner)!.membersToApply(relationship);
    members.added.delete(member);
    members.removed.add(member);
  } else list.dropQuietly(member);
}

/** The list, if it is there or belongs to an object without a row; null when it would have to be loaded. */
function listOf(owner: Entity, relationship: Relationship): TrackedList | null {
  const list = owner[relationship.slot] as TrackedList | undefined;
  if (list !== undefined) return list;
  const state = stateOf(owner)!;
  if (state.lifecycle !== "transient" && state.lifecycle !== "pending") return null;
  return initialize(state, relationship) as TrackedList;
}

function cascade(state: InstanceState, relationship: Relationship, member: Entity): void {
  if (state.session !== null && relationship.cascade.has("save-update")) state.session.cascadeIn(member);
}
