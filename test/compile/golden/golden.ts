/**
 * What a golden statement is, and how its SQL in one dialect follows from the default's. The texts are SQLAlchemy's; where one differs,
 * the entry says why.
 */
import type { Parameters } from "../../../src/sql/compile/execute.ts";
import type { Node } from "../../../src/sql/nodes/node.ts";

export type GoldenDialect = "default" | "sqlite" | "postgresql" | "mysql";

export interface Golden {
  /** As in the collection of golden statements; a letter behind it marks a part or variant. */
  readonly id: string;
  readonly statement: Node;
  readonly parameters?: Parameters;
  /**
   * The text by dialect, with named placeholders. A dialect is listed where more than its placeholders differs; null says that it
   * refuses to compile the statement.
   */
  readonly sql: { readonly default: string | null } & { readonly [D in Exclude<GoldenDialect, "default">]?: string | null };
  /** Values sent to SQLite, in order. */
  readonly values?: readonly unknown[];
  /** Servers that cannot run the statement, though it is written as they would want it. */
  readonly notOn?: readonly ("sqlite" | "postgresql" | "mysql" | "mariadb")[];
}

/** The expected text, with the placeholders that the dialect's driver wants. */
export function expectedSql({ sql }: Golden, dialect: GoldenDialect): string | null {
  const text = sql[dialect] === undefined ? sql.default : sql[dialect];
  if (text === null || dialect === "default") return text;
  const numbers = new Map<string, number>();
  return text.replaceAll(/(?<!:):([a-z]\w*)/gi, (_placeholder, name: string) => {
    if (dialect !== "postgresql") return "?";
    if (!numbers.has(name)) numbers.set(name, numbers.size + 1);
    return `$${numbers.get(name)!}`;
  });
}
