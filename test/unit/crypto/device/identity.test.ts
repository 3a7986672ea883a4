import { describe, expect, test } from "@jest/globals";
import { Fingerprint, PrivateKey } from "@signalapp/libsignal-client";
import {
  acceptAccountKey,
  admitDevice,
  knownAccountKey,
} from "../../../../crypto/device/admit-device.ts";
import {
  adoptAccountKey,
  createAccountKey,
  loadAccountKey,
} from "../../../../crypto/device/account-key.ts";
import { deviceApprovalBytes } from "../../../../crypto/wire/signed-records.ts";
import {
  certifyDevice,
  createIdentityKey,
  loadIdentityKey,
  verifyDevice,
} from "../../../../crypto/device/identity.ts";
import {
  groupDigits,
  numericFingerprint,
  safetyNumber,
} from "../../../../crypto/device/safety-number.ts";
import { generateSigningKey, sign, verifySignature } from "../../../../crypto/device/sodium.ts";
import { uuidToBytes } from "../../../../crypto/wire/uuid.ts";
import type { TenantId, UserId, DeviceId } from "../../../../crypto/wire/ids.ts";
import { newDevice, nowMs, newBundle, tampered, utf8, type TestDevice } from "./devices.ts";
import { idOf, newId } from "../../../../tools/testkit/ids.ts";

const certify = (device: TestDevice, user: UserId) =>
  device.transact(async (tx) => {
    const record = {
      tenant: newId<TenantId>(),
      user,
      device: device.id,
      accountKey: generateSigningKey().publicKey,
      deviceKey: await createIdentityKey(tx, "device"),
      identityKey: device.identityKey,
      receiptKey: await createIdentityKey(tx, "receipt"),
    };
    return certifyDevice(tx, record);
  });

describe("identity keys", () => {
  test("are made once, survive a restart, and sign", async () => {
    const device = await newDevice();
    const publicKey = await device.transact((tx) => createIdentityKey(tx, "device"));
    await device.restart();
    expect(await device.transact((tx) => createIdentityKey(tx, "device"))).toEqual(publicKey);
    const pair = await device.store.read((tx) => loadIdentityKey(tx, "device"));
    expect(pair.publicKey).toEqual(publicKey);
    const signature = sign(utf8("message"), pair.privateKey);
    expect(verifySignature(utf8("message"), signature, publicKey)).toBe(true);
    expect(verifySignature(utf8("massage"), signature, publicKey)).toBe(false);
    expect(verifySignature(utf8("message"), signature.slice(1), publicKey)).toBe(false);
  });

  test("missing on this device are named", async () => {
    const device = await newDevice();
    await expect(device.store.read((tx) => loadIdentityKey(tx, "receipt"))).rejects.toMatchObject({
      name: "DeviceError",
      code: "no_identity",
    });
  });
});

describe("the account key", () => {
  test("approves the first device, and its private half is in no store", async () => {
    const device = await newDevice();
    const first = {
      tenant: newId<TenantId>(),
      user: newId<UserId>(),
      device: device.id,
      deviceKey: await device.transact((tx) => createIdentityKey(tx, "device")),
    };
    const { accountKey, approval } = await device.transact(async (tx) =>
      createAccountKey(tx, first),
    );
    const bytes = deviceApprovalBytes({ ...first, accountKey, approvedBy: undefined });
    expect(verifySignature(bytes, approval, accountKey)).toBe(true);
    const stored = await device.store.read((tx) => tx.list("identity!account"));
    expect(stored).toEqual([["identity!account", accountKey]]);
    expect(await device.store.read(loadAccountKey)).toEqual(accountKey);
  });

  test("is never replaced", async () => {
    const device = await newDevice();
    const adopt = () =>
      device.transact((tx) => adoptAccountKey(tx, generateSigningKey().publicKey));
    await expect(device.store.read(loadAccountKey)).rejects.toMatchObject({ code: "no_identity" });
    await adopt();
    await expect(adopt()).rejects.toMatchObject({ code: "account_key_changed" });
  });
});

