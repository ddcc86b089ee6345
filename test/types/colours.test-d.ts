/** The two colours have the same methods: what one facade gives, the other gives as a promise. */
import { expectTypeOf, test } from "vitest";
import type { AsyncConnection } from "../../src/async/connection.ts";
import type { AsyncConnectionPool } from "../../src/async/connectionPool.ts";
import type { AsyncEngine } from "../../src/async/engine.ts";
import type { AsyncTransaction } from "../../src/async/transaction.ts";
import { makeUrl } from "../../src/engine/url.ts";
import type { Connection } from "../../src/sync/connection.ts";
import type { ConnectionPool } from "../../src/sync/connectionPool.ts";
import type { Engine } from "../../src/sync/engine.ts";
import type { Transaction } from "../../src/sync/transaction.ts";

type Named<T> = Exclude<keyof T, symbol>;
declare function connectionOf(): Connection;

test("the same names", () => {
  expectTypeOf<Named<AsyncEngine>>().toEqualTypeOf<Named<Engine>>();
  expectTypeOf<Named<AsyncConnection>>().toEqualTypeOf<Named<Connection>>();
  expectTypeOf<Named<AsyncTransaction>>().toEqualTypeOf<Named<Transaction>>();
  expectTypeOf<Named<AsyncConnectionPool>>().toEqualTypeOf<Named<ConnectionPool>>();
});

test("the same parameters, and promises of the same results", () => {
  expectTypeOf<Parameters<AsyncConnection["execDriverSql"]>>().toEqualTypeOf<Parameters<Connection["execDriverSql"]>>();
  expectTypeOf<ReturnType<AsyncConnection["execDriverSql"]>>().toEqualTypeOf<Promise<ReturnType<Connection["execDriverSql"]>>>();
  expectTypeOf<Parameters<AsyncConnection["execute"]>>().toEqualTypeOf<Parameters<Connection["execute"]>>();
  expectTypeOf<ReturnType<AsyncConnection["commit"]>>().toEqualTypeOf<Promise<void>>();
  expectTypeOf<ReturnType<AsyncEngine["connect"]>>().toEqualTypeOf<Promise<AsyncConnection>>();
});

test("what needs no waiting is no promise", () => {
  type Facts = "defaultIsolationLevel" | "schemaForObject";
  expectTypeOf<Pick<AsyncConnection, Facts>>().toEqualTypeOf<Pick<Connection, Facts>>();
  expectTypeOf<Connection["defaultIsolationLevel"]>().toEqualTypeOf<string>();
  expectTypeOf<Connection["schemaForObject"]>().toEqualTypeOf<(table: object) => string | null>();
  expectTypeOf<Engine["dialect"]["serverVersionInfo"]>().toEqualTypeOf<readonly number[]>();
  expectTypeOf<Engine["dialect"]["defaultSchemaName"]>().toEqualTypeOf<string | null>();
  expectTypeOf<Pick<AsyncTransaction, "isActive" | "isValid">>().toEqualTypeOf<Pick<Transaction, "isActive" | "isValid">>();
  expectTypeOf<Engine["echo"]>().toEqualTypeOf<boolean | "debug">();
  expectTypeOf<AsyncEngine["echo"]>().toEqualTypeOf<Engine["echo"]>();
  // @ts-expect-error a table, not its name
  connectionOf().schemaForObject("users");
});

test("URLs", () => {
  const url = makeUrl("sqlite://");
  expectTypeOf(url.getDialect()).toEqualTypeOf<Engine["dialect"]>();
  expectTypeOf(url.translateConnectArgs({ username: "user", port: null })).toEqualTypeOf<Record<string, string | number>>();
  // @ts-expect-error the part is called username
  url.translateConnectArgs({ user: "username" });
  // @ts-expect-error a name is a text
  url.translateConnectArgs({ host: 1 });
});

test("disposal: using for one, await using for the other", () => {
  expectTypeOf<Engine>().toExtend<Disposable>();
  expectTypeOf<AsyncEngine>().toExtend<AsyncDisposable>();
  expectTypeOf<Connection>().toExtend<Disposable>();
  expectTypeOf<AsyncConnection>().toExtend<AsyncDisposable>();
  expectTypeOf<Transaction>().toExtend<Disposable>();
  expectTypeOf<AsyncTransaction>().toExtend<AsyncDisposable>();
});
