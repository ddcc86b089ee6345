/**
 * What drivers do with the text of a statement itself, whatever the database: the SQLite and PostgreSQL drivers call it.
 */
import { ArgumentError } from "../errors/base.ts";

/**
 * Throws ArgumentError for SQL with the character NUL in it, where these databases end a text: SQLite would run what stands before it, and
 * PostgreSQL find the rest of the message out of order, as from a lost connection.
 */
export function refuseNul(sql: string): void {
  if (sql.includes("\0"))
    throw new ArgumentError(
      `The SQL has the character NUL at position ${sql.indexOf("\0")}, where it would end; give values as parameters, and leave NUL out of the text`,
    );
}

/** Matches statements that begin with one of the words, after spaces and comments. */
export function beginsWith(...words: readonly string[]): RegExp {
  return new RegExp(String.raw`^(?:\s|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*(?:${words.join("|")})\b`, "i");
}
