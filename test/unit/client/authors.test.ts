/** Whose device sent a granted message: the certificate that the grantor passes on proves it, or nothing. */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { Retry } from "../../../client/attachments/retry.ts";
import { SealdeskError } from "../../../client/errors.ts";
import { authorOf, takeAuthor, type AuthorsDeps } from "../../../client/history/authors.ts";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import type { KeyHistory } from "../../../client/key-log/key-history.ts";
import { rememberAccountKey } from "../../../crypto/device/admit-device.ts";
import { certifiedToFields } from "../../../crypto/device/certified-fields.ts";
import { adoptAccountKey } from "../../../crypto/device/account-key.ts";
import type { CertifiedDevice } from "../../../crypto/device/identity.ts";
import { generateSigningKey, ready, sign } from "../../../crypto/device/sodium.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { deviceApprovalBytes, deviceRecordBytes } from "../../../crypto/wire/signed-records.ts";
import type { DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { ManualClock } from "./manual-clock.ts";

await ready;

const tenant = newId<TenantId>();
const user = newId<UserId>();
const [former, current, stranger] = [
  generateSigningKey(),
  generateSigningKey(),
  generateSigningKey(),
];
const random = (length: number) => new Uint8Array(randomBytes(length));

const approvals = new Map<DeviceId, Uint8Array>();
/** A device that an account key approved, as it does for the first one. */
function certified(account: typeof former, by = account): CertifiedDevice {
  const deviceKey = generateSigningKey();
  const record = {
    tenant,
    user,
    device: newId<DeviceId>(),
    accountKey: account.publicKey,
    deviceKey: deviceKey.publicKey,
    identityKey: random(33),
    receiptKey: random(32),
  };
  const approval = deviceApprovalBytes({ ...record, approvedBy: undefined });
  approvals.set(record.device, sign(approval, by.privateKey));
  return { record, signature: sign(deviceRecordBytes(record), deviceKey.privateKey) };
}

/** A key history in which these devices were added in this order. */
function historyOf(...devices: readonly CertifiedDevice[]): KeyHistory {
  const entries = devices.map(({ record, signature }, index) => ({
    change: "device_added" as const,
    version: index + 1,
    record,
    certificate: signature,
    list: undefined,
    approval: { device: undefined, signature: approvals.get(record.device)! },
  }));
  const arrivals = approvedArrivals(entries);
  return { entries, arrivals, leaves: [], indexes: [], list: undefined };
}

/** A newcomer that trusts the current account key of the user, or none. */
async function newcomer(
  ask: () => Promise<KeyHistory | undefined>,
  trusts: "current" | "none" = "current",
) {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await store.transact(async (transaction) => {
    await adoptAccountKey(transaction, random(32));
    if (trusts === "current") await rememberAccountKey(transaction, user, current.publicKey);
  });
  const account = {
    tenant,
    user: newId<UserId>(),
    role: "agent",
    displayName: undefined,
    device: newId<DeviceId>(),
    registered: 1,
  };
  let asked = 0;
  const trust: AuthorsDeps["trust"] = {
    device: () => undefined,
    historyOf() {
      asked++;
      return ask();
    },
  };
  const clock = new ManualClock();
  const retry = new Retry(clock, new AbortController().signal);
  const deps = { store, account, trust };
  return {
    clock,
    asked: () => asked,
    take: (device: CertifiedDevice) => takeAuthor(deps, certifiedToFields(device), retry),
    /** The author of the device's messages as the store knows it. */
    author: ({ record }: CertifiedDevice) =>
      store.read((transaction) => authorOf(deps, transaction, record.device)),
  };
}

const nothing = () => Promise.resolve(undefined);

test("a device that rightfully came to the account is its user's, and is looked up once", async () => {
  const device = certified(current);
  const { take, author, asked } = await newcomer(() => Promise.resolve(historyOf(device)));
  expect(await author(device)).toBeUndefined();
  await take(device);
  await take(device);
  const { receiptKey } = device.record;
  expect(await author(device)).toEqual({ tenant, user, receiptKey });
  expect(asked()).toBe(1);
});

test("a device from before a reset is its user's if the key log has it from before the trusted key", async () => {
  const [device, next] = [certified(former), certified(current)];
  const { take, author } = await newcomer(() => Promise.resolve(historyOf(device, next)));
  await take(device);
  expect(await author(device)).toMatchObject({ user });
});

test.each([
  ["that another key certified", () => certified(current, stranger), undefined],
  ["that no log has", () => certified(current), nothing],
  ["of a device that no device of the account approved", () => certified(current), undefined],
  ["of an account key that no log has", () => certified(stranger), nothing],
  ["that was logged under a key after the trusted one", () => certified(stranger), undefined],
])("a certificate proves nothing: %s", async (_name, make, ask) => {
  const device = make();
  const logged = () => Promise.resolve(historyOf(certified(current), device));
  const { take, author } = await newcomer(ask ?? logged);
  await take(device);
  expect(await author(device)).toBeUndefined();
});

test("a device whose keys another one certified is nobody's", async () => {
  const device = { ...certified(current), signature: certified(current).signature };
  const { take, author } = await newcomer(() => Promise.resolve(historyOf(device)));
  await take(device);
  expect(await author(device)).toBeUndefined();
});

test("a user of whom no key is known is looked up in the key log", async () => {
  const device = certified(former);
  const known = await newcomer(() => Promise.resolve(historyOf(device)), "none");
  await known.take(device);
  expect(await known.author(device)).toMatchObject({ user });
  const unknown = await newcomer(nothing, "none");
  await unknown.take(device);
  expect(await unknown.author(device)).toBeUndefined();
});

test("a user of whom no key is known has the newest one from then on, until a person accepts another", async () => {
  const [device, next, later] = [certified(former), certified(current), certified(stranger)];
  let history = historyOf(device, next);
  const { take, author } = await newcomer(() => Promise.resolve(history), "none");
  await take(device);
  history = historyOf(device, next, later);
  await take(later);
  expect(await author(later)).toBeUndefined();
  await take(next);
  expect(await author(next)).toMatchObject({ user });
});

test("a server that does not answer is asked again", async () => {
  const device = certified(former);
  let failures = 1;
  const { take, author, clock, asked } = await newcomer(
    () =>
      failures-- > 0
        ? Promise.reject(new SealdeskError("network", "The server was not reached."))
        : Promise.resolve(historyOf(device)),
    "none",
  );
  const taking = take(device);
  while (asked() < 2) await clock.pass(1_000);
  await taking;
  expect(await author(device)).toMatchObject({ user });
});
