/** All workloads, in the order in which they are run and shown. */
import type { Workload } from "../harness.ts";
import { coreSelects } from "./coreSelects.ts";
import { flushNew } from "./flushNew.ts";
import { getByKey } from "./getByKey.ts";
import { loadEntities } from "./loadEntities.ts";
import { noopFlush } from "./noopFlush.ts";

export const WORKLOADS: readonly Workload[] = [getByKey, loadEntities, flushNew, noopFlush, coreSelects];
