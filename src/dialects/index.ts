/**
 * The dialects by name. A new one is made for every engine, because it learns from the server that the engine talks to.
 */
import { stringify } from "../sql/compile/compiler.ts";
import { setSqlWriter } from "../sql/nodes/node.ts";
import { NoSuchModuleError } from "../errors/engine.ts";
import type { BaseDialect } from "./base.ts";
import type { Dialect } from "./contract.ts";
import { DefaultDialect } from "./default.ts";
import { MysqlDialect } from "./mysql/dialect.ts";
import { PostgresqlDialect } from "./postgresql/dialect.ts";
import { SqliteDialect } from "./sqlite/dialect.ts";

/** What `String(statement)` gives. */
const forPeople = new DefaultDialect();
setSqlWriter((node, dialect) => stringify(node, dialect ?? forPeople));

const DIALECTS: ReadonlyMap<string, () => BaseDialect> = new Map<string, () => BaseDialect>([
  ["sqlite", () => new SqliteDialect()],
  ["postgresql", () => new PostgresqlDialect()],
  ["postgres", () => new PostgresqlDialect()],
  ["mysql", () => new MysqlDialect()],
  ["mariadb", () => new MysqlDialect()],
  ["default", () => new DefaultDialect()],
]);

/** How values of JSON columns are written and read instead of by JSON.stringify and JSON.parse; null for as usual. */
export interface JsonCodec {
  readonly jsonSerializer: ((value: unknown) => string) | null;
  readonly jsonDeserializer: ((text: string) => unknown) | null;
}

/** A dialect of its own for the backend name of a URL. Throws NoSuchModuleError for a name that is not known. */
export function makeDialect(name: string, json: JsonCodec = PLAIN_JSON): Dialect {
  const make = DIALECTS.get(name);
  if (make === undefined)
    throw new NoSuchModuleError(`There is no dialect "${name}"; known are sqlite, postgresql, mysql and mariadb`);
  const dialect = make();
  dialect.jsonSerializer = json.jsonSerializer;
  dialect.jsonDeserializer = json.jsonDeserializer;
  return dialect;
}

const PLAIN_JSON: JsonCodec = { jsonSerializer: null, jsonDeserializer: null };
