import { equalBytes } from "../wire/bytes.ts";
import { deviceApprovalBytes, type DeviceApproval } from "../wire/signed-records.ts";
import { DeviceError } from "./device-error.ts";
import { generateSigningKey, sign, zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";

const name = "identity!account";

/**
 * Makes the key of a new account, Ed25519, and approves the account's first device with it. The private half
 * signs nothing else. It is destroyed here and was never stored, so nobody can steal it.
 * @returns the public key, 32 bytes, and the signature over `deviceApprovalBytes`, 64 bytes
 */
export function createAccountKey(
  transaction: Pick<StoreTransaction, "put">,
  first: Omit<DeviceApproval, "accountKey" | "approvedBy">,
): { readonly accountKey: Uint8Array; readonly approval: Uint8Array } {
  const { publicKey: accountKey, privateKey } = generateSigningKey();
  const approval = sign(
    deviceApprovalBytes({ ...first, accountKey, approvedBy: undefined }),
    privateKey,
  );
  zeroise(privateKey);
  transaction.put(name, accountKey);
  return { accountKey, approval };
}

/**
 * Stores the public account key of the account that this device joins. It never replaces a key.
 * @throws DeviceError account_key_changed: this device has another one
 */
export async function adoptAccountKey(
  transaction: StoreTransaction,
  accountKey: Uint8Array,
): Promise<void> {
  const known = await transaction.get(name);
  if (known !== undefined && !equalBytes(known, accountKey))
    throw new DeviceError("account_key_changed", "This device belongs to another account key.");
  transaction.put(name, accountKey);
}

/**
 * Returns the public account key of this device's account, 32 bytes.
 * @throws DeviceError no_identity: this device belongs to no account yet
 */
export async function loadAccountKey(
  transaction: Pick<StoreTransaction, "get">,
): Promise<Uint8Array> {
  const key = await transaction.get(name);
  if (key === undefined)
    throw new DeviceError("no_identity", "This device belongs to no account yet.");
  return key;
}
