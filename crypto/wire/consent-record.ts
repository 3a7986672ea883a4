/**
 * Consent records: what a person agreed to, or withdrew, with the fields of ISO/IEC TS 27560:2023. The person's
 * device signs the canonical JSON (RFC 8785) of a record after a label. The records of one account are a chain:
 * each names the one before it.
 */
import { concat, toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import type { ConsentId, ConversationId, DeviceId, TenantId, UserId } from "./ids.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  malformed,
  objectOf,
  oneOfIn,
  type JsonFields,
} from "./json-fields.ts";
import { noticeFromJson, noticeToJson, type NoticeRef } from "./notice.ts";
import { consentStates, purposes, type Purpose } from "./purposes.ts";

const label = utf8("sealdesk/consent/v1");

/** GDPR article 6(1)(a), and article 9(2)(a) for special categories of data. */
export const lawfulBases = ["consent", "explicit_consent"] as const;
export type LawfulBasis = (typeof lawfulBases)[number];

/** A place in the chain of an account's records: the number of a record and the SHA-256 of its text. */
export interface ChainPoint {
  /** From 1 on; 0 before the first record. */
  readonly number: number;
  /** 32 bytes; zeros before the first record. */
  readonly digest: Uint8Array;
}

interface Stated {
  /** The version of this schema. */
  readonly version: 1;
  readonly id: ConsentId;
  /** The controller. Its name and contact are in the notice. */
  readonly tenant: TenantId;
  /** The person, as a pseudonym: the id of the account. */
  readonly user: UserId;
  readonly device: DeviceId;
  /** The conversation that the record is about; undefined if it is about the whole account. */
  readonly conversation: ConversationId | undefined;
  readonly purpose: Purpose;
  /** The record before it in the account's chain. */
  readonly previous: ChainPoint;
  /** Milliseconds since the Unix epoch, by the device's clock. */
  readonly atMs: number;
}

export interface GivenConsent extends Stated {
  readonly state: "given";
  readonly lawfulBasis: LawfulBasis;
  /** The notice that the person was shown. */
  readonly notice: NoticeRef;
  /** When it ends by itself, in milliseconds since the Unix epoch; undefined if it does not. */
  readonly expiresAtMs: number | undefined;
}

/** Ends what was given before for the same purpose, in the conversation or everywhere. */
export interface WithdrawnConsent extends Stated {
  readonly state: "withdrawn";
}

export type ConsentRecord = GivenConsent | WithdrawnConsent;

/** Largest size of a record's text in bytes. */
export const maxConsentBytes = 2048;

/** Returns the bytes that the device's receipt key signs for a record's text. */
export const consentBytes = (text: Uint8Array): Uint8Array => concat(label, text);

/** Returns the canonical text of a record. */
export const encodeConsent = (record: ConsentRecord): Uint8Array =>
  utf8(canonicalJson(toJson(record)));

/**
 * Parses the text of a record, which must be in canonical form.
 * @throws WireError malformed_record
 */
export function decodeConsent(text: Uint8Array): ConsentRecord {
  if (text.length > maxConsentBytes) throw malformed();
  return decodeCanonical(text, fromJson, toJson);
}

/** Returns whether a record is about this purpose in this conversation, or everywhere. */
export const covers = (
  record: Pick<ConsentRecord, "purpose" | "conversation">,
  purpose: Purpose,
  conversation: ConversationId | undefined,
): boolean =>
  record.purpose === purpose &&
  (record.conversation === undefined || record.conversation === conversation);

/** Returns whether the record that decides gives consent at a time, in milliseconds since the Unix epoch. */
export const isGivenAt = (record: ConsentRecord | undefined, atMs: number): boolean =>
  record?.state === "given" && (record.expiresAtMs === undefined || atMs < record.expiresAtMs);

export const chainToJson = ({ number, digest }: ChainPoint): CanonicalValue => ({
  number,
  digest: toBase64Url(digest),
});

/** @throws WireError malformed_record */
export function chainFromJson(value: unknown): ChainPoint {
  const fields = objectOf(value);
  return { number: countIn(fields, "number"), digest: bytesIn(fields, "digest", 32) };
}

function toJson(record: ConsentRecord): CanonicalValue {
  const previous = chainToJson(record.previous);
  return record.state === "given"
    ? { ...record, previous, notice: noticeToJson(record.notice) }
    : { ...record, previous };
}

function fromJson(fields: JsonFields): ConsentRecord {
  const stated = {
    version: oneOfIn(fields, "version", [1]),
    id: idIn<ConsentId>(fields, "id"),
    tenant: idIn<TenantId>(fields, "tenant"),
    user: idIn<UserId>(fields, "user"),
    device: idIn<DeviceId>(fields, "device"),
    conversation:
      "conversation" in fields ? idIn<ConversationId>(fields, "conversation") : undefined,
    purpose: oneOfIn(fields, "purpose", purposes),
    previous: chainFromJson(fields["previous"]),
    atMs: countIn(fields, "atMs"),
  };
  const state = oneOfIn(fields, "state", consentStates);
  if (state === "withdrawn") return { ...stated, state };
  const given = {
    ...stated,
    state,
    lawfulBasis: oneOfIn(fields, "lawfulBasis", lawfulBases),
    notice: noticeFromJson(fields["notice"]),
    expiresAtMs: "expiresAtMs" in fields ? countIn(fields, "expiresAtMs") : undefined,
  };
  if (given.expiresAtMs !== undefined && given.expiresAtMs <= given.atMs) throw malformed();
  return given;
}
