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
import type { DeviceProof } from "../../crypto/wire/frame.ts";
import { noticeBytes } from "../../crypto/wire/notice.ts";
import { idOf, objectOf, type JsonObject } from "../../crypto/wire/record-fields.ts";
import { deviceRecordBytes } from "../../crypto/wire/signed-records.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { LogError } from "./log-error.ts";
import type { Checks, NoteKey } from "./note.ts";
import { parseTlogProof, verifyTlogProof } from "./tlog-proof.ts";

const format = "sealdesk/consent-receipt/v1";

/** What a receipt has. */
export interface ConsentEvidence {
  /** The text of the consent record, and the signature of the device's receipt key. */
  readonly record: Uint8Array;
  readonly signature: Uint8Array;
  /** The certificate of the device. */
  readonly signer: DeviceProof;
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
  const { record, signature, signer, notice, entry, proof } = evidence;
  const { user, accountKey, deviceKey, identityKey, receiptKey, certificate } = signer;
  const keys = { accountKey, deviceKey, identityKey, receiptKey, certificate };
  const encoded = Object.entries(keys).map(([name, key]) => [name, toBase64Url(key)]);
  const file = {
    format,
    record: toBase64Url(record),
    signature: toBase64Url(signature),
    signer: { user, ...Object.fromEntries(encoded) } as JsonObject,
    ...(notice && { notice }),
    entry: toBase64Url(entry),
    proof,
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Verifies a receipt offline: the device signed the record and certified its keys, the notice is the one that the
 * record names, and the audit log has an entry about exactly this record.
 * @param key the verifier key of the tenant's audit log
 * @throws LogError malformed, mismatch, and those of the proof
 */
export function verifyConsentReceipt(checks: Checks, file: string, key: NoteKey): ProvenConsent {
  const { evidence, record } = parsed(file);
  const { signature, signer, notice, entry, proof } = evidence;
  const { accountKey, receiptKey, certificate, ...keys } = signer;
  if (signer.user !== record.user) throw wrong("The signer is another user.");
  if (!checks.verifyEd25519(receiptKey, consentBytes(evidence.record), signature))
    throw wrong("The device did not sign the record.");
  const { tenant, device } = record;
  const certified = deviceRecordBytes({ tenant, device, accountKey, receiptKey, ...keys });
  if (!checks.verifyEd25519(signer.deviceKey, certified, certificate))
    throw wrong("The device did not certify its keys.");
  assertNotice(checks, record, notice);
  const checkpoint = verifyTlogProof(checks, parseTlogProof(proof), entry, key);
  const countersignedAtMs = countersignedAt(checks, evidence.record, record, entry);
  return { record, notice, accountKey, countersignedAtMs, checkpoint };
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
    const signer = objectOf(json["signer"]);
    const record = bytesOf(json["record"]);
    const evidence = {
      record,
      signature: bytesOf(json["signature"]),
      signer: {
        user: idOf<DeviceProof["user"]>(signer["user"]),
        accountKey: bytesOf(signer["accountKey"]),
        deviceKey: bytesOf(signer["deviceKey"]),
        identityKey: bytesOf(signer["identityKey"]),
        receiptKey: bytesOf(signer["receiptKey"]),
        certificate: bytesOf(signer["certificate"]),
      },
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

const noticeOf = ({ language, controller, text }: JsonObject) => ({
  language: textOf(language),
  controller: textOf(controller),
  text: textOf(text),
});

function jsonOf(text: string): JsonObject {
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

const bytesOf = (value: unknown): Uint8Array => fromBase64Url(textOf(value));

const malformed = (cause?: unknown): LogError =>
  new LogError("malformed", "receipt", "not the receipt of a consent.", { cause });

const wrong = (why: string): LogError => new LogError("mismatch", "receipt", why);
