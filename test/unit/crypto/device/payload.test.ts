import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import { pad, unpad } from "../../../../crypto/device/padding.ts";
import { maxPlaintextBytes } from "../../../../crypto/wire/payload-body.ts";
import { decodePayload, openPayload } from "../../../../crypto/device/payload.ts";
import { encodePayload } from "../../../../crypto/wire/payload.ts";
import { zeroHash } from "../../../../crypto/wire/event.ts";
import {
  parseId,
  type DeviceId,
  type ConversationId,
  type AttachmentId,
  type MessageId,
} from "../../../../crypto/wire/ids.ts";
import { tampered, utf8 } from "./devices.ts";
import { idOf, newId } from "../../../../tools/testkit/ids.ts";

const property = { seed: 20260105, numRuns: 200 };
const frankingKey = new Uint8Array(32).fill(7);
const signature = new Uint8Array(64).fill(9);
const padded = (bytes: Uint8Array) => pad({ frankingKey, signature, payload: bytes });
const payload = {
  conversation: newId<ConversationId>(),
  senderDevice: newId<DeviceId>(),
  epoch: 3,
  clientMessageId: newId<MessageId>(),
  lastSeen: { seq: 17, transcriptHash: zeroHash },
  body: { kind: "text", text: "Guten Tag" },
} as const;
/** The oneof's other field alone. */
const encodedText = () => Buffer.from([0x82, 0x01, 0x03, 0x0a, 0x01, 0x61]);
const refused = (code: string) => expect.objectContaining({ name: "DeviceError", code });

test("the head of the key log is carried if there is one, and costs nothing otherwise", () => {
  const keyLogHead = {
    size: 3,
    root: new Uint8Array(32).fill(1),
    signature: new Uint8Array(64).fill(2),
    restores: 0,
  };
  const encoded = encodePayload({ ...payload, keyLogHead });
  expect(decodePayload(encoded)).toEqual({ ...payload, keyLogHead });
  expect(decodePayload(encodePayload(payload)).keyLogHead).toBeUndefined();
  expect(encoded.length - encodePayload(payload).length).toBe(104);
  const restored = { ...payload, keyLogHead: { ...keyLogHead, restores: 999_999_999 } };
  expect(decodePayload(encodePayload(restored))).toEqual(restored);
});

describe("padding", () => {
  test("can be removed, and after the signature there are 256, 512 or a multiple of 1024 bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const made = padded(bytes);
        const size = made.length - 64;
        const smaller = size <= 512 ? size / 2 : Math.max(512, size - 1024);
        expect(size === 256 || size === 512 || size % 1024 === 0).toBe(true);
        // No smaller total would have held it.
        expect(bytes.length + 36 > smaller || size === 256).toBe(true);
        expect(unpad(made)).toEqual({ frankingKey, signature, payload: bytes });
      }),
      property,
    );
  });

  test.each([
    [0, 256],
    [220, 256],
    [221, 512],
    [476, 512],
    [477, 1024],
    [988, 1024],
    [989, 2048],
    [2012, 2048],
    [2013, 3072],
  ])("a payload of %i bytes makes %i, including the franking key", (bytes, total) => {
    expect(padded(new Uint8Array(bytes))).toHaveLength(64 + total);
  });

  test("that is not canonical is refused: any changed bit, its length, its total", () => {
    const made = padded(utf8("text"));
    for (const at of [104, 164, 255]) expect(() => unpad(tampered(made, at))).toThrow();
    const changes = [
      made.slice(0, -1),
      made.slice(0, 104),
      new Uint8Array(0),
      new Uint8Array(99),
      Uint8Array.from([...made, ...new Uint8Array(256)]),
      tampered(made, 96), // a length over all limits
    ];
    for (const change of changes)
      expect(() => unpad(change)).toThrow(refused("malformed_plaintext"));
  });

  test("refuses what does not fit one ciphertext", () => {
    const most = maxPlaintextBytes - 100;
    expect(padded(new Uint8Array(most))).toHaveLength(maxPlaintextBytes);
    expect(() => padded(new Uint8Array(most + 1))).toThrow(refused("too_large"));
  });
});

