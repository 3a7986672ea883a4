import { randomUUID } from "node:crypto";
import { nilUuid, zeroHash } from "../../../crypto/wire/event.ts";
import { decodeFrame } from "../../../crypto/wire/frame.ts";
import type { EventsRequest } from "../../../messaging/follow/read-events.ts";
import type { DeliverableEvent } from "../../../messaging/log/event.ts";
import { Deliveries } from "../../../server/socket/deliveries.ts";

const conversation = randomUUID();
const tenant = randomUUID();

const event = (seq: number): DeliverableEvent => ({
  tenant,
  conversation,
  seq,
  kind: "message",
  senderDevice: randomUUID(),
  epoch: 1,
  keyId: randomUUID(),
  clientMessageId: randomUUID(),
  receivedAt: 1,
  ciphertext: new Uint8Array(1),
  commitment: zeroHash,
  frankingTag: zeroHash,
  transcriptHash: zeroHash,
  packet: undefined,
  previousHash: seq === 1 ? zeroHash : undefined,
});

test("a device that is removed while a page is read for it gets nothing after its removal", async () => {
  let head = 2;
  let read = () => {};
  const allowed = new Promise<void>((resolve) => (read = resolve));
  const delivered: number[] = [];
  const deliveries = new Deliveries({
    actor: {
      tenant,
      user: randomUUID(),
      role: "agent",
      device: randomUUID(),
      session: nilUuid,
      method: "password",
    },
    // Like the database, this returns what is committed at the time of the read.
    async readEvents({ afterSeq, untilSeq }: EventsRequest) {
      await allowed;
      const until = Math.min(head, untilSeq);
      return Array.from({ length: until - afterSeq }, (_, index) => event(afterSeq + 1 + index));
    },
    transmit(frame) {
      const { kind, body } = decodeFrame(frame);
      if (kind === "deliver") delivered.push(body.seq);
    },
    isClogged: () => false,
    onFinished: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  const ranges = [{ fromSeq: 1, untilSeq: undefined }];
  deliveries.follow({ conversation, head, epoch: 1, closed: false, ranges, cursor: 0 });
  deliveries.open();
  deliveries.onAck(conversation, 0);
  deliveries.resume();
  // Event 3 removes the device. Events 4 and 5 are for the remaining members.
  head = 5;
  deliveries.onLeft(conversation, 3);
  for (const seq of [3, 4, 5]) deliveries.onHead(conversation, seq);
  read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(delivered).toEqual([1, 2, 3]);
});
