import { equalBytes } from "../../crypto/wire/bytes.ts";
import { listedDevice, listValidityMs, type ListSignature } from "../../crypto/wire/device-list.ts";
import type { DeviceId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";
import { signDeviceList } from "../../crypto/device/account-list.ts";
import { loadAccountKey } from "../../crypto/device/account-key.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore, ReadTransaction } from "../../crypto/device/store.ts";
import { isProblem, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { devicesAfter } from "../key-log/confirmed-list.ts";
import { cameRightfully, type KeyHistory } from "../key-log/key-history.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import { loadSeenList, noteList } from "../key-log/seen-lists.ts";
import type { Clock } from "../runtime.ts";
import { removedAmong } from "./removed-devices.ts";

export interface OwnListDeps {
  readonly store: DeviceStore;
  readonly keyLog: Pick<KeyLog, "historyOf">;
  readonly account: {
    readonly tenant: TenantId;
    readonly user: UserId;
    readonly device: DeviceId;
  };
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
  /**
   * True if the server must show the newest list of the account. A new device knows only from that list
   * that the log's entries are complete.
   */
  readonly isNewcomer?: boolean;
}

/** The age at which an account's list is renewed. It leaves 20 days until contacts miss it. */
const renewAfterMs = 10 * 86_400_000;

/**
 * Signs the account's next list and hands it to the server, again if another device signed one
 * meanwhile. The list is recorded once the server has it.
 * @param devices the devices that the account has afterwards, of those that it has now
 * @throws SealdeskError key_log_inconsistent: the log names a device that did not come rightfully, or that
 *   was removed; what `send` throws
 */
export async function publishList(
  deps: OwnListDeps,
  devices: (now: readonly DeviceRecord[]) => readonly DeviceRecord[],
  send: (list: ListSignature) => Promise<unknown>,
): Promise<void> {
  const { store, keyLog, account, localClock } = deps;
  for (let triesLeft = 3; ; triesLeft--) {
    const history = await keyLog.historyOf(account.user);
    const { list, accountKey } = await store.read(async (transaction) => ({
      list: await nextList(transaction, deps, history, devices),
      accountKey: await loadAccountKey(transaction),
    }));
    try {
      await send(list);
    } catch (error) {
      if (triesLeft === 0 || !isProblem(error, "stale_device_list")) throw error;
      continue;
    }
    await store.transact((transaction) =>
      noteList(transaction, account.user, { ...list, accountKey }, localClock.now()),
    );
    return;
  }
}

/**
 * Renews the account's list if it is over 10 days old, or if the server shows none that is valid.
 * @throws SealdeskError as `publishList`
 */
export async function renewOwnList(
  deps: OwnListDeps & { readonly api: Pick<Api, "renewDeviceList"> },
): Promise<void> {
  const { keyLog, account, api, localClock } = deps;
  const { list } = await keyLog.historyOf(account.user);
  if (list !== undefined && !isDue(list, localClock.now())) return;
  await publishList(
    deps,
    (now) => now,
    (renewed) => api.renewDeviceList(renewed),
  );
}

/** Returns whether the newest list that this device knows of its account is due for renewal. */
export const isOwnListDue = (deps: Pick<OwnListDeps, "store" | "account" | "localClock">) =>
  deps.store.read(async (transaction) => {
    const list = await loadSeenList(transaction, deps.account.user);
    return list === undefined || isDue(list, deps.localClock.now());
  });

/** A list from the future has an unknown age. */
const isDue = ({ issuedAtMs }: Pick<ListSignature, "issuedAtMs">, nowMs: number): boolean =>
  nowMs - issuedAtMs >= renewAfterMs || issuedAtMs - nowMs >= renewAfterMs;

async function nextList(
  transaction: ReadTransaction,
  { account: { tenant, user, device }, localClock, isNewcomer }: OwnListDeps,
  history: KeyHistory,
  devices: (now: readonly DeviceRecord[]) => readonly DeviceRecord[],
): Promise<ListSignature> {
  const { list: known } = history;
  const now = devicesAfter(history.entries);
  const accountKey = await loadAccountKey(transaction);
  const removed = await removedAmong(
    transaction,
    now.map(({ record }) => record.device),
  );
  if (isNewcomer === true && known === undefined)
    throw new SealdeskError(
      "key_log_inconsistent",
      "The server does not show the newest list of the account's devices.",
    );
  const listed = devices(now.map(({ record }) => record));
  const isRightful = (each: CertifiedDevice) =>
    equalBytes(each.record.accountKey, accountKey) && cameRightfully(history, each, [accountKey]);
  const staying = now.filter(({ record }) => listed.includes(record));
  if (!staying.every(isRightful) || listed.some((each) => removed.includes(each.device)))
    throw new SealdeskError(
      "key_log_inconsistent",
      "The key log names a device that did not come to the account rightfully, or that was removed.",
    );
  const seen = await loadSeenList(transaction, user);
  const isOfKey = seen !== undefined && equalBytes(seen.accountKey, accountKey);
  const version = 1 + Math.max(known?.version ?? 0, isOfKey ? seen.version : 0);
  const issuedAtMs = Math.max(0, localClock.now());
  const devicesListed = listed.map((record) => listedDevice(sha256, record));
  const validUntilMs = issuedAtMs + listValidityMs;
  const list = { tenant, user, accountKey, version, issuedAtMs, validUntilMs };
  return signDeviceList(transaction, { ...list, devices: devicesListed }, device);
}
