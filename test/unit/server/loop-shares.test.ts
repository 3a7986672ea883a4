import { jest } from "@jest/globals";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { LoopShares } from "../../../server/socket/loop-shares.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const [flooding, honest] = [
  idOf<TenantId>("00000000-0000-4000-8000-000000000001"),
  idOf<TenantId>("00000000-0000-4000-8000-000000000002"),
];

let nowMs = 0;
const pass = (ms: number) => {
  nowMs += ms;
  jest.advanceTimersByTime(ms);
};

beforeEach(() => {
  nowMs = 0;
  jest.useFakeTimers();
});
afterEach(() => void jest.useRealTimers());

/** @returns whether each of the sockets is held */
function join(shares: LoopShares, tenant: TenantId, count: number) {
  const held: boolean[] = Array.from({ length: count }, () => false);
  const leave = held.map((_, index) =>
    shares.join(tenant, {
      hold: () => void (held[index] = true),
      release: () => void (held[index] = false),
    }),
  );
  return { held, leave };
}

test("a tenant that takes much time at once is not read from at all, and others are", () => {
  const shares = new LoopShares(() => nowMs);
  const [attack, other] = [join(shares, flooding, 3), join(shares, honest, 1)];
  expect(shares.count(honest, 1)).toBe(0);
  expect(shares.count(flooding, 24)).toBe(0);
  expect(attack.held).toEqual([false, false, false]);
  // It is held until the next turn of the event loop, and then, because it owes time, for longer.
  expect(shares.count(flooding, 25)).toBe(0);
  expect(shares.count(flooding, 2)).toBe(5);
  pass(1);
  expect([attack.held, other.held]).toEqual([[true, true, true], [false]]);
  const late = join(shares, flooding, 1);
  expect(late.held).toEqual([true]);
  pass(39);
  expect([attack.held, late.held]).toEqual([[false, false, false], [false]]);
  expect(shares.count(honest, 1)).toBe(0);
});

test("a tenant that only requests over HTTP does not wait for another one's first frames", () => {
  const shares = new LoopShares(() => nowMs);
  const attack = join(shares, flooding, 2);
  shares.countRequest(honest);
  expect(shares.count(flooding, 49)).toBe(0);
  expect(shares.count(flooding, 2)).toBeGreaterThan(0);
  expect(attack.held).toEqual([true, true]);
});

test("a tenant that is alone lets others have a turn of the event loop, and goes on in the next one", () => {
  const shares = new LoopShares(() => nowMs);
  const alone = join(shares, flooding, 2);
  expect(shares.count(flooding, 10)).toBe(0);
  expect(alone.held).toEqual([false, false]);
  expect(shares.count(flooding, 20)).toBe(0);
  expect(alone.held).toEqual([true, true]);
  pass(1);
  expect(alone.held).toEqual([false, false]);
  expect(shares.count(flooding, 10)).toBe(0);
  expect(alone.held).toEqual([false, false]);
});

test("a tenant that is alone is never slowed, and owes nothing later", () => {
  const shares = new LoopShares(() => nowMs);
  const alone = join(shares, flooding, 1);
  for (let second = 0; second < 10; second++) {
    expect(shares.count(flooding, 1_000)).toBe(0);
    pass(1_000);
  }
  expect(shares.count(honest, 1)).toBe(0);
  expect([alone.held, shares.count(flooding, 1)]).toEqual([[false], 0]);
});

test("sockets that have left are not released, and leave no timer", () => {
  const shares = new LoopShares(() => nowMs);
  const attack = join(shares, flooding, 2);
  shares.count(honest, 1);
  shares.count(flooding, 100);
  for (const leave of attack.leave) leave();
  expect(jest.getTimerCount()).toBe(0);
  pass(1_000);
  expect(attack.held).toEqual([true, true]);
});

/** Takes frames of 1 ms from `sockets` sockets for a second. A socket that is told to waits. */
function framesTaken(shares: LoopShares, clock: { nowMs: number }, sockets: number[]): number {
  const end = clock.nowMs + 1_000;
  let taken = 0;
  while (clock.nowMs < end) {
    const ready = sockets.findIndex((untilMs) => untilMs <= clock.nowMs);
    clock.nowMs++;
    if (ready === -1) continue;
    taken++;
    sockets[ready] = clock.nowMs + shares.count(flooding, 1);
  }
  return taken;
}

test.each([1, 1_000])(
  "a tenant that floods %i sockets beside others gets a part of the event loop, and all of it alone",
  (count) => {
    const clock = { nowMs: 0 };
    const shares = new LoopShares(() => clock.nowMs);
    const sockets = Array.from({ length: count }, () => 0);
    expect(framesTaken(shares, clock, sockets)).toBe(1_000);
    const taken = Array.from({ length: 10 }, () => {
      expect(shares.count(honest, 1)).toBe(0);
      return framesTaken(shares, clock, sockets);
    });
    // Each socket is read from once before it is told to wait.
    const total = taken.reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThan(2_000);
    expect(total).toBeLessThan(3_600);
  },
);
