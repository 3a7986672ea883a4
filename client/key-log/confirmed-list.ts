import { equalBytes } from "../../crypto/wire/bytes.ts";
import { listedDevice, type ListSignature } from "../../crypto/wire/device-list.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import { approvedArrivals } from "./approved-arrivals.ts";
import { isSignedList } from "../../crypto/device/account-list.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import { deviceChecks } from "./checks.ts";

/** A list of an account's devices whose signature was verified. */
export interface ConfirmedList {
  readonly accountKey: Uint8Array;
  readonly version: number;
  readonly issuedAtMs: number;
  readonly validUntilMs: number;
  readonly devices: ReadonlySet<DeviceId>;
}

/**
 * Returns the devices that the account has after these entries. A device that was removed never comes
 * back. Devices under a former account key are gone, even if the log does not say that they were removed.
 */
export function devicesAfter(entries: readonly KeyEntry[]): readonly CertifiedDevice[] {
  const devices = new Map<DeviceId, CertifiedDevice>();
  const removed = new Set<DeviceId>();
  let accountKey: Uint8Array | undefined;
  for (const { change, record, certificate } of entries) {
    const { device } = record;
    if (change === "device_removed") {
      removed.add(device);
      devices.delete(device);
    } else {
      if (accountKey === undefined || !equalBytes(accountKey, record.accountKey)) devices.clear();
      ({ accountKey } = record);
      if (!removed.has(device)) devices.set(device, { record, signature: certificate });
    }
  }
  return [...devices.values()];
}

/** Returns every device that was ever removed. */
export const devicesRemoved = (entries: readonly KeyEntry[]): readonly DeviceId[] => [
  ...new Set(
    entries.flatMap(({ change, record }) => (change === "device_removed" ? [record.device] : [])),
  ),
];

/**
 * Returns the newest list of the account's devices, or undefined if no device of the account signed a list
 * of the devices that the log says it has. If the last entries are removals that the account did not sign,
 * it is the list before them, without the removed devices.
 * @param shown the newest list, as the server shows it
 * @param arrivals the entries by which a device rightfully came to the account
 */
export function confirmedList(
  entries: readonly KeyEntry[],
  shown: ListSignature | undefined,
  arrivals = approvedArrivals(entries),
): ConfirmedList | undefined {
  if (shown === undefined) return undefined;
  const devices = new Set(devicesAfter(entries).map(({ record }) => record.device));
  for (let end = entries.length; end > 0; end--) {
    const last = entries[end - 1];
    const signed = listAfter(entries.slice(0, end), arrivals, shown);
    if (signed !== undefined) return { ...signed, devices };
    if (last?.change !== "device_removed" || last.list !== undefined) return undefined;
  }
  return undefined;
}

/**
 * Returns whether a device of the account signed the list of its devices after the entry of this version. The
 * list must be newer than those of the entries before, because a list of the same devices may exist from earlier.
 */
export function isListSigned(
  {
    entries,
    arrivals,
  }: { readonly entries: readonly KeyEntry[]; readonly arrivals: readonly KeyEntry[] },
  version: number,
): boolean {
  const entry = entries[version - 1];
  if (entry?.list === undefined) return false;
  const { list, record } = entry;
  const isOlder = (each: KeyEntry) =>
    each.list === undefined ||
    each.list.version < list.version ||
    !equalBytes(each.record.accountKey, record.accountKey);
  return (
    entries.slice(0, version - 1).every(isOlder) &&
    listAfter(entries.slice(0, version), arrivals, list) !== undefined
  );
}

/** Returns the parts of a list that a device of the account signed for the devices after these entries. */
function listAfter(
  entries: readonly KeyEntry[],
  arrivals: readonly KeyEntry[],
  list: ListSignature,
) {
  const signer = signerOf(entries, arrivals, list);
  if (signer === undefined) return undefined;
  const { tenant, user, accountKey, deviceKey } = signer;
  const { version, issuedAtMs, validUntilMs } = list;
  const devices = devicesAfter(entries).map(({ record }) =>
    listedDevice(deviceChecks.sha256, record),
  );
  const whole = { tenant, user, accountKey, version, issuedAtMs, validUntilMs, devices };
  return isSignedList(whole, list, deviceKey)
    ? { accountKey, version, issuedAtMs, validUntilMs }
    : undefined;
}

/**
 * Returns the device that may have signed a list: one that came to the account rightfully and that the account
 * has after these entries. A device that removes itself signs the list of that entry, and none later.
 */
function signerOf(
  entries: readonly KeyEntry[],
  arrivals: readonly KeyEntry[],
  { signedBy, signature }: ListSignature,
): DeviceRecord | undefined {
  const last = entries.at(-1);
  const isOfLast = last?.list !== undefined && equalBytes(last.list.signature, signature);
  const before = isOfLast ? devicesAfter(entries.slice(0, -1)) : [];
  const signer = [...devicesAfter(entries), ...before].find(
    ({ record }) => record.device === signedBy,
  );
  return arrivals.find(({ record }) => record === signer?.record)?.record;
}
