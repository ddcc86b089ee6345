/**
 * Loads an npm package when the first engine needs it, so that only the drivers in use have to be installed. Called by the driver
 * files beside this one.
 */
import { createRequire } from "node:module";
import { NoSuchModuleError } from "../errors/engine.ts";

const require = createRequire(import.meta.url);

/** The package's exports. Throws NoSuchModuleError with the command that installs it. */
export function loadPackage(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "MODULE_NOT_FOUND";
    throw new NoSuchModuleError(
      missing
        ? `The driver package "${name}" is not installed: npm install ${name}`
        : `The driver package "${name}" could not be loaded: ${String((error as Error).message)}`,
      {
        cause: error,
      },
    );
  }
}
