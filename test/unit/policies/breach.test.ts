import { clocksOf, nextReminderMs, type BreachFacts } from "../../../policies/breach/clocks.ts";
import { duties, dutyIds } from "../../../policies/breach/duties.ts";
import {
  exposuresOf,
  isNoticeDue,
  takenKinds,
  type ExposedFacts,
  type Exposure,
  type Taken,
  type TakenKind,
} from "../../../policies/breach/exposure.ts";
import { containsAll, runbookOf } from "../../../policies/breach/runbook.ts";

const day = (number: number): number => Date.parse("2026-03-01T00:00:00Z") + number * 86_400_000;

/** Somebody who came on day 0, and whose key was made then. */
const person: ExposedFacts = {
  createdAtMs: day(0),
  erasedAtMs: null,
  key: { createdAtMs: day(0), destroyedAtMs: null },
  isReadByTakenDevice: false,
};
/** The same, erased on day 10. */
const erased: ExposedFacts = {
  ...person,
  erasedAtMs: day(10),
  key: { createdAtMs: day(0), destroyedAtMs: day(10) },
};
const keyless: ExposedFacts = { ...person, key: undefined };
const read: ExposedFacts = { ...person, isReadByTakenDevice: true };

const opened: readonly Exposure[] = ["profile", "ciphertext", "metadata"];
const sealed: readonly Exposure[] = ["metadata", "sealed"];
type Kinds = readonly (readonly [TakenKind, number])[];

/** What was taken on which days, about whom, with which destructions of key-encryption keys, and what that exposes. */
const answers: readonly (readonly [
  string,
  Kinds,
  ExposedFacts,
  readonly number[],
  readonly Exposure[],
])[] = [
  ["metadata alone", [["metadata", 20]], person, [], ["metadata"]],
  ["the database alone", [["database", 20]], person, [], sealed],
  ["the keystore alone", [["keystore", 20]], person, [], []],
  ["the key service alone", [["kms", 20]], person, [], []],
  [
    "keystore and key service, without records",
    [
      ["keystore", 20],
      ["kms", 20],
    ],
    person,
    [],
    [],
  ],
  [
    "database and keystore",
    [
      ["database", 20],
      ["keystore", 20],
    ],
    person,
    [],
    sealed,
  ],
  [
    "database and key service",
    [
      ["database", 20],
      ["kms", 20],
    ],
    person,
    [],
    sealed,
  ],
  [
    "all three",
    [
      ["database", 20],
      ["keystore", 20],
      ["kms", 20],
    ],
    person,
    [],
    opened,
  ],
  ["a node", [["node", 20]], person, [], opened],
  // Nothing of the person is sealed: they have said nothing, and gave no name.
  ["a node, and somebody silent", [["node", 20]], keyless, [], ["metadata"]],
  [
    "a backup with all keys",
    [
      ["backup", 5],
      ["keystore", 20],
      ["kms", 20],
    ],
    person,
    [],
    opened,
  ],
  ["a device", [["device", 20]], read, [], ["content"]],
  ["a device that did not read them", [["device", 20]], person, [], []],
  [
    "a device and the database",
    [
      ["device", 20],
      ["database", 20],
    ],
    read,
    [],
    ["content", ...sealed],
  ],
  // The person came later than the copy.
  ["a copy from before", [["node", -1]], person, [], []],
  // The key was destroyed before the keystore was copied, and the old backup opens nothing.
  [
    "an old backup after the erasure",
    [
      ["backup", 5],
      ["keystore", 20],
      ["kms", 20],
    ],
    erased,
    [],
    sealed,
  ],
  // A copy of the keystore from before the erasure still opens the old backup.
  [
    "old copies of both",
    [
      ["backup", 5],
      ["keystore", 5],
      ["kms", 20],
    ],
    erased,
    [],
    opened,
  ],
  // The records were gone when the database was copied. The pseudonym is in the metadata.
  [
    "the database after the erasure",
    [
      ["database", 20],
      ["keystore", 5],
      ["kms", 20],
    ],
    erased,
    [],
    ["metadata"],
  ],
  [
    "on the moment of the erasure",
    [
      ["database", 10],
      ["keystore", 10],
      ["kms", 10],
    ],
    erased,
    [],
    ["metadata"],
  ],
  // The versions that wrapped the copied keys were destroyed before the key service was taken.
  [
    "keys rotated in between",
    [
      ["database", 20],
      ["keystore", 5],
      ["kms", 20],
    ],
    person,
    [8],
    sealed,
  ],
  [
    "keys rotated before both",
    [
      ["database", 20],
      ["keystore", 9],
      ["kms", 20],
    ],
    person,
    [8],
    opened,
  ],
  [
    "keys rotated after both",
    [
      ["database", 20],
      ["keystore", 9],
      ["kms", 20],
    ],
    person,
    [21],
    opened,
  ],
  [
    "keys rotated between keys and copy",
    [
      ["database", 20],
      ["keystore", 20],
      ["kms", 5],
    ],
    person,
    [8],
    sealed,
  ],
];

