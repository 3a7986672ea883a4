/**
 * Known answers, computed here a second time with node:crypto and protobuf written by hand, so that
 * any change of an encoding is noticed. `UPDATE_VECTORS=1` writes the files again.
 */
import { createHash, createHmac, createPrivateKey, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { signMessage } from "../../../../crypto/device/authorship.ts";
import { commit } from "../../../../crypto/device/franking.ts";
import { pad } from "../../../../crypto/device/padding.ts";
import { encodePayload } from "../../../../crypto/device/payload.ts";
import { safetyNumber } from "../../../../crypto/device/safety-number.ts";
import { hmacSha256, ready, sha256, signingKeyFromSeed } from "../../../../crypto/device/sodium.ts";
import { authorshipBytes } from "../../../../crypto/wire/authorship.ts";
import { frankingTag, transcriptHash } from "../../../../crypto/wire/event.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  MessageId,
} from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

await ready;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const uuid = (text: string) => Buffer.from(text.replaceAll("-", ""), "hex");
const input = {
  tenant: idOf<TenantId>("0198c0de-0004-7000-8000-000000000004"),
  user: idOf<UserId>("0198c0de-0005-7000-8000-000000000005"),
  conversation: idOf<ConversationId>("0198c0de-0001-7000-8000-000000000001"),
  senderDevice: idOf<DeviceId>("0198c0de-0002-7000-8000-000000000002"),
  keyId: "5f0c9a1e-93b8-4c57-9d0a-2f6a0f3f7b11",
  clientMessageId: idOf<MessageId>("0198c0de-0003-7000-8000-000000000003"),
  epoch: 300,
  seq: 42,
  receivedAtMs: 1_767_571_200_123,
  text: "Gr\u00fc\u00dfe \ud83d\ude42",
  lastSeenHash: "ab".repeat(32),
  frankingKey: "0f".repeat(32),
  relayKey: "1e".repeat(32),
  receiptKeySeed: "2d".repeat(32),
  ciphertext: "c0ffee",
};

/** Protobuf by hand. */
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
const number = (tag: number, value: number) => Buffer.from([...varint(tag << 3), ...varint(value)]);
const bytes = (tag: number, value: Uint8Array) =>
  Buffer.from([...varint((tag << 3) | 2), ...varint(value.length), ...value]);

function expected() {
  const lastSeenHash = Buffer.from(input.lastSeenHash, "hex");
  const payload = Buffer.concat([
    number(1, 1),
    bytes(2, uuid(input.conversation)),
    bytes(3, uuid(input.senderDevice)),
    number(4, input.epoch),
    bytes(5, uuid(input.clientMessageId)),
    bytes(6, Buffer.concat([number(1, input.seq), bytes(2, lastSeenHash)])),
    bytes(16, bytes(1, Buffer.from(input.text))),
  ]);
  const key = Buffer.from(input.frankingKey, "hex");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length);
  const commitment = createHmac("sha256", key)
    .update("sealdesk/commitment/v1")
    .update(payload)
    .digest();
  const u32 = Buffer.alloc(4);
  u32.writeUInt32BE(input.epoch);
  const signed = Buffer.concat([
    Buffer.from("sealdesk/message/v1"),
    uuid(input.tenant),
    uuid(input.conversation),
    uuid(input.user),
    uuid(input.senderDevice),
    u32,
    uuid(input.clientMessageId),
    commitment,
  ]);
  const signature = sign(null, signed, ed25519Of(input.receiptKeySeed));
  const body = Buffer.concat([signature, key, length, payload]);
  const u64 = (value: number) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64BE(BigInt(value));
    return buffer;
  };
  const ciphertext = Buffer.from(input.ciphertext, "hex");
  const transcript = createHash("sha256")
    .update("sealdesk/transcript/v1")
    .update(lastSeenHash)
    .update(uuid(input.conversation))
    .update(u64(input.seq))
    .update(Buffer.of(1))
    .update(uuid(input.senderDevice))
    .update(u32)
    .update(uuid(input.keyId))
    .update(uuid(input.clientMessageId))
    .update(u64(input.receivedAtMs))
    .update(createHash("sha256").update(ciphertext).digest())
    .update(commitment)
    .digest();
  const tag = createHmac("sha256", Buffer.from(input.relayKey, "hex"))
    .update("sealdesk/franking-tag/v1")
    .update(commitment)
    .update(uuid(input.conversation))
    .update(uuid(input.senderDevice))
    .update(uuid(input.clientMessageId))
    .update(u32)
    .update(u64(input.receivedAtMs))
    .digest();
  return {
    payload: hex(payload),
    commitment: hex(commitment),
    signed: hex(signed),
    signature: hex(signature),
    plaintext: hex(Buffer.concat([body, Buffer.alloc(64 + 256 - body.length)])),
    transcriptHash: hex(transcript),
    frankingTag: hex(tag),
  };
}

