import { jumpBetween } from "../../../server/clock-watch.ts";

const at = (nowMs: number, steadyMs: number) => ({ nowMs, steadyMs });

test.each([
  ["time that passes", at(1_000, 50), at(61_000, 60_050), 0],
  ["a correction by a time service", at(0, 0), at(19_999, 10_000), 0],
  ["put forward by an hour", at(0, 0), at(3_610_000, 10_000), 3_600_000],
  ["put back by ninety days", at(90 * 86_400_000, 0), at(10_000, 10_000), -90 * 86_400_000],
])("%s", (_, before, after, byMs) => {
  expect(jumpBetween(before, after)).toBe(byMs);
});
