import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { watchOwnEntries, type UnrecognisedDevice } from "../../../client/key-log/own-entries.ts";
import { noteApproved } from "../../../client/linking/approvals.ts";
import { adoptAccountKey } from "../../../crypto/device/account-key.ts";
import { createIdentityKey, loadIdentityKey } from "../../../crypto/device/identity.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import {
  generateSigningKey,
  ready,
  sign as signWith,
  type SigningKeyPair,
} from "../../../crypto/device/sodium.ts";
import { deviceApprovalBytes, deviceRecordBytes } from "../../../crypto/wire/signed-records.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import type { DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { ManualClock } from "./manual-clock.ts";

await ready;

const who = { tenant: newId<TenantId>(), user: newId<UserId>() };
const device = newId<DeviceId>();

/** This device, whose entry is the account's first. */
async function setUp() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const keys = await store.transact(async (transaction) => {
    await createIdentityKey(transaction, "device");
    const account = generateSigningKey();
    await adoptAccountKey(transaction, account.publicKey);
    return { account, own: await loadIdentityKey(transaction, "device") };
  });
  const entry = (version: number, of: DeviceId, key: SigningKeyPair): KeyEntry => {
    const record = {
      ...who,
      device: of,
      accountKey: keys.account.publicKey,
      deviceKey: key.publicKey,
      identityKey: new Uint8Array(randomBytes(33)),
      receiptKey: generateSigningKey().publicKey,
    };
    const certificate = signWith(deviceRecordBytes(record), key.privateKey);
    const bytes = deviceApprovalBytes({ ...record, approvedBy: undefined });
    const signature = signWith(bytes, keys.account.privateKey);
    const approval = { device: undefined, signature };
    return { change: "device_added", version, record, certificate, list: undefined, approval };
  };
  const approved = (added: KeyEntry): KeyEntry => {
    const bytes = deviceApprovalBytes({ ...added.record, approvedBy: device });
    return { ...added, approval: { device, signature: signWith(bytes, keys.own.privateKey) } };
  };
  const entries = [entry(1, device, keys.own)];
  const found: UnrecognisedDevice[] = [];
  let reads = 0;
  /** Looks at the log as a connected device does. */
  const look = async () => {
    const before = reads;
    const task = watchOwnEntries({
      store,
      account: { user: who.user, device },
      localClock: new ManualClock(),
      keyLog: {
        follow: (_user, review) =>
          review(entries, {
            entries,
            arrivals: approvedArrivals(entries),
            leaves: [],
            indexes: [],
            list: undefined,
          }).finally(() => reads++),
        tellRestored: () => Promise.resolve(),
      },
      onUnknown: () => undefined,
      onUnrecognised: (unrecognised) => found.push(unrecognised),
      onFormerKey: () => undefined,
    });
    task.start();
    await until(() => reads > before);
    task.stop();
    return found.splice(0).map(({ device: of, version }) => [of, version]);
  };
  return { store, entries, entry, approved, look };
}

test("a device that this one approved and remembers is not reported", async () => {
  const { store, entries, entry, approved, look } = await setUp();
  const sibling = newId<DeviceId>();
  entries.push(approved(entry(2, sibling, generateSigningKey())));
  await store.transact(async (transaction) => noteApproved(transaction, sibling));
  expect(await look()).toEqual([]);
});

test("an approval by this device that it does not remember is reported: somebody has its keys", async () => {
  const { entries, entry, approved, look } = await setUp();
  const thief = newId<DeviceId>();
  entries.push(approved(entry(2, thief, generateSigningKey())));
  expect(await look()).toEqual([[thief, 2]]);
});

test("a made-up approval in the name of this device is no sign that somebody has its keys", async () => {
  const { entries, entry, look } = await setUp();
  const added = entry(2, newId<DeviceId>(), generateSigningKey());
  const bytes = deviceApprovalBytes({ ...added.record, approvedBy: device });
  const signature = signWith(bytes, generateSigningKey().privateKey);
  entries.push({ ...added, approval: { device, signature } });
  expect(await look()).toEqual([]);
});
