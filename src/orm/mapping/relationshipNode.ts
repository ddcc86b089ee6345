/**
 * A relationship in a statement, `User.c.posts`: what `join` and the loader options take. Only the ORM can compile it.
 */
import { NotYetSupportedError } from "../../errors/base.ts";
import { fields, Node, TO_NODE, type Field } from "../../sql/nodes/node.ts";
import type { Relationship } from "./relationship.ts";

export class RelationshipNode extends Node {
  override readonly kind = "relationship";
  readonly #find: () => Relationship;

  /** `find` is called when the relationship is first needed: mappers are configured late. */
  constructor(find: () => Relationship) {
    super();
    this.#find = find;
  }
  get relationship(): Relationship {
    return this.#find();
  }
  /** For the cache key. */
  get label(): string {
    return `${this.relationship.parent.table.id}.${this.relationship.key}`;
  }
  override get fields(): readonly Field[] {
    return RELATIONSHIP_FIELDS;
  }
  any(): never {
    throw new NotYetSupportedError("any() and has() of relationships are not there yet. Use exists(select(…).where(…)).");
  }
  has(): never {
    return this.any();
  }
  [TO_NODE](): Node {
    return this;
  }
}
const RELATIONSHIP_FIELDS = fields("label:atom");
