import { DeviceStore, deriveStoreKey, storeSalt } from "../crypto/device/store.ts";
import { codeOf } from "./errors.ts";
import { levelAt } from "./open-level.ts";
import { lockStore, platformLocks, storeInUse, type StoreLocks } from "./store-lock.ts";

/**
 * Opens the encrypted store of one device, made when it is not there: a LevelDB in the directory
 * of that name in Node, an IndexedDB of that name in browsers. Until it is closed nobody else opens
 * it: LevelDB sees to that by itself, in browsers a Web Lock does.
 * @param secret a key of 32 bytes, from the operating system's keychain for example, or a
 *   passphrase, from which Argon2id makes one; that blocks for some 200 ms
 * @param locks the platform's, where it has any
 * @throws StoreError wrong_key, damaged; SealdeskError store_in_use
 */
export async function openStore(
  location: string,
  secret: Uint8Array | string,
  locks: StoreLocks | undefined = platformLocks(),
): Promise<DeviceStore> {
  const release = locks === undefined ? async () => undefined : await lockStore(locks, location);
  const level = levelAt(location);
  try {
    const key =
      typeof secret === "string" ? await deriveStoreKey(secret, await storeSalt(level)) : secret;
    return await DeviceStore.open(level, key, release);
  } catch (error) {
    await level.close();
    await release();
    if (codeOf(error, "StoreError") !== undefined || !isLocked(error)) throw error;
    throw storeInUse(error);
  }
}

/** abstract-level wraps what the database says. */
const isLocked = (error: unknown): boolean =>
  [error, (error as { readonly cause?: unknown } | null)?.cause].some(
    (each) => (each as { readonly code?: unknown } | null | undefined)?.code === "LEVEL_LOCKED",
  );
