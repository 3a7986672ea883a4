import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import { deviceApprovalBytes } from "../../crypto/wire/signed-records.ts";
import { verifySignature } from "../../crypto/device/sodium.ts";
import { isCertified } from "../device/is-certified.ts";

/**
 * Returns the entries of a user's history by which a device rightfully came to the account: its
 * account key certified it, and it is the first device under that key, or a device that had
 * rightfully come under the same key and was not removed approved it. So a copy of the account key
 * brings no device to an account.
 * @param history all entries about the user, by version
 */
export function approvedArrivals(history: readonly KeyEntry[]): readonly KeyEntry[] {
  const arrivals: KeyEntry[] = [];
  const current = new Map<DeviceId, KeyEntry>();
  const keys: Uint8Array[] = [];
  for (const entry of history) {
    const { record, change } = entry;
    if (change === "device_removed") {
      current.delete(record.device);
      continue;
    }
    if (!isCertified({ record, signature: entry.certificate }, record.accountKey)) continue;
    const isFirst = !keys.some((key) => equalBytes(key, record.accountKey));
    if (isFirst) keys.push(record.accountKey);
    else if (!isApprovedBy(entry, current)) continue;
    arrivals.push(entry);
    current.set(record.device, entry);
  }
  return arrivals;
}

function isApprovedBy(
  { record, approval }: KeyEntry,
  current: ReadonlyMap<DeviceId, KeyEntry>,
): boolean {
  const by = approval && current.get(approval.device)?.record;
  return (
    by !== undefined &&
    by.device !== record.device &&
    equalBytes(by.accountKey, record.accountKey) &&
    verifySignature(
      deviceApprovalBytes({ ...record, approvedBy: by.device }),
      approval?.signature ?? new Uint8Array(64),
      by.deviceKey,
    )
  );
}
