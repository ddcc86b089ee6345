/**
 * Orders things so that each comes after what it depends on. Deterministic: among those that are free to come next, the one that
 * stands first in the input comes first.
 */

export interface Sorted<T> {
  /** All of the input; members of a circle come where the first of them would. */
  readonly order: readonly T[];
  /** The members of circles; empty where there are none. */
  readonly cyclic: ReadonlySet<T>;
}

/** `dependencies` gives what must come before; what is not among `items` is passed over. */
export function topologicalSort<T>(items: readonly T[], dependencies: (item: T) => Iterable<T>): Sorted<T> {
  const components = stronglyConnectedComponents(items, dependencies);
  const order: T[] = [];
  const cyclic = new Set<T>();
  const position = new Map(items.map((item, index) => [item, index]));
  for (const component of components) {
    if (component.length > 1) for (const member of component) cyclic.add(member);
    order.push(...component.sort((a, b) => position.get(a)! - position.get(b)!));
  }
  return { order, cyclic };
}

/** Tarjan's algorithm, with a stack of its own so that long chains do not exhaust JavaScript's. Components come after what they need. */
function stronglyConnectedComponents<T>(items: readonly T[], dependencies: (item: T) => Iterable<T>): T[][] {
  const known = new Set(items);
  const indexOf = new Map<T, number>();
  const lowOf = new Map<T, number>();
  const onStack = new Set<T>();
  const stack: T[] = [];
  const components: T[][] = [];
  let counter = 0;

  for (const root of items) {
    if (indexOf.has(root)) continue;
    const frames: { item: T; rest: Iterator<T> }[] = [];
    const enter = (item: T): void => {
      indexOf.set(item, counter);
      lowOf.set(item, counter);
      counter++;
      stack.push(item);
      onStack.add(item);
      frames.push({ item, rest: dependencies(item)[Symbol.iterator]() });
    };
    enter(root);
    while (frames.length > 0) {
      const { item, rest } = frames[frames.length - 1]!;
      const next = rest.next();
      if (next.done !== true) {
        if (!known.has(next.value)) continue;
        if (!indexOf.has(next.value)) enter(next.value);
        else if (onStack.has(next.value)) lowOf.set(item, Math.min(lowOf.get(item)!, indexOf.get(next.value)!));
        continue;
      }
      frames.pop();
      const parent = frames[frames.length - 1];
      if (parent !== undefined) lowOf.set(parent.item, Math.min(lowOf.get(parent.item)!, lowOf.get(item)!));
      if (lowOf.get(item) !== indexOf.get(item)) continue;
      const component: T[] = [];
      let member: T;
      do {
        member = stack.pop()!;
        onStack.delete(member);
        component.push(member);
      } while (member !== item);
      components.push(component);
    }
  }
  return components;
}
