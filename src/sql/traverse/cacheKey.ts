/**
 * The cache key of a statement: a string that is equal for statements that compile to the same SQL, with the bound values taken
 * out in the order in which the walk meets them. It is made for every execution, so it costs a walk and little else.
 */
import type { SqlType } from "../../types/sqlType.ts";
import { BindParameter } from "../nodes/element.ts";
import type { Field, Node } from "../nodes/node.ts";

export interface CacheKey {
  readonly text: string;
  /** The statement's bound parameters; equal keys have them in the same order. */
  readonly binds: readonly BindParameter[];
}

export function cacheKey(statement: Node): CacheKey {
  const walk = new KeyWalk();
  walk.node(statement);
  return walk;
}

type Writer = (node: Record<string, unknown>, walk: KeyWalk) => void;

/** One list of writers per class, made from its `fields` the first time the class is met. */
const writersOfClass = new WeakMap<object, readonly Writer[]>();

class KeyWalk implements CacheKey {
  text = "";
  readonly binds: BindParameter[] = [];
  /** Nodes with an identity in the order in which they were met: later mentions are by number. */
  readonly #met: Node[] = [];

  node(node: Node): void {
    if (node instanceof BindParameter) {
      this.#bind(node);
      return;
    }
    if (node.hasIdentity) {
      const number = this.#met.indexOf(node);
      if (number !== -1) {
        this.text += `@${number};`;
        return;
      }
      this.#met.push(node);
    }
    this.text += node.kind;
    this.text += "(";
    const prototype = Object.getPrototypeOf(node) as object;
    let writers = writersOfClass.get(prototype);
    if (writers === undefined) {
      writers = node.fields.map(writerOf);
      writersOfClass.set(prototype, writers);
    }
    for (const write of writers) write(node as unknown as Record<string, unknown>, this);
    this.text += ")";
  }

  /** A parameter that stands in two places is one value: the second mention is by number, so that sharing is part of the key. */
  #bind(bind: BindParameter): void {
    const number = this.binds.indexOf(bind);
    if (number !== -1) {
      this.text += `:${number};`;
      return;
    }
    this.binds.push(bind);
    this.text += bind.expanding ? ":*" : ":";
    if (!bind.unique) this.text += `${bind.required ? "!" : ""}${bind.name.length}=${bind.name}`;
    this.text += bind.type.key;
    this.text += ";";
  }
}

function writerOf({ name, role }: Field): Writer {
  switch (role) {
    case "node":
      return (node, walk) => {
        const child = node[name] as Node | null;
        if (child === null) walk.text += "-";
        else walk.node(child);
      };
    case "nodes":
      return (node, walk) => {
        const children = node[name] as readonly Node[];
        walk.text += children.length;
        walk.text += "[";
        for (const child of children) walk.node(child);
      };
    case "atom":
      return (node, walk) => {
        walk.text += atomKey(node[name]);
      };
    case "atoms":
      return (node, walk) => {
        const atoms = node[name] as readonly unknown[];
        walk.text += atoms.length;
        walk.text += "[";
        for (const atom of atoms) walk.text += atomKey(atom);
      };
    case "type":
      return (node, walk) => {
        walk.text += (node[name] as SqlType).key;
        walk.text += ",";
      };
  }
}

/** Strings carry their length, so that no two lists of atoms run into the same text. */
function atomKey(atom: unknown): string {
  return typeof atom === "string" ? `${atom.length}=${atom}` : `${String(atom)},`;
}
