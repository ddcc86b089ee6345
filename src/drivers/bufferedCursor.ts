/**
 * A cursor over rows that are all there already, for drivers and statements that have no other.
 */
import type { DriverCursor, DriverResult } from "../io/driver.ts";

export function bufferedCursor(result: DriverResult): DriverCursor {
  let position = 0;
  return {
    columns: result.columns ?? [],
    fetch(count) {
      const rows = result.rows.slice(position, position + count);
      position += rows.length;
      return rows;
    },
    close() {
      position = result.rows.length;
    },
  };
}
