import { LocalClock } from "../../../client/local-clock.ts";
import { PeriodicTask } from "../../../client/periodic-task.ts";
import { ManualClock, settle } from "./manual-clock.ts";

const hour = 3_600_000;

describe("a local clock", () => {
  function setUp() {
    const time = { wall: 1_000_000, monotonic: 7 };
    const own = { now: () => time.wall, after: () => () => undefined };
    return { time, clock: new LocalClock(own, () => time.monotonic) };
  }

  test("begins at the time of the device", () => {
    expect(setUp().clock.now()).toBe(1_000_000);
  });

  test("counts the time that the machine sleeps, in which the monotonic clock stands still", () => {
    const { time, clock } = setUp();
    time.wall += 8 * hour;
    expect(clock.now()).toBe(1_000_000 + 8 * hour);
  });

  test.each([
    ["set back", -30 * hour],
    ["standing still", 0],
  ])("goes on while the clock of the device is %s", (_, change) => {
    const { time, clock } = setUp();
    time.wall += change;
    time.monotonic += hour;
    expect(clock.now()).toBe(1_000_000 + hour);
    time.wall += hour;
    time.monotonic += hour;
    expect(clock.now()).toBe(1_000_000 + 2 * hour);
  });

  test("counts no time twice", () => {
    const { time, clock } = setUp();
    for (let turn = 0; turn < 10; turn++) {
      time.wall += hour;
      time.monotonic += hour;
      clock.now();
    }
    expect(clock.now()).toBe(1_000_000 + 10 * hour);
  });
});

describe("a periodic task", () => {
  test("runs once in each interval, however often it starts", async () => {
    const clock = new ManualClock();
    let runs = 0;
    const task = new PeriodicTask(clock, hour, async () => void runs++);
    for (let turn = 0; turn < 5; turn++) {
      task.start();
      await clock.pass(hour / 10);
      task.stop();
    }
    expect(runs).toBe(1);
    await clock.pass(hour);
    expect(runs).toBe(1);
    task.start();
    expect(runs).toBe(2);
    await clock.pass(3 * hour);
    expect(runs).toBe(5);
    task.stop();
  });

  test("runs soon after a sleep, in which no timer advanced", async () => {
    const clock = new ManualClock();
    let sleptMs = 0;
    const awake = {
      now: () => clock.now() + sleptMs,
      after: (ms: number, callback: () => void) => clock.after(ms, callback),
    };
    let runs = 0;
    const task = new PeriodicTask(awake, hour, async () => void runs++);
    task.start();
    sleptMs += 9 * hour;
    await clock.pass(60_000);
    expect(runs).toBe(2);
    task.stop();
  });

  test("runs again at the next start after a failure, and without one after five minutes", async () => {
    const clock = new ManualClock();
    let runs = 0;
    const task = new PeriodicTask(clock, hour, async () => {
      runs++;
      throw new Error("no answer");
    });
    task.start();
    await settle();
    task.start();
    await settle();
    expect(runs).toBe(2);
    await clock.pass(5 * 60_000);
    expect(runs).toBe(3);
    task.stop();
  });
});
