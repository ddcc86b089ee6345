/**
 * Statements that create and drop what the schema describes. They are executed once, so they are compiled each time and not cached.
 */
import type { ForeignKey } from "../schema/column.ts";
import type { Index } from "../schema/constraints.ts";
import type { Table } from "../schema/table.ts";
import { fields, Node, type Field } from "./node.ts";

const NO_FIELDS: readonly Field[] = fields();

/** A statement about the schema. */
export abstract class DdlStatement extends Node {
  declare readonly selects?: readonly [];
  declare readonly nullable?: never;
  override get fields(): readonly Field[] {
    return NO_FIELDS;
  }
}

export class CreateTable extends DdlStatement {
  override readonly kind = "createTable";
  readonly table: Table;
  /** Foreign keys that are added afterwards, and so left out. */
  readonly leaveOut: ReadonlySet<ForeignKey>;

  constructor(table: Table, leaveOut: ReadonlySet<ForeignKey> = new Set()) {
    super();
    this.table = table;
    this.leaveOut = leaveOut;
  }
}

export class DropTable extends DdlStatement {
  override readonly kind = "dropTable";
  readonly table: Table;

  constructor(table: Table) {
    super();
    this.table = table;
  }
}

export class CreateIndex extends DdlStatement {
  override readonly kind = "createIndex";
  readonly table: Table;
  readonly index: Index;

  constructor(table: Table, index: Index) {
    super();
    this.table = table;
    this.index = index;
  }
}

export class AddForeignKey extends DdlStatement {
  override readonly kind = "addConstraint";
  readonly foreignKey: ForeignKey;

  constructor(foreignKey: ForeignKey) {
    super();
    this.foreignKey = foreignKey;
  }
}

export class DropForeignKey extends DdlStatement {
  override readonly kind = "dropConstraint";
  readonly foreignKey: ForeignKey;

  constructor(foreignKey: ForeignKey) {
    super();
    this.foreignKey = foreignKey;
  }
}
