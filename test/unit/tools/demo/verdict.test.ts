import { isFlawless, judge, sum, type Sent } from "../../../../tools/demo/replay/verdict.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";
import type { UserId } from "../../../../crypto/wire/ids.ts";

const message = (id: string, text = id): Sent => ({ id, sender: idOf("someone"), text });
const [a, b, c] = [message("a"), message("b"), message("c")];
const sent = [a, b, c];
const flawless = sum([]);

test("every message once and in order gives a verdict without faults", () => {
  const verdict = judge(sent, 0, sent);
  expect(verdict).toEqual({ ...flawless, opened: 3 });
  expect(isFlawless(verdict)).toBe(true);
});

test.each([
  ["lost", [a, c], { opened: 2, lost: 1 }],
  ["duplicated", [a, b, b, c], { opened: 3, duplicated: 1 }],
  ["out of order", [b, a, c], { opened: 3, outOfOrder: 1 }],
  ["altered text", [a, { ...b, text: "b " }, c], { opened: 2, lost: 1, altered: 1 }],
  [
    "another sender",
    [a, { ...b, sender: idOf<UserId>("other") }, c],
    { opened: 2, lost: 1, altered: 1 },
  ],
  ["never sent", [a, b, c, message("d")], { opened: 3, altered: 1 }],
])("%s", (_what, shown, expected) => {
  const verdict = judge(sent, 0, shown);
  expect(verdict).toEqual({ ...flawless, ...expected });
  expect(isFlawless(verdict)).toBe(false);
});

test("messages sent before a member joined are neither visible to them nor lost", () => {
  expect(judge(sent, 2, [c])).toEqual({ ...flawless, opened: 1 });
  expect(judge(sent, 2, [b, c])).toEqual({ ...flawless, opened: 1, openedWithoutRight: 1 });
});
