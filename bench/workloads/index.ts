/**
 * All workloads, in the order of the table. A new one is one file beside this one and one line here. Read by run.ts.
 */
import type { Workload } from "../harness.ts";
import { bulkInsert } from "./bulkInsert.ts";
import { coreSelect } from "./coreSelect.ts";
import { getByKey } from "./getByKey.ts";
import { insertFlush } from "./insertFlush.ts";
import { load } from "./load.ts";
import { noopFlush } from "./noopFlush.ts";
import { stream } from "./stream.ts";

export const workloads: readonly Workload[] = [load, insertFlush, getByKey, noopFlush, coreSelect, bulkInsert, stream];