describe("a device record", () => {
  test("is valid for what was signed and nothing else", async () => {
    const device = await newDevice();
    const certified = await certify(device, newId<UserId>());
    const { record, signature } = certified;
    expect(() => verifyDevice(certified, record.accountKey)).not.toThrow();
    const changes = [
      { tenant: newId<TenantId>() },
      { user: newId<UserId>() },
      { device: newId<DeviceId>() },
      { deviceKey: tampered(record.deviceKey, 0) },
      { identityKey: tampered(record.identityKey, 5) },
      { receiptKey: tampered(record.receiptKey, 0) },
      { receiptKey: new Uint8Array(31) },
      { identityKey: new Uint8Array(0) },
    ];
    for (const change of changes)
      expect(() =>
        verifyDevice({ record: { ...record, ...change }, signature }, record.accountKey),
      ).toThrow(expect.objectContaining({ code: "invalid_device_record" }));
    expect(() =>
      verifyDevice({ record, signature: tampered(signature, 9) }, record.accountKey),
    ).toThrow(expect.objectContaining({ code: "invalid_device_record" }));
    expect(() => verifyDevice(certified, tampered(record.accountKey, 1))).toThrow(
      expect.objectContaining({ code: "account_key_changed" }),
    );
  });

  test("is certified by its own device only", async () => {
    const [one, two] = [await newDevice(), await newDevice()];
    const { record } = await certify(one, newId<UserId>());
    await two.transact((tx) => createIdentityKey(tx, "device"));
    await expect(two.transact((tx) => certifyDevice(tx, record))).rejects.toMatchObject({
      code: "invalid_device_record",
    });
  });

  test("lets the suite talk to a device; a changed account key waits for a person", async () => {
    const [me, peer, stranger] = [await newDevice(), await newDevice(), await newDevice()];
    const user = newId<UserId>();
    const certified = await certify(peer, user);
    const admit = (device: typeof certified) =>
      me.transact((tx) => admitDevice(tx, me.suite, device));
    const forged = { ...certified, signature: tampered(certified.signature, 0) };
    await expect(admit(forged)).rejects.toMatchObject({ code: "invalid_device_record" });
    expect(await me.store.read((tx) => knownAccountKey(tx, user))).toBeUndefined();
    await admit(certified);
    const bundle = await newBundle(peer);
    await me.transact((tx) => me.suite.establish(tx, bundle, nowMs));

    const replaced = await certify(stranger, user);
    await expect(admit(replaced)).rejects.toMatchObject({ code: "account_key_changed" });
    const accept = (shown: Uint8Array) =>
      me.transact((tx) =>
        acceptAccountKey(tx, user, { shown, accepted: replaced.record.accountKey }),
      );
    await expect(accept(new Uint8Array(32))).rejects.toMatchObject({ code: "account_key_changed" });
    await accept(certified.record.accountKey);
    await admit(replaced);
    expect(await me.store.read((tx) => knownAccountKey(tx, user))).toEqual(
      replaced.record.accountKey,
    );
  });
});

describe("safety numbers", () => {
  const account = (fill: number) => ({
    user: idOf<UserId>(`018f0000-0000-7000-8000-00000000000${fill}`),
    accountKey: new Uint8Array(32).fill(fill),
  });

  test("are libsignal's, for the same keys", () => {
    const [a, b] = [1, 2].map((fill) => {
      const key = PrivateKey.generate().getPublicKey();
      return { id: uuidToBytes(account(fill).user), key };
    });
    const theirs = Fingerprint.new(
      5200,
      2,
      Uint8Array.from(a!.id),
      a!.key,
      Uint8Array.from(b!.id),
      b!.key,
    );
    const ours = [a!, b!].map(({ id, key }) => numericFingerprint(id, key.serialize()));
    expect(ours.toSorted().join("")).toBe(theirs.displayableFingerprint().toString());
  });

  test("are 60 digits, the same on both sides, and change with any key or user", () => {
    const number = safetyNumber(account(1), account(2));
    expect(number).toMatch(/^\d{60}$/);
    expect(safetyNumber(account(2), account(1))).toBe(number);
    expect(safetyNumber(account(1), { ...account(2), accountKey: account(3).accountKey })).not.toBe(
      number,
    );
    expect(safetyNumber(account(1), { ...account(2), user: account(3).user })).not.toBe(number);
    expect(groupDigits(number)).toMatch(/^(\d{5} ){11}\d{5}$/);
  });
});
