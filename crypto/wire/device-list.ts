/**
 * The list of an account's devices, which one of them signs. Where the key log is at hand, the list's
 * devices follow from its entries. So only the signature and what it is about are sent and stored.
 */
import { concat, toBase64Url, u64 } from "./bytes.ts";
import type { CanonicalValue } from "./canonical-json.ts";
import type { DeviceId, TenantId, UserId } from "./ids.ts";
import { bytesIn, countIn, idIn, malformed, type JsonFields } from "./json-fields.ts";
import { deviceRecordBytes, lengthPrefixed, type DeviceRecord } from "./signed-records.ts";
import { uuidToBytes } from "./uuid.ts";

/** The longest time for which a list is valid: 30 days. */
export const listValidityMs = 30 * 86_400_000;

/** A device in a list, with the SHA-256 of `deviceRecordBytes`. */
export interface ListedDevice {
  readonly device: DeviceId;
  readonly digest: Uint8Array;
}

export interface DeviceList {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
  /** 1 for the first list under this account key. Each later list has a higher one. */
  readonly version: number;
  /** By the clock of the device that signed the list, in milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  /** `listValidityMs` later at most. */
  readonly validUntilMs: number;
  readonly devices: readonly ListedDevice[];
}

/** A list without what follows from the key log, and its signature. */
export interface ListSignature extends Pick<DeviceList, "version" | "issuedAtMs" | "validUntilMs"> {
  /** A device that the account has before or after the change. */
  readonly signedBy: DeviceId;
  /** By that device's device key, 64 bytes. */
  readonly signature: Uint8Array;
}

/** @param sha256 the platform's */
export const listedDevice = (
  sha256: (bytes: Uint8Array) => Uint8Array,
  record: DeviceRecord,
): ListedDevice => ({ device: record.device, digest: sha256(deviceRecordBytes(record)) });

/** Returns what a device of the account signs. The devices are in ascending order, whatever order they come in. */
export function deviceListBytes(list: DeviceList): Uint8Array {
  const { tenant, user, accountKey, version, issuedAtMs, validUntilMs } = list;
  const devices = list.devices.toSorted((a, b) => (a.device < b.device ? -1 : 1));
  return lengthPrefixed("sealdesk/device-list/v1", [
    uuidToBytes(tenant),
    uuidToBytes(user),
    accountKey,
    ...[version, issuedAtMs, validUntilMs].map(u64),
    concat(...devices.flatMap(({ device, digest }) => [uuidToBytes(device), digest])),
  ]);
}

/** Returns the fields of a list in an entry of the key log. */
export const listToFields = ({ signature, ...list }: ListSignature): CanonicalValue => ({
  version: list.version,
  issuedAtMs: list.issuedAtMs,
  validUntilMs: list.validUntilMs,
  signedBy: list.signedBy,
  signature: toBase64Url(signature),
});

/** @throws WireError malformed_record: also if it is valid for too long, or never */
export function listFromFields(fields: JsonFields): ListSignature {
  const list = {
    version: countIn(fields, "version", 1),
    issuedAtMs: countIn(fields, "issuedAtMs", 0),
    validUntilMs: countIn(fields, "validUntilMs", 0),
    signedBy: idIn<DeviceId>(fields, "signedBy"),
    signature: bytesIn(fields, "signature", 64),
  };
  if (!hasSoundValidity(list)) throw malformed();
  return list;
}

/** Returns whether a list is valid for some time, and not for too long. */
export const hasSoundValidity = ({
  issuedAtMs,
  validUntilMs,
}: Pick<DeviceList, "issuedAtMs" | "validUntilMs">): boolean =>
  validUntilMs > issuedAtMs && validUntilMs - issuedAtMs <= listValidityMs;
