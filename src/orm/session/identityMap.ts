/**
 * The objects of a session by class and primary key: one object per row. It holds them strongly as long as the session has them.
 */
import type { Entity, IdentityKey, Mapper } from "../mapping/mapper.ts";
import { stateOf, type InstanceState } from "../state/instanceState.ts";

export class SessionIdentityMap {
  readonly #byMapper = new Map<Mapper, Map<IdentityKey, Entity>>();

  get(mapper: Mapper, key: IdentityKey): Entity | undefined {
    return this.#byMapper.get(mapper)?.get(key);
  }
  /** The objects of one class; what is put there is in the session. */
  of(mapper: Mapper): Map<IdentityKey, Entity> {
    let entities = this.#byMapper.get(mapper);
    if (entities === undefined) {
      entities = new Map();
      this.#byMapper.set(mapper, entities);
    }
    return entities;
  }
  add(mapper: Mapper, key: IdentityKey, entity: Entity): void {
    this.of(mapper).set(key, entity);
  }
  delete(mapper: Mapper, key: IdentityKey): void {
    this.#byMapper.get(mapper)?.delete(key);
  }
  clear(): void {
    this.#byMapper.clear();
  }
  get size(): number {
    let size = 0;
    for (const entities of this.#byMapper.values()) size += entities.size;
    return size;
  }
  *states(): Iterable<InstanceState> {
    for (const entities of this.#byMapper.values()) for (const entity of entities.values()) yield stateOf(entity)!;
  }
}