test.each(answers)("%s", (_name, kinds, facts, destroyed, expected) => {
  const taken: readonly Taken[] = kinds.map(([what, on]) => ({ what, atMs: day(on) }));
  expect(exposuresOf(taken, facts, destroyed.map(day))).toEqual(expected);
});

test("metadata alone needs a notice, and so does all else but keys and sealed records by themselves", () => {
  expect(isNoticeDue(["metadata"])).toBe(true);
  for (const each of ["content", "profile"] as const) expect(isNoticeDue([each])).toBe(true);
  expect(isNoticeDue(["sealed"])).toBe(false);
  expect(isNoticeDue([])).toBe(false);
});

const facts: BreachFacts = {
  regimes: ["gdpr", "hipaa", "glba", "nis2", "dora"],
  discoveredAtMs: Date.parse("2026-03-26T22:30:00Z"),
  awareAtMs: Date.parse("2026-03-27T08:15:00Z"),
  classifiedAtMs: null,
  timeZone: "Europe/Berlin",
  notices: [],
};
const nowMs = Date.parse("2026-03-27T09:00:00Z");

const dueOf = (changes: Partial<BreachFacts> = {}) =>
  Object.fromEntries(
    clocksOf({ ...facts, ...changes }, nowMs).map(({ duty, dueAtMs }) => [
      duty,
      dueAtMs === null ? null : new Date(dueAtMs).toISOString(),
    ]),
  );

test("each law counts from its own starting point", () => {
  expect(dueOf()).toEqual({
    "gdpr.authority": "2026-03-30T08:15:00.000Z",
    "gdpr.subjects": null,
    // Discovered on 26 March in Berlin. The last day is 25 May, in summer time.
    "hipaa.individuals": "2026-05-25T22:00:00.000Z",
    "hipaa.secretary": "2026-05-25T22:00:00.000Z",
    // 60 days after 31 December 2026.
    "hipaa.secretary_yearly": "2027-03-01T23:00:00.000Z",
    "glba.commission": "2026-04-25T22:00:00.000Z",
    "nis2.early_warning": "2026-03-28T08:15:00.000Z",
    "nis2.notification": "2026-03-30T08:15:00.000Z",
    "nis2.final_report": null,
    // Not classified yet, so the latest moment counts.
    "dora.initial": "2026-03-28T08:15:00.000Z",
    "dora.intermediate": null,
    "dora.final": null,
    "dora.clients": null,
  });
});

test("DORA counts from the classification, and from each report to the next", () => {
  const classifiedAtMs = Date.parse("2026-03-27T10:00:00Z");
  expect(dueOf({ classifiedAtMs })["dora.initial"]).toBe("2026-03-27T14:00:00.000Z");
  // Classified late: the 24 hours from awareness end first.
  const late = Date.parse("2026-03-28T07:00:00Z");
  expect(dueOf({ classifiedAtMs: late })["dora.initial"]).toBe("2026-03-28T08:15:00.000Z");
  const sentAtMs = Date.parse("2026-03-27T12:00:00Z");
  const notices = [
    { duty: "dora.initial", sentAtMs },
    { duty: "nis2.notification", sentAtMs },
  ] as const;
  expect(dueOf({ notices })).toMatchObject({
    "dora.intermediate": "2026-03-30T12:00:00.000Z",
    "nis2.final_report": "2026-04-27T22:00:00.000Z",
  });
});

