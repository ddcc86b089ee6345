/**
 * The base class of mapped objects: the constructor, and how an object is shown. Attributes are accessors on the prototype over slots of
 * the object: reading one costs what a plain property costs, writing one records the change.
 */
import { ArgumentError } from "../../errors/base.ts";
import { describe } from "../../sql/coerce/describe.ts";
import { mapperOf, type Entity, type Mapper } from "../mapping/mapper.ts";
import { InstanceState, STATE } from "./instanceState.ts";
import { readColumn, readRelationship, writeColumn, writeRelationship } from "./attributes.ts";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

export abstract class MappedObject {
  declare [STATE]: InstanceState;

  constructor(init: Readonly<Record<string, unknown>> = {}) {
    const mapper = mapperOf(new.target);
    const entity = this as unknown as Entity;
    attachState(entity, mapper);
    if (typeof init !== "object" || init === null) {
      throw new ArgumentError(`new ${mapper.name}() takes an object of attributes, got ${describe(init)}.`);
    }
    for (const key of Object.keys(init)) {
      // Straight to the attribute: one setter per class and attribute, called from here for all classes, made a flush a quarter slower.
      const attribute = mapper.attribute(key);
      if (attribute !== undefined) writeColumn(entity, attribute, init[key]);
      else if (mapper.relationships.has(key)) writeRelationship(entity, mapper.relationship(key), init[key]);
      else {
        throw new ArgumentError(`${mapper.name} has no attribute ${key} to set. It has ${mapper.definition.keys.join(", ")}.`);
      }
    }
  }

  /** What is loaded, as a plain object; loads nothing. Objects that are shown already, further out, are left out. */
  toJSON(): Record<string, unknown> {
    return shown(this as unknown as Entity, new Set());
  }
  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    const state = this[STATE];
    return `${state.mapper.name} ${inspect(shown(this as unknown as Entity, new Set()), options)}`;
  }
}

/** Gives a new object its state and its slots, always in the same order, so that all objects of a class share one hidden class. */
export function attachState(entity: Entity, mapper: Mapper): InstanceState {
  const state = new InstanceState(entity, mapper);
  (entity as { [STATE]?: InstanceState })[STATE] = state;
  for (const slot of mapper.slots) entity[slot] = undefined;
  return state;
}

function shown(entity: Entity, outer: Set<Entity>): Record<string, unknown> {
  const { mapper } = (entity as { [STATE]: InstanceState })[STATE];
  const result: Record<string, unknown> = {};
  outer.add(entity);
  for (const { key, slot } of mapper.columnAttributes) if (entity[slot] !== undefined) result[key] = entity[slot];
  for (const { key, slot } of mapper.relationships.values()) {
    const value = entity[slot];
    if (Array.isArray(value)) {
      const members = (value as Entity[]).filter((member) => !outer.has(member));
      result[key] = members.map((member) => shown(member, outer));
    } else if (value === null) result[key] = null;
    else if (value !== undefined && !outer.has(value as Entity)) result[key] = shown(value as Entity, outer);
  }
  outer.delete(entity);
  return result;
}

/** Puts the accessor of an attribute on a class's prototype. */
export function defineAccessor(prototype: object, key: string, mapper: Mapper): void {
  const attribute = mapper.attribute(key);
  const hybrid = mapper.hybrid(key);
  if (attribute !== undefined) {
    const { slot } = attribute;
    Object.defineProperty(prototype, key, {
      configurable: true,
      enumerable: true,
      get(this: Entity) {
        const value = this[slot];
        return value === undefined ? readColumn(this, attribute) : value;
      },
      set(this: Entity, value: unknown) {
        writeColumn(this, attribute, value);
      },
    });
  } else if (hybrid !== null) {
    Object.defineProperty(prototype, key, {
      configurable: true,
      enumerable: true,
      get(this: Entity) {
        return hybrid.get(this as never);
      },
    });
  } else {
    Object.defineProperty(prototype, key, {
      configurable: true,
      enumerable: true,
      get(this: Entity) {
        return readRelationship(this, mapper.relationship(key));
      },
      set(this: Entity, value: unknown) {
        writeRelationship(this, mapper.relationship(key), value);
      },
    });
  }
}
