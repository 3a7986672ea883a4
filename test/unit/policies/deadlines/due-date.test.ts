import fc from "fast-check";
import { addMonths, isCivilDate, isWorkingDay } from "../../../../policies/deadlines/civil-date.ts";
import { dueDates } from "../../../../policies/deadlines/due-date.ts";
import { laws, type Law, type Right } from "../../../../policies/deadlines/periods.ts";
import { dayIn, endOfDay, isTimeZone } from "../../../../policies/deadlines/time-zone.ts";

/** The day before it, at 23:59:59.999 in the zone, is the last moment. */
const dueDay = (
  law: Law,
  right: Right,
  received: string,
  options: {
    readonly timeZone?: string;
    readonly holidays?: readonly string[];
    readonly isExtended?: boolean;
  } = {},
) => {
  const { timeZone = "UTC", holidays = [], isExtended = false } = options;
  const receivedAtMs = Date.parse(received.length === 10 ? `${received}T12:00:00Z` : received);
  const receipt = { receivedAtMs, timeZone, holidays: new Set(holidays), isExtended };
  return dueDates([law], right, receipt)[0]?.day;
};

describe("one month (Regulation (EU) 2016/679, Article 12(3))", () => {
  test.each([
    // EDPB Guidelines 01/2022 on the right of access, section 5.3: the two examples of the Board.
    ["2022-03-05", "2022-04-05"],
    ["2022-08-31", "2022-09-30"],
    // Regulation 1182/71, Article 3(2)(c): the last month has no such day. Article 3(4): that is a Saturday.
    ["2026-01-31", "2026-03-02"],
    ["2025-01-31", "2025-02-28"],
    // A leap year.
    ["2024-01-31", "2024-02-29"],
    ["2024-01-30", "2024-02-29"],
    ["2024-02-29", "2024-03-29"],
    // A year that can be divided by 100 is no leap year. 28 February 2100 is a Sunday.
    ["2100-01-31", "2100-03-01"],
    // The end of a year.
    ["2025-12-31", "2026-02-02"],
    ["2025-12-15", "2026-01-15"],
    // The day of receipt may be a Sunday: it does not count.
    ["2026-05-31", "2026-06-30"],
  ])("received %s, due %s", (received, due) => {
    expect(dueDay("gdpr", "access", received)).toBe(due);
    expect(dueDay("gdpr", "erasure", received)).toBe(due);
  });

  test("ends on the next working day if the last day is a public holiday (Article 3(4))", () => {
    const holidays = ["2026-12-25", "2026-12-26", "2026-12-28"];
    // Friday, then a weekend, then a Monday that is a holiday.
    expect(dueDay("gdpr", "access", "2026-11-25", { holidays })).toBe("2026-12-29");
    expect(dueDay("gdpr", "access", "2026-11-25")).toBe("2026-12-25");
  });

  test.each([
    // Two further months, counted from receipt and not from the working day on which one month ended.
    ["2026-01-31", "2026-04-30"],
    ["2025-11-30", "2026-03-02"],
    ["2023-11-30", "2024-02-29"],
  ])("extended by two months: received %s, due %s", (received, due) => {
    expect(dueDay("gdpr", "access", received, { isExtended: true })).toBe(due);
  });
});

test.each([
  // Cal. Civ. Code 1798.130(a)(2)(A), 11 CCR 7021(b): 45 calendar days, at most 90.
  ["ccpa", "access", "2026-01-31", false, "2026-03-17"],
  ["ccpa", "erasure", "2024-01-31", false, "2024-03-16"],
  ["ccpa", "erasure", "2024-01-31", true, "2024-04-30"],
  // 11 CCR 7026(f) and 7027(g): 15 business days.
  ["ccpa", "opt_out", "2026-01-30", false, "2026-02-20"],
  ["ccpa", "limit", "2026-01-31", false, "2026-02-20"],
  // 45 CFR 164.524(b)(2): 30 days, and 30 more.
  ["hipaa", "access", "2026-01-31", false, "2026-03-02"],
  ["hipaa", "access", "2024-01-31", false, "2024-03-01"],
  ["hipaa", "access", "2024-01-31", true, "2024-03-31"],
  // 45 CFR 164.526(b)(2) and 164.528(c)(1): 60 days, and 30 more.
  ["hipaa", "rectification", "2026-01-01", false, "2026-03-02"],
  ["hipaa", "rectification", "2026-01-01", true, "2026-04-01"],
  ["hipaa", "accounting", "2026-01-01", false, "2026-03-02"],
] as const)("%s %s received %s, extended %s, due %s", (law, right, received, isExtended, due) => {
  expect(dueDay(law, right, received, { isExtended })).toBe(due);
});

