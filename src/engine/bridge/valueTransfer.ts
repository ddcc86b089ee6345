/**
 * Looks at what is to be handed to the worker: values are copied there by structured clone, which refuses functions, and silently makes
 * plain objects of instances of classes. Neither may become another value in the database, so both are errors that name the place.
 */
import { isTypedArray } from "node:util/types";
import { ArgumentError } from "../../errors/base.ts";

const CURE =
  "A synchronous engine hands it to a worker thread, where only plain data can go; convert it, or use createAsyncEngine.";

/** Parameters as they can go to the worker. Throws ArgumentError for one that cannot. */
export function transferableParameters(parameters: readonly unknown[]): readonly unknown[] {
  let changed: unknown[] | null = null;
  for (let index = 0; index < parameters.length; index++) {
    const value = parameters[index];
    if (typeof value === "string" || typeof value === "number" || value === null) continue;
    refuseObstacle(value, (path, what) => `Parameter ${index + 1}${path} of the statement is ${what}. ${CURE}`);
    // The clone of a view takes all of its memory along; a short Buffer lies in a pool of several kilobytes.
    if (ArrayBuffer.isView(value) && value.byteLength < value.buffer.byteLength)
      (changed ??= [...parameters])[index] = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  }
  return changed ?? parameters;
}

/** Throws ArgumentError when an option for the npm package cannot go to the worker. */
export function checkConnectArgs(connectArgs: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(connectArgs))
    refuseObstacle(value, (path, what) => `The connect option connectArgs.${key}${path} is ${what}. ${CURE}`);
}

function refuseObstacle(value: unknown, message: (path: string, what: string) => string): void {
  const found = obstacle(value, "", new Set());
  if (found !== null) throw new ArgumentError(message(found.path, found.what));
}

function obstacle(value: unknown, path: string, above: Set<object>): { path: string; what: string } | null {
  if (typeof value === "function" || typeof value === "symbol") return { path, what: `a ${typeof value}` };
  if (typeof value !== "object" || value === null || above.has(value)) return null;
  if (isTypedArray(value) || CLONED_WHOLE.some((known) => value instanceof known)) return null;
  const isArray = Array.isArray(value);
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: string } } | null;
  if (!isArray && prototype !== null && prototype !== Object.prototype)
    return { path, what: `an object of the class ${prototype.constructor?.name || "without a name"}` };
  above.add(value);
  for (const [key, inner] of Object.entries(value)) {
    const found = obstacle(inner, isArray ? `${path}[${key}]` : `${path}.${key}`, above);
    if (found !== null) return found;
  }
  above.delete(value);
  return null;
}

const CLONED_WHOLE = [Date, ArrayBuffer, DataView, RegExp] as const;
