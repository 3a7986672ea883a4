import { sign, type KeyObject } from "node:crypto";
import type { EntryApproval } from "../../crypto/wire/key-entry.ts";
import {
  deviceApprovalBytes,
  deviceRecordBytes,
  type DeviceRecord,
} from "../../crypto/wire/signed-records.ts";

interface SigningKey {
  readonly privateKey: KeyObject;
}

/** The certificate of a device, by its device key: not by the library under test. */
export const certificateBy = (record: DeviceRecord, deviceKey: SigningKey): Uint8Array =>
  new Uint8Array(sign(null, deviceRecordBytes(record), deviceKey.privateKey));

/** The approval of an account's first device, by the account key. */
export const firstApproval = (record: DeviceRecord, accountKey: SigningKey): EntryApproval => ({
  device: undefined,
  signature: new Uint8Array(
    sign(null, deviceApprovalBytes({ ...record, approvedBy: undefined }), accountKey.privateKey),
  ),
});
