/**
 * Durations as people write them: a number of milliseconds, or a string such as "30s". Used by every option that is a time.
 * It does not throw: whoever calls it knows the option's name for the message.
 */

/** Milliseconds, or a number with a unit: "500ms", "30s", "5m", "1h", "2d". */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The duration in milliseconds, or null when it is not one (negative, not finite, an unknown unit). */
export function parseDuration(duration: unknown): number | null {
  if (typeof duration === "number") return Number.isFinite(duration) && duration >= 0 ? duration : null;
  if (typeof duration !== "string") return null;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(duration);
  if (match === null) return null;
  return Number(match[1]) * UNITS[match[2]!]!;
}
