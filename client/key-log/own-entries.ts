import { loadAccountKey } from "../../crypto/device/account-key.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { hasApproved } from "../linking/approvals.ts";
import { PeriodicTask } from "../periodic-task.ts";
import type { Clock } from "../runtime.ts";
import type { KeyLog } from "./key-log.ts";
import { isListSigned } from "./confirmed-list.ts";
import { sortOwnEntries, type FormerKey } from "./sort-own-entries.ts";

/** An entry about this account that none of its devices made. */
export interface UnknownEntry {
  readonly device: DeviceId;
  readonly change: KeyEntry["change"];
  /** The version of the entry in the account's history. */
  readonly version: number;
}

/** A device that this one approved, and whose approval it does not remember. Somebody has a copy of this device. */
export interface UnrecognisedDevice {
  readonly device: DeviceId;
  /** The version of the entry in the account's history. */
  readonly version: number;
  /** The time when this device read the entry, in milliseconds since the Unix epoch. */
  readonly readAtMs: number;
}

export interface OwnEntriesDeps {
  readonly store: DeviceStore;
  readonly keyLog: Pick<KeyLog, "follow" | "tellRestored">;
  readonly account: { readonly user: UserId; readonly device: DeviceId };
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
  readonly onUnknown: (entry: UnknownEntry) => void;
  readonly onUnrecognised: (device: UnrecognisedDevice) => void;
  /** Reported once, when this device looks for the first time. */
  readonly onFormerKey: (former: FormerKey) => void;
}

/** The time between two reads of the log by a connected device. */
const everyMs = 60 * 60_000;

/**
 * Watches the entries of the log about this account: at the first connection, then once an hour of
 * the local clock. After a failure it looks again after five minutes, or at the next connection.
 * `KeyLog` reports a log that contradicts itself.
 */
export const watchOwnEntries = ({
  store,
  keyLog,
  account,
  localClock,
  onUnknown,
  onUnrecognised,
  onFormerKey,
}: OwnEntriesDeps): PeriodicTask =>
  new PeriodicTask(localClock, everyMs, async () => {
    await keyLog.follow(account.user, async (unseen, { entries, arrivals }) => {
      const { device } = account;
      const accountKey = await store.read(loadAccountKey);
      const isSigned = ({ version }: KeyEntry) => isListSigned({ entries, arrivals }, version);
      const own = { device, accountKey, isSigned, arrivals };
      const { former, unknown } = sortOwnEntries(unseen, own);
      if (former !== undefined) onFormerKey(former);
      for (const { record, change, version } of unknown)
        onUnknown({ device: record.device, change, version });
      const arrived = unseen.filter((entry) => arrivals.includes(entry));
      for (const { record, version } of await notRemembered(store, device, arrived))
        onUnrecognised({ device: record.device, version, readAtMs: localClock.now() });
    });
    await keyLog.tellRestored();
  });

/** Returns the entries with an approval by this device that it does not remember. */
const notRemembered = (
  store: DeviceStore,
  self: DeviceId,
  entries: readonly KeyEntry[],
): Promise<readonly KeyEntry[]> =>
  store.read(async (transaction) => {
    const found: KeyEntry[] = [];
    for (const entry of entries)
      if (entry.approval?.device === self && !(await hasApproved(transaction, entry.record.device)))
        found.push(entry);
    return found;
  });
