import { RecentUse } from "../../../policies/recent-use.ts";

test("a held amount counts from the beginning, and fades when it is returned", () => {
  const use = new RecentUse(0);
  use.change("busy", 3, 0);
  use.change("other", 1, 0);
  expect(use.heldBy("busy")).toBe(3);
  expect(use.isHeavy("busy", 1, 10)).toBe(false);
  expect(use.isHeavy("busy", 1, 2_000)).toBe(true);
  expect(use.isHeavy("other", 0.1, 2_000)).toBe(false);
  use.change("busy", -3, 2_000);
  expect(use.isHeavy("busy", 1, 2_500)).toBe(true);
  expect(use.isHeavy("busy", 1, 6_000)).toBe(false);
});

test("a single user is not heavy, and an idle user is forgotten", () => {
  const use = new RecentUse(0);
  use.change("alone", 5, 0);
  expect(use.isHeavy("alone", 1, 10_000)).toBe(false);
  use.spend("other", 1, 10_000);
  expect(use.isHeavy("alone", 1, 10_001)).toBe(true);
  expect(use.change("alone", -5, 10_002)).toEqual([]);
  expect(use.change("third", 1, 20_000)).toEqual(["other", "alone"]);
  expect(use.heldBy("third")).toBe(1);
});

test("users that hold the same are not heavy", () => {
  const use = new RecentUse(0);
  for (const user of ["a", "b", "c"]) use.change(user, 4, 0);
  for (const user of ["a", "b", "c"]) expect(use.isHeavy(user, 1, 5_000)).toBe(false);
});
