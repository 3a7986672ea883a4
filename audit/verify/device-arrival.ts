import { equalBytes } from "../../crypto/wire/bytes.ts";
import { decodeKeyEntry, type KeyEntry } from "../../crypto/wire/key-entry.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  type DeviceRecord,
} from "../../crypto/wire/signed-records.ts";
import { LogError } from "./log-error.ts";
import type { Checks } from "./note.ts";

/**
 * Verifies how a device came to its account, by entries of the key log. The first entry is about the account's first
 * device, which the account key approved. The device of each entry approved that of the next. Each device certified
 * its own keys.
 * @param entries canonical texts, the account's first device first
 * @returns the last device
 * @throws LogError mismatch; WireError malformed_record
 */
export function verifyArrival(checks: Checks, entries: readonly Uint8Array[]): DeviceRecord {
  let last: KeyEntry | undefined;
  for (const text of entries) {
    const entry = decodeKeyEntry(text);
    assertArrived(checks, entry, last?.record);
    last = entry;
  }
  if (last === undefined) throw wrong("It names no device.");
  return last.record;
}

/** @param by the device that must have approved it; undefined for the account's first one */
function assertArrived(
  { verifyEd25519 }: Checks,
  { change, record, certificate, approval }: KeyEntry,
  by: DeviceRecord | undefined,
): void {
  const isOfAccount =
    by === undefined ||
    (by.tenant === record.tenant &&
      by.user === record.user &&
      equalBytes(by.accountKey, record.accountKey));
  const isApproved =
    change === "device_added" &&
    isOfAccount &&
    approval !== undefined &&
    approval.device === by?.device &&
    verifyEd25519(
      by?.deviceKey ?? record.accountKey,
      deviceApprovalBytes({ ...record, approvedBy: by?.device }),
      approval.signature,
    );
  if (!isApproved) throw wrong("The account did not approve the device.");
  if (!verifyEd25519(record.deviceKey, deviceRecordBytes(record), certificate))
    throw wrong("The device did not certify its keys.");
}

const wrong = (why: string): LogError => new LogError("mismatch", "devices", why);
