import { verifyDevice, type CertifiedDevice } from "../../crypto/device/identity.ts";
import { codeOf } from "../errors.ts";

/** Returns whether the device certified its record, which names this account key. */
export function isCertified(device: CertifiedDevice, accountKey: Uint8Array): boolean {
  try {
    verifyDevice(device, accountKey);
    return true;
  } catch (error) {
    if (codeOf(error, "DeviceError") === undefined) throw error;
    return false;
  }
}
