import { toHex } from "../../crypto/wire/bytes.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { isCertified } from "../device/is-certified.ts";

/** The account had other keys before: it was reset, or was somebody else's. */
export interface FormerKey {
  /** The devices it had by then, all removed since. */
  readonly devices: readonly Uuid[];
  /**
   * How many keys it had. One more than the resets that a person knows of is somebody who came first
   * after one of them.
   */
  readonly keys: number;
  /** The number of the last entry of that time. */
  readonly version: number;
}

/**
 * What of these entries no device of this account has done. Only who holds the account key adds
 * devices; and this one is there, whatever was logged.
 *
 * Before the first entry of the account key stands what the account was under another one. That is
 * told as such if the whole of it is there and every device of it was removed by then; one that was
 * left, and any entry under another key later on, is unknown. Where the account key begins no server
 * can choose freely: its first entry bears its signature.
 */
export function sortOwnEntries(
  entries: readonly KeyEntry[],
  device: Uuid,
  accountKey: Uint8Array,
): { readonly former: FormerKey | undefined; readonly unknown: readonly KeyEntry[] } {
  const isOwn = ({ record, certificate }: KeyEntry) =>
    isCertified({ record, signature: certificate }, accountKey);
  const begin = entries[0]?.version === 1 ? Math.max(0, entries.findIndex(isOwn)) : 0;
  const [before, since] = [entries.slice(0, begin), entries.slice(begin)];
  const removed = new Set<Uuid>();
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
      ...since.filter((entry) => isRemovalOfThis(entry) || !isOwn(entry)),
    ],
  };
}

const countKeys = (entries: readonly KeyEntry[]): number =>
  new Set(entries.map(({ record }) => toHex(record.accountKey))).size;
