/** Random statements are accepted by every server, and give the same rows everywhere. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { insert } from "../../src/sql/index.ts";
import type { Executable } from "../../src/sql/typing.ts";
import { createEngine, type Engine } from "../../src/sync/engine.ts";
import { openEngine } from "../support/colours.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";
import {
  buildStatement,
  metadata,
  people,
  PEOPLE,
  pets,
  PETS,
  recipes,
  withOtherValues,
  type Condition,
  type Recipe,
} from "../support/statements.ts";

/** What databases do not agree on: which letters LIKE takes for the same, and whether a backslash escapes. */
function isDisputed(condition: Condition): boolean {
  if (condition.kind === "name") return condition.operator !== "eq" && condition.operator !== "isDistinctFrom";
  if (condition.kind === "and" || condition.kind === "or") return condition.members.some(isDisputed);
  return condition.kind === "not" && isDisputed(condition.member);
}
/** What is undefined in SQL: which rows a limit takes without an order that tells all rows apart. */
const isDetermined = ({ limit, offset, wrap, conditions }: Recipe): boolean =>
  ((limit === null && offset === null) || wrap.startsWith("union")) && wrap !== "scalar" && !conditions.some(isDisputed);

const ROUNDS = 120;

forEachDatabase("random statements", (db) => {
  let engine: AsyncEngine;
  let reference: Engine;
  beforeAll(async () => {
    engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
    await metadata.createAll(engine);
    await engine.begin(async (connection) => {
      await connection.execute(insert(people), PEOPLE);
      await connection.execute(insert(pets), PETS);
    });
    reference = createEngine(`${sqliteScheme}://`);
    metadata.createAll(reference);
    reference.begin((connection) => {
      connection.execute(insert(people), PEOPLE);
      connection.execute(insert(pets), PETS);
    });
  });
  afterAll(async () => {
    await engine?.dispose();
    reference?.dispose();
  });

  test("give what SQLite gives", async () => {
    await fc.assert(
      fc.asyncProperty(recipes, async (recipe) => {
        // MariaDB gives one row for a DISTINCT of what it knows to be constant (a literal, or `id BETWEEN 1 AND 1`), whatever the OFFSET says.
        fc.pre(!(recipe.distinct && recipe.items.every(([, kind]) => kind === "literal")));
        fc.pre(!(db.name === "mysql" && recipe.distinct && recipe.offset !== null));
        for (const each of [recipe, withOtherValues(recipe)]) {
          const statement = buildStatement(each) as unknown as Executable;
          await using connection = await engine.connect();
          const found = (await connection.execute(statement)).all().map((row) => JSON.stringify([...row]));
          using other = reference.connect();
          const expected = other
            .execute(statement)
            .all()
            .map((row) => JSON.stringify([...row]));
          expect(found).toHaveLength(expected.length);
          if (isDetermined(each)) expect(found.sort()).toEqual(expected.sort());
        }
      }),
      { numRuns: ROUNDS },
    );
  });
});
