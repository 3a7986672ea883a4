/** The certificate of an erasure, as its file holds it: docs/erasure.md describes every field. */
import { canonicalJson } from "../../../crypto/wire/canonical-json.ts";
import { fromUtf8, utf8 } from "../../../crypto/wire/bytes.ts";
import type { ConversationId, DeviceId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import {
  count,
  digest,
  id,
  line,
  lines,
  listOf,
  malformed,
  oneOf,
  orNull,
  record,
  time,
} from "./strict-reader.ts";

export const CERTIFICATE_TYPE = "sealdesk-erasure-certificate/v1";

/** What a certificate can say about. */
export const itemKinds = [
  "subject_key", // the key above everything that was sealed for the person
  "messages", // of one conversation, by everybody who wrote in it
  "attachments", // of one conversation
  "profile", // names and look-up indexes of the person
  "devices", // of the person: keys, prekeys and certificates
  "sessions", // of the person
  "audit_fields", // what the audit log said about the person; the entries keep the hashes
] as const;

export const groundKinds = ["legal_hold", "retention_lock", "exemption"] as const;
export const storeKinds = ["keystore", "database", "attachments", "nodes", "devices"] as const;

/** Records that nobody can open any more. */
export type ErasedItem = {
  readonly kind: (typeof itemKinds)[number];
  /** The conversation, or the person. */
  readonly id: Uuid;
  /** The number of records, such as messages, devices or sessions. */
  readonly records: number;
  /** The number of keys that were destroyed. */
  readonly keys: number;
  readonly atMs: number;
  /** The event id of the audit entry that records it. */
  readonly entry: Uuid;
};

/** Records that are kept, and why. */
export type RestrictedItem = {
  readonly kind: (typeof itemKinds)[number];
  readonly id: Uuid;
  readonly records: number;
  readonly ground: (typeof groundKinds)[number];
  /** The provision that demands or permits it, such as "GDPR Article 17(3)(e)". */
  readonly citation: string;
  /** The time at which somebody looks at the ground again. Null if the ground has no end. */
  readonly reviewAtMs: number | null;
  /** A salted commitment to the legal hold. It does not name the matter. */
  readonly hold: string | null;
};

/** A device of a member that was told to remove its copies. */
export type NotifiedDevice = {
  readonly device: DeviceId;
  readonly user: UserId;
  readonly notifiedAtMs: number;
  /** Null if the device has not answered. */
  readonly acknowledgedAtMs: number | null;
};

/** A system of the organisation that was told of the erasure by a signed event. */
export type NotifiedConsumer = {
  /** The name that the organisation gave it. */
  readonly consumer: string;
  readonly notifiedAtMs: number;
  /** Null if it has not taken the event. */
  readonly acknowledgedAtMs: number | null;
  /** How often the event was sent. */
  readonly attempts: number;
};

export type AnsweredStore = {
  readonly store: (typeof storeKinds)[number];
  /** The time at which the store had removed everything. */
  readonly atMs: number;
  /** How often the store was asked. */
  readonly attempts: number;
};

/** An entry of the audit log, and the proof that it is in the log. */
export type ProvenEntry = {
  /** The text of the entry, as it is hashed. */
  readonly entry: string;
  readonly index: number;
  /** The hashes from the leaf's sibling upwards, in base64. */
  readonly proof: readonly string[];
};

/** What is certified. All times are milliseconds since the Unix epoch. */
export interface CertificateBody {
  readonly type: typeof CERTIFICATE_TYPE;
  readonly tenant: TenantId;
  readonly case: Uuid;
  /** The pseudonymous id that the erased person had. */
  readonly subject: UserId;
  /** The provision on which the person relied, such as "GDPR Article 17(1)". */
  readonly law: string;
  readonly receivedAtMs: number;
  readonly fencedAtMs: number;
  readonly certifiedAtMs: number;
  /** The last event of each conversation that the erasure covers. Later ones were refused. */
  readonly fence: readonly { readonly conversation: ConversationId; readonly seq: number }[];
  readonly erased: readonly ErasedItem[];
  readonly restricted: readonly RestrictedItem[];
  readonly devices: readonly NotifiedDevice[];
  readonly consumers: readonly NotifiedConsumer[];
  readonly stores: readonly AnsweredStore[];
  /** The time at which the last backup that holds the destroyed keys expires. */
  readonly residualUntilMs: number;
  /** SHA-256 of the signed text of an earlier certificate of the same person, in base64. */
  readonly former: string | null;
  readonly entries: readonly ProvenEntry[];
  /** The signed head of the audit log to which the proofs lead. */
  readonly checkpoint: string;
}

/** The file: what is certified, and a signed note with the hash of every field. */
export interface Certificate extends CertificateBody {
  readonly signature: string;
}

const LONGEST_NOTE = 100_000;
const MOST_ITEMS = 100_000;
const LONGEST_PROOF = 64;

const item = {
  kind: oneOf(itemKinds),
  id: id<Uuid>(),
  records: count,
} as const;

const readCertificate = record<Certificate>({
  type: oneOf([CERTIFICATE_TYPE]),
  tenant: id<TenantId>(),
  case: id<Uuid>(),
  subject: id<UserId>(),
  law: line(200),
  receivedAtMs: time,
  fencedAtMs: time,
  certifiedAtMs: time,
  fence: listOf(record({ conversation: id<ConversationId>(), seq: count }), MOST_ITEMS),
  erased: listOf(
    record<ErasedItem>({ ...item, keys: count, atMs: time, entry: id<Uuid>() }),
    MOST_ITEMS,
  ),
  restricted: listOf(
    record<RestrictedItem>({
      ...item,
      ground: oneOf(groundKinds),
      citation: line(300),
      reviewAtMs: orNull(time),
      hold: orNull(digest),
    }),
    MOST_ITEMS,
  ),
  devices: listOf(
    record<NotifiedDevice>({
      device: id<DeviceId>(),
      user: id<UserId>(),
      notifiedAtMs: time,
      acknowledgedAtMs: orNull(time),
    }),
    MOST_ITEMS,
  ),
  consumers: listOf(
    record<NotifiedConsumer>({
      consumer: line(63),
      notifiedAtMs: time,
      acknowledgedAtMs: orNull(time),
      attempts: count,
    }),
    MOST_ITEMS,
  ),
  stores: listOf(
    record<AnsweredStore>({ store: oneOf(storeKinds), atMs: time, attempts: count }),
    storeKinds.length,
  ),
  residualUntilMs: time,
  former: orNull(digest),
  entries: listOf(
    record<ProvenEntry>({
      entry: line(LONGEST_NOTE),
      index: count,
      proof: listOf(digest, LONGEST_PROOF),
    }),
    MOST_ITEMS,
  ),
  checkpoint: lines(LONGEST_NOTE),
  signature: lines(LONGEST_NOTE),
});

/** Returns the bytes of the file: canonical JSON (RFC 8785) and a newline. */
export const encodeCertificate = (certificate: Certificate): Uint8Array =>
  utf8(`${canonicalJson({ ...certificate })}\n`);

/**
 * Reads the file. It does not verify any signature: `verifyCertificate` does.
 * @throws LogError malformed, naming the field
 */
export function decodeCertificate(file: Uint8Array): Certificate {
  const content = contentOf(file);
  const certificate = readCertificate(parsed(content), "certificate");
  if (`${canonicalJson({ ...certificate })}\n` !== content)
    throw malformed("certificate", "is not in its canonical form, so bytes of it were changed.");
  return certificate;
}

function contentOf(file: Uint8Array): string {
  try {
    return fromUtf8(file);
  } catch (cause) {
    throw malformed("certificate", "is not UTF-8.", cause);
  }
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content) as unknown;
  } catch (cause) {
    throw malformed("certificate", "is not JSON.", cause);
  }
}
