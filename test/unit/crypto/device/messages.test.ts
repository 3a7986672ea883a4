import type { MessageId } from "../../../../crypto/wire/ids.ts";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { signMessage, verifyAuthor, type Author } from "../../../../crypto/device/authorship.ts";
import { commit, verifyCommitment } from "../../../../crypto/device/franking.ts";
import { openMessage, type DeliveredMessage } from "../../../../crypto/device/open-message.ts";
import { pad } from "../../../../crypto/device/padding.ts";
import { encodePayload, type Payload } from "../../../../crypto/wire/payload.ts";
import { sealMessage } from "../../../../crypto/device/seal-message.ts";
import { zeroHash } from "../../../../crypto/wire/event.ts";
import { delivery, newGroup, newRoom, nowMs, seal, tampered, type TestDevice } from "./devices.ts";
import { newId } from "../../../../tools/testkit/ids.ts";

const payloadOf = (from: TestDevice, change: Partial<Payload> = {}): Payload => ({
  ...newRoom(),
  senderDevice: from.id,
  clientMessageId: newId<MessageId>(),
  lastSeen: { seq: 4, transcriptHash: zeroHash },
  body: { kind: "text", text: "My chest hurts." },
  ...change,
});

async function send(from: TestDevice, to: TestDevice, payload: Payload): Promise<DeliveredMessage> {
  const message = { ...payload, author: from.author, devices: [to.id], nowMs };
  const sealed = await from.transact((tx) => sealMessage(tx, from.suite, message));
  const { clientMessageId } = payload;
  return { ...delivery(from, to, payload, sealed), clientMessageId, commitment: sealed.commitment };
}

/** Seals the content of `inner` under the header of `outer`, as a lying sender can. */
async function lie(from: TestDevice, to: TestDevice, outer: Payload, inner: Payload) {
  const frankingKey = new Uint8Array(32).fill(5);
  const encoded = encodePayload(inner);
  const commitment = commit(frankingKey, encoded);
  const signature = await signMessage(outer, commitment, from.author);
  const plaintext = pad({ payload: encoded, frankingKey, signature });
  const sealed = await seal(from, [to], outer, plaintext);
  const { clientMessageId } = outer;
  return {
    ...delivery(from, to, outer, sealed),
    clientMessageId,
    commitment,
  };
}

const receive = (from: TestDevice, to: TestDevice, message: DeliveredMessage) =>
  to.transact((tx) => openMessage(tx, to.suite, message, from.author));

describe("a message", () => {
  test("arrives with what a report of it needs", async () => {
    const [a, b] = await newGroup(2);
    const payload = payloadOf(a);
    const message = await send(a, b!, payload);
    const opened = await receive(a, b!, message);
    expect(opened.body).toEqual(payload.body);
    expect(opened.lastSeen).toEqual(payload.lastSeen);
    expect(opened.payload).toEqual(encodePayload(payload));
    expect(commit(opened.frankingKey, opened.payload)).toEqual(message.commitment);
  });

  test("shows its length only in steps", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const lengths = await Promise.all(
      ["", "x", "x".repeat(90)].map(async (text) => {
        const payload = payloadOf(a, { ...room, body: { kind: "text", text } });
        return (await send(a, b!, payload)).ciphertext.length;
      }),
    );
    expect(new Set(lengths).size).toBe(1);
  });

  test("of the largest size stays within the relay's 64 KiB; a larger one is refused", async () => {
    const [a, b] = await newGroup(2);
    const text = (length: number) =>
      payloadOf(a, { body: { kind: "text", text: "x".repeat(length) } });
    const largest = await send(a, b!, text(63 * 1024 - 180));
    expect(largest.ciphertext.length).toBeLessThanOrEqual(64 * 1024);
    expect((await receive(a, b!, largest)).body).toHaveProperty("text.length", 63 * 1024 - 180);
    await expect(send(a, b!, text(63 * 1024))).rejects.toMatchObject({ code: "too_large" });
  });
});

describe("a message made for another place", () => {
  test.each(["conversation", "senderDevice", "epoch", "clientMessageId"] as const)(
    "is refused after opening: %s",
    async (field) => {
      const [a, b] = await newGroup(2);
      const outer = payloadOf(a);
      const inner = { ...outer, [field]: field === "epoch" ? 9 : randomUUID() };
      await expect(receive(a, b!, await lie(a, b!, outer, inner))).rejects.toMatchObject({
        name: "DeviceError",
        code: "context_mismatch",
        fields: [field],
      });
    },
  );

  test("is refused when the relay changes its id", async () => {
    const [a, b] = await newGroup(2);
    const message = await send(a, b!, payloadOf(a));
    await expect(
      receive(a, b!, { ...message, clientMessageId: newId<MessageId>() }),
    ).rejects.toMatchObject({
      code: "context_mismatch",
      fields: ["clientMessageId"],
    });
    expect((await receive(a, b!, message)).body.kind).toBe("text");
  });
});

