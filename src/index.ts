/** The entry point `athanor`: engines, connections, tables and statements. Mapped classes and sessions are in `athanor/orm`. */
import { builtInDrivers } from "./drivers/index.ts";
import { registerDriver } from "./engine/driverRegistry.ts";

for (const driver of builtInDrivers) registerDriver(driver);

export * from "./sql/index.ts";
export * from "./errors/index.ts";
export { URL, makeUrl } from "./engine/url.ts";
export { createEngine, Engine } from "./sync/engine.ts";
export { Connection } from "./sync/connection.ts";
export { createAsyncEngine, AsyncEngine } from "./async/engine.ts";
export { AsyncConnection } from "./async/connection.ts";
export { registerDriver } from "./engine/driverRegistry.ts";
export type { Driver } from "./dialects/contract.ts";
export { event } from "./engine/events.ts";
export { JSON_NULL } from "./types/jsonNull.ts";
export { Decimal } from "decimal.js";
export type { EngineOptions } from "./engine/options.ts";
export type { Result, ScalarResult } from "./engine/result.ts";
export type { Row } from "./engine/row.ts";
export type { Parameters } from "./sql/compile/execute.ts";
