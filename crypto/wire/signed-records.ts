/**
 * The exact bytes that are signed. Each encoding is `label || (u32 length || field)...`,
 * big-endian, so no two records share an encoding.
 */
import { concat, utf8 } from "./bytes.ts";
import { uuidToBytes, type Uuid } from "./uuid.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "./ids.ts";
import type { Member } from "./frame.ts";

/** The public keys of a device, as its own device key certifies them. */
export interface DeviceRecord {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
  /** Ed25519, 32 bytes: approves the account's first device. */
  readonly accountKey: Uint8Array;
  /**
   * Ed25519, 32 bytes: binds access tokens to this device (RFC 9449), certifies the other keys, and signs
   * creation records, approvals, and lists of the account's devices.
   */
  readonly deviceKey: Uint8Array;
  /** libsignal identity key, 33 bytes. */
  readonly identityKey: Uint8Array;
  /** Ed25519, 32 bytes: signs receipts. */
  readonly receiptKey: Uint8Array;
}

/** Returns the label and then each field after its length. */
export function lengthPrefixed(label: string, fields: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [utf8(label)];
  for (const field of fields) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, field.length);
    parts.push(length, field);
  }
  return concat(...parts);
}

/**
 * Returns what the device key signs. The signature, of 64 bytes, is the certificate of the device. Only the
 * device itself can say which identity key and which receipt key are its own.
 */
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

/** A new device of an account, as the account approves it. */
export interface DeviceApproval {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** The new device and its device key, Ed25519, 32 bytes. */
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
  /** The device that approves it. Undefined for the account's first device. */
  readonly approvedBy: DeviceId | undefined;
}

/**
 * Returns what the approving device's device key signs, for the key log. The account key signs it for the
 * account's first device.
 */
export function deviceApprovalBytes(approval: DeviceApproval): Uint8Array {
  return lengthPrefixed("sealdesk/device-approval/v1", [
    uuidToBytes(approval.tenant),
    uuidToBytes(approval.user),
    uuidToBytes(approval.device),
    approval.deviceKey,
    approval.accountKey,
    approval.approvedBy === undefined ? new Uint8Array(0) : uuidToBytes(approval.approvedBy),
  ]);
}

/**
 * Returns what the creating device's device key signs. It fixes the suite for the life of the
 * conversation, and the users with whom it begins.
 * @param record.users the creator and the users they named, in ascending order
 */
export function creationBytes(record: {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  readonly suite: string;
  readonly device: DeviceId;
  readonly users: readonly UserId[];
}): Uint8Array {
  return lengthPrefixed("sealdesk/conversation/v1", [
    uuidToBytes(record.tenant),
    uuidToBytes(record.conversation),
    utf8(record.suite),
    uuidToBytes(record.device),
    concat(...record.users.map(uuidToBytes)),
  ]);
}

/**
 * Returns the bytes of a list of members, whose SHA-256 a receipt of an act on them signs. Each member
 * is three fields: user, role, and devices.
 * @param members in the order of the event's list, with the devices of each in ascending order
 */
export function membersBytes(members: readonly Member[]): Uint8Array {
  return lengthPrefixed(
    "sealdesk/members/v1",
    members.flatMap(({ user, role, devices }) => [
      uuidToBytes(user),
      utf8(role),
      concat(...devices.map(uuidToBytes)),
    ]),
  );
}

/**
 * Returns the bytes of the published keys. A device compares their SHA-256 with the relay's, to
 * check that the relay serves the keys that the device published.
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

/** Everything that the approval of a new device is about. If one field differs, nothing opens. */
export interface LinkContext {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly request: Uuid;
  /** The new device, its device key (Ed25519) and the key of its request (X25519): 32 bytes each. */
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  readonly ephemeralKey: Uint8Array;
  /** The approving device, its device key (Ed25519) and its key for this answer (X25519). */
  readonly sibling: DeviceId;
  readonly siblingKey: Uint8Array;
  readonly oneTimeKey: Uint8Array;
  /** Ed25519, 32 bytes. */
  readonly accountKey: Uint8Array;
}

/** Returns the input of an approval's key derivation, and its associated data. */
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

/**
 * Returns what the approving device's device key signs.
 * @param digest of nonce and ciphertext
 */
export function linkApprovalBytes(context: LinkContext, digest: Uint8Array): Uint8Array {
  return lengthPrefixed("sealdesk/link-approval/v1", [linkContextBytes(context), digest]);
}
