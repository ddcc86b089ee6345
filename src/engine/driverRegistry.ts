/**
 * The drivers that engines can use, by dialect and name. The entry point registers those that come with the library; anybody may add
 * one. Engines look them up here, because the engine's code must not depend on any npm package.
 */
import type { Driver } from "../dialects/contract.ts";
import { NoSuchModuleError } from "../errors/engine.ts";
import { nearestName } from "../util/nearest.ts";

const drivers = new Map<string, Driver>();

/** Makes a driver known as `dialect+name`; one of the same name is replaced. */
export function registerDriver(driver: Driver): void {
  drivers.set(`${driver.dialectName}+${driver.name}`, driver);
}

/** The driver of that name. Throws NoSuchModuleError where there is none. */
export function findDriver(dialectName: string, name: string): Driver {
  const driver = drivers.get(`${dialectName}+${name}`);
  if (driver !== undefined) return driver;
  const names = [...drivers.values()].filter((one) => one.dialectName === dialectName).map((one) => one.name);
  const meant = nearestName(name, names);
  throw new NoSuchModuleError(
    `There is no driver "${name}" for ${dialectName}${names.length === 0 ? "; none is registered for it" : `; known are ${names.join(", ")}`}${meant === null ? "" : ` (did you mean ${dialectName}+${meant}?)`}`,
  );
}
