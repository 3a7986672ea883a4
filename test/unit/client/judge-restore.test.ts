import { judgeEnd, judgeEvent, mayBeLost, toleranceMs } from "../../../client/restore/judge.ts";

const restore = { number: 1, backupOfMs: 1_000_000, declaredAtMs: 2_000_000 };
const comparison = { restores: [restore], anchor: 5, seen: 8, end: 9 };
const hash = (value: number) => new Uint8Array(32).fill(value);

describe("a restore may have lost an event", () => {
  test.each([
    ["after the backup", 1_000_001, true],
    ["shortly before the backup", 1_000_001 - toleranceMs, true],
    ["at the tolerance before the backup", 1_000_000 - toleranceMs, false],
    ["when it was declared", 2_000_000, true],
    ["after it was declared", 2_000_001, false],
  ])("%s", (_, receivedAtMs, expected) => {
    expect(mayBeLost(receivedAtMs, [restore])).toBe(expected);
  });

  test("never, if there was no restore", () => {
    expect(mayBeLost(1_500_000, [])).toBe(false);
  });

  test("in the period of any restore", () => {
    const later = { number: 2, backupOfMs: 5_000_000, declaredAtMs: 6_000_000 };
    expect(mayBeLost(5_500_000, [restore, later])).toBe(true);
    expect(mayBeLost(3_000_000, [restore, later])).toBe(false);
  });
});

describe("an event of the server is", () => {
  const served = (seq: number) => ({ seq, transcriptHash: hash(1) });

  test("the same as the device's", () => {
    expect(judgeEvent(comparison, served(7), hash(1))).toEqual({ kind: "same" });
    expect(judgeEvent(comparison, served(5), hash(1))).toEqual({ kind: "same" });
  });

  test("another one, after what the server must have", () => {
    expect(judgeEvent(comparison, served(7), hash(2))).toEqual({ kind: "lost" });
    expect(judgeEvent(comparison, served(6), undefined)).toEqual({ kind: "lost" });
  });

  test("another one than the server must have", () => {
    for (const seq of [4, 5])
      expect(judgeEvent(comparison, served(seq), hash(2))).toEqual({
        kind: "alarm",
        seq,
        code: "forked_log",
      });
  });
});

describe("the server's log ends", () => {
  test("where the device's ends, or later", () => {
    for (const [same, reached] of [
      [9, 9],
      [12, 12],
      [8, 9],
    ] as const)
      expect(judgeEnd(comparison, { same, reached })).toEqual({ kind: "same" });
  });

  test("before it", () => {
    for (const same of [5, 8])
      expect(judgeEnd(comparison, { same, reached: same })).toEqual({ kind: "lost" });
  });

  test("with events that are gone, so that nobody knows whether they were the same", () => {
    for (const reached of [8, 9, 12])
      expect(judgeEnd(comparison, { same: 7, reached })).toEqual({ kind: "lost" });
  });

  test("without the last event that it must have", () => {
    const alarm = { kind: "alarm", seq: 5, code: "rolled_back" };
    expect(judgeEnd(comparison, { same: 4, reached: 4 })).toEqual(alarm);
  });

  test("at the beginning, and it need not have anything", () => {
    expect(judgeEnd({ ...comparison, anchor: 0 }, { same: 0, reached: 0 })).toEqual({
      kind: "lost",
    });
  });
});
