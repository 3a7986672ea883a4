/**
 * The check of a report. A member discloses what it received of a message. Whoever has the relay's key, and
 * knows the sending device's certificate, finds out whether that device said it, there and then.
 */
import { authorshipBytes } from "./authorship.ts";
import { payloadCommitment } from "./commitment.ts";
import type { VerifyEd25519 } from "./ed25519.ts";
import { frankingTag, type HmacSha256, type TaggedHeader } from "./event.ts";
import { deviceRecordBytes, type DeviceRecord } from "./signed-records.ts";

/** What a member discloses to report a message. */
export interface ReportedMessage {
  /** The place of the message in the log, and the time, as the relay delivered them. */
  readonly header: TaggedHeader;
  /** The relay's tag, 32 bytes. */
  readonly frankingTag: Uint8Array;
  /** The exact bytes of the commitment. */
  readonly payload: Uint8Array;
  /** 32 bytes. */
  readonly frankingKey: Uint8Array;
  /** The sending device's, 64 bytes. */
  readonly signature: Uint8Array;
}

/** The record of the sending device, and its certificate. */
export interface ReportedAuthor {
  readonly record: DeviceRecord;
  readonly certificate: Uint8Array;
}

/** What a report proves, or the first thing that does not hold. */
export type ReportVerdict =
  | "authentic" // the device said it, and the relay accepted it in this place at this time
  | "wrong_author" // the record is of another device than the one that the message names
  | "author_uncertified" // the device key did not sign the record
  | "invalid_signature" // the device did not sign these bytes for this place
  | "tag_mismatch"; // the relay did not accept these bytes in this place at this time

/** The cryptography of the platform. */
export interface ReportChecks {
  readonly hmac: HmacSha256;
  readonly verify: VerifyEd25519;
  /** Compares two byte strings in constant time. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;
}

/**
 * Checks a report with the key of the relay's tags, which only the server has. Compare the author's record
 * with the key log, which says whose device it is.
 * @returns `authentic`, or what does not hold
 */
export function verifyReport(
  checks: ReportChecks,
  relayKey: Uint8Array,
  message: ReportedMessage,
  author: ReportedAuthor,
): ReportVerdict {
  const fault = authorFault(checks, message, author);
  if (fault !== undefined) return fault;
  const { header, payload, frankingKey } = message;
  const commitment = payloadCommitment(checks.hmac, frankingKey, payload);
  const tag = frankingTag(checks.hmac, relayKey, header, commitment);
  return checks.equal(tag, message.frankingTag) ? "authentic" : "tag_mismatch";
}

/**
 * Returns why the author did not say the message, or undefined if they did. It trusts neither the relay nor
 * whoever reports. The time is the relay's word.
 */
export function authorFault(
  { hmac, verify }: Pick<ReportChecks, "hmac" | "verify">,
  { header, payload, frankingKey, signature }: Omit<ReportedMessage, "frankingTag">,
  { record, certificate }: ReportedAuthor,
): Exclude<ReportVerdict, "authentic" | "tag_mismatch"> | undefined {
  const { tenant, user, deviceKey, receiptKey } = record;
  if (record.device !== header.senderDevice) return "wrong_author";
  if (!verify(deviceKey, deviceRecordBytes(record), certificate)) return "author_uncertified";
  if (frankingKey.length !== 32) return "invalid_signature";
  const commitment = payloadCommitment(hmac, frankingKey, payload);
  const signed = authorshipBytes({ ...header, tenant, user, commitment });
  return verify(receiptKey, signed, signature) ? undefined : "invalid_signature";
}
