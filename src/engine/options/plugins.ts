/**
 * Plugins of engines: code that changes the URL and options before an engine is made, and sees it afterwards. SQLAlchemy:
 * CreateEnginePlugin. They come as the option `plugins`, or by name in the URL: `?plugin=name`.
 */
import { ArgumentError } from "../../errors/base.ts";
import { NoSuchModuleError } from "../../errors/engine.ts";
import { nearestName } from "../../util/nearest.ts";
import type { EngineOptions } from "./options.ts";
import type { URL } from "../url.ts";

/** What a plugin may do; every part may be left out. */
export interface EnginePlugin {
  /** Gives the URL to be used; the place to take the plugin's own keys out of the query. */
  updateUrl?(url: URL): URL;
  /** Gives the options to be used. */
  updateOptions?(options: EngineOptions, url: URL): EngineOptions;
  /** Told of the engine (Engine or AsyncEngine) when it is made, to add listeners for example. */
  engineCreated?(engine: object): void;
}

const registered = new Map<string, () => EnginePlugin>();

/**
 * Makes a plugin known for `?plugin=name` in URLs; one of the same name is replaced.
 *
 * @param make called for every engine whose URL names the plugin
 */
export function registerPlugin(name: string, make: () => EnginePlugin): void {
  registered.set(name, make);
}

export interface Prepared {
  readonly url: URL;
  readonly options: EngineOptions;
  readonly plugins: readonly EnginePlugin[];
}

/** The URL and options as all plugins want them. Throws NoSuchModuleError for a name that is not registered. */
export function applyPlugins(url: URL, options: EngineOptions): Prepared {
  const named = url.query["plugin"] ?? [];
  const names = typeof named === "string" ? [named] : named;
  const given: unknown = options.plugins ?? [];
  if (!Array.isArray(given) || given.some((plugin) => typeof plugin !== "object" || plugin === null))
    throw new ArgumentError("plugins must be a list of plugins; one that is registered is named in the URL: ?plugin=name");
  const plugins = [...names.map(findPlugin), ...(given as EnginePlugin[])];
  let prepared: Prepared = { url: names.length === 0 ? url : url.differenceUpdateQuery(["plugin"]), options, plugins };
  for (const plugin of plugins) {
    const nextUrl = plugin.updateUrl?.(prepared.url) ?? prepared.url;
    prepared = { url: nextUrl, options: plugin.updateOptions?.(prepared.options, nextUrl) ?? prepared.options, plugins };
  }
  return prepared;
}

function findPlugin(name: string): EnginePlugin {
  const make = registered.get(name);
  if (make !== undefined) return make();
  const meant = nearestName(name, registered.keys());
  throw new NoSuchModuleError(
    `The URL names the plugin "${name}", which nobody has registered with registerPlugin()${meant === null ? "" : `; did you mean "${meant}"?`}`,
  );
}
