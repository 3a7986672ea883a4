/**
 * Known answers for a code and a sealed account. They are computed a second time by hand with
 * node:crypto, up to the key. `UPDATE_VECTORS=1` writes the file again.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  sign,
} from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { linkContextBytes } from "../../../../crypto/wire/signed-records.ts";
import type { TenantId, UserId, DeviceId } from "../../../../crypto/wire/ids.ts";
import { linkKey } from "../../../../crypto/device/linking/account-secrets.ts";
import { encodeLinkCode } from "../../../../crypto/device/linking/link-code.ts";
import { openAccount } from "../../../../crypto/device/linking/open-account.ts";
import { sealAccount } from "../../../../crypto/device/linking/seal-account.ts";
import { signingKeyFromSeed, ready } from "../../../../crypto/device/sodium.ts";
import { idOf } from "../../../../tools/testkit/ids.ts";

await ready;

const file = new URL("./vectors/linking.json", import.meta.url);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (id: string) => Buffer.from(id.replaceAll("-", ""), "hex");
const key = (fill: number, length = 32) => new Uint8Array(length).fill(fill);
const prefixed = (label: string, ...fields: readonly Uint8Array[]) =>
  Buffer.concat([
    Buffer.from(label),
    ...fields.flatMap((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field.length);
      return [length, field];
    }),
  ]);

/** RFC 8410: a raw private key after the header of its algorithm. */
const privateOf = (algorithm: 0x6e | 0x70, raw: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([
      Buffer.from("302e020100300506032b65", "hex"),
      Buffer.of(algorithm),
      Buffer.from("04220420", "hex"),
      raw,
    ]),
    format: "der",
    type: "pkcs8",
  });
const publicOf = (algorithm: 0x6e | 0x70, raw: Uint8Array) =>
  createPublicKey(privateOf(algorithm, raw)).export({ format: "der", type: "spki" }).subarray(12);

const tenant = idOf<TenantId>("0198c0de-0001-7000-8000-000000000001");
const user = idOf<UserId>("0198c0de-0002-7000-8000-000000000002");
const request = "0198c0de-0003-7000-8000-000000000003";
const device = idOf<DeviceId>("0198c0de-0004-7000-8000-000000000004");
const sibling = idOf<DeviceId>("0198c0de-0005-7000-8000-000000000005");
const other = idOf<UserId>("0198c0de-0006-7000-8000-000000000006");
const ephemeral = { privateKey: key(1), publicKey: Uint8Array.from(publicOf(0x6e, key(1))) };
const oneTime = () => ({
  privateKey: key(2),
  publicKey: Uint8Array.from(publicOf(0x6e, key(2))),
});
const siblingKeys = signingKeyFromSeed(key(3));
const codeSecret = key(4, 16);
const seed = key(5);
const context = {
  tenant,
  user,
  request,
  device,
  deviceKey: key(6),
  ephemeralKey: ephemeral.publicKey,
  sibling,
  siblingKey: siblingKeys.publicKey,
  accountKey: Uint8Array.from(publicOf(0x70, seed)),
};
const whole = { ...context, oneTimeKey: oneTime().publicKey };

const contextByHand = prefixed(
  "sealdesk/link/v1",
  ...[tenant, user, request, device].map(bytesOf),
  key(6),
  ephemeral.publicKey,
  bytesOf(sibling),
  publicOf(0x70, key(3)),
  publicOf(0x6e, key(2)),
  context.accountKey,
);
const sharedByHand = diffieHellman({
  privateKey: privateOf(0x6e, key(1)),
  publicKey: createPublicKey(privateOf(0x6e, key(2))),
});
const keyByHand = Buffer.from(
  hkdfSync("sha256", Buffer.concat([sharedByHand, codeSecret]), Buffer.alloc(0), contextByHand, 32),
);

test("node:crypto computes the same context, key and signature", () => {
  expect(hex(linkContextBytes(whole))).toBe(hex(contextByHand));
  const pair = { privateKey: ephemeral.privateKey, publicKey: whole.oneTimeKey };
  expect(hex(linkKey(pair, codeSecret, contextByHand))).toBe(hex(keyByHand));
});

const keyLog = { vkey: "log.example+key", note: "log.example\n7\nroot\n", atMs: 1_700_000_000_000 };

test("a code and a sealed account match the vectors", () => {
  const record = sealAccount(
    {
      context,
      codeSecret,
      deviceKey: siblingKeys.privateKey,
      secrets: {
        seed: Uint8Array.from(seed),
        contacts: [{ user: other, accountKey: key(7) }],
        keyLog,
        list: { version: 2, issuedAtMs: 1_700_000_000_000, validUntilMs: 1_702_592_000_000 },
      },
    },
    { oneTime: oneTime(), nonce: key(8, 24) },
  );
  const computed = {
    code: encodeLinkCode({ request, ephemeralKey: ephemeral.publicKey, secret: codeSecret }),
    context: hex(contextByHand),
    key: hex(keyByHand),
    record: hex(record),
  };
  if (process.env["UPDATE_VECTORS"] === "1")
    writeFileSync(file, `${JSON.stringify(computed, undefined, 2)}\n`);
  expect(computed).toEqual(JSON.parse(readFileSync(file, "utf8")));

  const digest = createHash("sha256").update(record.subarray(97)).digest();
  const statement = prefixed("sealdesk/link-approval/v1", contextByHand, digest);
  const signature = sign(undefined, statement, privateOf(0x70, key(3)));
  expect(hex(record.subarray(33, 97))).toBe(hex(signature));
  const opened = openAccount({ context, codeSecret, ephemeralKey: ephemeral.privateKey, record });
  expect(hex(opened.account.privateKey.subarray(0, 32))).toBe(hex(seed));
  expect(opened.contacts).toEqual([{ user: other, accountKey: key(7) }]);
  expect(opened.keyLog).toEqual(keyLog);
});
