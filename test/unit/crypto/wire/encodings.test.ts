/** Canonical texts and signed bytes: a value has one form, and no form has two meanings. */
import { describe, expect, test } from "@jest/globals";
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../../../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../../../crypto/wire/canonical-json.ts";
import { frankingTag, transcriptHash, zeroHash } from "../../../../crypto/wire/event.ts";
import {
  creationBytes,
  deviceRecordBytes,
  publishedKeysBytes,
} from "../../../../crypto/wire/signed-records.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  MessageId,
} from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

const id = (last: number) => `0198c0de-0000-7000-8000-00000000000${last}`;

describe("text", () => {
  test("keeps a byte order mark, and is refused if it is not UTF-8", () => {
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 97);
    expect(fromUtf8(marked)).toBe("\ufeffa");
    expect(utf8(fromUtf8(marked))).toEqual(marked);
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]])
      expect(() => fromUtf8(Uint8Array.from(bad))).toThrow(
        expect.objectContaining({ name: "TypeError" }),
      );
  });

  test("in base64url has no padding, no white space and no other alphabet", () => {
    for (const bytes of [[], [0], [255, 254], [251, 255, 191], [0, 16, 131, 16]])
      expect(fromBase64Url(toBase64Url(Uint8Array.from(bytes)))).toEqual(Uint8Array.from(bytes));
    for (const other of ["AA==", "+/+/", "A A", "AA\n", "A", "Ä"])
      expect(() => fromBase64Url(other)).toThrow(
        expect.objectContaining({ name: "WireError", code: "malformed_record" }),
      );
  });
});

describe("canonical JSON", () => {
  test("is that of RFC 8785", () => {
    const value = { b: [1, -0, true, null], a: '\u20ac\u0007"', "\ud83d\ude42": 1, "\ufb33": 2 };
    expect(canonicalJson(value)).toBe(
      '{"a":"\u20ac\\u0007\\"","b":[1,0,true,null],"\ud83d\ude42":1,"\ufb33":2}',
    );
  });

  test("refuses values that are not JSON, including holes and a changed prototype", () => {
    const holed: CanonicalValue[] = [];
    holed[1] = 2;
    const bad = [
      holed,
      [undefined],
      1.5,
      2 ** 53,
      Number.NaN,
      "\ud800",
      new Date(0),
      new Map(),
      1n,
    ];
    for (const value of bad)
      expect(() => canonicalJson(value as CanonicalValue)).toThrow(
        expect.objectContaining({ name: "WireError", code: "malformed_record" }),
      );
  });

  test("reads own properties only, under any names", () => {
    const value = JSON.parse('{"__proto__":{"x":1},"constructor":2}') as CanonicalValue;
    expect(canonicalJson(value)).toBe('{"__proto__":{"x":1},"constructor":2}');
  });

  test("reports excessive nesting and does not overflow", () => {
    const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as CanonicalValue;
    expect(() => canonicalJson(deep)).toThrow(expect.objectContaining({ name: "WireError" }));
  });
});

describe("the signed bytes of each record", () => {
  const key = (fill: number, length = 32) => new Uint8Array(length).fill(fill);
  const device = {
    tenant: idOf<TenantId>(id(1)),
    user: idOf<UserId>(id(2)),
    device: idOf<DeviceId>(id(3)),
    accountKey: key(1),
    deviceKey: key(2),
    identityKey: key(3, 33),
    receiptKey: key(4),
  };
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

  test("is never the beginning of something else that is signed", () => {
    const records = [
      deviceRecordBytes(device),
      creationBytes({
        tenant: idOf<TenantId>(id(1)),
        conversation: idOf<ConversationId>(id(2)),
        suite: "signal-v1",
        device: idOf<DeviceId>(id(3)),
        users: [idOf<UserId>(id(4))],
      }),
      publishedKeysBytes({
        identityKey: key(3, 33),
        signedPreKey: { id: 1, publicKey: key(5, 33) },
        lastResortKyberPreKey: { id: 2, publicKey: key(6, 1569) },
      }),
      // What else an Ed25519 key of a device signs: a proof for the server, and receipts.
      utf8("eyJ0eXAiOiJkcG9wK2p3dCJ9.e30"),
      utf8('{"purpose":"support"}'),
    ].map(hex);
    for (const one of records)
      for (const other of records) if (one !== other) expect(other.startsWith(one)).toBe(false);
  });

  test("moves no byte from one field to the next", () => {
    const moved = {
      ...device,
      accountKey: key(1, 33),
      deviceKey: key(2, 31),
    };
    moved.accountKey[32] = 2;
    expect(hex(deviceRecordBytes(moved))).not.toBe(hex(deviceRecordBytes(device)));
    const creation = {
      tenant: idOf<TenantId>(id(1)),
      conversation: idOf<ConversationId>(id(2)),
      device: idOf<DeviceId>(id(3)),
      users: [idOf<UserId>(id(4))],
    };
    expect(hex(creationBytes({ ...creation, suite: "signal-v1" }))).not.toBe(
      hex(creationBytes({ ...creation, suite: "signal-v1\0" })),
    );
  });

  test.each([
    ["tenant", { tenant: idOf<TenantId>("not-a-uuid") }],
    ["user", { user: idOf<UserId>(id(2).toUpperCase()) }],
    ["device", { device: idOf<DeviceId>(`${id(3)}\n`) }],
  ])("has identifiers in their only form: %s", (_, change) => {
    expect(() => deviceRecordBytes({ ...device, ...change })).toThrow(
      expect.objectContaining({ name: "WireError", code: "malformed_record" }),
    );
  });
});

test("transcript hash and franking tag accept only hashes of 32 bytes, because their layout has no lengths", () => {
  const header = {
    conversation: idOf<ConversationId>(id(1)),
    seq: 1,
    kind: "message",
    senderDevice: idOf<DeviceId>(id(2)),
    epoch: 1,
    keyId: id(3),
    clientMessageId: idOf<MessageId>(id(4)),
    receivedAtMs: 1,
  } as const;
  const same = (input: Uint8Array) => input;
  for (const wrong of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]) {
    expect(() => transcriptHash(() => zeroHash, wrong, header, zeroHash, zeroHash)).toThrow(
      RangeError,
    );
    expect(() => transcriptHash(() => zeroHash, zeroHash, header, zeroHash, wrong)).toThrow(
      RangeError,
    );
    expect(() => frankingTag((_, input) => same(input), zeroHash, header, wrong)).toThrow(
      RangeError,
    );
  }
});
