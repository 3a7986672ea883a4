import { equalBytes, toHex } from "../../crypto/wire/bytes.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";

/** The account had other keys before: it was reset, or it belonged to somebody else. */
export interface FormerKey {
  /** The devices that the account had then. All have been removed since. */
  readonly devices: readonly DeviceId[];
  /**
   * The number of keys that it had. If it exceeds the resets that you know of by one, somebody else
   * was the first to register after one of them.
   */
  readonly keys: number;
  /** The version of the last entry of that time. */
  readonly version: number;
}

/** This device, its account's key, and what the account signed. */
interface OwnAccount {
  readonly device: DeviceId;
  readonly accountKey: Uint8Array;
  /** Returns whether the account signed the list of an entry. */
  readonly isSigned: (entry: KeyEntry) => boolean;
  /** The entries by which a device rightfully came to the account. */
  readonly arrivals: readonly KeyEntry[];
}

interface SortedEntries {
  readonly former: FormerKey | undefined;
  /** Entries that the account did not make, and the removal of this device. */
  readonly unknown: readonly KeyEntry[];
}

/**
 * Finds the entries that no device of this account made: devices that did not come to the account
 * rightfully, and changes without a list that the account signed. So an administrator's removal of another
 * device of this account is among the unknown ones.
 *
 * Entries before the first one of the account key belong to the account's time under another key.
 * They are reported as that time if they are complete and every device of that time was removed. A
 * device that was not removed, and any later entry under another key, is unknown. A server cannot
 * freely choose where the account key begins: that key approved the device of its first entry.
 */
export function sortOwnEntries(
  entries: readonly KeyEntry[],
  { device, accountKey, isSigned, arrivals }: OwnAccount,
): SortedEntries {
  const isOwn = (entry: KeyEntry) =>
    equalBytes(entry.record.accountKey, accountKey) &&
    (entry.change === "device_removed" || arrivals.includes(entry));
  const begin = entries[0]?.version === 1 ? Math.max(0, entries.findIndex(isOwn)) : 0;
  const [before, since] = [entries.slice(0, begin), entries.slice(begin)];
  const removed = new Set<DeviceId>();
  for (const { change, record } of before)
    if (change === "device_removed") removed.add(record.device);
    else removed.delete(record.device);
  const isRemovalOfThis = ({ change, record }: KeyEntry) =>
    change === "device_removed" && record.device === device;
  return {
    former:
      removed.size === 0
        ? undefined
        : { devices: [...removed], keys: countKeys(before), version: before.length },
    unknown: [
      ...before.filter(({ record }) => !removed.has(record.device)),
      ...since.filter((entry) => isRemovalOfThis(entry) || !isOwn(entry) || !isSigned(entry)),
    ],
  };
}

const countKeys = (entries: readonly KeyEntry[]): number =>
  new Set(entries.map(({ record }) => toHex(record.accountKey))).size;
