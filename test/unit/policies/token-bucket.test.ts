import fc from "fast-check";
import { fullBucket, takeFrom } from "../../../policies/token-bucket.ts";

test("a bucket gives 60 tokens at once, then one a second", () => {
  const bucket = fullBucket({ burst: 60, perSecond: 1 }, 0);
  for (let index = 0; index < 60; index++) expect(takeFrom([bucket], 0)).toBe(0);
  expect(takeFrom([bucket], 0)).toBe(1_000);
  expect(takeFrom([bucket], 400)).toBe(600);
  expect(takeFrom([bucket], 1_000)).toBe(0);
  expect(takeFrom([bucket], 1_000)).toBe(1_000);
  for (let index = 0; index < 60; index++) expect(takeFrom([bucket], 1e9)).toBe(0);
  expect(takeFrom([bucket], 1e9)).toBe(1_000);
});

test("a message that one bucket refuses costs no other bucket", () => {
  const device = fullBucket({ burst: 10, perSecond: 1 }, 0);
  const tenant = fullBucket({ burst: 1, perSecond: 0.5 }, 0);
  expect(takeFrom([device, tenant], 0)).toBe(0);
  expect(takeFrom([device, tenant], 0)).toBe(2_000);
  expect(device.tokens).toBe(9);
});

test("a sender who waits as told is admitted; over any time burst and rate are the limit", () => {
  const rates = fc.record({
    burst: fc.integer({ min: 1, max: 100 }),
    perSecond: fc.integer({ min: 1, max: 50 }),
  });
  const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(rates, gaps, (rate, waits) => {
      const bucket = fullBucket(rate, 0);
      let nowMs = 0;
      let taken = 0;
      for (const wait of waits) {
        nowMs += wait;
        const retryAfterMs = takeFrom([bucket], nowMs);
        if (retryAfterMs === 0) taken++;
        else {
          nowMs += retryAfterMs;
          expect(takeFrom([bucket], nowMs)).toBe(0);
          taken++;
        }
        expect(taken).toBeLessThanOrEqual(rate.burst + (nowMs * rate.perSecond) / 1000 + 1e-6);
      }
    }),
    { seed: 3, numRuns: 300 },
  );
});
