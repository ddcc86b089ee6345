/** Engines: their options, and what they run and lend. */
import { expectTypeOf, test } from "vitest";
import type { AsyncEngine, CommitMark, Engine } from "../../src/index.ts";
import {
  asyncEngineFromConfig,
  type AsyncConnection,
  createAsyncEngine,
  createEngine,
  type Connection,
  type Driver,
  engineFromConfig,
  NullPool,
  QueuePool,
  registerDriver,
  registerPlugin,
  transactionContext,
  type AsyncRawConnection,
  type AsyncTwoPhaseTransaction,
  type RawConnection,
  type TwoPhaseTransaction,
} from "../../src/index.ts";
import { instrumentEngine } from "../../src/opentelemetry.ts";
import { type AsyncSession, asyncScopedSession, asyncSessionmaker } from "../../src/orm.ts";
import { driverAcceptance } from "../../src/testing.ts";

declare const engine: Engine;
declare const asyncEngine: AsyncEngine;
declare const driver: Driver;

test("options", () => {
  expectTypeOf(createEngine("sqlite://", { poolClass: NullPool, echo: "debug" })).toEqualTypeOf<Engine>();
  expectTypeOf(createAsyncEngine("sqlite://", { poolClass: QueuePool, poolSize: 1 })).toEqualTypeOf<AsyncEngine>();
  // @ts-expect-error no such option
  createEngine("sqlite://", { poolsize: 5 });
  // @ts-expect-error no such level of logging
  createEngine("sqlite://", { echo: "verbose" });
  createEngine("sqlite://", { poolTimeout: "30s", poolRecycle: 60_000 });
  // @ts-expect-error a time is a number of milliseconds or a text
  createEngine("sqlite://", { poolTimeout: true });
});

test("engines from configuration", () => {
  const config = { "db.url": "sqlite://", "db.pool_size": "5" };
  expectTypeOf(engineFromConfig(config, { prefix: "db." })).toEqualTypeOf<Engine>();
  expectTypeOf(asyncEngineFromConfig(config, { prefix: "db." })).toEqualTypeOf<AsyncEngine>();
  // @ts-expect-error no such option
  engineFromConfig(config, { prefixes: "db." });
});

test("what a callback gives, its engine gives", () => {
  expectTypeOf(engine.run((connection) => typeof connection)).toBeString();
  expectTypeOf(engine.begin((connection: Connection) => connection.closed)).toEqualTypeOf<boolean>();
  expectTypeOf(asyncEngine.run(async (connection) => (await connection.getIsolationLevel()).length)).toEqualTypeOf<
    Promise<number>
  >();
  expectTypeOf(asyncEngine.run(() => 1, { retries: 3 })).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error no such option
  engine.run(() => 1, { retriesAtMost: 3 });
});

test("what an engine lends", () => {
  expectTypeOf(engine.connect({ readOnly: true })).toEqualTypeOf<Connection>();
  expectTypeOf(asyncEngine.connect({ signal: AbortSignal.timeout(5), timeout: "2 s" })).toEqualTypeOf<Promise<AsyncConnection>>();
  expectTypeOf(engine.rawConnection()).toEqualTypeOf<RawConnection>();
  expectTypeOf(asyncEngine.rawConnection()).toEqualTypeOf<Promise<AsyncRawConnection>>();
  expectTypeOf(engine.connect().beginTwophase("order-7")).toEqualTypeOf<TwoPhaseTransaction>();
  expectTypeOf<ReturnType<AsyncConnection["beginTwophase"]>>().toEqualTypeOf<Promise<AsyncTwoPhaseTransaction>>();
  expectTypeOf(asyncEngine.readYourWrites((mark) => Promise.resolve(mark))).toEqualTypeOf<Promise<CommitMark>>();
  // @ts-expect-error a mark is no number
  void asyncEngine.connect({ mark: 1 });
});

test("contexts", () => {
  const context = transactionContext(asyncEngine);
  expectTypeOf(context.connection).toEqualTypeOf<AsyncConnection | null>();
  expectTypeOf(context.run((connection) => connection.closed, { propagation: "requiresNew" })).toEqualTypeOf<Promise<boolean>>();
  // @ts-expect-error no such propagation
  void context.run(() => 1, { propagation: "sometimes" });
  const session = asyncScopedSession(asyncSessionmaker(asyncEngine));
  expectTypeOf(session()).toEqualTypeOf<AsyncSession>();
  expectTypeOf(session.scope(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(session.transaction(async (own) => Promise.resolve(own))).toEqualTypeOf<Promise<AsyncSession>>();
  // @ts-expect-error a context is for asynchronous engines
  transactionContext(engine);
});

test("what others add", () => {
  expectTypeOf(registerDriver(driver)).toBeVoid();
  expectTypeOf(registerPlugin("audit", () => ({}))).toBeVoid();
  // @ts-expect-error a plugin is made by a function
  registerPlugin("audit", {});
  expectTypeOf(instrumentEngine(asyncEngine)).toEqualTypeOf<() => void>();
  expectTypeOf(driverAcceptance({ driver, url: "sqlite://" })).items.toHaveProperty("run");
  // @ts-expect-error no such ability
  driverAcceptance({ driver, url: "sqlite://", lacks: ["everything"] });
});
