import { LoopShares } from "../../../server/socket/loop-shares.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

/** Takes frames of 1 ms from `sockets` sockets for a second. A socket that is told to waits. */
function flood(shares: LoopShares, clock: { nowMs: number }, sockets: number[]): number {
  const end = clock.nowMs + 1_000;
  let taken = 0;
  while (clock.nowMs < end) {
    const ready = sockets.findIndex((untilMs) => untilMs <= clock.nowMs);
    clock.nowMs++;
    if (ready === -1) continue;
    taken++;
    sockets[ready] = clock.nowMs + shares.count(idOf("flooding"), 1);
  }
  return taken;
}

test.each([1, 1_000])(
  "a tenant that floods %i sockets beside others gets a part of the event loop, and all of it alone",
  (count) => {
    const clock = { nowMs: 0 };
    const shares = new LoopShares(() => clock.nowMs);
    const sockets = Array.from({ length: count }, () => 0);
    expect(flood(shares, clock, sockets)).toBe(1_000);
    const taken = Array.from({ length: 10 }, () => {
      expect(shares.count(idOf("other"), 1)).toBe(0);
      return flood(shares, clock, sockets);
    });
    // Each socket is read from once before it is told to wait.
    const total = taken.reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThan(2_000);
    expect(total).toBeLessThan(3_600);
  },
);
