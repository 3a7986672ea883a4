/**
 * Known answers for what is signed, packed and sealed. Most of them are computed a second time by
 * hand with node:crypto. `UPDATE_VECTORS=1` writes the file again.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { hashRawSync } from "@node-rs/argon2";
import { deriveStoreKey } from "../../../../crypto/device/store.ts";
import { encodeKeyPacket } from "../../../../crypto/device/suites/signal/key-packet.ts";
import { ValueSeal } from "../../../../crypto/device/value-seal.ts";
import { sha256, ready } from "../../../../crypto/device/sodium.ts";
import {
  creationBytes,
  deviceRecordBytes,
  publishedKeysBytes,
} from "../../../../crypto/wire/signed-records.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../../../crypto/wire/ids.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

await ready;

const file = new URL("./vectors/records.json", import.meta.url);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const unhex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const uuid = (text: string) => Buffer.from(text.replaceAll("-", ""), "hex");
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const prefixed = (label: string, ...fields: readonly Uint8Array[]) =>
  Buffer.concat([Buffer.from(label), ...fields.flatMap((field) => [u32(field.length), field])]);

const tenant = idOf<TenantId>("0198c0de-0001-7000-8000-000000000001");
const user = idOf<UserId>("0198c0de-0002-7000-8000-000000000002");
const device = idOf<DeviceId>("0198c0de-0003-7000-8000-000000000003");
const conversation = idOf<ConversationId>("0198c0de-0004-7000-8000-000000000004");
const other = idOf<UserId>("0198c0de-0005-7000-8000-000000000005");
const keyId = "5f0c9a1e-93b8-4c57-9d0a-2f6a0f3f7b11";
const key = (fill: number, length = 32) => new Uint8Array(length).fill(fill);

const byHand = {
  deviceRecord: hex(
    prefixed(
      "sealdesk/device/v1",
      uuid(tenant),
      uuid(user),
      uuid(device),
      key(1),
      key(2),
      key(3, 33),
      key(4),
    ),
  ),
  creationRecord: hex(
    prefixed(
      "sealdesk/conversation/v1",
      uuid(tenant),
      uuid(conversation),
      Buffer.from("signal-v1"),
      uuid(device),
      Buffer.concat([uuid(user), uuid(other)]),
    ),
  ),
  publishedKeysDigest: createHash("sha256")
    .update(
      prefixed("sealdesk/published-keys/v1", key(3, 33), u32(7), key(5, 33), u32(8), key(6, 1569)),
    )
    .digest("hex"),
  keyPacket: hex(
    Buffer.concat([Buffer.of(1), uuid(conversation), u32(300), uuid(keyId), key(9, 3)]),
  ),
};

test("signed records, the published-keys digest and a packet's plaintext", async () => {
  const computed = {
    deviceRecord: hex(
      deviceRecordBytes({
        tenant,
        user,
        device,
        accountKey: key(1),
        deviceKey: key(2),
        identityKey: key(3, 33),
        receiptKey: key(4),
      }),
    ),
    creationRecord: hex(
      creationBytes({
        tenant,
        conversation,
        suite: "signal-v1",
        device,
        users: [user, other],
      }),
    ),
    publishedKeysDigest: hex(
      sha256(
        publishedKeysBytes({
          identityKey: key(3, 33),
          signedPreKey: { id: 7, publicKey: key(5, 33) },
          lastResortKyberPreKey: { id: 8, publicKey: key(6, 1569) },
        }),
      ),
    ),
    keyPacket: hex(encodeKeyPacket({ conversation, epoch: 300 }, keyId, key(9, 3))),
  };
  expect(computed).toEqual(byHand);
  expect(await stored()).toMatchObject(byHand);
});

test("a store key, and an old sealed value", async () => {
  const { store } = await stored();
  const storeKey = await deriveStoreKey(store.passphrase, unhex(store.salt));
  expect(hex(storeKey)).toBe(store.key);
  // Argon2id, version 1.3, is this package's default.
  const cost = { timeCost: 3, memoryCost: 65_536, parallelism: 1, outputLen: 32 };
  expect(hex(hashRawSync(store.passphrase, { ...cost, salt: unhex(store.salt) }))).toBe(store.key);
  const value = new ValueSeal(storeKey).open(store.name, unhex(store.sealed));
  expect(new TextDecoder().decode(value)).toBe(store.value);
});

interface Vectors {
  readonly store: Readonly<
    Record<"passphrase" | "salt" | "key" | "name" | "value" | "sealed", string>
  >;
}

async function stored(): Promise<Vectors> {
  if (process.env["UPDATE_VECTORS"] === "1") {
    const [passphrase, name, value] = ["caf\u00e9 am Markt", "x!a", "a value"];
    const salt = key(10, 16);
    const storeKey = await deriveStoreKey(passphrase, salt);
    const sealed = hex(new ValueSeal(storeKey).seal(name, new TextEncoder().encode(value)));
    const store = { passphrase, salt: hex(salt), key: hex(storeKey), name, value, sealed };
    writeFileSync(file, `${JSON.stringify({ ...byHand, store }, undefined, 2)}\n`);
  }
  return JSON.parse(readFileSync(file, "utf8")) as Vectors;
}
