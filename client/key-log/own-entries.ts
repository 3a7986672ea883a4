import { loadIdentityKey } from "../../crypto/device/identity.ts";
import type { KeyEntry } from "../../crypto/wire/key-entry.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
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

export interface OwnEntriesDeps {
  readonly store: DeviceStore;
  readonly keyLog: KeyLog;
  readonly account: { readonly user: UserId; readonly device: DeviceId };
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
  readonly onUnknown: (entry: UnknownEntry) => void;
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
  onFormerKey,
}: OwnEntriesDeps): PeriodicTask =>
  new PeriodicTask(localClock, everyMs, async () => {
    await keyLog.follow(account.user, async (unseen, all) => {
      const { publicKey } = await store.read((each) => loadIdentityKey(each, "account"));
      const isSigned = ({ version }: KeyEntry) => isListSigned(all, version);
      const own = { device: account.device, accountKey: publicKey, isSigned };
      const { former, unknown } = sortOwnEntries(unseen, own);
      if (former !== undefined) onFormerKey(former);
      for (const { record, change, version } of unknown)
        onUnknown({ device: record.device, change, version });
    });
    await keyLog.tellRestored();
  });
