import { reviewOutgoing } from "../../../moderation/detect/outgoing.ts";

test("a card number is masked but for its last four digits", () => {
  expect(reviewOutgoing("Take 4111 1111 1111 1111, please")).toMatchObject({
    isBlocked: false,
    masked: "Take •••• •••• •••• 1111, please",
  });
});

test.each([
  ["my cvc is 987", "my cvc is •••"],
  ["4111111111111111 12/29 987", "••••••••••••1111 12/29 •••"],
  ["5555-5555-5555-4444 exp 03/2031, 1234", "••••-••••-••••-4444 exp 03/2031, ••••"],
  ["código de seguridad 123", "código de seguridad •••"],
])("a verification code blocks the message: %s", (text, masked) => {
  expect(reviewOutgoing(text)).toMatchObject({ isBlocked: true, masked });
});

test.each(["I waited 123 days", "order 4111 1111 1111 1112", "call me at 0171 2345678"])(
  "nothing about cards: %s",
  (text) => {
    expect(reviewOutgoing(text)).toEqual({ isBlocked: false, findings: [], masked: text });
  },
);
