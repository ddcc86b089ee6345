/**
 * Parameters as logs, events and errors show them. SQLite's drivers take integers as bigints, which says nothing about the statement:
 * what is shown is the same for every database.
 */

/** The same values, with bigints as numbers where that is exact. */
export function shownParameters(parameters: readonly unknown[]): readonly unknown[] {
  return parameters.map((value) => {
    if (Array.isArray(value)) return shownParameters(value as readonly unknown[]);
    return typeof value === "bigint" && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : value;
  });
}
