/** Loads a relationship by a further statement with the parents' keys in an IN (see session/loading.ts, which runs it). */
import type { LoaderStrategy } from "./strategy.ts";

export const selectin: LoaderStrategy = {
  prepare(_builder, parent, _source, relationship, tree) {
    parent.later.push({ relationship, tree });
  },
};
