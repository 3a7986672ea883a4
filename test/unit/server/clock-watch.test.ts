import { jumpBetween, jumpRecorder } from "../../../server/clock-watch.ts";

const at = (nowMs: number, steadyMs: number) => ({ nowMs, steadyMs });

test.each([
  ["time that passes", at(1_000, 50), at(61_000, 60_050), 0],
  ["a correction by a time service", at(0, 0), at(19_999, 10_000), 0],
  ["put forward by an hour", at(0, 0), at(3_610_000, 10_000), 3_600_000],
  ["put back by ninety days", at(90 * 86_400_000, 0), at(10_000, 10_000), -90 * 86_400_000],
])("%s", (_, before, after, byMs) => {
  expect(jumpBetween(before, after)).toBe(byMs);
});

test("small changes add up to a jump, which is found until it was recorded", async () => {
  const recorded: number[] = [];
  let isStored = false;
  const look = jumpRecorder(async (byMs) => {
    if (!isStored) throw new Error("The database is away.");
    recorded.push(byMs);
  });
  const looks = (from: number, until: number) =>
    Array.from({ length: until - from }, (_, i) => at((from + i) * 19_000, (from + i) * 10_000));
  for (const reading of looks(0, 2)) await look(reading);
  for (const reading of looks(2, 4)) await expect(look(reading)).rejects.toThrow("away");
  isStored = true;
  for (const reading of looks(4, 8)) await look(reading);
  expect(recorded).toEqual([36_000, 18_000]);
});
