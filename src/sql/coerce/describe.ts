/** How an error message shows an argument that it refuses: what it is, and a little of what it says. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (typeof value === "string") return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  if (typeof value === "function") return value.name === "" ? "a function" : `the function or class ${value.name}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") {
    const name = (value.constructor as { name?: string } | undefined)?.name;
    return name === undefined || name === "Object" ? "an object" : `an object of class ${name}`;
  }
  return `the ${typeof value} ${String(value)}`;
}
