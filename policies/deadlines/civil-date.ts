/** A day of the Gregorian calendar in the form 2026-02-28 (ISO 8601). Such texts sort by time. */
export type CivilDate = `${number}-${number}-${number}`;

const DAY_MS = 86_400_000;

const msOf = (date: CivilDate): number => Date.parse(`${date}T00:00:00Z`);
const dateOf = (ms: number): CivilDate => new Date(ms).toISOString().slice(0, 10) as CivilDate;

/** Returns whether a text is a day that exists, from the year 1 to 9999. */
export const isCivilDate = (text: string): text is CivilDate =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(msOf(text as CivilDate)) &&
  dateOf(msOf(text as CivilDate)) === text;

export const addDays = (date: CivilDate, days: number): CivilDate =>
  dateOf(msOf(date) + days * DAY_MS);

/** Returns the same day of a later month, or the last day of that month if it has no such day. */
export function addMonths(date: CivilDate, months: number): CivilDate {
  const [year = 0, month = 0, day = 0] = date.split("-").map(Number);
  const lastDay = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return dateOf(Date.UTC(year, month - 1 + months, Math.min(day, lastDay)));
}

/** Returns whether the day is neither a Saturday, a Sunday nor one of the holidays. */
export const isWorkingDay = (date: CivilDate, holidays: ReadonlySet<string>): boolean =>
  ![0, 6].includes(new Date(msOf(date)).getUTCDay()) && !holidays.has(date);

/** Returns the day itself, or the first working day after it. */
export function workingDayFrom(date: CivilDate, holidays: ReadonlySet<string>): CivilDate {
  let day = date;
  while (!isWorkingDay(day, holidays)) day = addDays(day, 1);
  return day;
}

/** Returns the working day that is so many working days after a day. */
export function addWorkingDays(
  date: CivilDate,
  days: number,
  holidays: ReadonlySet<string>,
): CivilDate {
  let day = date;
  for (let count = 0; count < days; count++) day = workingDayFrom(addDays(day, 1), holidays);
  return day;
}
