/**
 * The entries of a tenant's key log about the keys of its authority: canonical JSON (RFC 8785), one
 * for each key that comes or goes.
 */
import { concat, toBase64Url, u64, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import type { TenantId } from "./ids.ts";
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
import { uuidToBytes } from "./uuid.ts";

const handoverLabel = utf8("sealdesk/authority-handover/v1");

/** A key of the tenant's authority was added, or retired. */
export interface AuthorityEntry {
  readonly change: "added" | "retired";
  readonly tenant: TenantId;
  /** 1 for the tenant's first entry, then one more for each. */
  readonly version: number;
  /** Ed25519, 32 bytes. */
  readonly authorityKey: Uint8Array;
  /** The time of the change, in milliseconds since the Unix epoch, by the server's clock. */
  readonly atMs: number;
  /** The first key has none, and neither has a retirement. */
  readonly handover: HandoverSignatures | undefined;
}

/**
 * One key of the authority hands over to another, which follows it: the acts of the former key stand up to
 * this entry of the key log, and the other one signs from then on.
 */
export interface Handover {
  readonly tenant: TenantId;
  /** The former key: Ed25519, 32 bytes. */
  readonly from: Uint8Array;
  /** The key that follows it: Ed25519, 32 bytes. */
  readonly to: Uint8Array;
  /** The version of the entry that adds the key. */
  readonly version: number;
  /** The time of that entry. */
  readonly atMs: number;
}

/** The signatures of both keys over `handoverBytes`, 64 bytes each. */
export interface HandoverSignatures {
  readonly former: Uint8Array;
  readonly next: Uint8Array;
}

/** Returns what both keys sign. */
export const handoverBytes = ({ tenant, from, to, version, atMs }: Handover): Uint8Array =>
  concat(handoverLabel, uuidToBytes(tenant), from, to, u64(version), u64(atMs));

/** Returns the canonical text of an entry. */
export const encodeAuthorityEntry = (entry: AuthorityEntry): Uint8Array =>
  utf8(canonicalJson(toJson(entry)));

/**
 * Parses an entry, which must be in canonical form.
 * @throws WireError malformed_record
 */
export const decodeAuthorityEntry = (entry: Uint8Array): AuthorityEntry =>
  decodeCanonical(entry, fromJson, toJson);

const toJson = ({ authorityKey, handover, ...rest }: AuthorityEntry): CanonicalValue => ({
  type: "authority_key",
  ...rest,
  authorityKey: toBase64Url(authorityKey),
  handover: handover && {
    former: toBase64Url(handover.former),
    next: toBase64Url(handover.next),
  },
});

function fromJson(fields: JsonFields): AuthorityEntry {
  oneOfIn(fields, "type", ["authority_key"]);
  const change = oneOfIn(fields, "change", ["added", "retired"]);
  const shown = fields["handover"] === undefined ? undefined : objectOf(fields["handover"]);
  const handover = shown && {
    former: bytesIn(shown, "former", 64),
    next: bytesIn(shown, "next", 64),
  };
  if (change === "retired" && handover !== undefined) throw malformed();
  return {
    change,
    tenant: idIn(fields, "tenant"),
    version: countIn(fields, "version", 1),
    authorityKey: bytesIn(fields, "authorityKey", 32),
    atMs: countIn(fields, "atMs"),
    handover,
  };
}
