import { randomBytes } from "node:crypto";
import { zeroHash } from "../../../crypto/wire/event.ts";
import type { KeyLogHead } from "../../../crypto/wire/payload.ts";
import type { ConversationId, DeviceId, MessageId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { entries, setUp } from "./key-log-device.ts";
import { acceptedOf, conversation, LogDouble } from "./log-double.ts";
import { setUp as setUpReceiver } from "./receiving.ts";

describe("the head that a member tells", () => {
  const payloadWith = (keyLogHead: KeyLogHead | undefined, epoch: number, to = conversation) => ({
    conversation: to,
    senderDevice: newId<DeviceId>(),
    epoch,
    clientMessageId: newId<MessageId>(),
    lastSeen: { seq: 0, transcriptHash: zeroHash },
    keyLogHead,
    body: { kind: "text", text: "hello" } as const,
  });

  test("is in every message until the log holds one of them, and in none afterwards", async () => {
    const { log, show, keyLog } = await setUp();
    expect(await show(log.head)).toBe("accepted");
    for (let sealings = 0; sealings < 3; sealings++)
      expect(keyLog.headFor(conversation, 1)).toMatchObject({ size: log.head.size });
    keyLog.noteTold(payloadWith(undefined, 1));
    const head = keyLog.headFor(conversation, 1);
    expect(head).toBeDefined();
    keyLog.noteTold(payloadWith(head, 1));
    expect(keyLog.headFor(conversation, 1)).toBeUndefined();
  });

  test("is told again in another epoch, in another conversation, and after a restart", async () => {
    const { log, show, keyLog, restarted } = await setUp();
    expect(await show(log.head)).toBe("accepted");
    const head = keyLog.headFor(conversation, 1);
    keyLog.noteTold(payloadWith(head, 1));
    expect(keyLog.headFor(conversation, 1)).toBeUndefined();
    expect(keyLog.headFor(conversation, 2)).toEqual(head);
    expect(keyLog.headFor(newId<ConversationId>(), 1)).toEqual(head);
    expect((await restarted()).headFor(conversation, 1)).toEqual(head);
  });

  test("is not told by a message that carries an older head, or the same one in an older epoch", async () => {
    const { log, show, keyLog } = await setUp();
    expect(await show(log.head)).toBe("accepted");
    const older = keyLog.headFor(conversation, 1);
    log.append(entries(60, 85));
    expect(await show(log.head)).toBe("accepted");
    keyLog.noteTold(payloadWith(older, 1));
    expect(keyLog.headFor(conversation, 1)).toMatchObject({ size: 85 });
    keyLog.noteTold(payloadWith(keyLog.headFor(conversation, 1), 1));
    expect(keyLog.headFor(conversation, 2)).toMatchObject({ size: 85 });
  });
});

describe("a head counts as told", () => {
  test("when the own message that carries it is recorded, by the answer or by delivery", async () => {
    const { receiver, told, queue, wait } = await setUpReceiver();
    const relay = new LogDouble();
    const [first, second] = [await queue("one"), await queue("two")];
    receiver.deliver(relay.created());
    const [answered, delivered] = [relay.message(...first), relay.message(...second)];
    await wait();
    expect(told).toEqual([]);
    receiver.accepted(acceptedOf(answered));
    await wait();
    expect(told).toEqual([first[0]]);
    receiver.deliver(delivered);
    await wait();
    expect(told).toEqual([first[0], second[0]]);
  });

  test("not when an answer names a place that the log does not reach, or another message there", async () => {
    const { receiver, told, queue, wait, recycled } = await setUpReceiver();
    const relay = new LogDouble();
    const [id, sealing] = await queue("one");
    receiver.deliver(relay.created());
    const other = { ...sealing, ciphertext: randomBytes(64) };
    const answer = acceptedOf(relay.copy().message(id, other));
    receiver.accepted({ ...answer, seq: answer.seq + 1 });
    await wait();
    expect([told, recycled()]).toEqual([[], 0]);
    receiver.accepted(answer);
    await wait();
    expect([told, recycled()]).toEqual([[], 1]);
  });

  test("not when the log holds the message with another ciphertext or commitment", async () => {
    for (const change of [{ ciphertext: randomBytes(64) }, { commitment: randomBytes(32) }]) {
      const { receiver, told, recorded, queue, wait } = await setUpReceiver();
      const relay = new LogDouble();
      const [id, sealing] = await queue("one");
      receiver.deliver(relay.created());
      receiver.deliver(relay.message(id, { ...sealing, ...change }));
      await wait();
      expect(recorded).toEqual([1, 2]);
      expect(told).toEqual([]);
    }
  });
});
