/** What there is without an engine that connects: pools from a URL, mock engines, statements as text; and what errors carry. */
import { expectTypeOf, test } from "vitest";
import type { DBAPIError, ObjectNotExecutableError } from "athanor";
import {
  type AsyncConnectionPool,
  type AsyncRawConnection,
  type CompiledText,
  type ConnectionPool,
  createAsyncPoolFromUrl,
  createEngine,
  createMockEngine,
  createPoolFromUrl,
  MetaData,
  type MockEngine,
  type MockExecutor,
  type ArgumentError,
  type Pool,
  type RawConnection,
  QueuePool,
  select,
  t,
} from "athanor";

const metadata = new MetaData();
const users = metadata.table("users", { id: t.integer().primaryKey() });

test("pools from a URL", () => {
  const pool = createPoolFromUrl("sqlite://", { poolClass: QueuePool, poolSize: 2, poolTimeout: "5s" });
  expectTypeOf(pool).toEqualTypeOf<ConnectionPool>();
  expectTypeOf(pool.connect()).toEqualTypeOf<RawConnection>();
  expectTypeOf(pool.core).toEqualTypeOf<Pool>();
  expectTypeOf(pool.recreate()).toEqualTypeOf<ConnectionPool>();
  createEngine("sqlite://", { pool: pool.core });
  const asyncPool = createAsyncPoolFromUrl("sqlite://");
  expectTypeOf(asyncPool).toEqualTypeOf<AsyncConnectionPool>();
  expectTypeOf(asyncPool.connect()).toEqualTypeOf<Promise<AsyncRawConnection>>();
  expectTypeOf(asyncPool.dispose()).toEqualTypeOf<Promise<void>>();
  // @ts-expect-error a pool runs no statements that could be logged
  createPoolFromUrl("sqlite://", { echo: true });
  // @ts-expect-error no such option
  createAsyncPoolFromUrl("sqlite://", { size: 5 });
});

test("mock engines", () => {
  const engine = createMockEngine("postgresql://", (statement, parameters) => {
    expectTypeOf(statement.compile({ dialect: engine.dialect })).toEqualTypeOf<CompiledText>();
    expectTypeOf(parameters).toEqualTypeOf<Parameters<MockExecutor>[1]>();
  });
  expectTypeOf(engine).toEqualTypeOf<MockEngine>();
  expectTypeOf(metadata.createAll(engine, { checkfirst: false })).toBeVoid();
  expectTypeOf(engine.connect().execute(select(users))).toBeUnknown();
  // @ts-expect-error a statement, not its text
  engine.connect().execute("SELECT 1");
  // @ts-expect-error there is nobody to hand the statements to
  createMockEngine("postgresql://");
});

test("statements as text", () => {
  expectTypeOf(select(users).compile().string).toBeString();
  expectTypeOf(users.c.id.compile({ dialect: createEngine("sqlite://").dialect })).toEqualTypeOf<CompiledText>();
  // @ts-expect-error a dialect, not its name
  select(users).compile({ dialect: "postgresql" });
});

test("errors", () => {
  expectTypeOf<ObjectNotExecutableError>().toExtend<ArgumentError>();
  expectTypeOf<DBAPIError["isMulti"]>().toEqualTypeOf<boolean>();
});
