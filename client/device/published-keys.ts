import { publishedKeysBytes } from "../../crypto/wire/signed-records.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { PreKeyUpload } from "../../crypto/device/suite.ts";

/** The number of one-time prekeys of each kind that a device keeps published. */
export const publishedPreKeys = 100;

const name = "published!prekeys";

/** Returns the digest that the device and the relay compare; see `publishedKeysBytes`. */
export const publishedDigest = (identityKey: Uint8Array, upload: PreKeyUpload): Uint8Array =>
  sha256(publishedKeysBytes({ identityKey, ...upload }));

/**
 * Returns the digest of the keys that the relay is known to have, or undefined if there are none.
 */
export async function loadPublished(
  transaction: Pick<StoreTransaction, "get">,
): Promise<Uint8Array | undefined> {
  const digest = await transaction.get(name);
  return digest?.length === 0 ? undefined : digest;
}

/**
 * Records that the relay was restored from a backup. It may have keys that this device used up or
 * replaced since, so all of them must be published anew.
 */
export const outdatePublished = (transaction: StoreTransaction): void =>
  transaction.put(name, new Uint8Array(0));

/** Returns whether all keys must be published anew. */
export const isPublishedOutdated = async (
  transaction: Pick<StoreTransaction, "get">,
): Promise<boolean> => (await transaction.get(name))?.length === 0;

export const savePublished = (transaction: StoreTransaction, digest: Uint8Array): void =>
  transaction.put(name, digest);
