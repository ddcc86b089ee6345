/** The loader strategies by name. */
import type { StrategyName } from "../options.ts";
import { joined } from "./joined.ts";
import { lazy } from "./lazy.ts";
import { selectin } from "./selectin.ts";
import type { LoaderStrategy } from "./strategy.ts";

export const STRATEGIES: { readonly [Name in StrategyName]: LoaderStrategy } = { lazy, selectin, joined };
