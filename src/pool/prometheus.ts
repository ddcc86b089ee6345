/**
 * The counters of pools in the text exposition format of Prometheus. Each family of samples has its HELP and TYPE lines once, so a page
 * about several pools has to be written in one go.
 */
import type { PoolMetrics } from "./metrics.ts";

interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly value: (metrics: PoolMetrics) => number;
}

/** Prometheus counts in base units: seconds, and counters end in `_total`. */
const FAMILIES: readonly Family[] = [
  { name: "size", type: "gauge", help: "Connections that the pool keeps", value: (m) => m.size },
  { name: "max_overflow", type: "gauge", help: "Connections beyond the size, -1 for no limit", value: (m) => m.maxOverflow },
  { name: "idle", type: "gauge", help: "Connections ready to be lent", value: (m) => m.idle },
  { name: "lent", type: "gauge", help: "Connections lent, or being opened or closed", value: (m) => m.lent },
  { name: "waiting", type: "gauge", help: "Callers in line for a connection", value: (m) => m.waiting },
  { name: "opened_total", type: "counter", help: "Connections opened", value: (m) => m.opened },
  { name: "closed_total", type: "counter", help: "Connections closed", value: (m) => m.closed },
  { name: "invalidated_total", type: "counter", help: "Connections given up as broken", value: (m) => m.invalidated },
  {
    name: "recycled_total",
    type: "counter",
    help: "Connections replaced because of their age or a mark",
    value: (m) => m.recycled,
  },
  { name: "timed_out_total", type: "counter", help: "Callers who got no connection in time", value: (m) => m.timedOut },
  { name: "checkouts_total", type: "counter", help: "Connections lent", value: (m) => m.checkouts },
  { name: "wait_seconds_total", type: "counter", help: "Time spent in line", value: (m) => m.waitingTimeTotal / 1000 },
  {
    name: "wait_seconds_max",
    type: "gauge",
    help: "Longest time that a caller spent in line",
    value: (m) => m.waitingTimeMax / 1000,
  },
];

/** Writes the counters of pools; each sample is labelled `pool="<name>"`. Ends in a line feed, as the format demands. */
export function prometheusText(pools: readonly { readonly name: string; readonly metrics: PoolMetrics }[]): string {
  const lines: string[] = [];
  for (const { name, type, help, value } of FAMILIES) {
    const family = `athanor_pool_${name}`;
    lines.push(`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`);
    for (const pool of pools) lines.push(`${family}{pool="${escapeLabel(pool.name)}"} ${value(pool.metrics)}`);
  }
  return `${lines.join("\n")}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
