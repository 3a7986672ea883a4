import { firstLineOf, planOf } from "../../../../tools/demo/replay/plan.ts";
import { readLines } from "../../../../tools/demo/replay/read-dialogues.ts";

test("a line is its text byte for byte, after the name and the space behind the colon", () => {
  expect(readLines("Doctor: Good  day. \r\nPatient:Hi\n")).toEqual([
    { speaker: "Doctor", text: "Good  day. " },
    { speaker: "Patient", text: "Hi" },
  ]);
});

test("names in the form of the files, and text that only looks like a name", () => {
  const lines = readLines(
    '"Doctor: a\n Patient: b\nGuest_family: c\nGuest_family_2: d\nGuest_family2: e\nat 10:30 sharp\n2: f',
  );
  expect(lines.map(({ speaker }) => speaker)).toEqual([
    "Doctor",
    "Patient",
    "Guest_family",
    "Guest_family_2",
    "Guest_family2",
    "Guest_family2",
    "Guest_family2",
  ]);
  expect(lines.slice(-2).map(({ text }) => text)).toEqual(["at 10:30 sharp", "2: f"]);
});

test("blank lines are no messages; a first line without a name is the customer's", () => {
  expect(readLines("\nI begin\n  \nDoctor: \nDoctor: yes\n\n")).toEqual([
    { speaker: "Patient", text: "I begin" },
    { speaker: "Doctor", text: "yes" },
  ]);
});

test("every tenth dialogue is handed over in the middle; the newcomer answers from there", () => {
  const lines = readLines("Doctor: 1\nPatient: 2\nDoctor: 3\nPatient: 4");
  expect(planOf({ number: 9, lines }).handOver).toBeUndefined();
  const plan = planOf({ number: 20, lines });
  expect(plan.lines.map(({ speaker }) => speaker)).toEqual([
    "Doctor",
    "Patient",
    "Second_agent",
    "Patient",
  ]);
  expect(["Patient", "Doctor", "Second_agent"].map((name) => firstLineOf(plan, name))).toEqual([
    0, 0, 2,
  ]);
});

test("there are always a customer and an agent", () => {
  const membersOf = (dialogue: string) => planOf({ number: 1, lines: readLines(dialogue) }).members;
  expect(membersOf("Guest_family: a\nGuest_clinician: b")).toEqual([
    "Patient",
    "Guest_family",
    "Guest_clinician",
  ]);
  expect(membersOf("Patient: a")).toEqual(["Patient", "Doctor"]);
});
