/**
 * Options for the npm package that a user gives and a driver has to set itself: to take them and do something else would be a lie, so they are
 * refused. All drivers of servers call it.
 */
import { ArgumentError } from "../errors/base.ts";

/**
 * Throws ArgumentError where one of the options is given.
 *
 * @param given `connectArgs`, and what else goes to the package
 * @param why what the driver does instead
 */
export function refuseOptions(
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
  driver: string,
  why = "it relies on its own value",
): void {
  for (const name of names)
    if (given[name] !== undefined)
      throw new ArgumentError(`The option ${name} cannot be given to the driver ${driver}, because ${why}; leave it out`);
}
