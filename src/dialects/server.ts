/**
 * The dialects' own statements and the reading of version numbers.
 */
import type { DriverConnection } from "../io/driver.ts";
import type { ExecuteRequest } from "../io/io.ts";

/** A statement of the library's own, without parameters: settings, BEGIN, a question to the server. */
export function control(connection: DriverConnection, sql: string, returnsRows = false): ExecuteRequest {
  return { kind: "execute", connection, statement: { sql, parameters: [], reusable: false, wideIntegers: false, returnsRows } };
}

/** The leading numbers of a version: "10.11.19-MariaDB" is [10, 11, 19]. */
export function parseVersion(text: string): readonly number[] {
  return (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? "").split(".").map(Number);
}

export function atLeast(version: readonly number[], ...wanted: readonly number[]): boolean {
  for (const [index, part] of wanted.entries()) {
    const have = version[index] ?? 0;
    if (have !== part) return have > part;
  }
  return true;
}