describe("the payload's encoding", () => {
  const uuids = fc.uuid();
  const payloads = fc.record({
    conversation: uuids.map(parseId<ConversationId>),
    senderDevice: uuids.map(parseId<DeviceId>),
    epoch: fc.nat(),
    clientMessageId: uuids.map(parseId<MessageId>),
    lastSeen: fc.record({
      seq: fc.maxSafeNat(),
      transcriptHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    }),
    body: fc.record({
      kind: fc.constant("text" as const),
      text: fc.string({ unit: "binary", maxLength: 300 }),
    }),
  });

  test("is decoded, including byte order marks and surrogate pairs", () => {
    fc.assert(
      fc.property(payloads, (value) => {
        expect(decodePayload(encodePayload(value))).toEqual(value);
      }),
      property,
    );
    const marked = { ...payload, body: { kind: "text", text: "\ufeff\u0000 mark" } } as const;
    expect(decodePayload(encodePayload(marked))).toEqual(marked);
  });

  test("has one form: if it still decodes after a changed bit, it is another payload", () => {
    const encoded = encodePayload(payload);
    fc.assert(
      fc.property(fc.nat(encoded.length - 1), fc.nat(7), (at, bit) => {
        const changed = Uint8Array.from(encoded);
        changed[at] = changed[at]! ^ (1 << bit);
        let decoded;
        try {
          decoded = decodePayload(changed);
        } catch (error) {
          expect(error).toMatchObject({ name: "DeviceError" });
          return;
        }
        expect(decoded).not.toEqual(payload);
        expect(encodePayload(decoded)).toEqual(changed);
      }),
      property,
    );
  });

  const encoded = Buffer.from(encodePayload(payload));
  const append = (...bytes: number[]) => Uint8Array.from([...encoded, ...bytes]);
  const [conversation] = [encoded.subarray(2, 20)];
  test.each([
    ["an unknown field", append(0x98, 0x06, 0x01)],
    ["a repeated field", append(0x20, 0x03)],
    ["reordered fields", Uint8Array.from([...conversation, 0x08, 0x01, ...encoded.subarray(20)])],
    ["a default written out", Uint8Array.from([0x08, 0x81, 0x00, ...encoded.subarray(2)])],
    ["a truncation", encoded.subarray(0, -1)],
    ["nothing", new Uint8Array(0)],
  ])("with %s is refused", (_, bytes) => {
    expect(() => decodePayload(Uint8Array.from(bytes))).toThrow(refused("malformed_plaintext"));
  });

  test("an attachment's description is decoded too, and has no second form", () => {
    const attachment = {
      id: newId<AttachmentId>(),
      name: "Schadensfoto \u{1F642}.png",
      mediaType: "image/png",
      size: 5_000_000_000,
      key: new Uint8Array(32).fill(1),
      plaintextDigest: new Uint8Array(32).fill(2),
      ciphertextDigest: new Uint8Array(32).fill(3),
      chunkBytes: 65_536,
    };
    const value = { ...payload, body: { kind: "attachment", attachment } } as const;
    const bytes = encodePayload(value);
    expect(decodePayload(bytes)).toEqual(value);
    const name = Buffer.from(bytes).indexOf("Schadensfoto");
    const notUtf8 = Uint8Array.from(bytes);
    notUtf8[name] = 0xff;
    const withText = Uint8Array.from([...bytes, ...encodedText()]);
    for (const changed of [notUtf8, withText])
      expect(() => decodePayload(changed)).toThrow(refused("malformed_plaintext"));
  });

  test("text that is not UTF-8 is refused", () => {
    const bytes = encodePayload({ ...payload, body: { kind: "text", text: "aaa" } });
    bytes[bytes.length - 1] = 0xff;
    expect(() => decodePayload(bytes)).toThrow(refused("malformed_plaintext"));
  });

  test("another version or an unknown body kind is distinguished from damage", () => {
    const otherVersion = Uint8Array.from(encoded);
    otherVersion[1] = 2;
    expect(() => decodePayload(otherVersion)).toThrow(refused("unsupported_payload"));
    const text = encoded.lastIndexOf(Buffer.from([0x82, 0x01]));
    const otherKind = Uint8Array.from(encoded);
    otherKind[text] = 0xb2; // field 22, not known yet
    expect(() => decodePayload(otherKind)).toThrow(refused("unsupported_payload"));
  });
});

test("opening compares conversation, sender, epoch and id with the header, and names the difference", () => {
  const encoded = encodePayload(payload);
  expect(openPayload(encoded, payload)).toEqual(payload);
  const other = randomUUID();
  for (const change of [
    { conversation: idOf<ConversationId>(other) },
    { senderDevice: idOf<DeviceId>(other) },
    { epoch: 4 },
    { clientMessageId: idOf<MessageId>(other) },
    { senderDevice: idOf<DeviceId>(other), epoch: 4 },
  ])
    expect(() => openPayload(encoded, { ...payload, ...change })).toThrow(
      expect.objectContaining({ code: "context_mismatch", fields: Object.keys(change) }),
    );
});
