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
  /**
   * The signature of the key before it over `handoverBytes`, 64 bytes. The first key has none, and
   * neither has a retirement.
   */
  readonly handover: Uint8Array | undefined;
}

/** Returns what a key of the authority signs to hand over to the next one. */
export const handoverBytes = (
  tenant: TenantId,
  { from, to, atMs }: { readonly from: Uint8Array; readonly to: Uint8Array; readonly atMs: number },
): Uint8Array => concat(handoverLabel, uuidToBytes(tenant), from, to, u64(atMs));

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
  handover: handover === undefined ? undefined : toBase64Url(handover),
});

function fromJson(fields: JsonFields): AuthorityEntry {
  oneOfIn(fields, "type", ["authority_key"]);
  const change = oneOfIn(fields, "change", ["added", "retired"]);
  const handover = fields["handover"] === undefined ? undefined : bytesIn(fields, "handover", 64);
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
