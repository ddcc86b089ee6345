/**
 * The views of a result: one column, rows as plain objects, fewer columns. Results of both colours make them here. A view fetches from the
 * same source, so what one has taken, the other does not see again.
 */
import { ArgumentError } from "../../errors/base.ts";
import type { ResultCore } from "./resultCore.ts";
import { asRow, type Row, type RowShape } from "./row.ts";
import type { Values } from "./rowSource.ts";

/** The values of one column. */
export function scalarView(core: ResultCore<unknown>, shape: RowShape, column: unknown): ResultCore<unknown> {
  core.source.check();
  const position = shape.positionOf(column);
  return core.view((row) => row[position]);
}

/** The rows as plain objects. */
export function mappingView<T>(core: ResultCore<unknown>, shape: RowShape): ResultCore<T> {
  core.source.check();
  return core.view((row) => shape.mappingOf(row) as T, true);
}

/** Rows with some of the columns; `R` is what they are typed as. */
export function columnsView<R extends readonly unknown[]>(
  core: ResultCore<unknown>,
  shape: RowShape,
  keys: readonly unknown[],
): { readonly core: ResultCore<Row<R>>; readonly shape: RowShape } {
  core.source.check();
  if (keys.length === 0) throw new ArgumentError("columns() takes at least one column, by name, position or expression");
  const positions = keys.map((key) => shape.positionOf(key));
  const picked = shape.pick(positions);
  return {
    core: core.view(
      (row: Values) =>
        asRow(
          positions.map((position) => row[position]),
          picked,
        ) as unknown as Row<R>,
    ),
    shape: picked,
  };
}
