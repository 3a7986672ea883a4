/**
 * Certificates of staff, which the tenant's authority signs: canonical JSON (RFC 8785) after a label.
 * A certificate says that an account, known by its key, has a role for some days.
 */
import { concat, toBase64Url, utf8 } from "./bytes.ts";
import { canonicalJson, type CanonicalValue } from "./canonical-json.ts";
import type { VerifyEd25519 } from "./ed25519.ts";
import type { TenantId, UserId } from "./ids.ts";
import {
  bytesIn,
  countIn,
  decodeCanonical,
  idIn,
  malformed,
  oneOfIn,
  type JsonFields,
} from "./json-fields.ts";

const label = utf8("sealdesk/staff/v1");

const dayMs = 86_400_000;
/** The longest time for which a certificate can be valid. */
export const maxStaffCertificateMs = 31 * dayMs;
/** The difference between two clocks that are right, and the time that an authority may be late. */
export const staffToleranceMs = dayMs;
/** The largest size of a certificate's text in bytes. */
export const maxStaffCertificateBytes = 8 * 1024;
/** The largest number of teams in a certificate. */
const maxTeams = 64;

/** The tenant's authority says that the account with this key has this role. */
export interface StaffCertificate {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** Ed25519, 32 bytes. After a reset the account has another key and needs another certificate. */
  readonly accountKey: Uint8Array;
  /** Every role except `customer`. */
  readonly role: string;
  /** Names of the teams that the account works in, in ascending order. */
  readonly teams: readonly string[];
  /** The time of its validity, in milliseconds since the Unix epoch, by the authority's clock. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A certificate with its signature by the authority's key. */
export interface SignedStaffCertificate {
  readonly text: Uint8Array;
  /** Ed25519, 64 bytes, over `staffCertificateBytes`. */
  readonly signature: Uint8Array;
}

/** Returns the bytes that are signed for a certificate's text. */
export const staffCertificateBytes = (text: Uint8Array): Uint8Array => concat(label, text);

/** Returns the canonical text of a certificate. */
export const encodeStaffCertificate = (certificate: StaffCertificate): Uint8Array =>
  utf8(canonicalJson(toJson(certificate)));

/**
 * Parses a certificate's text, which must be in canonical form.
 * @throws WireError malformed_record
 */
export function decodeStaffCertificate(text: Uint8Array): StaffCertificate {
  if (text.length > maxStaffCertificateBytes) throw malformed();
  return decodeCanonical(text, fromJson, toJson);
}

/**
 * Returns the certificate if `authority` signed it. Whether it is valid now is yours to check.
 * @param authority Ed25519 public key, 32 bytes
 * @returns undefined if another key signed it
 * @throws WireError malformed_record
 */
export function openStaffCertificate(
  { text, signature }: SignedStaffCertificate,
  authority: Uint8Array,
  verify: VerifyEd25519,
): StaffCertificate | undefined {
  if (!verify(authority, staffCertificateBytes(text), signature)) return undefined;
  return decodeStaffCertificate(text);
}

/** Returns whether a certificate is valid at a time, in milliseconds since the Unix epoch. */
export const isValidAt = (
  { fromMs, untilMs }: Pick<StaffCertificate, "fromMs" | "untilMs">,
  atMs: number,
): boolean => fromMs - staffToleranceMs <= atMs && atMs <= untilMs + staffToleranceMs;

/**
 * Returns whether somebody certified in one role may be listed in another. A conversation lists its members
 * in the role that they had when they came, and an agent may become a supervisor.
 */
export const coversRole = (certified: string, listed: string): boolean =>
  certified === listed || (certified === "supervisor" && listed === "agent");

/** Returns whether the text can be a role of staff. */
const isStaffRole = (role: unknown): role is string =>
  typeof role === "string" && /^[a-z][a-z_]{0,63}$/.test(role) && role !== "customer";

/** Returns whether the text can be the name of a team. */
const isTeam = (name: unknown): name is string =>
  typeof name === "string" && /^[a-z0-9][a-z0-9-]{0,62}$/.test(name);

function toJson({ accountKey, teams, ...rest }: StaffCertificate): CanonicalValue {
  return {
    type: "staff_certificate",
    version: 1,
    accountKey: toBase64Url(accountKey),
    teams: [...teams],
    ...rest,
  };
}

function fromJson(fields: JsonFields): StaffCertificate {
  oneOfIn(fields, "type", ["staff_certificate"]);
  oneOfIn(fields, "version", [1]);
  const { role } = fields;
  if (!isStaffRole(role)) throw malformed();
  const fromMs = countIn(fields, "fromMs");
  const untilMs = countIn(fields, "untilMs", fromMs + 1);
  if (untilMs - fromMs > maxStaffCertificateMs) throw malformed();
  return {
    tenant: idIn(fields, "tenant"),
    user: idIn(fields, "user"),
    accountKey: bytesIn(fields, "accountKey", 32),
    role,
    teams: teamsIn(fields["teams"]),
    fromMs,
    untilMs,
  };
}

function teamsIn(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > maxTeams) throw malformed();
  const teams: string[] = [];
  for (const each of value as readonly unknown[]) {
    if (!isTeam(each) || each <= (teams.at(-1) ?? "")) throw malformed();
    teams.push(each);
  }
  return teams;
}
