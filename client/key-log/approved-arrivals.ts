import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import { deviceApprovalBytes } from "../../crypto/wire/signed-records.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import { isCertified } from "../device/is-certified.ts";

/**
 * Returns the entries of a user's history by which a device rightfully came to the account. Such a device
 * certified its own keys. If it is the first one under its account key, that key approved it. Otherwise a
 * device approved it that had rightfully come under the same key and was not removed. A device comes once:
 * its approval stays valid, so an entry that shows it again after its removal counts for nothing.
 * @param history all entries about the user, by version
 */
export function approvedArrivals(history: readonly KeyEntry[]): readonly KeyEntry[] {
  const arrivals: KeyEntry[] = [];
  const current = new Map<DeviceId, KeyEntry>();
  const removed = new Set<DeviceId>();
  for (const entry of history) {
    const { record, change, certificate } = entry;
    if (change === "device_removed") {
      current.delete(record.device);
      removed.add(record.device);
      continue;
    }
    if (current.has(record.device) || removed.has(record.device)) continue;
    const isFirst = !arrivals.some((each) => equalBytes(each.record.accountKey, record.accountKey));
    const approvingKey = isFirst ? keyOfFirst(entry) : keyOfSibling(entry, current);
    if (!isApprovedWith(entry, approvingKey)) continue;
    if (!isCertified({ record, signature: certificate }, record.accountKey)) continue;
    arrivals.push(entry);
    current.set(record.device, entry);
  }
  return arrivals;
}

/** Returns the key that must have approved the first device under an account key. */
const keyOfFirst = ({ record, approval }: KeyEntry): Uint8Array | undefined =>
  approval?.device === undefined ? record.accountKey : undefined;

/** Returns the device key of the account's device that must have approved this one. */
function keyOfSibling(
  { record, approval }: KeyEntry,
  current: ReadonlyMap<DeviceId, KeyEntry>,
): Uint8Array | undefined {
  const by = approval?.device && current.get(approval.device)?.record;
  const isSibling =
    by !== undefined && by.device !== record.device && equalBytes(by.accountKey, record.accountKey);
  return isSibling ? by.deviceKey : undefined;
}

const isApprovedWith = (
  { record, approval }: KeyEntry,
  approvingKey: Uint8Array | undefined,
): boolean =>
  approval !== undefined &&
  approvingKey !== undefined &&
  verifySignature(
    deviceApprovalBytes({ ...record, approvedBy: approval.device }),
    approval.signature,
    approvingKey,
  );
