/** The functions that statements start with: `select`, `insert`, `update`, `delete_`. */
import { Delete, dmlTable, Insert, Update } from "../nodes/dml.ts";
import { Select, selectItemNode } from "../nodes/select.ts";
import type { InsertRow, SelectItem, UpdateRow } from "../typing.ts";

/**
 * A SELECT of columns, expressions, tables or mapped classes; its rows are typed by position and by name.
 *
 * @throws ArgumentError for what cannot be selected
 * @example
 * ```ts
 * const statement = select(users.c.id, users.c.name).where(users.c.name.like("a%")).limit(10);
 * ```
 */
export function select<const A extends readonly SelectItem[]>(...items: A): Select<A> {
  return new Select<A>({ items: items.map(selectItemNode) });
}

/**
 * An INSERT into a table or the table of a mapped class. Values come from `.values(…)` or as parameters of `execute`.
 *
 * @example
 * ```ts
 * connection.execute(insert(users), [{ name: "a" }, { name: "b" }]);
 * ```
 */
export function insert<const T extends object>(table: T): Insert<InsertRow<T>> {
  return new Insert<InsertRow<T>>(dmlTable(table, "insert"));
}

/**
 * An UPDATE of a table or the table of a mapped class.
 *
 * @example
 * ```ts
 * connection.execute(update(users).where(users.c.id.eq(1)).values({ name: "x" }));
 * ```
 */
export function update<const T extends object>(table: T): Update<UpdateRow<T>> {
  return new Update<UpdateRow<T>>(dmlTable(table, "update"));
}

/**
 * A DELETE from a table or the table of a mapped class. Without `where` every row goes.
 *
 * @example
 * ```ts
 * connection.execute(delete_(users).where(users.c.id.eq(1)));
 * ```
 */
export function delete_(table: object): Delete {
  return new Delete(dmlTable(table, "delete_"));
}
