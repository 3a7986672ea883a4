import { PersonActivity } from "../../../client/device/person-activity.ts";

test("the first act is reported at once, and those of the next minute together", () => {
  const due: (() => void)[] = [];
  let reports = 0;
  const clock = {
    now: () => 0,
    after(_ms: number, callback: () => void) {
      due.push(callback);
      return () => undefined;
    },
  };
  const activity = new PersonActivity(clock, () => {
    reports++;
    return Promise.reject(new Error("a report may be lost"));
  });
  for (let times = 0; times < 100; times++) activity.acted();
  expect(reports).toBe(1);
  due.shift()?.();
  expect(reports).toBe(2);
  due.shift()?.();
  expect([reports, due.length]).toEqual([2, 0]);
  activity.acted();
  expect(reports).toBe(3);
});
