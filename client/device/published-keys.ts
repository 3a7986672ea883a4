import { publishedKeysBytes } from "../../crypto/wire/signed-records.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import type { PreKeyUpload } from "../../crypto/device/suite.ts";

/** How many one-time prekeys of each kind a device keeps published. */
export const publishedPreKeys = 100;

const name = "published!prekeys";

/** Returns the digest that the device and the relay compare; see `publishedKeysBytes`. */
export const publishedDigest = (identityKey: Uint8Array, upload: PreKeyUpload): Uint8Array =>
  sha256(publishedKeysBytes({ identityKey, ...upload }));

/**
 * Returns the digest of the keys that the relay is known to have, or undefined if there are none.
 */
export const loadPublished = (
  transaction: Pick<StoreTransaction, "get">,
): Promise<Uint8Array | undefined> => transaction.get(name);

export const savePublished = (transaction: StoreTransaction, digest: Uint8Array): void =>
  transaction.put(name, digest);
