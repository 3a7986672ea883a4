/** The receipt of a consent: a file that proves a consent record, its signer, its notice and its countersignature. */
import {
  equalBytes,
  fromBase64Url,
  fromUtf8,
  toBase64Url,
  toHex,
} from "../../crypto/wire/bytes.ts";
import {
  consentBytes,
  decodeConsent,
  type ConsentRecord,
} from "../../crypto/wire/consent-record.ts";
import { objectOf, type JsonFields } from "../../crypto/wire/json-fields.ts";
import { noticeBytes } from "../../crypto/wire/notice.ts";
import type { DeviceRecord } from "../../crypto/wire/signed-records.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { verifyArrival } from "./device-arrival.ts";
import { LogError } from "./log-error.ts";
import type { Checks, NoteKey } from "./note.ts";
import { parseTlogProof, verifyTlogProof } from "./tlog-proof.ts";

const format = "sealdesk/consent-receipt/v1";

/** What a receipt has. */
export interface ConsentEvidence {
  /** The text of the consent record, and the signature of the device's receipt key. */
  readonly record: Uint8Array;
  readonly signature: Uint8Array;
  /**
   * The entries of the key log by which the device came to its account: from the account's first device on, each
   * approved by the one before it.
   */
  readonly devices: readonly Uint8Array[];
  /** The notice that the record names; undefined for a withdrawal. */
  readonly notice:
    { readonly language: string; readonly controller: string; readonly text: string } | undefined;
  /** The audit entry, and C2SP tlog-proof of it. */
  readonly entry: Uint8Array;
  readonly proof: string;
}

/** A consent that its receipt proves. */
export interface ProvenConsent {
  readonly record: ConsentRecord;
  readonly notice: ConsentEvidence["notice"];
  /** The key of the account that the device belongs to. The key log says whose it is. */
  readonly accountKey: Uint8Array;
  /** When the server countersigned the record, in milliseconds since the Unix epoch. */
  readonly countersignedAtMs: number;
  readonly checkpoint: Checkpoint;
}

/** Returns a receipt as a file. */
export function formatConsentReceipt(evidence: ConsentEvidence): string {
  const { record, signature, devices, notice, entry, proof } = evidence;
  const file = {
    format,
    record: toBase64Url(record),
    signature: toBase64Url(signature),
    devices: devices.map(toBase64Url),
    ...(notice && { notice }),
    entry: toBase64Url(entry),
    proof,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Verifies a receipt offline: a device that the account approved signed the record, the notice is the one that
 * the record names, and the audit log has an entry about exactly this record.
 * @param key the verifier key of the tenant's audit log
 * @throws LogError malformed, mismatch, and those of the proof
 */
export function verifyConsentReceipt(checks: Checks, file: string, key: NoteKey): ProvenConsent {
  const { evidence, record } = parsed(file);
  const { signature, notice, entry, proof } = evidence;
  const { accountKey, receiptKey, ...signer } = arrived(checks, evidence.devices);
  const { tenant, user, device } = record;
  if (signer.tenant !== tenant || signer.user !== user || signer.device !== device)
    throw wrong("The signer is another device.");
  if (!checks.verifyEd25519(receiptKey, consentBytes(evidence.record), signature))
    throw wrong("The device did not sign the record.");
  assertNotice(checks, record, notice);
  const checkpoint = verifyTlogProof(checks, parseTlogProof(proof), entry, key);
  const countersignedAtMs = countersignedAt(checks, evidence.record, record, entry);
  return { record, notice, accountKey, countersignedAtMs, checkpoint };
}

function arrived(checks: Checks, devices: readonly Uint8Array[]): DeviceRecord {
  try {
    return verifyArrival(checks, devices);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw malformed(cause);
  }
}

function assertNotice(
  checks: Checks,
  record: ConsentRecord,
  notice: ConsentEvidence["notice"],
): void {
  if (record.state === "withdrawn") {
    if (notice !== undefined) throw wrong("A withdrawal names no notice.");
    return;
  }
  const { version, language, digest } = record.notice;
  const bytes = notice && noticeBytes({ tenant: record.tenant, version, ...notice });
  if (notice?.language !== language || !bytes || !equalBytes(checks.sha256(bytes), digest))
    throw wrong("The notice is not the one that the record names.");
}

/** Requires that an audit entry is about exactly this record. @returns its time */
function countersignedAt(
  checks: Checks,
  text: Uint8Array,
  record: ConsentRecord,
  bytes: Uint8Array,
): number {
  const entry = jsonOf(fromUtf8(bytes));
  const [details, actor] = [objectOf(entry["details"]), objectOf(entry["actor"])];
  const isAbout =
    entry["action"] === `consent.${record.state}` &&
    entry["outcome"] === "success" &&
    entry["tenant"] === record.tenant &&
    actor["id"] === record.user &&
    details["consent"] === record.id &&
    details["record"] === toHex(checks.sha256(text));
  const atMs = entry["occurredAtMs"];
  if (!isAbout || typeof atMs !== "number") throw wrong("The audit entry is about another record.");
  return atMs;
}

function parsed(file: string): {
  readonly evidence: ConsentEvidence;
  readonly record: ConsentRecord;
} {
  try {
    const json = jsonOf(file);
    if (json["format"] !== format) throw malformed();
    const record = bytesOf(json["record"]);
    const evidence = {
      record,
      signature: bytesOf(json["signature"]),
      devices: listOf(json["devices"]).map(bytesOf),
      notice: json["notice"] === undefined ? undefined : noticeOf(objectOf(json["notice"])),
      entry: bytesOf(json["entry"]),
      proof: textOf(json["proof"]),
    };
    return { evidence, record: decodeConsent(record) };
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw malformed(cause);
  }
}

const noticeOf = ({ language, controller, text }: JsonFields) => ({
  language: textOf(language),
  controller: textOf(controller),
  text: textOf(text),
});

function jsonOf(text: string): JsonFields {
  try {
    return objectOf(JSON.parse(text));
  } catch (cause) {
    throw malformed(cause);
  }
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw malformed();
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed();
  return value;
}

const bytesOf = (value: unknown): Uint8Array => fromBase64Url(textOf(value));

const malformed = (cause?: unknown): LogError =>
  new LogError("malformed", "receipt", "not the receipt of a consent.", { cause });

const wrong = (why: string): LogError => new LogError("mismatch", "receipt", why);
