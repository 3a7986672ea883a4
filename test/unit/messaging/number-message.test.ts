import { randomBytes, randomUUID } from "node:crypto";
import { nilUuid, zeroHash } from "../../../crypto/wire/event.ts";
import { numberControl, numberMessage } from "../../../messaging/log/number-message.ts";
import {
  nilId,
  type TenantId,
  type DeviceId,
  type ConversationId,
  type MessageId,
} from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const tenant = newId<TenantId>();
const conversation = newId<ConversationId>();
const senderDevice = newId<DeviceId>();
const start = { tenant, seq: 0, transcriptHash: zeroHash, receivedAtMs: 1 };

const created = () =>
  numberControl(
    start,
    {
      conversation,
      kind: "created",
      senderDevice,
      epoch: 1,
      keyId: nilUuid,
      clientMessageId: nilId<MessageId>(),
    },
    randomBytes(80),
    1,
  );

test("the first event of a log follows 32 zero bytes", () => {
  expect(created()).toMatchObject({ seq: 1, previousHash: new Uint8Array(32) });
});

test("each event carries the transcript hash of the event before", () => {
  let last = created();
  for (let seq = 2; seq <= 5; seq++) {
    const send = {
      conversation,
      clientMessageId: newId<MessageId>(),
      epoch: 1,
      keyId: randomUUID(),
      ciphertext: randomBytes(300),
      commitment: randomBytes(32),
      packets: [],
    };
    const next = numberMessage(last, senderDevice, send, randomBytes(32), seq);
    expect(next.seq).toBe(seq);
    expect(next.previousHash).toEqual(last.transcriptHash);
    expect(next.transcriptHash).not.toEqual(last.transcriptHash);
    last = next;
  }
});
