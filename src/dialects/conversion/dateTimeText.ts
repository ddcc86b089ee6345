/**
 * Dates and times that stay text, for columns declared `{ as: "string" }` and, on their way to Temporal, `{ as: "temporal" }`: six digits
 * of fraction, where a Date has three. Every database gets, and every driver gives, one form in UTC.
 */
import { formatDateTime } from "./dates.ts";
import { unfit } from "./describe.ts";

/** Date; hours and minutes; seconds; fraction; offset. */
const TEXT =
  /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?\s*(?:(Z)|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?$/;

/** `2024-02-29 01:02:03.123456` in UTC: what is stored where no zone is kept. A text without an offset is UTC. */
export function bindDateTimeText(value: unknown): string {
  if (value instanceof Date) return formatDateTime(value);
  const text = typeof value === "string" ? toUtc(value) : null;
  if (text === null)
    throw unfit(value, 'a date and time such as "2024-02-29 12:34:56.123456", with at most six digits of fraction');
  return text;
}

export function bindDateTimeTextWithZone(value: unknown): string {
  return `${bindDateTimeText(value)}+00`;
}

/** `2024-02-29 01:02:03`, with six digits of fraction where it is not zero. What is no date of the years 1 to 9999 stays as it came. */
export function dateTimeTextResult(value: unknown): string {
  if (value instanceof Date) return withoutZeros(formatDateTime(value));
  if (typeof value !== "string") throw unfit(value, "a date and time");
  const text = toUtc(value);
  return text === null ? value : withoutZeros(text);
}

export function dateTimeTextWithZoneResult(value: unknown): string {
  const text = dateTimeTextResult(value);
  return TEXT.test(text) ? `${text}+00:00` : text;
}

function withoutZeros(text: string): string {
  return text.endsWith(".000000") ? text.slice(0, -7) : text;
}

/** Null where the text is none, or the calendar has no such moment in the years 1 to 9999. */
function toUtc(text: string): string | null {
  const match = TEXT.exec(text);
  if (match === null) return null;
  const clock = `${match[2] ?? "00:00"}:${match[3] ?? "00"}`;
  const local = `${match[1]!}T${clock}`;
  const moment = new Date(`${local}Z`);
  // Date takes 30 February for 1 March, and 24:00 for the next day.
  if (Number.isNaN(moment.getTime()) || !moment.toISOString().startsWith(local)) return null;
  if (match[6] !== undefined) {
    const offset = Number(match[7]) * 3600 + Number(match[8] ?? 0) * 60 + Number(match[9] ?? 0);
    moment.setTime(moment.getTime() + (match[6] === "-" ? offset : -offset) * 1000);
  }
  const year = moment.getUTCFullYear();
  if (year < 1 || year > 9999) return null;
  return `${moment.toISOString().slice(0, 19).replace("T", " ")}.${(match[4] ?? "").padEnd(6, "0")}`;
}
