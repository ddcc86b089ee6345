/**
 * Gate: no modules of src import each other in a circle at run time. Imports that are erased (`import type`) and those that
 * happen later (`import()`) do not count. Finds the circles with Tarjan's strongly connected components.
 */
import { existsSync } from "node:fs";
import { readImports } from "./lib/imports.mjs";
import { inRoot, isMain } from "./lib/project.mjs";

/**
 * @param {string} directory the source tree
 * @returns {string[][]} for each circle its files, in an order in which each imports the next and the last the first
 */
export function findCycles(directory) {
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const { file, target, kind } of readImports(directory)) {
    if (kind !== "runtime" || target === undefined) continue;
    const targets = graph.get(file) ?? [];
    targets.push(target);
    graph.set(file, targets);
  }
  return stronglyConnected(graph)
    .filter((files) => files.length > 1 || graph.get(files[0] ?? "")?.includes(files[0] ?? ""))
    .map((files) => shortestCircle(graph, new Set(files)));
}

/**
 * Tarjan's algorithm.
 * @param {Map<string, string[]>} graph
 * @returns {string[][]}
 */
function stronglyConnected(graph) {
  /** @type {Map<string, number>} */
  const index = new Map();
  /** @type {Map<string, number>} */
  const low = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {Set<string>} */
  const onStack = new Set();
  /** @type {string[][]} */
  const components = [];

  /** @param {string} node */
  function visit(node) {
    const number = index.size;
    index.set(node, number);
    low.set(node, number);
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0));
      } else if (onStack.has(next)) {
        low.set(node, Math.min(low.get(node) ?? 0, index.get(next) ?? 0));
      }
    }
    if (low.get(node) !== number) return;
    const component = stack.splice(stack.indexOf(node));
    for (const member of component) onStack.delete(member);
    components.push(component);
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return components;
}

/**
 * A short circle within a component is easier to break than the component's whole list of files is to read.
 * @param {Map<string, string[]>} graph
 * @param {Set<string>} component
 * @returns {string[]}
 */
function shortestCircle(graph, component) {
  /** @type {string[] | undefined} */
  let best;
  for (const start of [...component].sort()) {
    /** @type {string[][]} */
    let paths = [[start]];
    const seen = new Set();
    search: while (paths.length > 0 && paths[0] !== undefined && paths[0].length < (best?.length ?? Infinity)) {
      /** @type {string[][]} */
      const longer = [];
      for (const path of paths) {
        for (const next of graph.get(path.at(-1) ?? "") ?? []) {
          if (next === start) {
            best = path;
            break search;
          }
          if (component.has(next) && !seen.has(next)) {
            seen.add(next);
            longer.push([...path, next]);
          }
        }
      }
      paths = longer;
    }
  }
  return best ?? [...component];
}

if (isMain(import.meta.url)) {
  const cycles = existsSync(inRoot("src")) ? findCycles(inRoot("src")) : [];
  for (const files of cycles) console.error(`import cycle: ${[...files, files[0]].map((file) => `src/${file}`).join(" → ")}`);
  process.exitCode = cycles.length > 0 ? 1 : 0;
}
