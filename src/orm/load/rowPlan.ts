/**
 * From rows to objects. A RowPlan says which columns of a row are which attributes; it is made once per statement and cached with it. The
 * hydrator follows it for the rows of one execution: an object that the session has is given again, another is made without its constructor.
 */
import type { Entity, IdentityKey, Mapper } from "../mapping/mapper.ts";
import type { Relationship } from "../mapping/relationship.ts";
import { newList } from "../state/attributes.ts";
import { STATE, type InstanceState } from "../state/instanceState.ts";
import { attachState } from "../state/mappedObject.ts";
import type { TrackedList } from "../state/trackedList.ts";
import type { LoadTree } from "./options.ts";

/** How the objects of one class are read from a row: their columns stand together, in the mapper's order. */
export interface EntityPlan {
  readonly mapper: Mapper;
  readonly offset: number;
  /** Positions of the primary key in the row. */
  readonly keyPositions: readonly number[];
  /** Relationships that the same row brings. */
  readonly joined: { readonly relationship: Relationship; readonly plan: EntityPlan }[];
  /** Relationships that further statements bring, once all rows are read. */
  readonly later: { readonly relationship: Relationship; readonly tree: LoadTree }[];
}

export type ItemPlan =
  { readonly kind: "entity"; readonly plan: EntityPlan } | { readonly kind: "value"; readonly position: number };

export interface RowPlan {
  readonly items: readonly ItemPlan[];
  /** The names of the items, for rows of several. */
  readonly names: readonly string[];
  /** True where a joined list makes several rows of one object. */
  readonly repeats: boolean;
}

/** Where the session keeps its objects. */
export interface ObjectOwner {
  readonly identities: { of(mapper: Mapper): Map<IdentityKey, Entity> };
  /** Takes a loaded object in; the hydrator has put it into the identity map. */
  addLoaded(state: InstanceState): void;
}

/** Gives the object in a row, or null where an outer join brought none. */
export type EntityReader = (row: readonly unknown[]) => Entity | null;

export class Hydrator {
  readonly #owner: ObjectOwner;
  /** True to overwrite what is loaded already. */
  readonly #refresh: boolean;
  /** The objects of each plan that has more to load. */
  readonly found = new Map<EntityPlan, Set<Entity>>();
  /** Lists that this execution fills, with their members so far. */
  readonly #filling = new Map<TrackedList, Set<Entity>>();

  constructor(owner: ObjectOwner, options: { readonly refresh?: boolean } = {}) {
    this.#owner = owner;
    this.#refresh = options.refresh ?? false;
  }

  /** The reader for a plan: what does not change from row to row is looked up once, here. */
  reader(plan: EntityPlan): EntityReader {
    const { mapper, offset, keyPositions } = plan;
    const [keyPosition] = keyPositions;
    const isSingleKey = keyPositions.length === 1;
    const known = this.#owner.identities.of(mapper);
    const slots = mapper.columnAttributes.map(({ slot }) => slot);
    const joined = plan.joined.map(({ relationship, plan: inner }) => ({ relationship, read: this.reader(inner) }));
    const found = plan.later.length > 0 ? this.#foundFor(plan) : null;
    return (row) => {
      const key = isSingleKey
        ? mapper.keyOf(row[keyPosition!])
        : mapper.identityKey(keyPositions.map((position) => row[position]));
      if (key === null) return null;
      let entity = known.get(key);
      if (entity === undefined) {
        entity = mapper.create();
        const state = attachState(entity, mapper);
        for (let index = 0; index < slots.length; index++) entity[slots[index]!] = row[offset + index];
        state.lifecycle = "persistent";
        state.identity = key;
        known.set(key, entity);
        this.#owner.addLoaded(state);
      } else {
        for (let index = 0; index < slots.length; index++) {
          const slot = slots[index]!;
          if (this.#refresh || entity[slot] === undefined) entity[slot] = row[offset + index];
        }
      }
      found?.add(entity);
      for (const { relationship, read } of joined) this.#relate(entity, relationship, read(row));
      return entity;
    };
  }

  #foundFor(plan: EntityPlan): Set<Entity> {
    const found = new Set<Entity>();
    this.found.set(plan, found);
    return found;
  }

  /** Puts what a joined row brought into the relationship, unless that was loaded before. */
  #relate(entity: Entity, relationship: Relationship, related: Entity | null): void {
    const current = entity[relationship.slot];
    if (!relationship.isList) {
      if (current === undefined || this.#refresh) entity[relationship.slot] = related;
      return;
    }
    let list = current as TrackedList | undefined;
    if (list === undefined || (this.#refresh && !this.#filling.has(list))) {
      list = newList(stateOfEntity(entity), relationship);
      entity[relationship.slot] = list;
      this.#filling.set(list, new Set());
    }
    const members = this.#filling.get(list);
    if (members === undefined || related === null || members.has(related)) return;
    members.add(related);
    list.fillLoaded([related]);
  }

  /** Called when all rows are read: applies what was added to lists before they were loaded. */
  finish(): void {
    for (const list of this.#filling.keys()) list.applyPending();
  }
}

function stateOfEntity(entity: Entity): InstanceState {
  return (entity as { [STATE]: InstanceState })[STATE];
}

/** Sets a relationship to what was loaded for it. */
export function setLoaded(state: InstanceState, relationship: Relationship, value: Entity | null | readonly Entity[]): void {
  if (!relationship.isList) {
    state.entity[relationship.slot] = value;
    return;
  }
  const list = newList(state, relationship);
  list.fillLoaded(value as readonly Entity[]);
  state.entity[relationship.slot] = list;
  list.applyPending();
}
