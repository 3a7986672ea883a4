/**
 * An entry of a tenant's key log: one canonical JSON text (RFC 8785) for each change of an account.
 */
import { equalBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { ecKeyBytes } from "./key-sizes.ts";
import type { DeviceRecord } from "./signed-records.ts";
import { isId } from "./ids.ts";
import type { Uuid } from "./uuid.ts";
import { WireError } from "./wire-error.ts";

/**
 * A device was added to its account or removed from it. The only personal data is a pseudonymous
 * id.
 */
export interface KeyEntry {
  readonly change: "device_added" | "device_removed";
  /** 1 for the user's first change, then one more for each change. */
  readonly version: number;
  readonly record: DeviceRecord;
  /** The account key's signature over `deviceRecordBytes`, 64 bytes. */
  readonly certificate: Uint8Array;
}

/** Returns the canonical text of an entry. */
export function encodeKeyEntry({ change, version, record, certificate }: KeyEntry): Uint8Array {
  const { tenant, user, device } = record;
  return utf8(
    canonicalJson({
      type: "key_change",
      change,
      version,
      tenant,
      user,
      device,
      accountKey: toBase64Url(record.accountKey),
      deviceKey: toBase64Url(record.deviceKey),
      identityKey: toBase64Url(record.identityKey),
      receiptKey: toBase64Url(record.receiptKey),
      certificate: toBase64Url(certificate),
    }),
  );
}

/**
 * Parses an entry, which must be in canonical form.
 * @throws WireError malformed_record
 */
export function decodeKeyEntry(entry: Uint8Array): KeyEntry {
  const fields = parsed(entry);
  const { change, version } = fields;
  if (change !== "device_added" && change !== "device_removed") throw malformed();
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1)
    throw malformed();
  const decoded: KeyEntry = {
    change,
    version,
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
  };
  // Unknown fields, another order or another spelling would give one entry two texts.
  if (!equalBytes(encodeKeyEntry(decoded), entry)) throw malformed();
  return decoded;
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(entry: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(fromUtf8(entry));
    if (typeof value === "object" && value !== null) return value as Fields;
  } catch {
    throw malformed();
  }
  throw malformed();
}

function idIn<I extends Uuid>(fields: Fields, name: string): I {
  const value = fields[name];
  if (!isId<I>(value)) throw malformed();
  return value;
}

function bytesIn(fields: Fields, name: string, length: number): Uint8Array {
  const value = fields[name];
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]+$/.test(value)) throw malformed();
  const bytes = value.length % 4 === 1 ? undefined : fromBase64Url(value);
  if (bytes?.length !== length) throw malformed();
  return bytes;
}

const malformed = (): WireError =>
  new WireError("malformed_record", "The entry is not one of a key log.");
