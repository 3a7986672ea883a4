import { randomUUID } from "node:crypto";
import { decodeFrame, type Frame, type Send } from "../../../crypto/wire/frame.ts";
import type { TenantId, DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";
import type { PostOutcome } from "../../../messaging/log/plan-messages.ts";
import { MessagingError } from "../../../messaging/messaging-error.ts";
import { InboundMessages } from "../../../server/socket/inbound-messages.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const message = (bytes: number): Send => ({
  conversation: newId<ConversationId>(),
  clientMessageId: newId(),
  epoch: 1,
  keyId: randomUUID(),
  ciphertext: new Uint8Array(bytes),
  commitment: new Uint8Array(32),
  packets: [],
});

function setUp() {
  const waiting: ((error: Error) => void)[] = [];
  const sent: Frame[] = [];
  const channel = {
    bufferedBytes: 0,
    reading: true,
    pause() {
      this.reading = false;
    },
    resume() {
      this.reading = true;
    },
  };
  const intake = new InboundMessages(
    {
      log: { post: () => new Promise<PostOutcome>((_, reject) => waiting.push(reject)) },
      messageLimits: { take: () => 0 },
      monotonic: () => 0,
    },
    {
      actor: { tenant: newId<TenantId>(), device: newId<DeviceId>() } as never,
      channel,
      reading: channel,
      transmit: (frame) => sent.push(decodeFrame(frame)),
      deliveries: { hasAnswered: () => false, isMember: () => true },
      mayPost: () => true,
      onIdle: () => undefined,
    },
  );
  const answer = async (count: number) => {
    for (const refuse of waiting.splice(0, count)) refuse(new MessagingError("unavailable", ""));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { intake, channel, sent, waiting, answer };
}

test("a socket is not read from while 512 of its messages wait, and is read again when half are answered", async () => {
  const { intake, channel, answer } = setUp();
  for (let index = 0; index < 511; index++) intake.take(message(10));
  expect(channel.reading).toBe(true);
  intake.take(message(10));
  expect(channel.reading).toBe(false);
  await answer(255);
  expect(channel.reading).toBe(false);
  await answer(2);
  expect(channel.reading).toBe(true);
});

test("a socket is not read from while the bytes of its waiting messages reach 4 MiB", async () => {
  const { intake, channel, answer } = setUp();
  for (let index = 0; index < 64; index++) intake.take(message(64 * 1024));
  expect(channel.reading).toBe(false);
  await answer(33);
  expect(channel.reading).toBe(true);
});

test("a socket is not read from while the device does not take its answers", () => {
  const { intake, channel } = setUp();
  channel.bufferedBytes = 2 * 1024 * 1024;
  intake.take(message(10));
  expect(channel.reading).toBe(false);
  channel.bufferedBytes = 0;
  intake.regulate();
  expect(channel.reading).toBe(true);
});

test("an oversized message is refused at once and takes no place", () => {
  const { intake, sent, waiting } = setUp();
  intake.take(message(64 * 1024 + 1));
  expect(sent).toMatchObject([{ kind: "refused", body: { code: "message_too_large" } }]);
  expect(waiting).toEqual([]);
  expect(intake.idle).toBe(true);
});
