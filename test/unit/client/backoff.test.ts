import fc from "fast-check";
import { Backoff, defaultBackoff } from "../../../client/transport/backoff.ts";

describe("the wait before a reconnection", () => {
  test("is random, up to a ceiling that doubles to 20 s", () => {
    const almostOne = 1 - 2 ** -53;
    const longest = new Backoff(defaultBackoff, () => almostOne);
    const waits = Array.from({ length: 10 }, () => Math.round(longest.nextMs(0)));
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000]);
    const shortest = new Backoff(defaultBackoff, () => 0);
    expect(Array.from({ length: 10 }, () => shortest.nextMs(0))).toEqual(Array(10).fill(0));
  });

  test("starts again after a connection that lasted, and only then", () => {
    const backoff = new Backoff(defaultBackoff, () => 0.5);
    for (let failure = 0; failure < 8; failure++) backoff.nextMs(9_999);
    expect(backoff.nextMs(9_999)).toBe(10_000);
    expect(backoff.nextMs(10_000)).toBe(125);
    expect(backoff.nextMs(0)).toBe(250);
  });

  test("stays within its limits, however long the outage is", () => {
    const lives = fc.array(fc.nat(20_000), { maxLength: 200 });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(lives, random, (livedMs, chance) => {
        const backoff = new Backoff(defaultBackoff, () => chance);
        for (const lived of livedMs) {
          const wait = backoff.nextMs(lived);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThan(20_000);
          if (lived >= 10_000) expect(wait).toBeLessThan(250);
        }
      }),
      { seed: 20_261_129 },
    );
  });
});
