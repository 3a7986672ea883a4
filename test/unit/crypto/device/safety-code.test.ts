import { randomBytes } from "node:crypto";
import { ready } from "../../../../crypto/device/sodium.ts";
import { safetyCode } from "../../../../client/device/safety-code.ts";
import { compareSafetyCode, encodeSafetyCode } from "../../../../crypto/device/safety-code.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import { parseId, type UserId } from "../../../../crypto/wire/ids.ts";

await ready;

const identity = () => ({ user: newId<UserId>(), accountKey: new Uint8Array(randomBytes(32)) });
const [alice, bob] = [identity(), identity()];

test("the code on one device matches what the other knows, and the digits are the same", () => {
  const [hers, his] = [safetyCode(alice, bob), safetyCode(bob, alice)];
  expect(hers.digits).toBe(his.digits);
  expect(hers.text).not.toBe(his.text);
  expect(hers.compare(his.text)).toBe("match");
  expect(his.compare(` ${hers.text}\n`)).toBe("match");
});

test("your own code, a key in between, or another person's code does not match", () => {
  const shown = encodeSafetyCode(bob, alice);
  expect(compareSafetyCode(alice, bob, encodeSafetyCode(alice, bob))).toBe("mismatch");
  const inBetween = { ...bob, accountKey: identity().accountKey };
  expect(compareSafetyCode(alice, inBetween, shown)).toBe("mismatch");
  // Bob was shown another key for Alice.
  const misled = encodeSafetyCode(bob, { ...alice, accountKey: inBetween.accountKey });
  expect(compareSafetyCode(alice, bob, misled)).toBe("mismatch");
  expect(compareSafetyCode(alice, bob, encodeSafetyCode(identity(), alice))).toBe("mismatch");
});

test.each(["", "https://example.com", "SEALDESK-SAFETY:2:AAAA", "SEALDESK-SAFETY:1:AAAA"])(
  "%p is reported as not a code",
  (scanned) => {
    expect(compareSafetyCode(alice, bob, scanned)).toBe("not_a_code");
  },
);

test("the text has a vector", () => {
  const of = (digit: string, byte: number) => ({
    user: parseId<UserId>(`0000000${digit}-0000-4000-8000-000000000000`),
    accountKey: new Uint8Array(32).fill(byte),
  });
  expect(encodeSafetyCode(of("1", 1), of("2", 2))).toBe(
    "SEALDESK-SAFETY:1:MMvCBmjvdWIhlWXFwWvTof28arvausyvAtVJgtA3qS4txsk7VL5TFkmjjUbG8hgJoQzJFuC-GBXd4Zn8fMklNQ",
  );
});

test("the QR code is square, with a border and the three corners of a QR code", () => {
  const { modules, svg } = safetyCode(alice, bob);
  expect(modules.every((row) => row.length === modules.length)).toBe(true);
  const finder = (top: number, left: number) =>
    modules.slice(top, top + 7).map((row) => row.slice(left, left + 7));
  const ring = finder(4, 4);
  expect(ring[0]).toEqual(Array.from({ length: 7 }, () => true));
  expect(ring[1]).toEqual([true, false, false, false, false, false, true]);
  const far = modules.length - 4 - 7;
  expect(finder(4, far)).toEqual(ring);
  expect(finder(far, 4)).toEqual(ring);
  expect(modules.slice(0, 4).flat()).not.toContain(true);
  expect(svg).toMatch(/^<svg /);
});
