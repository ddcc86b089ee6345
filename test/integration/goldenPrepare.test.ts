/** Every golden statement is one that the server accepts: executed on empty tables, in a transaction that is rolled back. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { DBAPIError } from "../../src/errors/index.ts";
import { isOrmSelect } from "../../src/orm/load/selectBuilder.ts";
import { DropTable } from "../../src/sql/index.ts";
import type { CreateTable } from "../../src/sql/nodes/ddl.ts";
import type { Executable } from "../../src/sql/typing.ts";
import { ddl } from "../compile/golden/ddl.ts";
import { dml } from "../compile/golden/dml.ts";
import type { Golden } from "../compile/golden/golden.ts";
import { orm } from "../compile/golden/orm.ts";
import { selects } from "../compile/golden/select.ts";
import { openEngine } from "../support/colours.ts";
import { forEachDatabase } from "../support/databases.ts";
import { GoldenBase } from "../support/domains.ts";
import { failure, openSession } from "../support/sessions.ts";

forEachDatabase("golden statements", (db) => {
  let engine: AsyncEngine;
  beforeAll(async () => {
    engine = openEngine("async", await db.freshUrl()) as AsyncEngine;
    await GoldenBase.metadata.createAll(engine);
  });
  afterAll(async () => {
    await engine?.dispose();
  });

  async function run({ statement, parameters }: Golden): Promise<void> {
    const executable = statement as unknown as Executable;
    if (isOrmSelect(statement)) {
      const session = openSession(engine);
      await session.execute(executable, parameters).finally(() => session.close());
      return;
    }
    const connection = await engine.connect();
    try {
      if (statement.kind === "createTable") {
        const { table } = statement as CreateTable;
        // It is there, and so is what it refers to: what refers to it goes first.
        for (const other of [...table.metadata.sortedTables].reverse()) {
          if (other === table || other.foreignKeys.some((key) => key.column.table === table)) {
            if (GoldenBase.metadata === table.metadata) await connection.execute(new DropTable(other));
          }
        }
        await connection.execute(executable);
        await connection.commit();
        await GoldenBase.metadata.createAll(engine);
        return;
      }
      await connection.execute(executable, parameters);
    } finally {
      await connection.close();
    }
  }

  describe.each([
    ["select", selects],
    ["dml", dml],
    ["orm", orm],
    ["ddl", ddl],
  ] as const)("%s", (_area, goldens) => {
    test.each(goldens.map((golden) => [golden.id, golden] as const))("%s", async (_id, golden) => {
      if (golden.notOn?.includes(db.product) === true) expect(await failure(() => run(golden))).toBeInstanceOf(DBAPIError);
      else await run(golden);
    });
  });
});
