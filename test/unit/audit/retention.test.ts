import { Reckoner } from "../../../audit/prune/reckoner.ts";
import { retentionInForce } from "../../../audit/prune/retention.ts";

const DAY = 86_400_000;

test("the time that passed is counted from the entries; a long silence counts as 30 days", () => {
  const reckoner = new Reckoner(1_000 * DAY, false);
  expect([0, 10, 40, 140, 130, 141].map((day) => reckoner.add(day * DAY) / DAY)).toEqual([
    0, 10, 40, 70, 70, 71,
  ]);
  expect(reckoner.untilNow() / DAY).toBe(101);
});

test("a witness vouches for a silence", () => {
  const reckoner = new Reckoner(1_000 * DAY, true);
  reckoner.add(0);
  expect(reckoner.untilNow() / DAY).toBe(1_000);
});

test("an entry from the future counts as one from now", () => {
  const reckoner = new Reckoner(10 * DAY, true);
  reckoner.add(0);
  expect(reckoner.add(9_999 * DAY) / DAY).toBe(10);
  expect(reckoner.latestMs).toBe(10 * DAY);
});

test("a longer retention counts at once, a shorter one 30 days after it was recorded", () => {
  const at = (days: number, day: number) => ({
    index: day,
    retainMs: days * DAY,
    passedMs: day * DAY,
  });
  const inForce = (recorded: Parameters<typeof retentionInForce>[0], today: number) =>
    retentionInForce(recorded, today * DAY).retainMs / DAY;
  expect(inForce([], 0)).toBe(2_192);
  expect(inForce([at(400, 100)], 129)).toBe(2_192);
  expect(inForce([at(400, 100)], 130)).toBe(400);
  expect(inForce([at(400, 100), at(3_000, 139)], 140)).toBe(3_000);
  expect(inForce([at(3_000, 100), at(400, 139)], 140)).toBe(3_000);
});

test("the entry that set a longer retention than the default stays, so that it is not forgotten", () => {
  const recorded = [
    { index: 7, retainMs: 4_000 * DAY, passedMs: 0 },
    { index: 90, retainMs: 3_000 * DAY, passedMs: 10 * DAY },
  ];
  expect(retentionInForce(recorded, 20 * DAY).keptFrom).toBe(7);
  expect(retentionInForce(recorded, 40 * DAY).keptFrom).toBe(90);
  const shortened = [...recorded, { index: 99, retainMs: 1_000 * DAY, passedMs: 50 * DAY }];
  expect(retentionInForce(shortened, 80 * DAY).keptFrom).toBe(Infinity);
});
