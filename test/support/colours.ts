/**
 * One test text for both colours: an engine of either, whose answers are awaited (awaiting a value that is no promise changes nothing).
 */
import { createAsyncEngine } from "../../src/async/engine.ts";
import { builtInDrivers } from "../../src/drivers/index.ts";
import { registerDriver } from "../../src/engine/driverRegistry.ts";
import type { EngineOptions } from "../../src/engine/options/options.ts";
import { createEngine } from "../../src/sync/engine.ts";
import type { TestDatabase } from "./databases.ts";

for (const driver of builtInDrivers) registerDriver(driver);

export type Colour = "sync" | "async";

/** The colours in which the library can use the database: both; synchronous engines reach servers through a worker thread. */
export function coloursOf(_db: TestDatabase): readonly Colour[] {
  return ["sync", "async"];
}

export type AnyEngine = ReturnType<typeof createEngine> | ReturnType<typeof createAsyncEngine>;

export function openEngine(colour: Colour, url: string, options: EngineOptions = {}): AnyEngine {
  return colour === "sync" ? createEngine(url, options) : createAsyncEngine(url, options);
}

/** The database's spelling of the placeholder at a position, from 1. */
export function placeholder(db: TestDatabase, position: number): string {
  return db.name === "postgresql" ? `$${position}` : "?";
}
