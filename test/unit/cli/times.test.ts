import { timeOf } from "../../../cli/commands/moments.ts";

test.each([
  ["2026-01-31", Date.UTC(2026, 0, 31)],
  ["2024-02-29", Date.UTC(2024, 1, 29)],
  ["2026-01-31T12:00:00Z", Date.UTC(2026, 0, 31, 12)],
  ["2026-01-31T14:00:00+02:00", Date.UTC(2026, 0, 31, 12)],
])("%s is the same time on every computer", (text, time) => {
  expect(timeOf(text)).toBe(time);
});

test.each([
  "2026-02-31",
  "2026-02-29",
  "2026-13-01",
  "2026-11",
  "2026-11-29T25:00:00Z",
  // These times depend on where the command runs.
  "2026-11-28T21:05:00",
  "2026-11-29 02:00",
  "yesterday",
  "",
])("%j is refused, and nothing is exported for another time", (text) => {
  expect(() => timeOf(text)).toThrow("Write a time as");
});
