import { randomBytes, sign } from "node:crypto";
import { approvedArrivals } from "../../../client/key-log/approved-arrivals.ts";
import { isLogged } from "../../../client/key-log/key-history.ts";
import { ready } from "../../../crypto/device/sodium.ts";
import type { KeyEntry } from "../../../crypto/wire/key-entry.ts";
import { deviceApprovalBytes } from "../../../crypto/wire/signed-records.ts";
import type { DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { AccountLog } from "../../support/account-log.ts";
import { certificateBy, firstApproval } from "../../support/certified.ts";
import { ed25519, type KeyPair } from "../../support/device.ts";
import { newId } from "../../../tools/testkit/ids.ts";

await ready;

const who = { tenant: newId<TenantId>(), user: newId<UserId>() };
const account = ed25519();
const [firstKey, firstDevice] = [ed25519(), newId<DeviceId>()];

type Record = KeyEntry["record"];
const deviceKeys = new Map<Uint8Array, KeyPair>();
function recordOf(changes: Partial<Record> = {}, deviceKey = ed25519()): Record {
  deviceKeys.set(deviceKey.publicKey, deviceKey);
  return {
    ...who,
    device: newId<DeviceId>(),
    accountKey: account.publicKey,
    deviceKey: deviceKey.publicKey,
    identityKey: new Uint8Array(randomBytes(33)),
    receiptKey: ed25519().publicKey,
    ...changes,
  };
}

function entryOf(record: Record, version: number, approval?: KeyEntry["approval"]): KeyEntry {
  const certificate = certificateBy(record, deviceKeys.get(record.deviceKey)!);
  return { change: "device_added", version, record, certificate, list: undefined, approval };
}

function approvalOf(record: Record, device = firstDevice, key = firstKey) {
  const bytes = deviceApprovalBytes({ ...record, approvedBy: device });
  return { device, signature: new Uint8Array(sign(null, bytes, key.privateKey)) };
}

/** The first entry under an account key. */
const begin = (record: Record, version = 1, key = account): KeyEntry =>
  entryOf(record, version, firstApproval(record, key));

const first = begin(recordOf({ device: firstDevice }, firstKey));
const record = recordOf();
/** @returns whether the last device came rightfully */
const isRightful = (...entries: readonly KeyEntry[]) =>
  approvedArrivals(entries).includes(entries.at(-1)!);

describe("a copy of the account key brings no device to the account:", () => {
  test("a device of the account must have approved it", () => {
    expect(isRightful(first)).toBe(true);
    expect(isRightful(first, entryOf(record, 2, approvalOf(record)))).toBe(true);
    expect(isRightful(first, entryOf(record, 2))).toBe(false);
  });

  test("with its device key, for exactly this device", () => {
    const device = newId<DeviceId>();
    for (const approval of [
      approvalOf(record, firstDevice, account),
      approvalOf(record, device),
      approvalOf(recordOf()),
      approvalOf({ ...record, deviceKey: ed25519().publicKey }),
      approvalOf({ ...record, user: newId<UserId>() }),
      { ...approvalOf(record, device), device: firstDevice },
      { device: firstDevice, signature: new Uint8Array(64) },
      firstApproval(record, account),
    ])
      expect(isRightful(first, entryOf(record, 2, approval))).toBe(false);
  });

  test("and it must be one that rightfully came and is not removed", () => {
    const removal = { ...first, change: "device_removed", version: 2 } as const;
    expect(isRightful(first, removal, entryOf(record, 3, approvalOf(record)))).toBe(false);
    const thief = ed25519();
    const stolen = recordOf({}, thief);
    const next = entryOf(record, 3, approvalOf(record, stolen.device, thief));
    expect(isRightful(first, entryOf(stolen, 2), next)).toBe(false);
    expect(isRightful(first, entryOf(stolen, 2, approvalOf(stolen)), next)).toBe(true);
    // A device does not approve itself.
    const own = approvalOf(stolen, stolen.device, thief);
    expect(isRightful(first, entryOf(stolen, 2, own))).toBe(false);
  });

  test("a removed device does not come again with its old approval, and approves nobody then", () => {
    const thief = ed25519();
    const stolen = recordOf({}, thief);
    const added = entryOf(stolen, 2, approvalOf(stolen));
    const removal = { ...added, change: "device_removed", version: 3 } as const;
    const again = { ...added, version: 4 };
    expect(isRightful(first, added, removal, again)).toBe(false);
    const next = entryOf(record, 5, approvalOf(record, stolen.device, thief));
    expect(isRightful(first, added, { ...next, version: 3 })).toBe(true);
    expect(isRightful(first, added, removal, again, next)).toBe(false);
  });

  test("an entry that the account key did not approve is not the first one", () => {
    expect(isRightful(begin(recordOf(), 1, ed25519()), begin(record, 2))).toBe(true);
    expect(isRightful(entryOf(recordOf(), 1), begin(record, 2))).toBe(true);
    expect(isRightful(first, begin(record, 2))).toBe(false);
  });

  test("under another account key, a device of the former one approves nobody", () => {
    const next = ed25519();
    const begins = begin(recordOf({ accountKey: next.publicKey }), 2, next);
    expect(isRightful(first, begins)).toBe(true);
    const late = recordOf({ accountKey: next.publicKey });
    expect(isRightful(first, begins, entryOf(late, 3, approvalOf(late)))).toBe(false);
  });
});

test("an approval brings the keys that the approved device certified, and no others", () => {
  const approval = approvalOf(record);
  expect(isRightful(first, entryOf(record, 2, approval))).toBe(true);
  const swapped = {
    ...record,
    identityKey: new Uint8Array(randomBytes(33)),
    receiptKey: ed25519().publicKey,
  };
  for (const certificate of [
    certificateBy(swapped, account),
    certificateBy(swapped, firstKey),
    certificateBy(swapped, ed25519()),
    entryOf(record, 2).certificate,
  ])
    expect(
      isRightful(first, { ...entryOf(record, 2, approval), record: swapped, certificate }),
    ).toBe(false);
});

test("a device on a signed list that no device approved is not vouched for", () => {
  const log = new AccountLog();
  log.add();
  const second = log.add();
  const isVouched = (entries: readonly KeyEntry[]) =>
    isLogged(log.history(entries), { record: second.record, signature: second.certificate });
  expect(isVouched(log.entries)).toBe(true);
  expect(isVouched(log.entries.map((entry) => ({ ...entry, approval: undefined })))).toBe(false);
});
