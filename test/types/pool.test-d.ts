/** What whoever writes a pool or a driver of their own can name, from the entry point alone. */
import { expectTypeOf, test } from "vitest";
import {
  type AsyncEngine,
  createAsyncEngine,
  createEngine,
  type Driver,
  type DriverConnection,
  type DriverResult,
  type DriverStatement,
  type Engine,
  type Io,
  type MaybePromise,
  type Pool,
  type PoolClass,
  type PooledConnection,
  type PoolHost,
  type PoolOptionName,
  type PoolOptions,
  QueuePool,
  type ResetOnReturn,
} from "athanor";
import { ModestPool, OwnPool } from "../support/ownPool.ts";

test("a pool of one's own", () => {
  expectTypeOf(OwnPool).toExtend<PoolClass>();
  expectTypeOf(ModestPool).toExtend<PoolClass>();
  expectTypeOf(createEngine("sqlite://", { poolClass: OwnPool })).toEqualTypeOf<Engine>();
  expectTypeOf(createAsyncEngine("sqlite://", { poolClass: ModestPool, poolTimeout: 5 })).toEqualTypeOf<AsyncEngine>();
  expectTypeOf<Pool["acquire"]>().returns.toEqualTypeOf<Io<PooledConnection>>();
  expectTypeOf<PoolHost["open"]>().returns.toEqualTypeOf<Io<DriverConnection>>();
  expectTypeOf<keyof PoolOptions>().toEqualTypeOf<PoolOptionName>();
  expectTypeOf<PoolOptions["poolResetOnReturn"]>().toEqualTypeOf<ResetOnReturn | undefined>();

  class WithoutNames {
    acquire(): Io<PooledConnection> {
      throw new Error();
    }
  }
  // @ts-expect-error a class of pools has all methods of a pool, and says which options it takes
  createEngine("sqlite://", { poolClass: WithoutNames });
  class WrongName extends QueuePool {
    // @ts-expect-error there is no such option of pools
    static override readonly optionNames: readonly PoolOptionName[] = ["poolSise"];
  }
  void WrongName;
});

test("a driver of one's own", () => {
  expectTypeOf<Awaited<ReturnType<Driver["connect"]>>>().toEqualTypeOf<DriverConnection>();
  expectTypeOf<DriverConnection["execute"]>().parameter(0).toEqualTypeOf<DriverStatement>();
  expectTypeOf<DriverConnection["execute"]>().returns.toEqualTypeOf<MaybePromise<DriverResult>>();
  expectTypeOf<DriverConnection["unref"]>().toEqualTypeOf<(() => void) | undefined>();
});
