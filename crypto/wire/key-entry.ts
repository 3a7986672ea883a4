/**
 * An entry of a tenant's key log: one canonical JSON text (RFC 8785) for each change of an account.
 */
import { toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import { listFromFields, listToFields, type ListSignature } from "./device-list.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  objectOf,
  oneOfIn,
  type JsonFields,
} from "./json-fields.ts";
import { ecKeyBytes } from "./key-sizes.ts";
import type { DeviceRecord } from "./signed-records.ts";
import type { DeviceId } from "./ids.ts";

/**
 * A device was added to its account or removed from it. The only personal data is a pseudonymous
 * id.
 */
export interface KeyEntry {
  readonly change: "device_added" | "device_removed";
  /** 1 for the user's first change, then one more for each change. */
  readonly version: number;
  readonly record: DeviceRecord;
  /** The device key's signature over `deviceRecordBytes`, 64 bytes. */
  readonly certificate: Uint8Array;
  /**
   * The signed list of the account's devices after this change. Undefined if the account did not make
   * the change: an administrator removed the device.
   */
  readonly list: ListSignature | undefined;
  /** Only of a device that was added. */
  readonly approval?: EntryApproval | undefined;
}

/** The account approved the added device. */
export interface EntryApproval {
  /** The device that approved it. Undefined for the account's first device, which the account key approves. */
  readonly device?: DeviceId | undefined;
  /** The signature of that device's device key, or of the account key, over `deviceApprovalBytes`: 64 bytes. */
  readonly signature: Uint8Array;
}

/** Returns the canonical text of an entry. */
export const encodeKeyEntry = (entry: KeyEntry): Uint8Array => utf8(canonicalJson(toJson(entry)));

/**
 * Parses an entry, which must be in canonical form.
 * @throws WireError malformed_record
 */
export const decodeKeyEntry = (entry: Uint8Array): KeyEntry =>
  decodeCanonical(entry, fromJson, toJson);

const toJson = ({
  change,
  version,
  record,
  certificate,
  list,
  approval,
}: KeyEntry): CanonicalValue => ({
  type: "key_change",
  change,
  version,
  tenant: record.tenant,
  user: record.user,
  device: record.device,
  accountKey: toBase64Url(record.accountKey),
  deviceKey: toBase64Url(record.deviceKey),
  identityKey: toBase64Url(record.identityKey),
  receiptKey: toBase64Url(record.receiptKey),
  certificate: toBase64Url(certificate),
  list: list && listToFields(list),
  approvedBy: approval?.device,
  approval: approval && toBase64Url(approval.signature),
});

const fromJson = (fields: JsonFields): KeyEntry => ({
  change: oneOfIn(fields, "change", ["device_added", "device_removed"]),
  version: countIn(fields, "version", 1),
  record: {
    tenant: idIn(fields, "tenant"),
    user: idIn(fields, "user"),
    device: idIn(fields, "device"),
    accountKey: bytesIn(fields, "accountKey", 32),
    deviceKey: bytesIn(fields, "deviceKey", 32),
    identityKey: bytesIn(fields, "identityKey", ecKeyBytes),
    receiptKey: bytesIn(fields, "receiptKey", 32),
  },
  certificate: bytesIn(fields, "certificate", 64),
  list: fields["list"] === undefined ? undefined : listFromFields(objectOf(fields["list"])),
  ...(fields["change"] === "device_added" &&
    "approval" in fields && {
      approval: {
        device: "approvedBy" in fields ? idIn(fields, "approvedBy") : undefined,
        signature: bytesIn(fields, "approval", 64),
      },
    }),
});
