import fc from "fast-check";
import type { VisibleRange } from "../../../messaging/follow/visible-ranges.ts";
import { Follower } from "../../../server/socket/follower.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

/** A follower that has started. */
function started(cursor: number, head: number, visible: readonly VisibleRange[]): Follower {
  const follower = new Follower(idOf("c"), head, visible);
  follower.start(cursor);
  return follower;
}

/** Sends what a connection would send, one event at a time, and returns what was sent. */
function drain(follower: Follower): number[] {
  const sent: number[] = [];
  while (follower.behind && follower.range !== undefined) {
    const next = Math.max(follower.sent + 1, follower.range.fromSeq);
    follower.markSent(next);
    sent.push(next);
  }
  return sent;
}

const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 5 })), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((gaps) =>
    fc.boolean().map((stillMember) => {
      let at = 0;
      return gaps.map(([gap, length], index) => {
        const fromSeq = at + gap;
        at = fromSeq + length + 1;
        const last = index === gaps.length - 1;
        return { fromSeq, untilSeq: last && stillMember ? undefined : fromSeq + length };
      });
    }),
  );

test("sends exactly what the device may see after its cursor, in order, once", () => {
  fc.assert(
    fc.property(
      ranges,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      (visible, cursor, head) => {
        const expected: number[] = [];
        for (let seq = cursor + 1; seq <= head; seq++)
          if (visible.some(({ fromSeq, untilSeq }) => seq >= fromSeq && seq <= (untilSeq ?? seq)))
            expected.push(seq);
        const follower = started(cursor, head, visible);
        expect(drain(follower)).toEqual(expected);
        expect(follower.behind).toBe(false);
      },
    ),
    { seed: 7, numRuns: 2_000 },
  );
});

test("the events between two memberships do not fill the window", () => {
  const follower = started(0, 1_000, [
    { fromSeq: 1, untilSeq: 3 },
    { fromSeq: 900, untilSeq: undefined },
  ]);
  expect(drain(follower)).toHaveLength(3 + 101);
  expect(follower.unacknowledged).toBe(104);
  expect(follower.markAcked(1_000)).toBe(104);
  expect(follower.unacknowledged).toBe(0);
});

test("a removed device gets the event of its removal and nothing after it", () => {
  const follower = started(4, 4, [{ fromSeq: 1, untilSeq: undefined }]);
  follower.head = 5;
  follower.endAt(5);
  follower.head = 9;
  expect(drain(follower)).toEqual([5]);
  expect(follower.range).toBeUndefined();
  follower.resumeFrom(12);
  follower.head = 13;
  expect(drain(follower)).toEqual([12, 13]);
});

test("an event that was never sent cannot be acknowledged", () => {
  const follower = started(2, 10, [{ fromSeq: 1, untilSeq: undefined }]);
  follower.markSent(3);
  expect(follower.markAcked(10)).toBe(1);
  expect(follower.markAcked(1)).toBe(0);
  expect(follower.acked).toBe(3);
});
