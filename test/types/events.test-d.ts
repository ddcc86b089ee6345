/** Events are typed by their target: names, what listeners are told, and what they may give back. */
import { expectTypeOf, test } from "vitest";
import {
  type AsyncConnection,
  AsyncEngine,
  type Connection,
  Engine,
  event,
  type ErrorContext,
  type ExecutionOptions,
  type Pool,
  type PooledConnection,
} from "../../src/index.ts";

declare const engine: Engine;
declare const asyncEngine: AsyncEngine;
declare const connection: Connection;
declare const pool: Pool;

test("connections are those of the engine's colour", () => {
  event.listen(engine, "commit", (told) => void expectTypeOf(told).toEqualTypeOf<Connection>());
  event.listen(Engine, "commit", (told) => void expectTypeOf(told).toEqualTypeOf<Connection>());
  event.listen(connection, "commit", (told) => void expectTypeOf(told).toEqualTypeOf<Connection>());
  event.listen(asyncEngine, "commit", async (told) => {
    expectTypeOf(told).toEqualTypeOf<AsyncConnection>();
    await Promise.resolve();
  });
  event.listen(AsyncEngine, "engineConnect", (told) => void expectTypeOf(told).toEqualTypeOf<AsyncConnection>());
});

test("what listeners are told", () => {
  event.listen(engine, "beforeCursorExecute", (_connection, _cursor, sql, parameters, _context, isMany) => {
    expectTypeOf(sql).toEqualTypeOf<string>();
    expectTypeOf(parameters).toEqualTypeOf<readonly unknown[]>();
    expectTypeOf(isMany).toEqualTypeOf<boolean>();
  });
  event.listen(engine, "beforeExecute", (_connection, statement, _parameters, options) => {
    expectTypeOf(statement).toEqualTypeOf<object>();
    expectTypeOf(options).toEqualTypeOf<ExecutionOptions>();
  });
  event.listen(engine, "handleError", (context) => {
    expectTypeOf(context).toEqualTypeOf<ErrorContext<Connection>>();
    context.isDisconnect = true;
    // @ts-expect-error what the driver threw stays what it is
    context.originalError = null;
  });
  event.listen(pool, "checkout", (_driverConnection, record) => void expectTypeOf(record).toEqualTypeOf<PooledConnection>());
});

test("what listeners give back", () => {
  event.listen(engine, "beforeCursorExecute", (_connection, _cursor, sql, parameters) => [sql, parameters] as const, {
    retval: true,
  });
  // @ts-expect-error the SQL is text
  event.listen(engine, "beforeCursorExecute", () => [1, []] as const, { retval: true });
  event.listen(engine, "handleError", () => new Error("another"), { retval: true });
});

test("listensFor gives back what it is given", () => {
  const listener = event.listensFor(engine, "rollback")((told: Connection) => void told);
  expectTypeOf(listener).toEqualTypeOf<(told: Connection) => undefined>();
  event.listensFor(engine, "rollback")((told) => void expectTypeOf(told).toEqualTypeOf<Connection>());
  event.remove(engine, "rollback", listener);
  expectTypeOf(event.contains(engine, "rollback", listener)).toEqualTypeOf<boolean>();
});

test("what a target does not have is refused", () => {
  // @ts-expect-error connections are not lent by themselves
  event.listen(connection, "checkout", () => undefined);
  // @ts-expect-error no such event
  event.listen(engine, "commits", () => undefined);
  // @ts-expect-error a pool has no statements
  event.listen(pool, "beforeExecute", () => undefined);
  // @ts-expect-error no such option
  event.listen(engine, "commit", () => undefined, { always: true });
  // @ts-expect-error the listener wants something else
  event.listen(engine, "commit", (told: AsyncConnection) => void told);
});
