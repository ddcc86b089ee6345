/**
 * SQLite's keywords (sqlite.org/lang_keywords.html) that cannot stand for a name unquoted, in lower case.
 */
export const SQLITE_RESERVED: ReadonlySet<string> = new Set(
  (
    "add all alter and as autoincrement begin between case check collate column commit constraint create cross current_date " +
    "current_time current_timestamp database default deferrable deferred delete distinct drop else end escape except exclusive exists " +
    "explain foreign from full group having if immediate in index indexed inner insert intersect into is isnull join left limit " +
    "natural not notnull null on or order outer primary references returning right rollback row select set table temp temporary then " +
    "to transaction trigger union unique update using values view virtual when where"
  ).split(" "),
);
