/** Loads a relationship when it is read: nothing to prepare (see session/loading.ts for what a read does). */
import type { LoaderStrategy } from "./strategy.ts";

export const lazy: LoaderStrategy = {
  prepare() {
    // The statement stays as it is.
  },
};
