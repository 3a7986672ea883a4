import { randomBytes } from "node:crypto";
import { utf8 } from "../../../../crypto/wire/bytes.ts";
import {
  decodeKeyEntry,
  encodeKeyEntry,
  type KeyEntry,
} from "../../../../crypto/wire/key-entry.ts";
import type { TenantId, UserId, DeviceId } from "../../../../crypto/wire/ids.ts";
import { idOf, newId } from "../../../../tools/testkit/ids.ts";

const bytes = (length: number, fill?: number) =>
  fill === undefined ? new Uint8Array(randomBytes(length)) : new Uint8Array(length).fill(fill);
const entryOf = (fill?: number): KeyEntry => ({
  change: "device_added",
  version: 1,
  record: {
    tenant: fill === undefined ? newId<TenantId>() : idOf("00000001-0000-4000-8000-000000000000"),
    user: fill === undefined ? newId<UserId>() : idOf("00000002-0000-4000-8000-000000000000"),
    device: fill === undefined ? newId<DeviceId>() : idOf("00000003-0000-4000-8000-000000000000"),
    accountKey: bytes(32, fill),
    deviceKey: bytes(32, fill),
    identityKey: bytes(33, fill),
    receiptKey: bytes(32, fill),
  },
  certificate: bytes(64, fill),
  list: {
    version: 3,
    issuedAtMs: 7,
    validUntilMs: 8,
    signedBy: idOf<DeviceId>("00000003-0000-4000-8000-000000000000"),
    signature: bytes(64, fill),
  },
});

test("an entry is read back as it was written", () => {
  const entry = { ...entryOf(), change: "device_removed", version: 7 } as const;
  expect(decodeKeyEntry(encodeKeyEntry(entry))).toEqual(entry);
  const unsigned = { ...entry, list: undefined };
  expect(decodeKeyEntry(encodeKeyEntry(unsigned))).toEqual(unsigned);
});

test("an entry has one text, the canonical one", () => {
  const key = (length: number) => Buffer.alloc(length, 255).toString("base64url");
  const text = `{"accountKey":"${key(32)}","certificate":"${key(64)}","change":"device_added","device":"00000003-0000-4000-8000-000000000000","deviceKey":"${key(32)}","identityKey":"${key(33)}","list":{"issuedAtMs":7,"signature":"${key(64)}","signedBy":"00000003-0000-4000-8000-000000000000","validUntilMs":8,"version":3},"receiptKey":"${key(32)}","tenant":"00000001-0000-4000-8000-000000000000","type":"key_change","user":"00000002-0000-4000-8000-000000000000","version":1}`;
  expect(Buffer.from(encodeKeyEntry(entryOf(255))).toString()).toBe(text);
  const changed = [
    text.replace("{", "{ "),
    text.replace('"version":1', '"version":1.5'),
    text.replace('"version":1', '"version":0'),
    text.replace('"version":1', '"version":1,"z":1'),
    text.replace('"version":3', '"version":0'),
    text.replace('"version":3', '"version":3,"z":1'),
    text.replace('"issuedAtMs":7', '"issuedAtMs":-1'),
    text.replace('"issuedAtMs":7', '"issuedAtMs":8'),
    text.replace('"validUntilMs":8', `"validUntilMs":${30 * 86_400_000 + 8}`),
    text.replace('"validUntilMs":8,', ""),
    text.replace(/"list":\{[^}]*\}/, '"list":null'),
    text.replace(/"list":\{[^}]*\}/, '"list":[]'),
    text.replace("device_added", "device_lent"),
    text.replace("key_change", "key_chance"),
    text.replace("00000002-", "0000000G-"),
    text.replace(key(33), key(32)),
    text.replace(key(64), `${key(64).slice(0, -1)}+`),
    "null",
    "[]",
    "",
  ];
  for (const each of changed)
    expect(() => decodeKeyEntry(utf8(each))).toThrow(
      expect.objectContaining({ code: "malformed_record" }),
    );
});
