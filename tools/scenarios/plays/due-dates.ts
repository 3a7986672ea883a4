import type { Law, Right } from "../../../policies/deadlines/periods.ts";

/** A due date that was worked out by hand from the text of a law. */
export interface KnownAnswer {
  readonly law: Law;
  readonly right: Right;
  /** The moment of the receipt. */
  readonly received: string;
  readonly timeZone: string;
  readonly holidays: readonly string[];
  readonly isExtended: boolean;
  /** The last day. */
  readonly due: string;
  /** The last moment, if the day of the answer begins or ends at an unusual hour. */
  readonly endsAt?: string;
}

const plain = { timeZone: "UTC", holidays: [], isExtended: false } as const;

/** Regulation (EU) 2016/679, Article 12(3), and Regulation (EEC, Euratom) 1182/71, Article 3. */
const gdpr = { ...plain, law: "gdpr", right: "erasure" } as const;

export const knownAnswers: readonly KnownAnswer[] = [
  // Article 3(2)(c): the month has no 31st, so its last day counts. Article 3(4): that is a Saturday.
  { ...gdpr, received: "2026-01-31T09:00:00Z", due: "2026-03-02" },
  // 28 February 2027 is a Sunday.
  { ...gdpr, received: "2027-01-31T09:00:00Z", due: "2027-03-01" },
  // A leap year: the last day is Tuesday, 29 February 2028.
  { ...gdpr, received: "2028-01-31T09:00:00Z", due: "2028-02-29" },
  // From a month of 31 days to one of 30. EDPB Guidelines 01/2022, section 5.3.
  { ...gdpr, received: "2022-08-31T09:00:00Z", due: "2022-09-30" },
  // A holiday on a Friday, the weekend, and a Monday that is a holiday.
  {
    ...gdpr,
    received: "2026-11-25T09:00:00Z",
    holidays: ["2026-12-25", "2026-12-26", "2026-12-28"],
    due: "2026-12-29",
  },
  // Two further months, counted from the receipt.
  { ...gdpr, received: "2026-01-31T09:00:00Z", isExtended: true, due: "2026-04-30" },
  // 23:30 UTC on 8 March is 9 March in Berlin. The last day ends in summer time: 22:00 UTC.
  {
    ...gdpr,
    received: "2026-03-08T23:30:00Z",
    timeZone: "Europe/Berlin",
    due: "2026-04-09",
    endsAt: "2026-04-09T22:00:00.000Z",
  },
  // Received in summer time, due in winter time: the day ends at 23:00 UTC.
  {
    ...gdpr,
    received: "2026-10-02T09:00:00Z",
    timeZone: "Europe/Berlin",
    due: "2026-11-02",
    endsAt: "2026-11-02T23:00:00.000Z",
  },
  // California Civil Code 1798.130(a)(2)(A): 45 calendar days, over the end of a month and of February.
  { ...plain, law: "ccpa", right: "erasure", received: "2026-01-31T09:00:00Z", due: "2026-03-17" },
  // 11 CCR 7026(f): 15 business days.
  { ...plain, law: "ccpa", right: "opt_out", received: "2026-01-30T09:00:00Z", due: "2026-02-20" },
  // 45 CFR 164.524(b)(2): 30 days; 2024 has a 29 February.
  { ...plain, law: "hipaa", right: "access", received: "2024-01-31T09:00:00Z", due: "2024-03-01" },
  // 45 CFR 164.526(b)(2): 60 days.
  {
    ...plain,
    law: "hipaa",
    right: "rectification",
    received: "2026-01-01T09:00:00Z",
    due: "2026-03-02",
  },
];
