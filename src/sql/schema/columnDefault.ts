/**
 * Where a column gets a value from that the program did not give: a default of new rows, or what an update sets by itself. Columns are made with
 * them (column.ts); they are worked out where statements are planned (sql/compile) and objects flushed (orm/flush).
 */
import { ColumnElement } from "../nodes/element.ts";

/**
 * What a function is told that works out a default. SQLAlchemy: context-sensitive default functions.
 *
 * @example
 * ```ts no-check
 * handle: t.string().default((context) => String(context.currentParameters["name"]).toLowerCase())
 * ```
 */
export interface DefaultContext {
  /**
   * The values of the row by the keys of its columns, as the program gave them: those that the statement writes, and the defaults of columns that
   * come before this one. SQL expressions are not among them.
   */
  readonly currentParameters: Readonly<Record<string, unknown>>;
  readonly isInsert: boolean;
  readonly isUpdate: boolean;
}

/** A default of the application's: a value, a function called for each row, or an SQL expression. */
export type DefaultSource<V> = V | (() => V) | ((context: DefaultContext) => V) | ColumnElement<V>;

export type ColumnDefault =
  | { readonly kind: "scalar"; readonly value: unknown }
  | { readonly kind: "callable"; readonly call: (context?: DefaultContext) => unknown; readonly takesContext: boolean }
  | { readonly kind: "expression"; readonly expression: ColumnElement };

export function columnDefault(source: unknown): ColumnDefault | null {
  if (source === undefined) return null;
  if (source instanceof ColumnElement) return { kind: "expression", expression: source };
  if (typeof source !== "function") return { kind: "scalar", value: source };
  return { kind: "callable", call: source as (context?: DefaultContext) => unknown, takesContext: source.length > 0 };
}

/**
 * The value for one row; null for an expression, which the database works out.
 *
 * @param rowSoFar the values of the row by key; called only for a function that wants to know them
 */
export function defaultFor(
  source: ColumnDefault,
  when: "insert" | "update",
  rowSoFar: () => Readonly<Record<string, unknown>>,
): unknown {
  if (source.kind !== "callable") return source.kind === "scalar" ? source.value : null;
  if (!source.takesContext) return source.call();
  return source.call({ currentParameters: rowSoFar(), isInsert: when === "insert", isUpdate: when === "update" });
}
