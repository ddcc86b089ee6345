/**
 * A cache of bounded size that forgets what was not used for longest. Used for compiled statements, prepared statements and row
 * shapes. It knows nothing of SQL.
 */

/** A map with a capacity; `get` and `set` make an entry the most recently used one. A capacity of 0 keeps nothing. */
export class Lru<K, V> {
  readonly capacity: number;
  readonly #entries = new Map<K, V>();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // Moving an entry costs two hash operations; while the cache is less than half full nothing is near eviction.
    if (this.#entries.size * 2 > this.capacity) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  /** Stores the value and answers with the one that had to make room for it, if any. */
  set(key: K, value: V): V | undefined {
    if (this.capacity <= 0) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.capacity) return undefined;
    const [oldest] = this.#entries.entries();
    if (oldest === undefined) return undefined;
    this.#entries.delete(oldest[0]);
    return oldest[1];
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
