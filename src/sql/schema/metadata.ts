/**
 * A collection of tables that belong together: where foreign keys are looked up, and what `createAll` and `dropAll` work on.
 */
import { ArgumentError, InvalidRequestError, NotYetSupportedError } from "../../errors/base.ts";
import type { Io } from "../../io/io.ts";
import { topologicalSort } from "../../util/topologicalSort.ts";
import { describe } from "../coerce/describe.ts";
import type { Node } from "../nodes/node.ts";
import type { SqlDialect } from "../compile/dialect.ts";
import { createPlan, dropPlan } from "./ddlOrder.ts";
import { Column } from "./column.ts";
import { ColumnSpec } from "./columnSpec.ts";
import type { TableItem } from "./constraints.ts";
import { Table, type TableColumns } from "./table.ts";

/** A connection as creating and dropping tables needs it. */
export interface SchemaConnection {
  readonly dialect: SqlDialect;
  executeDdl(statement: Node): Io<void>;
  hasTable(name: string, schema: string | null): Io<boolean>;
}

/** An engine or connection on which a schema can be created: synchronous (R is void) or asynchronous (R is a promise). */
export interface SchemaBind<R> {
  runSchema(work: (connection: SchemaConnection) => Io<void>): R;
}

export interface CreateOptions {
  /** True (the default) to leave tables alone that exist already. */
  readonly checkfirst?: boolean;
}

export class MetaData {
  readonly #tables = new Map<string, Table>();
  /** Mapped classes whose tables are not built yet: they read their columns late. */
  readonly #pending = new Set<() => void>();

  constructor(options: Readonly<Record<string, never>> = {}) {
    const [option] = Object.keys(options);
    if (option === "namingConvention" || option === "schema")
      throw new NotYetSupportedError(`MetaData: the option ${option} is not there yet.`);
    if (option !== undefined) throw new ArgumentError(`MetaData has no option ${option}.`);
  }

  /**
   * Defines a table.
   *
   * @param name the table's name in the database
   * @param shape the columns, by their name in the program
   * @param items constraints and indexes over the columns
   * @throws InvalidRequestError when there is a table of that name already
   * @example
   * ```ts
   * const users = metadata.table("users", { id: t.integer().primaryKey(), name: t.string(100) });
   * ```
   */
  table<const Name extends string, S extends Readonly<Record<string, ColumnSpec>>>(
    name: Name,
    shape: S,
    items: (c: TableColumns<S, Name>) => readonly TableItem[] = () => [],
  ): Table<S, Name> {
    const columns = Object.entries(shape).map(([key, spec]) => {
      if (!(spec instanceof ColumnSpec))
        throw new ArgumentError(`Table ${name}: ${key} must be a column such as t.integer(), got ${describe(spec)}.`);
      return new Column(key, key, spec);
    });
    if (columns.length === 0) throw new ArgumentError(`Table ${name} has no columns.`);
    const table = new Table<S, Name>(name, this, columns, items);
    this.addTable(table);
    return table;
  }

  /** Takes a finished table in. */
  addTable(table: Table): void {
    if (this.#tables.has(table.name)) throw new InvalidRequestError(`Table ${table.name} is already defined for this MetaData.`);
    this.#tables.set(table.name, table);
  }
  /** Registers a table to be built when the tables are first asked for; the function must end with `addTable`, and may be called early. */
  addPending(build: () => void): void {
    this.#pending.add(build);
  }

  /** Every table by name, in order of definition. */
  get tables(): ReadonlyMap<string, Table> {
    for (const build of this.#pending) {
      this.#pending.delete(build);
      build();
    }
    return this.#tables;
  }

  /** The tables so that each comes after those it refers to; tables in a circle come in order of definition. */
  get sortedTables(): readonly Table[] {
    const tables = [...this.tables.values()];
    return topologicalSort(tables, (table) =>
      table.foreignKeys.map((key) => key.column.table).filter((target) => target !== table),
    ).order;
  }

  /**
   * Creates every table that does not exist, in the order in which they depend on each other, in one transaction where the database
   * allows it. Foreign keys of tables that refer to each other in a circle are added afterwards, where the database can do that.
   *
   * @throws NoReferencedTableError or NoReferencedColumnError for a foreign key that leads nowhere
   */
  createAll<R>(bind: SchemaBind<R>, options: CreateOptions = {}): R {
    const checkfirst = checkfirstOf(options, "createAll");
    return bind.runSchema((connection) => this.#create(connection, checkfirst));
  }

  /** Drops every table that exists, in the reverse order. */
  dropAll<R>(bind: SchemaBind<R>, options: CreateOptions = {}): R {
    const checkfirst = checkfirstOf(options, "dropAll");
    return bind.runSchema((connection) => this.#drop(connection, checkfirst));
  }

  *#create(connection: SchemaConnection, checkfirst: boolean): Io<void> {
    const missing: Table[] = [];
    for (const table of this.tables.values()) {
      if (!checkfirst || !(yield* connection.hasTable(table.name, table.schema))) missing.push(table);
    }
    for (const statement of createPlan(missing, connection.dialect.features)) yield* connection.executeDdl(statement);
  }

  *#drop(connection: SchemaConnection, checkfirst: boolean): Io<void> {
    const present: Table[] = [];
    for (const table of this.tables.values()) {
      if (!checkfirst || (yield* connection.hasTable(table.name, table.schema))) present.push(table);
    }
    for (const statement of dropPlan(present, connection.dialect.features)) yield* connection.executeDdl(statement);
  }
}

function checkfirstOf(options: CreateOptions, where: string): boolean {
  for (const name of Object.keys(options)) {
    if (name !== "checkfirst") throw new ArgumentError(`${where}() has no option ${name}; it has: checkfirst.`);
  }
  return options.checkfirst ?? true;
}
