import { deviceListBytes, type DeviceList, type ListSignature } from "../wire/device-list.ts";
import { loadIdentityKey } from "./identity.ts";
import { sign, verifySignature, zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";

/**
 * Signs the list of this account's devices with the account key.
 * @throws DeviceError no_identity
 */
export async function signDeviceList(
  transaction: Pick<StoreTransaction, "get">,
  list: Omit<DeviceList, "accountKey">,
): Promise<ListSignature> {
  const { publicKey, privateKey } = await loadIdentityKey(transaction, "account");
  const { version, issuedAtMs, validUntilMs } = list;
  const signature = sign(deviceListBytes({ ...list, accountKey: publicKey }), privateKey);
  zeroise(privateKey);
  return { version, issuedAtMs, validUntilMs, signature };
}

/** Returns whether the account key signed this list. */
export const isSignedList = (list: DeviceList, { signature }: ListSignature): boolean =>
  verifySignature(deviceListBytes(list), signature, list.accountKey);
