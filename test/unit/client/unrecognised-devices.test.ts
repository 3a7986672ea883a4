import { randomBytes, sign } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { watchOwnEntries, type UnrecognisedDevice } from "../../../client/key-log/own-entries.ts";
import { noteApproved } from "../../../client/linking/approvals.ts";
import { createIdentityKey, loadIdentityKey } from "../../../crypto/device/identity.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { ready, sign as signWith } from "../../../crypto/device/sodium.ts";
import { deviceApprovalBytes, deviceRecordBytes } from "../../../crypto/wire/signed-records.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import type { DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { ed25519 } from "../../support/device.ts";
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
    await createIdentityKey(transaction, "account");
    await createIdentityKey(transaction, "device");
    const account = await loadIdentityKey(transaction, "account");
    return { account, own: await loadIdentityKey(transaction, "device") };
  });
  const entry = (version: number, of: DeviceId, deviceKey: Uint8Array): KeyEntry => {
    const record = {
      ...who,
      device: of,
      accountKey: keys.account.publicKey,
      deviceKey,
      identityKey: new Uint8Array(randomBytes(33)),
      receiptKey: ed25519().publicKey,
    };
    const certificate = signWith(deviceRecordBytes(record), keys.account.privateKey);
    return { change: "device_added", version, record, certificate, list: undefined };
  };
  const approved = (added: KeyEntry): KeyEntry => {
    const bytes = deviceApprovalBytes({ ...added.record, approvedBy: device });
    return { ...added, approval: { device, signature: signWith(bytes, keys.own.privateKey) } };
  };
  const entries = [entry(1, device, keys.own.publicKey)];
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
    return found.splice(0).map(({ device: of, version, approvedBy }) => [of, version, approvedBy]);
  };
  return { store, entries, entry, approved, look };
}

test("a device that this one approved and remembers is not reported", async () => {
  const { store, entries, entry, approved, look } = await setUp();
  const sibling = newId<DeviceId>();
  entries.push(approved(entry(2, sibling, ed25519().publicKey)));
  await store.transact(async (transaction) => noteApproved(transaction, sibling));
  expect(await look()).toEqual([]);
});

test("a device that came with a stolen account key alone is reported with its id", async () => {
  const { entries, entry, look } = await setUp();
  const thief = newId<DeviceId>();
  entries.push(entry(2, thief, ed25519().publicKey));
  expect(await look()).toEqual([[thief, 2, undefined]]);
});

test("an approval by this device that it does not remember is reported: somebody has its keys", async () => {
  const { entries, entry, approved, look } = await setUp();
  const thief = newId<DeviceId>();
  entries.push(approved(entry(2, thief, ed25519().publicKey)));
  expect(await look()).toEqual([[thief, 2, device]]);
});

test("a made-up approval in the name of this device does not pass for one of its own", async () => {
  const { entries, entry, look } = await setUp();
  const added = entry(2, newId<DeviceId>(), ed25519().publicKey);
  const bytes = deviceApprovalBytes({ ...added.record, approvedBy: device });
  const signature = sign(null, bytes, ed25519().privateKey);
  entries.push({ ...added, approval: { device, signature } });
  expect(await look()).toHaveLength(1);
});
