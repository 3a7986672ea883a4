import {
  addDays,
  addMonths,
  addWorkingDays,
  workingDayFrom,
  type CivilDate,
} from "./civil-date.ts";
import { periods, type Law, type Period, type Right } from "./periods.ts";
import { dayIn, endOfDay } from "./time-zone.ts";

/** What a due date depends on besides the law. */
export interface Receipt {
  /** When the first request of the person for this was received, in milliseconds since the Unix epoch. */
  readonly receivedAtMs: number;
  /** The time zone of whoever must answer (IANA). */
  readonly timeZone: string;
  /** The public holidays where they must answer, as days such as 2026-12-25. */
  readonly holidays: ReadonlySet<string>;
  readonly isExtended: boolean;
}

/** When a request must be answered. */
export interface DueDate {
  readonly law: Law;
  /** The last day. */
  readonly day: CivilDate;
  /** The first moment after that day, in milliseconds since the Unix epoch. */
  readonly endsAtMs: number;
  /** Whether the law allows to extend the period once. */
  readonly isExtendable: boolean;
  readonly citation: string;
}

/**
 * Returns when a request must be answered under each of the laws that have this right, the earliest first. The day of
 * receipt does not count (Regulation (EEC, Euratom) No 1182/71, Article 3(1)). Pure.
 */
export const dueDates = (
  applicable: readonly Law[],
  right: Right,
  receipt: Receipt,
): readonly DueDate[] =>
  applicable
    .flatMap((law) => {
      const period = periods[law][right];
      return period === undefined ? [] : [dueUnder(law, period, receipt)];
    })
    .toSorted((a, b) => a.endsAtMs - b.endsAtMs);

function dueUnder(law: Law, period: Period, receipt: Receipt): DueDate {
  const { extension, citation } = period;
  const day = lastDay(period, receipt);
  return {
    law,
    day,
    endsAtMs: endOfDay(receipt.timeZone, day),
    isExtendable: extension > 0 && !receipt.isExtended,
    citation,
  };
}

function lastDay(
  { unit, length, extension }: Period,
  { receivedAtMs, timeZone, holidays, isExtended }: Receipt,
): CivilDate {
  const received = dayIn(timeZone, receivedAtMs);
  const whole = length + (isExtended ? extension : 0);
  switch (unit) {
    case "months":
      return workingDayFrom(addMonths(received, whole), holidays);
    case "days":
      return addDays(received, whole);
    case "working_days":
      return addWorkingDays(received, whole, holidays);
  }
}
