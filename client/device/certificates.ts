import {
  certifiedFields,
  certifiedToFields,
  type CertifiedFields,
} from "../../crypto/device/certified-fields.ts";
import type { CertifiedDevice } from "../../crypto/device/identity.ts";
import type { ReadTransaction, StoreTransaction } from "../../crypto/device/store.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { decodeRecord, encodeRecord } from "../record.ts";

const nameOf = (device: DeviceId): string => `certificate!${device}`;

/**
 * Keeps the certificate of a device that was checked. It stays after the device was removed, because a
 * grant of history passes on who said what.
 */
export const keepCertificate = (transaction: StoreTransaction, device: CertifiedDevice): void =>
  transaction.put(
    nameOf(device.record.device),
    encodeRecord(certifiedFields, certifiedToFields(device)),
  );

/** Returns the certificate that was kept of a device, or undefined if there is none. */
export async function certificateOf(
  transaction: ReadTransaction,
  device: DeviceId,
): Promise<CertifiedFields | undefined> {
  const value = await transaction.get(nameOf(device));
  return value === undefined ? undefined : decodeRecord(certifiedFields, value);
}
