/** The entry point `athanor`: engines, connections, tables and statements. Mapped classes and sessions are in `athanor/orm`. */
import { builtInDrivers } from "./drivers/index.ts";
import { registerDriver } from "./engine/driverRegistry.ts";

for (const driver of builtInDrivers) registerDriver(driver);

export * from "./sql/index.ts";
export * from "./errors/index.ts";
export { URL, makeUrl, type ConnectArgNames } from "./engine/url.ts";
export { createEngine, Engine, engineFromConfig } from "./sync/engine.ts";
export { Connection } from "./sync/connection.ts";
export { RawConnection } from "./sync/rawConnection.ts";
export { Transaction, TwoPhaseTransaction } from "./sync/transaction.ts";
export { ConnectionPool, createPoolFromUrl } from "./sync/connectionPool.ts";
export { createMockEngine, MockConnection, MockEngine, type MockExecutor } from "./sync/mockEngine.ts";
export { asyncEngineFromConfig, AsyncEngine, createAsyncEngine } from "./async/engine.ts";
export { AsyncConnection } from "./async/connection.ts";
export { AsyncConnectionPool, createAsyncPoolFromUrl } from "./async/connectionPool.ts";
export { AsyncRawConnection } from "./async/rawConnection.ts";
export { AsyncTransaction, AsyncTwoPhaseTransaction } from "./async/transaction.ts";
export { transactionContext, type AsyncTransactionContext, type TransactionContextOptions } from "./async/transactionContext.ts";
export type { Propagation } from "./engine/propagation.ts";
export { AssertionPool } from "./pool/assertionPool.ts";
export { NullPool } from "./pool/nullPool.ts";
export { QueuePool } from "./pool/queuePool.ts";
export { SingleConnectionPool } from "./pool/singleConnectionPool.ts";
export { StaticPool } from "./pool/staticPool.ts";
export { registerDriver } from "./engine/driverRegistry.ts";
export { registerPlugin, type EnginePlugin } from "./engine/options/plugins.ts";
export type { ConnectTarget, Driver } from "./dialects/contract.ts";
export type {
  DriverColumn,
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
  MaybePromise,
} from "./io/driver.ts";
export type { Io, IoRequest, Waiter } from "./io/io.ts";
export {
  DISPATCHER,
  event,
  type Dispatcher,
  type Listenable,
  type ConnectionEvents,
  type EngineEvents,
  type ErrorContext,
} from "./engine/events.ts";
export type { PoolEvents, PoolResetState } from "./pool/events.ts";
export type { PoolOptionName, PoolOptions, ResetOnReturn } from "./pool/options.ts";
export type {
  DisposeOptions,
  InvalidateOptions,
  Pool,
  PoolClass,
  PooledConnection,
  PoolHost,
  PoolLog,
  ReleaseOptions,
  ResetWay,
} from "./pool/pool.ts";
export type { PoolMetrics } from "./pool/metrics.ts";
export { JSON_NULL } from "./types/jsonNull.ts";
export { Duration, type DurationParts } from "./types/duration.ts";
export { Decimal } from "decimal.js";
export type {
  ConnectOptions,
  ExecuteOptions,
  ExecutionOptions,
  IsolationLevel,
  SchemaTranslateMap,
} from "./engine/options/executionOptions.ts";
export type { PoolFromUrlOptions } from "./engine/connectionPool.ts";
export type { Creator, EngineOptions } from "./engine/options/options.ts";
export type { Echo, Logger, LogRecord } from "./engine/logging.ts";
export { CommitMark } from "./engine/replicas/commitMark.ts";
export type { ReplicaStatus } from "./engine/replicas/replica.ts";
export type { ReadYourWritesOptions } from "./engine/engineCore.ts";
export type { RunOptions } from "./engine/retry.ts";
export type { BeginOptions } from "./engine/options/transactionOptions.ts";
export type { MappingResult, PrimaryKeyRow, Result, ScalarResult, TupleResult, UniqueStrategy } from "./engine/results/result.ts";
export type { AsyncMappingResult, AsyncResult, AsyncScalarResult, AsyncTupleResult } from "./async/result.ts";
export type { FrozenResult } from "./engine/results/frozenResult.ts";
export type { Row } from "./engine/results/row.ts";
export type { Parameters } from "./sql/compile/execute.ts";
