import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { confirmRemoval } from "../conversation/confirm-removal.ts";
import type { ConversationManager } from "../conversation/conversation-manager.ts";
import { askRemoval } from "../conversation/removals.ts";
import { isTransient, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { isEntered, isRemoved } from "../key-log/key-history.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import { sleep, type Clock } from "../runtime.ts";
import type { Account } from "./account.ts";
import { publishList } from "./own-list.ts";
import { removedDevice } from "./removed-devices.ts";
import type { Trust } from "./trust.ts";

export interface RemoveDeviceDeps {
  readonly store: DeviceStore;
  readonly api: Pick<Api, "removeDevice" | "removeOwnDevice">;
  readonly account: Pick<Account, "tenant" | "user" | "device">;
  readonly trust: Pick<Trust, "device" | "unaccepted" | "distrustOf">;
  readonly keyLog: Pick<KeyLog, "historyOf">;
  readonly manager: Pick<ConversationManager, "whenGone">;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
}

const readLogEveryMs = 1_000;

/**
 * Removes a device. Resolves when the key log shows it, and the open conversations that listed the
 * device list it no more. The device of an account that this device does not know is not looked up in the
 * key log. If this device removes itself, it resolves with the answer, because it may
 * read nothing more.
 * @throws SealdeskError as `Sealdesk.removeDevice`
 */
export async function removeDevice(deps: RemoveDeviceDeps, device: DeviceId): Promise<void> {
  const { store, account, manager, localClock } = deps;
  if (device === account.device) return removeOwn(deps, device);
  await confirmRemoval(localClock, async (signal) => {
    // The request needs an answer of the key log too.
    await askRemoval(store, removedDevice(device), () => requestRemoval(deps, device));
    while (!(await isShown(deps, device))) {
      await sleep(localClock, readLogEveryMs, signal);
      if (signal.aborted) return false;
    }
    return manager.whenGone(device, signal);
  });
}

/** Removes a device of this account, and signs the list of those that stay. */
const removeOwn = (deps: RemoveDeviceDeps, device: DeviceId): Promise<void> =>
  publishList(
    deps,
    (now) => now.filter((each) => each.device !== device),
    (list) => deps.api.removeOwnDevice(device, list),
  );

/** A removal that was made before is no error, so that you can ask again. */
async function requestRemoval(deps: RemoveDeviceDeps, device: DeviceId): Promise<void> {
  const { account, api, keyLog } = deps;
  try {
    const own = await keyLog.historyOf(account.user);
    await (isEntered(own, device) ? removeOwn(deps, device) : api.removeDevice(device));
  } catch (error) {
    const isUnknown = error instanceof SealdeskError && error.code === "device_not_found";
    if (!isUnknown || (await isLoggedRemoval(deps, device)) !== true) throw error;
  }
}

/**
 * Returns whether the log of the device's account says that it was removed. Returns undefined if this
 * device does not know the account: an admin may remove devices of users whom the admin never met.
 */
async function isLoggedRemoval(
  { account, trust, keyLog }: RemoveDeviceDeps,
  device: DeviceId,
): Promise<boolean | undefined> {
  const owner =
    trust.device(device) ?? trust.unaccepted(device) ?? trust.distrustOf(device) ?? account;
  const history = await keyLog.historyOf(owner.user);
  return isEntered(history, device) ? isRemoved(history, device) : undefined;
}

async function isShown(deps: RemoveDeviceDeps, device: DeviceId): Promise<boolean> {
  try {
    return (await isLoggedRemoval(deps, device)) ?? true;
  } catch (error) {
    if (!isTransient(error)) throw error;
    return false;
  }
}
