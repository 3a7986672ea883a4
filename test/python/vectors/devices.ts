import { verifyDevice } from "../../../crypto/device/identity.ts";
import { isSignedList } from "../../../crypto/device/account-list.ts";
import { sha256, verifySignature } from "../../../crypto/device/sodium.ts";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import { deviceListBytes, listedDevice } from "../../../crypto/wire/device-list.ts";
import {
  creationBytes,
  deviceApprovalBytes,
  deviceRecordBytes,
  publishedKeysBytes,
  type DeviceRecord,
} from "../../../crypto/wire/signed-records.ts";
import type { ConversationId, DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import {
  bytesOf,
  describeFormat,
  eachFlipped,
  flipped,
  hex,
  keyOf,
  malleated,
  signedBy,
  smallOrder,
  unhex,
  uuidOf,
} from "./format.ts";

export const tenant = uuidOf<TenantId>("tenant");
export const user = uuidOf<UserId>("user");
export const device = uuidOf<DeviceId>("device");
export const conversation = uuidOf<ConversationId>("conversation");

/** The device of the vectors, whose account key is `account`. */
export const record: DeviceRecord = {
  tenant,
  user,
  device,
  accountKey: keyOf("account").publicKey,
  deviceKey: keyOf("device").publicKey,
  identityKey: Uint8Array.of(5, ...bytesOf("identity")),
  receiptKey: keyOf("receipt").publicKey,
};

/** The same signed bytes under the label of a later version. */
const relabelled = (bytes: Uint8Array): Uint8Array =>
  utf8(new TextDecoder("latin1").decode(bytes).replace("/v1", "/v2"));

const refuse = (why: string): never => {
  throw new Error(why);
};

const isSigned = (bytes: Uint8Array, signature: string, key: string) =>
  verifySignature(bytes, unhex(signature), unhex(key)) || refuse("the signature is wrong");

export function deviceCertificates() {
  const signed = deviceRecordBytes(record);
  const input = {
    tenant,
    user,
    device,
    accountKey: hex(record.accountKey),
    deviceKey: hex(record.deviceKey),
    identityKey: hex(record.identityKey),
    receiptKey: hex(record.receiptKey),
    certificate: hex(signedBy("device", signed)),
  };
  return describeFormat({
    name: "device-certificate",
    defined: "docs/crypto.md#device-certificate",
    accepted: [{ name: "a device", input }],
    refused: [
      ...eachFlipped(input, Object.keys(input) as (keyof typeof input)[]),
      {
        name: "another label",
        input: { ...input, certificate: hex(signedBy("device", relabelled(signed))) },
      },
      {
        name: "certified by the account key",
        input: { ...input, certificate: hex(signedBy("account", signed)) },
      },
      {
        name: "S is not below the order of the group",
        input: { ...input, certificate: hex(malleated(unhex(input.certificate))) },
      },
      {
        name: "a device key of small order",
        input: { ...input, deviceKey: smallOrder.key, certificate: smallOrder.signature },
      },
      {
        name: "an identity key of 32 bytes",
        input: { ...input, identityKey: input.identityKey.slice(2) },
      },
      { name: "an id in capitals", input: { ...input, user: idOf<UserId>(user.toUpperCase()) } },
    ],
    open({ certificate, accountKey, deviceKey, identityKey, receiptKey, ...ids }) {
      const keys = {
        accountKey: unhex(accountKey),
        deviceKey: unhex(deviceKey),
        identityKey: unhex(identityKey),
        receiptKey: unhex(receiptKey),
      };
      const shown = { ...ids, ...keys };
      verifyDevice({ record: shown, signature: unhex(certificate) }, keys.accountKey);
      return { signed: hex(deviceRecordBytes(shown)) };
    },
  });
}

/** An account's first device is approved by no device. */
const orNobody = (id: DeviceId | null) => id;

export function deviceApprovals() {
  const approvedBy = uuidOf<DeviceId>("approving device");
  const approval = { tenant, user, device, approvedBy };
  const keys = { deviceKey: record.deviceKey, accountKey: record.accountKey };
  const signed = deviceApprovalBytes({ ...approval, ...keys });
  const first = deviceApprovalBytes({ ...approval, approvedBy: undefined, ...keys });
  const input = {
    ...approval,
    approvedBy: orNobody(approvedBy),
    deviceKey: hex(keys.deviceKey),
    accountKey: hex(keys.accountKey),
    approvingKey: hex(keyOf("approving device").publicKey),
    signature: hex(signedBy("approving device", signed)),
  };
  return describeFormat({
    name: "device-approval",
    defined: "docs/crypto.md#device-approval",
    accepted: [
      { name: "an approval", input },
      {
        name: "of the first device",
        input: {
          ...input,
          approvedBy: null,
          approvingKey: input.accountKey,
          signature: hex(signedBy("account", first)),
        },
      },
    ],
    refused: [
      ...eachFlipped(input, Object.keys(input) as (keyof typeof input)[]),
      {
        name: "another label",
        input: { ...input, signature: hex(signedBy("approving device", relabelled(signed))) },
      },
      {
        name: "signed by the account key",
        input: { ...input, signature: hex(signedBy("account", signed)) },
      },
    ],
    open({ deviceKey, accountKey, approvingKey, signature, approvedBy: by, ...ids }) {
      const shown = { ...ids, deviceKey: unhex(deviceKey), accountKey: unhex(accountKey) };
      const bytes = deviceApprovalBytes({ ...shown, approvedBy: by ?? undefined });
      isSigned(bytes, signature, approvingKey);
      return { signed: hex(bytes) };
    },
  });
}

export function deviceLists() {
  const another: DeviceRecord = {
    ...record,
    device: uuidOf<DeviceId>("another device"),
    deviceKey: keyOf("another device").publicKey,
  };
  const devices = [record, another].map((each) => {
    const { digest } = listedDevice(sha256, each);
    return `${each.device} ${hex(digest)}`;
  });
  const times = { version: 7, issuedAtMs: 1_767_571_200_000, validUntilMs: 1_770_163_200_000 };
  const listOf = (of: Pick<typeof input, "accountKey" | "devices"> & typeof ids & typeof times) => {
    const { devices: listed, accountKey, ...rest } = of;
    const parts = listed.map((each) => each.split(" "));
    return {
      ...rest,
      accountKey: unhex(accountKey),
      devices: parts.map(([id = "", digest = ""]) => ({
        device: idOf<DeviceId>(id),
        digest: unhex(digest),
      })),
    };
  };
  const ids = { tenant, user };
  const input = {
    ...ids,
    accountKey: hex(record.accountKey),
    ...times,
    devices,
    signingKey: hex(record.deviceKey),
    signature: "",
  };
  const signed = deviceListBytes(listOf(input));
  input.signature = hex(signedBy("device", signed));
  const empty = { ...input, devices: [] };
  empty.signature = hex(signedBy("device", deviceListBytes(listOf(empty))));
  return describeFormat({
    name: "device-list",
    defined: "docs/crypto.md#list-of-devices",
    accepted: [
      { name: "two devices", input },
      { name: "in another order", input: { ...input, devices: devices.toReversed() } },
      { name: "no device", input: empty },
    ],
    refused: [
      ...eachFlipped(
        input,
        Object.keys(input).filter((name) => name !== "devices") as (keyof typeof input)[],
      ),
      { name: "a device less", input: { ...input, devices: devices.slice(1) } },
      { name: "a device twice", input: { ...input, devices: [...devices, devices[0] ?? ""] } },
      {
        name: "one bit of a digest",
        input: { ...input, devices: [flipped(devices[0] ?? "", 1) as string, ...devices.slice(1)] },
      },
      {
        name: "another label",
        input: { ...input, signature: hex(signedBy("device", relabelled(signed))) },
      },
      {
        name: "signed by the account key",
        input: { ...input, signature: hex(signedBy("account", signed)) },
      },
    ],
    open({ signature, signingKey, ...of }) {
      const list = listOf({ ...of });
      const signed64 = { signature: unhex(signature) };
      if (!isSignedList(list, signed64, unhex(signingKey))) refuse("the signature is wrong");
      return { signed: hex(deviceListBytes(list)) };
    },
  });
}

export function creationRecords() {
  const users = [user, uuidOf<UserId>("another user")].toSorted();
  const signed = creationBytes({ tenant, conversation, suite: "signal-v1", device, users });
  const input = {
    tenant,
    conversation,
    suite: "signal-v1",
    device,
    users,
    deviceKey: hex(record.deviceKey),
    signature: hex(signedBy("device", signed)),
  };
  return describeFormat({
    name: "creation-record",
    defined: "docs/crypto.md#creation-record",
    accepted: [{ name: "a conversation of two", input }],
    refused: [
      ...eachFlipped(input, ["tenant", "conversation", "device", "deviceKey", "signature"]),
      { name: "another suite", input: { ...input, suite: "signal-v2" } },
      { name: "a user more", input: { ...input, users: [...users, uuidOf<UserId>("third")] } },
      { name: "a user less", input: { ...input, users: users.slice(1) } },
      { name: "users in another order", input: { ...input, users: users.toReversed() } },
      {
        name: "another label",
        input: { ...input, signature: hex(signedBy("device", relabelled(signed))) },
      },
    ],
    open({ deviceKey, signature, ...shown }) {
      const bytes = creationBytes(shown);
      isSigned(bytes, signature, deviceKey);
      return { signed: hex(bytes) };
    },
  });
}

export function publishedKeys() {
  const input = {
    identityKey: hex(record.identityKey),
    signedPreKeyId: 7,
    signedPreKey: hex(Uint8Array.of(5, ...bytesOf("signed prekey"))),
    lastResortId: 8,
    lastResort: hex(concat(Uint8Array.of(8), bytesOf("last resort", 1568))),
  };
  const digest = (keys: typeof input) =>
    hex(
      sha256(
        publishedKeysBytes({
          identityKey: unhex(keys.identityKey),
          signedPreKey: { id: keys.signedPreKeyId, publicKey: unhex(keys.signedPreKey) },
          lastResortKyberPreKey: { id: keys.lastResortId, publicKey: unhex(keys.lastResort) },
        }),
      ),
    );
  const whole = { ...input, digest: digest(input) };
  return describeFormat({
    name: "published-keys",
    defined: "docs/crypto.md#published-keys-digest",
    accepted: [{ name: "keys of a device", input: whole }],
    refused: eachFlipped(whole, Object.keys(whole) as (keyof typeof whole)[]),
    open: (shown) =>
      shown.digest === digest(shown) ? { digest: digest(shown) } : refuse("another digest"),
  });
}
