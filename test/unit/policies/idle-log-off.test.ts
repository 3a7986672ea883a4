import { decideIdle } from "../../../policies/idle-log-off.ts";

const nowMs = 1_700_000_000_000;
const ago = (ms: number) => nowMs - ms;

test.each([
  ["a person who acted a moment ago", ago(0), 5, true, "person_acted"],
  ["a millisecond before the end", ago(5 * 60_000 - 1), 5, true, "person_acted"],
  ["the end", ago(5 * 60_000), 5, false, "person_idle"],
  ["a tenant that logs nobody off", ago(10 ** 9), null, true, "no_log_off"],
  ["somebody whom nobody logs off", null, 5, true, "no_log_off"],
  ["a clock that was put back", ago(-60_000), 5, true, "person_acted"],
])("%s", (_what, actedAtMs, idleMinutes, allowed, reason) => {
  expect(decideIdle({ actedAtMs, idleMinutes }, nowMs)).toEqual({ allowed, reasons: [reason] });
});
