import { DeviceStore, deriveStoreKey, storeSalt, type Level } from "../crypto/device/store.ts";
import { storeLocation, storeLocks, storeSecret } from "./call-checks.ts";
import { codeOf, SealdeskError } from "./errors.ts";
import { levelAt } from "./open-level.ts";
import { lockStore, platformLocks, storeInUse, type StoreLocks } from "./store-lock.ts";

/**
 * Opens the encrypted store of one device, and creates it on the first call. If you pass a text, it
 * is the directory of a LevelDB in Node and the name of an IndexedDB in browsers. Until the store
 * is closed, nobody else can open it: LevelDB has a lock, and browsers have Web Locks. If you pass
 * a database of your own, you must lock it yourself.
 * @param secret a key of 32 bytes, for example from the operating system's keychain, or a
 *   passphrase,
 * from which Argon2id derives a key. That blocks for about 200 ms in Node and for some seconds in a
 * browser, which loads the hash first
 * @param locks the platform's by default, if it has any
 * @throws SealdeskError invalid_argument, store_in_use; store_failed: the database does not open.
 * StoreError wrong_key, damaged
 */
export async function openStore(
  location: string | Level,
  secret: Uint8Array | string,
  locks: StoreLocks | undefined = platformLocks(),
): Promise<DeviceStore> {
  storeLocation(location, "location");
  storeSecret(secret, "secret");
  storeLocks(locks, "locks");
  const isNamed = typeof location === "string";
  const release =
    locks !== undefined && isNamed ? await lockStore(locks, location) : async () => undefined;
  const level = isNamed ? levelAt(location) : location;
  try {
    const key =
      typeof secret === "string" ? await deriveStoreKey(secret, await storeSalt(level)) : secret;
    return await DeviceStore.open(level, key, release);
  } catch (error) {
    await level.close();
    await release();
    if (codeOf(error, "StoreError") !== undefined) throw error;
    if (isLocked(error)) throw storeInUse(error);
    throw new SealdeskError("store_failed", "The store's database could not be opened.", {
      cause: error,
    });
  }
}

/** abstract-level wraps the database's own error. */
const isLocked = (error: unknown): boolean =>
  [error, (error as { readonly cause?: unknown } | null)?.cause].some(
    (each) => (each as { readonly code?: unknown } | null | undefined)?.code === "LEVEL_LOCKED",
  );
