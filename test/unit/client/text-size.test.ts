import { maxTextBytes } from "../../../client/index.ts";
import { assertTextSize } from "../../../client/conversation/text-size.ts";
import { pad } from "../../../crypto/device/padding.ts";
import { encodePayload } from "../../../crypto/wire/payload.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { DeviceId, ConversationId, MessageId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const device = idOf<DeviceId>("0190d0c4-0000-7000-8000-000000000001");

/** A message's plaintext with everything around the text at its largest. */
const sealed = (text: string) =>
  pad({
    frankingKey: new Uint8Array(32),
    signature: new Uint8Array(64),
    payload: encodePayload({
      conversation: idOf<ConversationId>(device),
      senderDevice: device,
      epoch: 0xffffffff,
      clientMessageId: idOf<MessageId>(device),
      lastSeen: { seq: Number.MAX_SAFE_INTEGER, transcriptHash: zeroHash },
      keyLogHead: {
        size: Number.MAX_SAFE_INTEGER,
        root: zeroHash,
        signature: new Uint8Array(64),
        restores: 0xffff,
      },
      unopened: Array.from({ length: 16 }, (_, index) => Number.MAX_SAFE_INTEGER - 15 + index),
      body: { kind: "text", text },
    }),
  });

test("the longest text fits one message in every context, and no longer text does", () => {
  expect(sealed("x".repeat(maxTextBytes))).toHaveLength(64 + 63 * 1024);
  expect(() => sealed("x".repeat(maxTextBytes + 1))).toThrow(
    expect.objectContaining({ code: "too_large" }),
  );
});

test("a text is measured in bytes of UTF-8", () => {
  const clefs = "\u{1d11e}".repeat(Math.floor(maxTextBytes / 4));

  expect(() => assertTextSize(clefs)).not.toThrow();
  for (const text of [`${clefs}\u{1d11e}`, "x".repeat(maxTextBytes + 1), "x".repeat(10_000_000)])
    expect(() => assertTextSize(text)).toThrow(
      expect.objectContaining({ name: "SealdeskError", code: "message_too_large" }),
    );
});
