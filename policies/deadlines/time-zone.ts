import { addDays, type CivilDate } from "./civil-date.ts";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const kept = formats.get(timeZone);
  if (kept !== undefined) return kept;
  const made = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  formats.set(timeZone, made);
  return made;
}

/** Returns whether `Intl` knows a time zone of this name (IANA), such as Europe/Berlin. */
export function isTimeZone(name: string): boolean {
  try {
    return formatOf(name).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Returns the day that a moment is in, in a time zone. @param atMs milliseconds since the Unix epoch */
export const dayIn = (timeZone: string, atMs: number): CivilDate =>
  formatOf(timeZone).format(atMs) as CivilDate;

const DAY_MS = 86_400_000;

/**
 * Returns the first moment after a day in a time zone, in milliseconds since the Unix epoch. Where a clock that is
 * put forward skips midnight, that is the moment of the change.
 */
export function endOfDay(timeZone: string, date: CivilDate): number {
  const next = addDays(date, 1);
  // No zone is more than 14 hours from UTC. The search is for the first moment of `next` or later.
  let before = Date.parse(`${next}T00:00:00Z`) - DAY_MS;
  let after = before + 2 * DAY_MS;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayIn(timeZone, middle) < next) before = middle;
    else after = middle;
  }
  return after;
}
