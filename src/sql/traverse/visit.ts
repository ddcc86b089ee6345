/**
 * Visiting and rewriting trees of nodes, driven by the list of parts of each class.
 */
import type { Node } from "../nodes/node.ts";

/** The children of a node, in the order of its parts. */
export function* childrenOf(node: Node): Iterable<Node> {
  for (const { name, role } of node.fields) {
    const value = (node as unknown as Record<string, unknown>)[name];
    if (role === "node") {
      if (value !== null) yield value as Node;
    } else if (role === "nodes") {
      yield* value as readonly Node[];
    }
  }
}

/**
 * The tree with some nodes replaced: `replacement` gives what stands for a node, or null to look inside it. Nodes in which nothing
 * changes are kept as they are; a node that appears in several places is replaced by the same new node everywhere.
 */
export function replaceNodes<N extends Node>(root: N, replacement: (node: Node) => Node | null): N {
  const done = new Map<Node, Node>();
  const rewrite = (node: Node): Node => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = replacement(node) ?? rebuild(node, rewrite);
    done.set(node, result);
    return result;
  };
  return rewrite(root) as N;
}

function rebuild(node: Node, rewrite: (node: Node) => Node): Node {
  const source = node as unknown as Record<string, unknown>;
  let changed: Record<string, unknown> | null = null;
  for (const { name, role } of node.fields) {
    const value = source[name];
    let next = value;
    if (role === "node" && value !== null) {
      next = rewrite(value as Node);
    } else if (role === "nodes") {
      const before = value as readonly Node[];
      const after = before.map(rewrite);
      if (after.some((child, index) => child !== before[index])) next = after;
    }
    if (next !== value) (changed ??= {})[name] = next;
  }
  return changed === null ? node : Object.assign(Object.create(Object.getPrototypeOf(node) as object) as object, node, changed);
}