test("15 business days leave holidays out", () => {
  const holidays = ["2026-02-16"];
  expect(dueDay("ccpa", "opt_out", "2026-01-30", { holidays })).toBe("2026-02-23");
});

describe("time zones", () => {
  test.each([
    // The same moment is in two days.
    ["2026-03-05T23:30:00Z", "Europe/Berlin", "2026-04-06"],
    ["2026-03-05T23:30:00Z", "America/New_York", "2026-04-06"],
    ["2026-03-04T23:30:00Z", "Europe/Berlin", "2026-04-06"],
    ["2026-03-04T23:30:00Z", "America/New_York", "2026-04-06"],
    ["2026-03-08T23:30:00Z", "Europe/Berlin", "2026-04-09"],
    ["2026-03-08T23:30:00Z", "America/New_York", "2026-04-08"],
  ])("received %s in %s, due %s", (received, timeZone, due) => {
    expect(dueDay("gdpr", "access", received, { timeZone })).toBe(due);
  });

  test.each([
    // The last hour of the last day, on days of 23, 25 and 24 hours.
    ["Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00.000Z"],
    ["Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00.000Z"],
    ["America/New_York", "2026-03-08", "2026-03-09T04:00:00.000Z"],
    ["Pacific/Kiritimati", "2026-01-31", "2026-01-31T10:00:00.000Z"],
    ["Pacific/Niue", "2026-01-31", "2026-02-01T11:00:00.000Z"],
    // The clock was put forward at midnight: the next day began at 01:00.
    ["Asia/Beirut", "2022-03-26", "2022-03-26T22:00:00.000Z"],
    // This day did not exist there: Samoa crossed the date line.
    ["Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00.000Z"],
  ] as const)("in %s, %s ends at %s", (timeZone, day, end) => {
    expect(new Date(endOfDay(timeZone, day)).toISOString()).toBe(end);
  });

  test("are known by their names", () => {
    expect(["Europe/Berlin", "UTC", "Nowhere/City", ""].map(isTimeZone)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

test("a law that does not have the right has no due date, and of several the earliest is first", () => {
  const receipt = {
    receivedAtMs: Date.parse("2026-01-31T12:00:00Z"),
    timeZone: "UTC",
    holidays: new Set<string>(),
    isExtended: false,
  };
  expect(dueDates(["hipaa"], "erasure", receipt)).toEqual([]);
  expect(dueDates(["ccpa", "gdpr"], "access", receipt)).toMatchObject([
    { law: "gdpr", day: "2026-03-02", isExtendable: true },
    { law: "ccpa", day: "2026-03-17" },
  ]);
});

test("properties: a later receipt is never due earlier, and months end on working days after receipt", () => {
  const day = fc.integer({ min: 0, max: 40_000 });
  const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland");
  fc.assert(
    fc.property(
      day,
      zone,
      fc.boolean(),
      fc.constantFrom(...laws),
      (days, timeZone, isExtended, law) => {
        const at = (receivedAtMs: number) =>
          dueDates([law], "access", { receivedAtMs, timeZone, holidays: new Set(), isExtended })[0];
        const receivedAtMs = days * 86_400_000;
        const [due, next] = [at(receivedAtMs), at(receivedAtMs + 86_400_000)];
        if (due === undefined || next === undefined) throw new Error("each law has access");
        expect(next.endsAtMs).toBeGreaterThanOrEqual(due.endsAtMs);
        expect(due.endsAtMs).toBeGreaterThan(receivedAtMs + 27 * 86_400_000);
        expect(dayIn(timeZone, due.endsAtMs - 1)).toBe(due.day);
        expect(isCivilDate(due.day)).toBe(true);
        if (law === "gdpr") expect(isWorkingDay(due.day, new Set())).toBe(true);
      },
    ),
    { seed: 1182, numRuns: 150 },
  );
});

test("a day is one that exists", () => {
  expect(["2026-02-28", "2026-02-29", "2024-02-29", "2026-2-1", "x"].map(isCivilDate)).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
  expect(addMonths("2026-12-31", 2)).toBe("2027-02-28");
});
