import { TimerWheel, type Timed } from "../../../server/socket/timer-wheel.ts";

/** A wheel whose ticks the test controls. */
function wheelAt(tickMs: number) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs, tickMs, 16);
  clearTimers.push(wheel);
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += tickMs) {
      nowMs += tickMs;
      wheel.tick();
    }
  };
  return { wheel, pass, now: () => nowMs };
}
const clearTimers: TimerWheel[] = [];
afterAll(() => {
  for (const wheel of clearTimers) wheel.close();
});

/** Records when it was checked, and asks for the next check after `everyMs`. */
class Watched implements Timed {
  readonly seen: number[] = [];
  readonly #everyMs: number | undefined;
  constructor(everyMs?: number) {
    this.#everyMs = everyMs;
  }
  onDue(nowMs: number): number | undefined {
    this.seen.push(nowMs);
    return this.#everyMs;
  }
}

// The wheel's own timer never fires in this test, because the test does not wait.
test("checks once, not early and at most two ticks late", () => {
  const { wheel, pass } = wheelAt(10);
  for (let ms = 1; ms <= 100; ms++) {
    const timed = new Watched();
    wheel.schedule(timed, ms);
    const before = wheel.size;
    pass(200);
    expect(before).toBe(1);
    expect(timed.seen).toHaveLength(1);
    const waited = (timed.seen[0] ?? 0) - (ms - 1) * 200;
    expect(waited).toBeGreaterThanOrEqual(ms);
    expect(waited).toBeLessThanOrEqual(ms + 20);
  }
  expect(wheel.size).toBe(0);
});

test("checks again as often as requested, and not after it is cancelled", () => {
  const { wheel, pass } = wheelAt(10);
  const timed = new Watched(30);
  wheel.schedule(timed, 30);
  pass(400);
  expect(timed.seen.length).toBeGreaterThanOrEqual(9);
  wheel.cancel(timed);
  const { length } = timed.seen;
  pass(400);
  expect(timed.seen).toHaveLength(length);
});

test("a later schedule replaces an earlier one; long waits are cut to one turn", () => {
  const { wheel, pass } = wheelAt(10);
  const timed = new Watched();
  wheel.schedule(timed, 20);
  wheel.schedule(timed, 1_000_000);
  pass(100);
  expect(timed.seen).toEqual([]);
  pass(100);
  expect(timed.seen).toHaveLength(1);
});
