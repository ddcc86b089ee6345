/** That the database harness keeps its promises: an empty database for each file, raw connections, skipping by capability. */
import { expect, test } from "vitest";
import { forEachDatabase } from "../support/databases.ts";

forEachDatabase("the harness, in a second file", (db) => {
  test("answers with the version it announced", async () => {
    const connection = await db.raw();
    try {
      const sql = { sqlite: "select sqlite_version()", postgresql: "show server_version", mysql: "select version()" }[db.name];
      const [[version] = []] = await connection.query(sql);
      expect(String(version)).toContain(db.version);
    } finally {
      await connection.close();
    }
  });

  test("gives an empty database, and another on request", async () => {
    const other = await db.freshUrl();
    expect(other).not.toBe(db.url);
    for (const url of [db.url, other]) {
      const connection = await db.raw(url);
      try {
        // Fails where an earlier file, or the other database, has left a table of this name.
        await connection.query("create table harness_probe (id integer)");
        await connection.query("insert into harness_probe values (7)");
        expect(await connection.query("select id from harness_probe")).toEqual([[7]]);
      } finally {
        await connection.close();
      }
    }
  });
});
