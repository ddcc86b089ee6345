/**
 * The database of a run through each of the drivers that can reach it, for tests that must hold with every driver. Drivers whose package is
 * not installed, or that this Node cannot load, are left out.
 */
import type { Driver } from "../../src/dialects/contract.ts";
import { builtInDrivers } from "../../src/drivers/index.ts";
import { NoSuchModuleError } from "../../src/errors/index.ts";
import type { DriverConnection } from "../../src/io/driver.ts";
import type { DatabaseName } from "./database-setup.ts";

/** The drivers of a database that can be loaded. The first is the default one. */
export function driversOf(name: DatabaseName): readonly Driver[] {
  return builtInDrivers.filter((driver) => driver.dialectName === name && isInstalled(driver));
}

/** The same database, reached with that driver. PGlite is a server of its own, in memory. */
export function urlWith(driver: Driver, url: string): string {
  if (driver.name === "pglite") return "postgresql+pglite://";
  return url.replace(/^[^:]+/, `${driver.dialectName}+${driver.name}`);
}

export function isInstalled(driver: Driver): boolean {
  try {
    driver.load();
    // A package's native part is loaded with its first database, and may have been compiled for another version of Node.
    if (driver.colour === "sync") (driver.connect(IN_MEMORY) as DriverConnection).destroy();
    return true;
  } catch (error) {
    if (error instanceof NoSuchModuleError || isForAnotherNode(error)) return false;
    throw error;
  }
}

const IN_MEMORY = { host: null, port: null, username: null, password: null, database: null, query: {}, connectArgs: {} };

function isForAnotherNode(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "ERR_DLOPEN_FAILED" || /did not self-register/.test(String(message));
}