const statesOf = (changes: Partial<BreachFacts>, atMs = nowMs) =>
  Object.fromEntries(
    clocksOf({ ...facts, ...changes }, atMs).map(({ duty, state }) => [duty, state]),
  );

test("the number of people decides who is told, and no exposure means no notice", () => {
  expect(statesOf({ verdict: { isNoticeDue: true, people: 499 } })).toMatchObject({
    "hipaa.secretary": "not_due",
    "hipaa.secretary_yearly": "running",
    "glba.commission": "not_due",
    "gdpr.authority": "running",
  });
  expect(statesOf({ verdict: { isNoticeDue: true, people: 500 } })).toMatchObject({
    "hipaa.secretary": "running",
    "hipaa.secretary_yearly": "not_due",
    "glba.commission": "running",
  });
  const regimes = ["gdpr", "hipaa", "glba"] as const;
  const states = Object.values(statesOf({ regimes, verdict: { isNoticeDue: false, people: 0 } }));
  expect(new Set(states)).toEqual(new Set(["not_due"]));
});

test("an incident is notified also if nobody's data is exposed", () => {
  const verdict = { isNoticeDue: false, people: 0 };
  expect(statesOf({ regimes: ["nis2", "dora"], verdict })).toEqual({
    "nis2.early_warning": "running",
    "nis2.notification": "running",
    "nis2.final_report": "waiting",
    "dora.initial": "running",
    "dora.intermediate": "waiting",
    "dora.final": "waiting",
    "dora.clients": "no_delay",
  });
});

test("a step that was done before something was stolen does not contain it", () => {
  const taken = [
    { what: "keystore", atMs: day(1) },
    { what: "node", atMs: day(5) },
    { what: "metadata", atMs: day(9) },
  ] as const;
  const isDone = (atMs: number | null) => containsAll("rotate_keys", atMs, taken);
  expect([null, day(1), day(5) - 1, day(5), day(6)].map(isDone)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

test("a clock is late at its due date, and keeps saying how it ended", () => {
  const regimes = ["gdpr"] as const;
  const dueAtMs = Date.parse("2026-03-30T08:15:00Z");
  expect(statesOf({ regimes }, dueAtMs - 1)["gdpr.authority"]).toBe("running");
  expect(statesOf({ regimes }, dueAtMs)["gdpr.authority"]).toBe("late");
  const sent = (sentAtMs: number | null) =>
    statesOf({ regimes, notices: [{ duty: "gdpr.authority", sentAtMs }] })["gdpr.authority"];
  expect([sent(dueAtMs), sent(dueAtMs + 1), sent(null)]).toEqual(["met", "met_late", "not_due"]);
});

test("officers are reminded a day before, when it is due, and each day after", () => {
  const next = (atMs: number, changes: Partial<BreachFacts> = {}) =>
    nextReminderMs(clocksOf({ ...facts, regimes: ["nis2"], ...changes }, atMs), atMs);
  const warningMs = Date.parse("2026-03-28T08:15:00Z");
  expect(next(nowMs)).toBe(warningMs);
  expect(next(warningMs)).toBe(warningMs + 86_400_000);
  const notices = [
    { duty: "nis2.early_warning", sentAtMs: nowMs },
    { duty: "nis2.notification", sentAtMs: null },
  ] as const;
  expect(next(nowMs, { notices })).toBe(nowMs + 30 * 86_400_000);
});

test("every duty has a citation, and every kind of thing that opens records has a step that contains it", () => {
  for (const id of dutyIds) expect(duties[id].citation).toMatch(/\d/);
  for (const what of takenKinds)
    expect([what, runbookOf([{ what, atMs: 0 }]).length > 0]).toEqual([what, what !== "metadata"]);
});
