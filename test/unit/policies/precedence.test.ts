import fc from "fast-check";
import { decideDisposal, type Ground } from "../../../policies/precedence.ts";

const NOW_MS = 1_000;
const time = fc.integer({ min: 0, max: 2 * NOW_MS });
const citation = fc.constantFrom("GDPR Art. 17(3)(e)", "SEC Rule 17a-4", "GDPR Art. 17(1)(b)");
const ground: fc.Arbitrary<Ground> = fc.oneof(
  fc.record({ kind: fc.constant("hold" as const), citation, reviewAtMs: time }),
  fc.record({ kind: fc.constant("lock" as const), citation, untilMs: time }),
  fc.record({ kind: fc.constant("erasure" as const), citation }),
  fc.record({ kind: fc.constant("retention" as const), citation, expiresAtMs: time }),
);
const grounds = fc.array(ground, { maxLength: 8 });

const always = { seed: 14, numRuns: 2_000 };

const decide = (given: readonly Ground[]) => decideDisposal(given, NOW_MS);
const destroys = (given: readonly Ground[]) => ["erase", "purge"].includes(decide(given).outcome);
const isInForce = (each: Ground) =>
  each.kind === "hold" || (each.kind === "lock" && each.untilMs > NOW_MS);

test("nothing is destroyed that a hold or a lock in force preserves, whatever else is asked for", () =>
  fc.assert(
    fc.property(grounds, (given) => {
      if (given.some(isInForce)) expect(destroys(given)).toBe(false);
    }),
    always,
  ));

test("a hold goes before a lock, a lock before an erasure, an erasure before ordinary retention", () =>
  fc.assert(
    fc.property(grounds, (given) => {
      const order = ["hold", "lock", "erasure", "retention"];
      const counting = given.filter((each) => each.kind !== "lock" || isInForce(each));
      const first = order.find((kind) => counting.some((each) => each.kind === kind));
      expect(decide(given).ground?.kind).toBe(first);
    }),
    always,
  ));

test("a further hold or lock never lets anything be destroyed that was kept", () =>
  fc.assert(
    fc.property(grounds, ground, (given, more) => {
      if (more.kind === "hold" || more.kind === "lock")
        expect(destroys([...given, more]) && !destroys(given)).toBe(false);
    }),
    always,
  ));

test("without a hold or a lock in force, an erasure erases, and expiry purges", () =>
  fc.assert(
    fc.property(grounds, (given) => {
      if (given.some(isInForce)) return;
      const isErased = given.some(({ kind }) => kind === "erasure");
      const expiries = given.flatMap((each) =>
        each.kind === "retention" ? [each.expiresAtMs] : [],
      );
      const isExpired = expiries.length > 0 && Math.max(...expiries) <= NOW_MS;
      const otherwise = isExpired ? "purge" : "keep";
      expect(decide(given).outcome).toBe(isErased ? "erase" : otherwise);
    }),
    always,
  ));

test("the order of the grounds does not matter, and every refusal names a ground that was given", () =>
  fc.assert(
    fc.property(grounds, fc.infiniteStream(fc.nat()), (given, keys) => {
      const shuffled = given
        .map((each) => ({ each, key: keys.next().value as number }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ each }) => each);
      expect(decide(shuffled)).toEqual(decide(given));
      const { outcome, ground: named } = decide(given);
      if (outcome === "restrict") expect(given).toContainEqual(named);
    }),
    always,
  ));