describe("the signature", () => {
  test("of the sending device is all that is taken, for this place, author and commitment", async () => {
    const [a, b] = await newGroup(2);
    const payload = payloadOf(a);
    const frankingKey = new Uint8Array(32).fill(5);
    const encoded = encodePayload(payload);
    const commitment = commit(frankingKey, encoded);
    const { author } = a;
    const by = (context: Partial<Payload>, signer: Partial<typeof author> = {}, of = commitment) =>
      signMessage({ ...payload, ...context }, of, { ...author, ...signer });
    const sealedWith = async (signature: Uint8Array | Promise<Uint8Array>) => {
      const plaintext = pad({ payload: encoded, frankingKey, signature: await signature });
      const { clientMessageId, conversation } = payload;
      // A refused message takes its key with it, so each has a key of its own.
      await a.transact((tx) => a.suite.rotate(tx, conversation));
      const sealed = await seal(a, [b!], payload, plaintext);
      return { ...delivery(a, b!, payload, sealed), clientMessageId, commitment };
    };
    for (const signature of [
      new Uint8Array(64),
      by({ conversation: newId() }),
      by({ senderDevice: newId() }),
      by({ epoch: 2 }),
      by({ clientMessageId: newId() }),
      by({}, { tenant: newId() }),
      by({}, { user: newId() }),
      by({}, { sign: b!.author.sign }),
      by({}, {}, zeroHash),
    ])
      await expect(receive(a, b!, await sealedWith(signature))).rejects.toMatchObject({
        name: "DeviceError",
        code: "invalid_signature",
      });
    expect((await receive(a, b!, await sealedWith(by({})))).body).toEqual(payload.body);
  });

  test("comes with the message, so that others can check it, too", async () => {
    const [a, b] = await newGroup(2);
    const payload = payloadOf(a);
    const message = await send(a, b!, payload);
    const { signature } = await receive(a, b!, message);
    const check = (author: Author) => () =>
      verifyAuthor(signature, payload, message.commitment, author);
    expect(check(a.author)).not.toThrow();
    expect(check(b!.author)).toThrow(expect.objectContaining({ code: "invalid_signature" }));
  });
});

describe("the commitment", () => {
  test("is checked before anything is returned, for every possible author of the change", async () => {
    const [a, b] = await newGroup(2);
    const message = await send(a, b!, payloadOf(a));
    const other = await send(a, b!, payloadOf(a));
    for (const commitment of [
      tampered(message.commitment, 0),
      tampered(message.commitment, -1),
      other.commitment,
      zeroHash,
      new Uint8Array(0),
      message.commitment.slice(0, 31),
    ])
      await expect(receive(a, b!, { ...message, commitment })).rejects.toMatchObject({
        name: "DeviceError",
        code: "commitment_mismatch",
      });
    expect((await receive(a, b!, message)).body.kind).toBe("text");
  });

  test("is refused before the context is checked: a lie that cannot be reported counts as unreportable only", async () => {
    const [a, b] = await newGroup(2);
    const outer = payloadOf(a);
    const lied = await lie(a, b!, outer, { ...outer, epoch: 9 });
    await expect(receive(a, b!, { ...lied, commitment: zeroHash })).rejects.toMatchObject({
      code: "commitment_mismatch",
    });
  });

  test("is valid for one key and one payload", () => {
    const [key, payload] = [new Uint8Array(32).fill(1), new Uint8Array(100).fill(2)];
    const commitment = commit(key, payload);
    const check = (k: Uint8Array, p: Uint8Array, c: Uint8Array) => () => verifyCommitment(k, p, c);
    expect(check(key, payload, commitment)).not.toThrow();
    expect(check(tampered(key, 3), payload, commitment)).toThrow();
    expect(check(key, tampered(payload, 3), commitment)).toThrow();
    expect(check(key, payload.slice(1), commitment)).toThrow();
    expect(check(key, payload, tampered(commitment, 3))).toThrow();
    expect(check(key.slice(1), payload, commitment)).toThrow(RangeError);
  });

  test("hides equality: two messages of one text differ", async () => {
    const [a, b] = await newGroup(2);
    const payload = payloadOf(a);
    const [one, two] = [await send(a, b!, payload), await send(a, b!, payload)];
    expect(one.commitment).not.toEqual(two.commitment);
  });
});
