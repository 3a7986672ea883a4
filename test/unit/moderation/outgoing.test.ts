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

test.each([
  ["digits of another script", "４１１１ １１１１ １１１１ １１１１", "•••• •••• •••• １１１１"],
  ["Arabic digits", "٤١١١ ١١١١ ١١١١ ١١١١", "•••• •••• •••• ١١١١"],
  [
    "spaces without width",
    "4111\u200b1111\u200b1111\u200b1111",
    "••••\u200b••••\u200b••••\u200b1111",
  ],
  ["soft hyphens in a group", "41\u00ad11111111111111", "••\u00ad••••••••••1111"],
  [
    "several of them, and spaces beside them",
    "4111\u200b\u200d1111 \u200b1111\u00ad\u200b\u200b1111",
    "••••\u200b\u200d•••• \u200b••••\u00ad\u200b\u200b1111",
  ],
  ["full stops", "4111.1111.1111.1111", "••••.••••.••••.1111"],
  ["two spaces", "4111  1111  1111  1111", "••••  ••••  ••••  1111"],
])("a card number with %s is masked", (_, text, masked) => {
  expect(reviewOutgoing(text)).toMatchObject({ isBlocked: false, masked });
});

test.each([
  ["after the number", "4111 1111 1111 1111 987", "•••• •••• •••• 1111 •••"],
  ["after an expiry without a stroke", "4111111111111111 1229 987", "••••••••••••1111 1229 •••"],
  ["with digits of another script", "cvv: ９８７", "cvv: •••"],
])("a code %s is blocked", (_, text, masked) => {
  expect(reviewOutgoing(text)).toMatchObject({ isBlocked: true, masked });
});

test("an amount after a card number is no code", () => {
  const text = "Take it from 4111 1111 1111 1111 100 euros";
  expect(reviewOutgoing(text)).toMatchObject({ isBlocked: false });
});
