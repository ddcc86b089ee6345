/**
 * Prepared statements of one SQLite connection, for both SQLite drivers. Preparing costs as much as a whole small query, so what will
 * come again is kept; what may have become wrong, because the schema was changed or changed back, is forgotten.
 */
import type { DriverStatement } from "../../io/driver.ts";
import { Lru } from "../../util/lru.ts";
import { beginsWith } from "../sqlText.ts";

const STATEMENTS_KEPT = 256;

/** The library's own statements around every unit of work; they are kept although nobody announces them as reusable. */
const TRANSACTION_CONTROL: ReadonlySet<string> = new Set(["BEGIN", "COMMIT", "ROLLBACK"]);

export class PreparedStatements<P> {
  readonly #kept = new Lru<string, P>(STATEMENTS_KEPT);
  readonly #make: (sql: string) => P;
  /** True when this transaction has changed the schema, so that rolling back changes it again. */
  #schemaChanged = false;

  constructor(make: (sql: string) => P) {
    this.#make = make;
  }

  get(statement: DriverStatement): P {
    const { sql } = statement;
    const isKept = statement.reusable || TRANSACTION_CONTROL.has(sql);
    let prepared = isKept ? this.#kept.get(sql) : undefined;
    if (prepared === undefined) {
      prepared = this.#make(isKept ? planOnce(sql) : sql);
      if (isKept) this.#kept.set(sql, prepared);
    }
    return prepared;
  }

  /** To be called after every statement that gave no rows. */
  ran(sql: string): void {
    if (sql === "COMMIT") {
      this.#schemaChanged = false;
    } else if (CHANGES_SCHEMA.test(sql)) {
      this.#schemaChanged = true;
      this.#kept.clear();
    } else if (this.#schemaChanged && ROLLS_BACK.test(sql)) {
      this.#schemaChanged = sql !== "ROLLBACK";
      this.#kept.clear();
    }
  }

  clear(): void {
    this.#kept.clear();
  }
}

/**
 * SQLite plans a statement anew each time that a parameter is bound which is its LIMIT, because it looks at the value: that is 5 of the 7 µs of a
 * select of ten rows. Of an expression it does not know the value, and plans once, as with all other parameters. This one is its value; of
 * twelve kinds of queries on 200,000 rows, with ANALYZE and without, none was planned worse. At the very end of a text there is no literal
 * and no name in which this could stand.
 */
function planOnce(sql: string): string {
  return sql.replace(/ LIMIT \?(?= OFFSET (?:0|\?)$|$)/, " LIMIT coalesce(?, NULL)");
}

/** Statements that change what a prepared one returns. */
const CHANGES_SCHEMA = beginsWith("create", "alter", "drop", "attach", "detach", "pragma", "vacuum");
const ROLLS_BACK = beginsWith("rollback");
