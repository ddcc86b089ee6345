/**
 * The dialects' own statements and the reading of version numbers.
 */
import type { DriverConnection } from "../io/driver.ts";
import type { ExecuteRequest } from "../io/io.ts";

/** A statement of the library's own, without parameters: settings, BEGIN, a question to the server. */
export function control(
  connection: DriverConnection,
  sql: string,
  returnsRows = false,
  options: Pick<ExecuteRequest, "unstoppable" | "giveUpAfter"> = {},
): ExecuteRequest {
  const statement = { sql, parameters: [], reusable: false, wideIntegers: false, returnsRows };
  return { kind: "execute", connection, statement, ...options };
}

/** How long a server has for an answer that it has at hand, before its connection counts as lost. */
const PATIENCE_MS = 5_000;

/** A question about the server itself, which it answers at once or never. */
export function question(
  connection: DriverConnection,
  sql: string,
  parameters: readonly unknown[] = [],
  unstoppable = false,
): ExecuteRequest {
  const statement = { sql, parameters, reusable: false, wideIntegers: false, returnsRows: true };
  return { kind: "execute", connection, statement, unstoppable, giveUpAfter: PATIENCE_MS };
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
