/** Two-phase transactions, on servers of our own: PostgreSQL has to be configured for them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { event } from "../../../src/engine/events.ts";
import { ArgumentError, InvalidRequestError } from "../../../src/errors/index.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { type Colour, openEngine } from "../../support/colours.ts";
import { sqliteScheme } from "../../support/databases.ts";
import { startMysql } from "../../support/servers/mysql.ts";
import { describeWithOwn } from "../../support/servers/needs.ts";
import { startPostgresql } from "../../support/servers/postgresql.ts";
import type { TestServer } from "../../support/servers/server.ts";

const KINDS = [
  { kind: "PostgreSQL", database: "postgres", start: () => startPostgresql({ settings: { max_prepared_transactions: 5 } }) },
  { kind: "MariaDB", database: "mysql", start: () => startMysql() },
] as const;

for (const { kind, database, start } of KINDS)
  describeWithOwn(kind, "two-phase transactions", () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await start();
      await server.query(`create table kept (n integer)${kind === "MariaDB" ? " engine=innodb" : ""}`, database);
    });
    afterAll(() => server?.stop());
    const kept = async (): Promise<number> => Number((await server.query("select count(*) from kept", database))[0]![0]);

    describe.each<Colour>(["sync", "async"])("%s", (colour) => {
      let engine: Engine;
      beforeAll(async () => {
        // Both colours have the same methods; awaiting what is no promise changes nothing.
        engine = openEngine(colour, server.url(database)) as Engine;
        await server.query("delete from kept", database);
      });
      afterAll(async () => {
        await engine?.dispose();
      });

      test("prepare, lose the connection, recover, commit", async () => {
        const connection = await engine.connect();
        const seen: unknown[] = [];
        for (const name of ["beginTwophase", "prepareTwophase", "commitTwophase"] as const)
          event.listen(engine, name, (_connection: object, xid: string) => void seen.push(name, xid));
        const transaction = await connection.beginTwophase("order-1");
        expect(transaction.xid).toBe("order-1");
        await connection.execDriverSql("INSERT INTO kept VALUES (1)");
        await transaction.prepare();
        await expect(async () => await transaction.prepare()).rejects.toThrow(/prepared already/);
        await connection.invalidate();
        await connection.close();
        expect(await kept()).toBe(0);

        const other = await engine.connect();
        // MariaDB keeps the transaction with the connection until it notices that nobody is there.
        let names: readonly string[] = [];
        for (let attempt = 0; attempt < 20; attempt++) {
          names = await other.recoverTwophase();
          if (names.includes("order-1")) break;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        expect(names).toContain("order-1");
        for (let attempt = 0; ; attempt++) {
          try {
            await other.commitPrepared("order-1");
            break;
          } catch (error) {
            if (attempt > 20) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
        expect(await other.recoverTwophase()).not.toContain("order-1");
        await other.close();
        expect(await kept()).toBe(1);
        expect(seen.slice(0, 4)).toEqual(["beginTwophase", "order-1", "prepareTwophase", "order-1"]);
      });

      test("commit and rollback, prepared and not", async () => {
        await server.query("delete from kept", database);
        const connection = await engine.connect();
        for (const prepare of [false, true])
          for (const end of ["commit", "rollback"] as const) {
            const transaction = await connection.beginTwophase();
            await connection.execDriverSql("INSERT INTO kept VALUES (2)");
            if (prepare) await transaction.prepare();
            await transaction[end]();
            expect(connection.inTransaction()).toBe(false);
          }
        expect(await connection.recoverTwophase()).toEqual([]);
        await connection.close();
        expect(await kept()).toBe(2);
      });

      test("closing rolls back what was not prepared", async () => {
        await server.query("delete from kept", database);
        const connection = await engine.connect();
        await connection.beginTwophase("lost");
        await connection.execDriverSql("INSERT INTO kept VALUES (3)");
        await expect(async () => await connection.beginTwophase("second")).rejects.toThrow(InvalidRequestError);
        await connection.close();
        const next = await engine.connect();
        expect(await next.recoverTwophase()).toEqual([]);
        await expect(async () => await next.beginTwophase("x".repeat(65))).rejects.toThrow(ArgumentError);
        await next.close();
        expect(await kept()).toBe(0);
        expect(engine.pool.checkedout()).toBe(0);
      });
    });
  });

describe("two-phase transactions [sqlite]", () => {
  test("are refused", () => {
    const engine = openEngine("sync", `${sqliteScheme}://`) as Engine;
    using connection = engine.connect();
    expect(() => connection.beginTwophase()).toThrow(/sqlite has no two-phase transactions/);
  });
});
