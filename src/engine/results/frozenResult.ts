/**
 * The rows of a result, kept so that they can be read again and again: what `result.freeze()` gives, for caches. It holds no connection.
 */
import { ArgumentError } from "../../errors/base.ts";
import { asRow, type Row, type RowShape } from "./row.ts";
import type { Result } from "./result.ts";

/**
 * Rows to be read any number of times. SQLAlchemy: FrozenResult.
 *
 * @example
 * ```ts no-check
 * const frozen = connection.execute(select(users.c.id, users.c.name)).freeze();
 * frozen().all();
 * frozen().scalars().first();
 * ```
 */
export interface FrozenResult<R extends readonly unknown[] = readonly unknown[]> {
  /** A new result with all the rows. */
  (): Result<R>;
  /** The column names, in order. */
  readonly keys: readonly string[];
  readonly data: readonly Row<R>[];
  /** The values of the rows as plain arrays, which may be changed and given to `withNewRows`. */
  rewriteRows(): unknown[][];
  /** The same columns with other rows. Throws ArgumentError for a row with more or fewer values. */
  withNewRows(rows: Iterable<readonly unknown[]>): FrozenResult<R>;
}

/** @param open makes a result of the rows */
export function freezeRows<R extends readonly unknown[]>(
  rows: readonly Row<R>[],
  shape: RowShape,
  open: (rows: readonly Row<R>[]) => Result<R>,
): FrozenResult<R> {
  const { names } = shape;
  const frozen = (): Result<R> => open(rows);
  return Object.assign(frozen, {
    keys: names,
    data: rows,
    rewriteRows: () => rows.map((row) => Array.from<unknown>(row)),
    withNewRows: (others: Iterable<readonly unknown[]>) => {
      const made = Array.from(others, (values) => {
        if (!Array.isArray(values) || values.length !== names.length)
          throw new ArgumentError(`withNewRows() takes rows of ${names.length} values: ${names.join(", ")}`);
        return asRow(Array.from<unknown>(values), shape) as unknown as Row<R>;
      });
      return freezeRows(made, shape, open);
    },
  });
}
