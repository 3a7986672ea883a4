import { addDays, addMonths, type CivilDate } from "../deadlines/civil-date.ts";
import { dayIn, endOfDay } from "../deadlines/time-zone.ts";
import {
  duties,
  dutiesOf,
  type DutyId,
  type NoticePeriod,
  type Regime,
  type StartingPoint,
} from "./duties.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What was recorded about a notice. Times are milliseconds since the Unix epoch. */
export interface RecordedNotice {
  readonly duty: DutyId;
  /** When it was sent; null if an officer found that it is not due. */
  readonly sentAtMs: number | null;
}

/** The facts on which the clocks depend. Times are milliseconds since the Unix epoch. */
export interface BreachFacts {
  readonly regimes: readonly Regime[];
  readonly discoveredAtMs: number;
  readonly awareAtMs: number;
  /** Null if the incident is not classified as major. */
  readonly classifiedAtMs: number | null;
  readonly timeZone: string;
  readonly notices: readonly RecordedNotice[];
  /** What is exposed, and about how many customers; undefined until it is assessed. Every duty counts until then. */
  readonly verdict?: { readonly isNoticeDue: boolean; readonly people: number } | undefined;
}

/**
 * How a clock stands.
 * - "waiting": its starting point has not come.
 * - "running", "late": the notice is due, or overdue. "no_delay": it is due, and the law sets no number.
 * - "met", "met_late": it was sent.
 * - "not_due": nothing that counts is exposed, too few or too many people are affected, or an officer found so. A notice of
 *   an incident (NIS2, DORA) does not depend on people.
 */
export type ClockState =
  "waiting" | "running" | "late" | "no_delay" | "met" | "met_late" | "not_due";

/** The clock of one duty. Times are milliseconds since the Unix epoch. */
export interface Clock {
  readonly duty: DutyId;
  readonly audience: "authority" | "subject";
  readonly citation: string;
  /** From when it counts; null if it does not run yet. */
  readonly startsAtMs: number | null;
  /** The last moment; null if it does not run yet, or the law sets no number. */
  readonly dueAtMs: number | null;
  readonly sentAtMs: number | null;
  readonly state: ClockState;
}

/**
 * Returns the clock of each duty, each from its own starting point. Hours count to the minute, from the starting point
 * itself. Days and months end with the last day in the time zone of the organisation. The day of the starting point does
 * not count. No period is lengthened over a weekend or a holiday, as Regulation (EEC, Euratom) No 1182/71 would allow, so a
 * due date is never too late. Pure.
 */
export const clocksOf = (facts: BreachFacts, nowMs: number): readonly Clock[] =>
  dutiesOf(facts.regimes).map((duty) => clockOf(duty, facts, nowMs));

function clockOf(duty: DutyId, facts: BreachFacts, nowMs: number): Clock {
  const { audience, citation, starts, within, latest } = duties[duty];
  const runs = [{ starts, within }, ...(latest === undefined ? [] : [latest])].flatMap((each) => {
    const startsAtMs = startOf(each.starts, facts);
    return startsAtMs === null
      ? []
      : [{ startsAtMs, dueAtMs: dueOf(each.within, startsAtMs, facts.timeZone) }];
  });
  const [first] = runs.toSorted((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0));
  const { startsAtMs, dueAtMs } = first ?? { startsAtMs: null, dueAtMs: null };
  const notice = facts.notices.find((each) => each.duty === duty);
  const sentAtMs = notice?.sentAtMs ?? null;
  const clock = { duty, audience, citation, startsAtMs, dueAtMs, sentAtMs };
  return { ...clock, state: stateOf(clock, notice, facts, nowMs) };
}

function startOf(starts: StartingPoint, facts: BreachFacts): number | null {
  switch (starts) {
    case "awareness":
      return facts.awareAtMs;
    case "discovery":
      return facts.discoveredAtMs;
    case "classification":
      return facts.classifiedAtMs;
    default:
      return facts.notices.find(({ duty }) => duty === starts)?.sentAtMs ?? null;
  }
}

function dueOf({ unit, length }: NoticePeriod, startsAtMs: number, timeZone: string) {
  const day = dayIn(timeZone, startsAtMs);
  switch (unit) {
    case "hours":
      return startsAtMs + length * HOUR_MS;
    case "days":
      return endOfDay(timeZone, addDays(day, length));
    case "months":
      return endOfDay(timeZone, addMonths(day, length));
    case "year_end":
      return endOfDay(timeZone, addDays(`${day.slice(0, 4)}-12-31` as CivilDate, length));
    case "no_delay":
      return null;
  }
}

function stateOf(
  { duty, startsAtMs, dueAtMs, sentAtMs }: Omit<Clock, "state">,
  notice: RecordedNotice | undefined,
  { verdict }: BreachFacts,
  nowMs: number,
): ClockState {
  if (sentAtMs !== null) return dueAtMs !== null && sentAtMs > dueAtMs ? "met_late" : "met";
  if (notice !== undefined || (verdict !== undefined && !countsFor(duty, verdict)))
    return "not_due";
  if (startsAtMs === null) return "waiting";
  if (dueAtMs === null) return "no_delay";
  return nowMs < dueAtMs ? "running" : "late";
}

/**
 * Until the number of people is known, the strictest duty counts. Whether an incident is significant or major, no verdict
 * about people says: an officer waives the notice if it is not.
 */
function countsFor(duty: DutyId, { isNoticeDue, people }: NonNullable<BreachFacts["verdict"]>) {
  const { about, people: { least = 0, below = Infinity } = {} } = duties[duty];
  return about === "incident" || (isNoticeDue && people >= least && people < below);
}

/** Returns whether somebody must still do something about a clock. Pure. */
export const isOpenClock = ({ state }: Clock): boolean =>
  state === "running" || state === "late" || state === "no_delay";

/**
 * Returns when officers are next reminded: a day before each due date, when it is due, each day while a notice is late or
 * due without delay, and otherwise every 30 days while the case is open. Pure.
 */
export function nextReminderMs(clocks: readonly Clock[], nowMs: number): number {
  const isUrgent = clocks.some(({ state }) => state === "late" || state === "no_delay");
  const moments = clocks.flatMap(({ state, dueAtMs }) =>
    state === "running" && dueAtMs !== null ? [dueAtMs - DAY_MS, dueAtMs] : [],
  );
  return Math.min(
    nowMs + (isUrgent ? DAY_MS : 30 * DAY_MS),
    ...moments.filter((atMs) => atMs > nowMs),
  );
}
