/**
 * What is signed, byte for byte. Each encoding is `label || (u32 length || field)...`, big-endian,
 * so no two different records share an encoding.
 */
import { concat, utf8 } from "./bytes.ts";
import { uuidToBytes, type Uuid } from "./uuid.ts";

/** The public half of a device, as its account certifies it. */
export interface DeviceRecord {
  readonly tenant: Uuid;
  readonly user: Uuid;
  readonly device: Uuid;
  /** Ed25519, 32 bytes: certifies the account's devices. */
  readonly accountKey: Uint8Array;
  /** Ed25519, 32 bytes: binds access tokens to this device (RFC 9449) and signs its creation records. */
  readonly deviceKey: Uint8Array;
  /** libsignal identity key, 33 bytes. */
  readonly identityKey: Uint8Array;
  /** Ed25519, 32 bytes: signs receipts. */
  readonly receiptKey: Uint8Array;
}

function lengthPrefixed(label: string, fields: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [utf8(label)];
  for (const field of fields) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, field.length);
    parts.push(length, field);
  }
  return concat(...parts);
}

/** What the account key signs to certify a device. */
export function deviceRecordBytes(record: DeviceRecord): Uint8Array {
  return lengthPrefixed("sealdesk/device/v1", [
    uuidToBytes(record.tenant),
    uuidToBytes(record.user),
    uuidToBytes(record.device),
    record.accountKey,
    record.deviceKey,
    record.identityKey,
    record.receiptKey,
  ]);
}

/** What the creating device's device key signs: the suite cannot be changed afterwards. */
export function creationBytes(record: {
  readonly tenant: Uuid;
  readonly conversation: Uuid;
  readonly suite: string;
  readonly device: Uuid;
}): Uint8Array {
  return lengthPrefixed("sealdesk/conversation/v1", [
    uuidToBytes(record.tenant),
    uuidToBytes(record.conversation),
    utf8(record.suite),
    uuidToBytes(record.device),
  ]);
}

/**
 * The digest a device compares with the relay's, to learn that the relay serves the keys it
 * published: SHA-256 of these bytes.
 */
export function publishedKeysBytes(keys: {
  readonly identityKey: Uint8Array;
  readonly signedPreKey: { readonly id: number; readonly publicKey: Uint8Array };
  readonly lastResortKyberPreKey: { readonly id: number; readonly publicKey: Uint8Array };
}): Uint8Array {
  const id = (value: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return bytes;
  };
  return lengthPrefixed("sealdesk/published-keys/v1", [
    keys.identityKey,
    id(keys.signedPreKey.id),
    keys.signedPreKey.publicKey,
    id(keys.lastResortKyberPreKey.id),
    keys.lastResortKyberPreKey.publicKey,
  ]);
}

/** Everything that an approval of a new device is about; whoever differs in one field opens nothing. */
export interface LinkContext {
  readonly tenant: Uuid;
  readonly user: Uuid;
  readonly request: Uuid;
  /** The new device, its device key (Ed25519) and the key of its request (X25519): 32 bytes each. */
  readonly device: Uuid;
  readonly deviceKey: Uint8Array;
  readonly ephemeralKey: Uint8Array;
  /** The approving device, its device key (Ed25519) and its key for this answer (X25519). */
  readonly sibling: Uuid;
  readonly siblingKey: Uint8Array;
  readonly oneTimeKey: Uint8Array;
  /** Ed25519, 32 bytes: the public half of what is given. */
  readonly accountKey: Uint8Array;
}

/** What the key of an approval is derived with, and its associated data. */
export function linkContextBytes(context: LinkContext): Uint8Array {
  return lengthPrefixed("sealdesk/link/v1", [
    uuidToBytes(context.tenant),
    uuidToBytes(context.user),
    uuidToBytes(context.request),
    uuidToBytes(context.device),
    context.deviceKey,
    context.ephemeralKey,
    uuidToBytes(context.sibling),
    context.siblingKey,
    context.oneTimeKey,
    context.accountKey,
  ]);
}

/** What the approving device's device key signs. @param digest of nonce and ciphertext */
export function linkApprovalBytes(context: LinkContext, digest: Uint8Array): Uint8Array {
  return lengthPrefixed("sealdesk/link-approval/v1", [linkContextBytes(context), digest]);
}