/** The private key of a seed: PKCS #8 as in RFC 8410 section 7. */
const ed25519Of = (seed: string) =>
  createPrivateKey({
    key: Buffer.from(`302e020100300506032b657004220420${seed}`, "hex"),
    format: "der",
    type: "pkcs8",
  });

/** The safety number, with node:crypto. */
function expectedSafetyNumber(accounts: readonly { user: string; accountKey: string }[]): string {
  const half = ({ user, accountKey }: { user: string; accountKey: string }) => {
    const key = Buffer.from(accountKey, "hex");
    let hash = createHash("sha512")
      .update(Buffer.concat([Buffer.alloc(2), key, uuid(user), key]))
      .digest();
    for (let round = 1; round < 5200; round++)
      hash = createHash("sha512").update(hash).update(key).digest();
    return [0, 5, 10, 15, 20, 25]
      .map((at) => String(hash.readUIntBE(at, 5) % 100_000).padStart(5, "0"))
      .join("");
  };
  return accounts.map(half).toSorted().join("");
}

function stored(name: string, value: object): unknown {
  const file = new URL(`./vectors/${name}.json`, import.meta.url);
  if (process.env["UPDATE_VECTORS"] === "1")
    writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
  return JSON.parse(readFileSync(file, "utf8"));
}

test("payload, commitment, signature, padding, transcript hash and franking tag match the vectors", () => {
  const vector = { input, expected: expected() };
  expect(stored("message", vector)).toEqual(vector);
  const frankingKey = Uint8Array.from(Buffer.from(input.frankingKey, "hex"));
  const lastSeenHash = Uint8Array.from(Buffer.from(input.lastSeenHash, "hex"));
  const payload = encodePayload({
    ...input,
    lastSeen: { seq: input.seq, transcriptHash: lastSeenHash },
    body: { kind: "text", text: input.text },
  });
  const commitment = commit(frankingKey, payload);
  const header = { ...input, kind: "message" } as const;
  const { privateKey } = signingKeyFromSeed(
    Uint8Array.from(Buffer.from(input.receiptKeySeed, "hex")),
  );
  const signature = signMessage(input, commitment, { ...input, privateKey });
  const ciphertext = Uint8Array.from(Buffer.from(input.ciphertext, "hex"));
  const relayKey = Uint8Array.from(Buffer.from(input.relayKey, "hex"));
  expect({
    payload: hex(payload),
    commitment: hex(commitment),
    signed: hex(authorshipBytes({ ...input, commitment })),
    signature: hex(signature),
    plaintext: hex(pad({ payload, frankingKey, signature })),
    transcriptHash: hex(transcriptHash(sha256, lastSeenHash, header, ciphertext, commitment)),
    frankingTag: hex(frankingTag(hmacSha256, relayKey, header, commitment)),
  }).toEqual(vector.expected);
});

test("the safety number matches the vectors", () => {
  const accounts = [
    { user: input.conversation, accountKey: "11".repeat(32) },
    { user: input.senderDevice, accountKey: "22".repeat(32) },
  ] as const;
  const vector = { accounts, safetyNumber: expectedSafetyNumber(accounts) };
  expect(stored("safety-number", vector)).toEqual(vector);
  const [a, b] = accounts.map(({ user, accountKey }) => ({
    user: idOf<UserId>(user),
    accountKey: Uint8Array.from(Buffer.from(accountKey, "hex")),
  }));
  expect(safetyNumber(a!, b!)).toBe(vector.safetyNumber);
});
