import fc from "fast-check";
import {
  brokenLock,
  isKeptShorter,
  isShorter,
  retainedDays,
  type Labels,
  type RetentionRule,
} from "../../../policies/retention.ts";

const label = fc.option(fc.constantFrom("a", "b"), { nil: undefined });
const labels: fc.Arbitrary<Labels> = fc.record({ dataClass: label, team: label, region: label });
const rule: fc.Arbitrary<RetentionRule> = fc
  .tuple(labels, fc.integer({ min: 1, max: 20 }))
  .map(([given, days]) => ({ ...given, days }));
const rules = fc.array(rule, { maxLength: 5 });
const always = { seed: 15, numRuns: 2_000 };
const days = (given: readonly RetentionRule[], about: Labels) =>
  retainedDays(given, about) ?? Number.POSITIVE_INFINITY;

test("the rule with the most labels decides, and what no rule is about is kept for ever", () => {
  const schedule = [
    { days: 400 },
    { team: "sales", days: 30 },
    { dataClass: "broker", team: "sales", days: 2_200 },
  ];
  expect(retainedDays(schedule, {})).toBe(400);
  expect(retainedDays(schedule, { team: "sales" })).toBe(30);
  expect(retainedDays(schedule, { team: "sales", dataClass: "broker" })).toBe(2_200);
  expect(retainedDays([{ team: "sales", days: 30 }], { region: "eu" })).toBeUndefined();
});

test("a change that is not shortening ends no record earlier, whatever its labels", () =>
  fc.assert(
    fc.property(rules, rules, labels, (before, after, about) => {
      if (!isShorter(before, after))
        expect(days(after, about)).toBeGreaterThanOrEqual(days(before, about));
    }),
    always,
  ));

test("a schedule that breaks no lock keeps every locked record long enough", () =>
  fc.assert(
    fc.property(rules, fc.array(rule, { maxLength: 3 }), labels, (given, locks, about) => {
      if (brokenLock(given, locks) !== undefined) return;
      for (const lock of locks) {
        const isLocked = (["dataClass", "team", "region"] as const).every(
          (name) => lock[name] === undefined || lock[name] === about[name],
        );
        if (isLocked) expect(days(given, about)).toBeGreaterThanOrEqual(lock.days);
      }
    }),
    always,
  ));

test("a schedule changed into itself is not shortening, and a lock is broken by fewer days alone", () => {
  expect(isShorter([{ days: 30 }], [{ days: 30 }])).toBe(false);
  expect(isShorter([], [{ days: 30 }])).toBe(true);
  expect(isShorter([{ days: 30 }], [{ days: 31 }])).toBe(false);
  expect(isShorter([{ days: 30 }, { team: "a", days: 60 }], [{ days: 40 }])).toBe(true);
  expect(brokenLock([{ days: 30 }], [{ dataClass: "broker", days: 2_200 }])).toBeDefined();
  expect(
    brokenLock(
      [{ days: 30 }, { dataClass: "broker", days: 2_200 }],
      [{ dataClass: "broker", days: 2_200 }],
    ),
  ).toBeUndefined();
});

test("other labels keep records shorter if the schedule or a lock does", () => {
  const schedule = [{ days: 30 }, { team: "sales", days: 10 }, { team: "law", days: 90 }];
  const [sales, law] = [{ team: "sales" }, { team: "law" }];
  const none = { rules: schedule, locks: [] };
  expect(isKeptShorter(none, {}, sales)).toBe(true);
  expect(isKeptShorter(none, sales, {})).toBe(false);
  expect(isKeptShorter(none, law, {})).toBe(true);
  expect(isKeptShorter(none, law, law)).toBe(false);
  // A schedule that keeps records for ever does not make up for a lock, which an erasure asks for.
  expect(isKeptShorter({ rules: [], locks: [{ ...law, days: 90 }] }, law, sales)).toBe(true);
  expect(isKeptShorter({ rules: [], locks: [{ days: 90 }] }, law, sales)).toBe(false);
  expect(isKeptShorter({ rules: schedule, locks: [{ days: 90 }] }, {}, sales)).toBe(false);
});
