import { LoopShares, watchLoop } from "../../../server/socket/loop-shares.ts";

const flooding = { tenant: "flooding", account: "a" };
const other = { tenant: "other", account: "b" };

/** Takes frames of `holder` for a second, each of 1 ms, and waits as long as it is told. */
function flood(shares: LoopShares, clock: { nowMs: number }): number {
  const end = clock.nowMs + 1_000;
  let taken = 0;
  while (clock.nowMs < end) {
    clock.nowMs++;
    taken++;
    clock.nowMs += shares.count(flooding, 1);
  }
  return taken;
}

test("a tenant that occupies a busy event loop gets a part of it, and all of it alone", () => {
  const clock = { nowMs: 0 };
  let isBusy = true;
  const shares = new LoopShares({ monotonic: () => clock.nowMs, isBusy: () => isBusy });
  expect(flood(shares, clock)).toBe(1_000);
  expect(shares.count(other, 1)).toBe(0);
  // What was taken before the other tenant came delays by no more than a second.
  expect(flood(shares, clock)).toBeLessThan(100);
  const taken = Array.from({ length: 5 }, () => {
    expect(shares.count(other, 1)).toBe(0);
    return flood(shares, clock);
  });
  for (const each of taken) expect(each).toBeLessThan(350);
  expect(taken.at(-1)).toBeGreaterThan(200);
  isBusy = false;
  expect(flood(shares, clock)).toBe(1_000);
});

test("the event loop of this process is busy when it has no time left", async () => {
  let nowMs = 0;
  const isBusy = watchLoop(() => nowMs);
  const spin = (ms: number) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  await new Promise(setImmediate);
  spin(50);
  nowMs += 101;
  expect(isBusy()).toBe(true);
});
