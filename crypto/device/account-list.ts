import type { DeviceId } from "../wire/ids.ts";
import { deviceListBytes, type DeviceList, type ListSignature } from "../wire/device-list.ts";
import { loadIdentityKey } from "./identity.ts";
import { sign, verifySignature, zeroise } from "./sodium.ts";
import type { StoreTransaction } from "./store-transaction.ts";

/**
 * Signs the list of this account's devices with the device key.
 * @param signedBy this device
 * @throws DeviceError no_identity
 */
export async function signDeviceList(
  transaction: Pick<StoreTransaction, "get">,
  list: DeviceList,
  signedBy: DeviceId,
): Promise<ListSignature> {
  const { privateKey } = await loadIdentityKey(transaction, "device");
  const { version, issuedAtMs, validUntilMs } = list;
  const signature = sign(deviceListBytes(list), privateKey);
  zeroise(privateKey);
  return { version, issuedAtMs, validUntilMs, signedBy, signature };
}

/** Returns whether the device with this device key signed this list. */
export const isSignedList = (
  list: DeviceList,
  { signature }: Pick<ListSignature, "signature">,
  deviceKey: Uint8Array,
): boolean => verifySignature(deviceListBytes(list), signature, deviceKey);
