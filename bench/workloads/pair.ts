/** Two contenders for one database: the raw driver on a connection of its own, athanor on an engine of its own. */
import { createAsyncEngine, type AsyncEngine } from "athanor";
import type { BenchTarget, Contender } from "../harness.ts";
import { openRaw, type RawDriver } from "../raw.ts";

export async function pair(
  target: BenchTarget,
  raw: (driver: RawDriver) => Promise<number>,
  athanor: (engine: AsyncEngine) => Promise<number>,
): Promise<readonly Contender[]> {
  const driver = await openRaw(target);
  const engine = createAsyncEngine(target.url);
  return [
    { name: "raw", run: () => raw(driver), close: () => driver.close() },
    { name: "athanor", run: () => athanor(engine), close: () => engine.dispose() },
  ];
}
