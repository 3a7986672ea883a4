import fc from "fast-check";
import { nodeChecks } from "../../../audit/node-checks.ts";
import {
  assertTimely,
  survivorAt,
  survivorOf,
  uncutHeads,
} from "../../../audit/verify/survivor.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";

const origin = "desk.example/audit/t/demo";
const root = (size: number) => nodeChecks.sha256(utf8(`root of ${size}`));
const lost = (restores: number, from: number, to: number, name = origin) => ({
  origin: name,
  restores,
  published: { size: to, root: root(to) },
  continues: { size: from, root: root(from) },
});
const head = (size: number, restores = 0) => ({ origin, size, root: root(size), restores });

test("a restore loses the end of every earlier head, and no others", () => {
  const left = (given: ReturnType<typeof head>, ...all: ReturnType<typeof lost>[]) => {
    const { head: survivor } = survivorOf(given, all);
    return [survivor.size, survivor.restores];
  };
  expect(left(head(9), lost(1, 5, 9))).toEqual([5, 1]);
  expect(left(head(7), lost(1, 5, 9))).toEqual([5, 1]);
  expect(left(head(5), lost(1, 5, 9))).toEqual([5, 0]);
  // A larger head became known after the declaration. It was signed before it.
  expect(left(head(10), lost(1, 5, 9))).toEqual([5, 1]);
  expect(left(head(9), lost(1, 5, 9, "desk.example/audit/t/else"))).toEqual([9, 0]);
  // A head from after the restore is not covered by it: the declaration cannot be used twice.
  expect(left(head(7, 1), lost(1, 5, 9))).toEqual([7, 1]);
  expect(left(head(9), lost(2, 3, 7), lost(1, 5, 9))).toEqual([3, 2]);
  expect(left(head(7, 1), lost(1, 5, 9), lost(2, 3, 7))).toEqual([3, 2]);
  expect(left(head(9), lost(1, 5, 9), lost(2, 6, 7))).toEqual([5, 1]);
});

test("a survivor is never larger than the head, and stays the same if it is computed again", () => {
  const range = fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 5 }), fc.nat(40), fc.nat(5), (ranges, size, mark) => {
      const all = ranges.map(([from, more], at) => lost(at + 1, from, from + more));
      const { head: survivor, lostIn } = survivorOf(head(size, mark), all);
      expect(survivor.size).toBeLessThanOrEqual(size);
      expect(lostIn.every(({ restores }) => restores > mark)).toBe(true);
      expect(survivorOf(survivor, all)).toEqual({ head: survivor, lostIn: [] });
      expect(survivorOf(head(size, mark), all.toReversed()).head).toEqual(survivor);
    }),
    { seed: 1, numRuns: 500 },
  );
});

describe("between two heads of a log", () => {
  const passage = (
    earlier: ReturnType<typeof head>,
    later: ReturnType<typeof head>,
    ...all: ReturnType<typeof lost>[]
  ) => {
    const { required, passed, lostIn } = survivorAt(earlier, later, all);
    return [
      required.map(({ size }) => size),
      passed.map(({ restores }) => restores),
      lostIn.map(({ restores }) => restores),
    ];
  };

  test("the later one extends every head that no restore cut off", () => {
    expect(passage(head(9), head(12))).toEqual([[9], [], []]);
    expect(passage(head(9), head(6, 1), lost(1, 5, 9))).toEqual([[5], [1], [1]]);
    expect(passage(head(4), head(6, 1), lost(1, 5, 9))).toEqual([[4, 5], [1], []]);
    const twice = [lost(1, 5, 9), lost(2, 3, 7)];
    expect(passage(head(9), head(4, 2), ...twice)).toEqual([[3], [1, 2], [1, 2]]);
    expect(passage(head(2), head(4, 2), ...twice)).toEqual([[2, 3], [1, 2], []]);
    const longer = [lost(1, 5, 9), lost(2, 6, 7)];
    expect(passage(head(9), head(8, 2), ...longer)).toEqual([[5, 6], [1, 2], [1]]);
    expect(passage(head(7, 1), head(4, 2), lost(2, 3, 7))).toEqual([[3], [2], [2]]);
    // Later restores say nothing about it.
    expect(passage(head(9), head(12), lost(1, 5, 9))).toEqual([[9], [], []]);
    // Nothing was lost, and the restore is still told.
    expect(passage(head(9), head(10, 1), lost(1, 9, 9))).toEqual([[9], [1], []]);
  });

  test("two heads of one size are both required if their roots differ", () => {
    const [one, other] = [head(5), { ...head(5), root: root(50) }];
    expect(uncutHeads([one, other])).toEqual([one, other]);
    expect(uncutHeads([one, { ...one }])).toEqual([one]);
  });

  test("a restore takes away nothing that was seen more than a day after its declaration", () => {
    const day = 86_400_000;
    const declared = [{ restores: 1, declaredAtMs: 1_000 }];
    expect(() => assertTimely(declared, 1_000 + day)).not.toThrow();
    expect(() => assertTimely([], 9 * day)).not.toThrow();
    expect(() => assertTimely(declared, 1_001 + day)).toThrow(
      expect.objectContaining({ code: "rolled_back" }) as Error,
    );
  });

  test.each<[string, Parameters<typeof passage>, string]>([
    ["a number that goes down", [head(6, 1), head(9), lost(1, 5, 9)], "rolled_back"],
    ["no statement", [head(9), head(6, 1)], "missing"],
    ["too few statements", [head(9), head(6, 2), lost(1, 5, 9)], "missing"],
    ["a statement about another log", [head(9), head(6, 1), lost(1, 5, 9, "else")], "missing"],
    ["the largest number", [head(9), head(6, 999_999_999), lost(1, 5, 9)], "missing"],
    ["a head below where the log continues", [head(9), head(4, 1), lost(1, 5, 9)], "rolled_back"],
    ["the same for a smaller earlier head", [head(3), head(4, 1), lost(1, 5, 9)], "rolled_back"],
    ["a shorter log that was not restored", [head(9), head(8)], "rolled_back"],
  ])("%s is refused", (_, heads, code) => {
    expect(() => passage(...heads)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
