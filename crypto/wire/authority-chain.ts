/**
 * The keys of a tenant's authority, one after the other, from the entries of the key log. The server,
 * every device and the auditor's command follow them with these functions.
 */
import { handoverBytes, type AuthorityEntry } from "./authority-entry.ts";
import { equalBytes } from "./bytes.ts";
import type { VerifyEd25519 } from "./ed25519.ts";
import {
  isValidAt,
  openStaffCertificate,
  staffToleranceMs,
  type SignedStaffCertificate,
  type StaffCertificate,
} from "./staff-certificate.ts";
import { WireError } from "./wire-error.ts";

/** A key to which the trusted one led. */
interface AuthorityKey {
  /** The entry that added it. */
  readonly entry: AuthorityEntry;
  /** The time when it handed over or was retired. Undefined for the key that signs now. */
  readonly endedAtMs: number | undefined;
}

/** The authority as somebody trusts it who trusts one of its keys. */
export interface AuthorityChain {
  /** The trusted key and those to which it led, in order. */
  readonly keys: readonly AuthorityKey[];
  /** The entry of the key that signs now; undefined if there is none. */
  readonly current: AuthorityEntry | undefined;
  /** The first entry that adds a key to which the one before did not hand over. */
  readonly intruder: AuthorityEntry | undefined;
}

/** A certificate, and the key of the authority that signed it. */
export interface OpenedCertificate extends StaffCertificate {
  readonly authority: Uint8Array;
}

/**
 * Follows the handovers from a trusted key. A key that was added without the signature of the one before is
 * passed over. Whoever can write to the log must not be able to stop the trusted key from handing over or
 * from being retired.
 * @param entries by version
 * @param anchor the key that is trusted: Ed25519, 32 bytes
 */
export function followHandovers(
  entries: readonly AuthorityEntry[],
  anchor: Uint8Array,
  verify: VerifyEd25519,
): AuthorityChain {
  const begin = entries.findIndex(
    ({ change, authorityKey }) => change === "added" && equalBytes(authorityKey, anchor),
  );
  const first = entries[begin];
  if (first === undefined) {
    const intruder = entries.findLast(({ change }) => change === "added");
    return { keys: [], current: undefined, intruder };
  }
  const ended: AuthorityKey[] = [];
  let current: AuthorityEntry | undefined = first;
  let intruder: AuthorityEntry | undefined;
  for (const entry of entries.slice(begin + 1)) {
    if (!(entry.change === "added" ? isHandover(entry, current, verify) : isOf(entry, current))) {
      if (entry.change === "added") intruder ??= entry;
      continue;
    }
    if (current !== undefined) ended.push({ entry: current, endedAtMs: entry.atMs });
    current = entry.change === "added" ? entry : undefined;
  }
  const now = current === undefined ? [] : [{ entry: current, endedAtMs: undefined }];
  return { keys: [...ended, ...now], current, intruder };
}

const isOf = ({ authorityKey }: AuthorityEntry, current: AuthorityEntry | undefined): boolean =>
  current !== undefined && equalBytes(authorityKey, current.authorityKey);

/** Returns whether `current` signed the handover in an entry that adds a key. */
export const isHandover = (
  { tenant, authorityKey: to, atMs, handover }: AuthorityEntry,
  current: AuthorityEntry | undefined,
  verify: VerifyEd25519,
): boolean =>
  current !== undefined &&
  handover !== undefined &&
  verify(
    current.authorityKey,
    handoverBytes(tenant, { from: current.authorityKey, to, atMs }),
    handover,
  );

/**
 * Returns a certificate that was valid at a time, and that the authority signed with the key that it had
 * then. A former key counts for certificates that it issued before it ended, up to that time and a day.
 * @returns undefined if it is no such certificate
 */
export function openCertificateAt(
  { keys }: AuthorityChain,
  signed: SignedStaffCertificate,
  atMs: number,
  verify: VerifyEd25519,
): OpenedCertificate | undefined {
  for (const { entry, endedAtMs } of keys) {
    const certificate = opened(signed, entry.authorityKey, verify);
    if (certificate === undefined) continue;
    const isOfKey =
      endedAtMs === undefined ||
      (certificate.fromMs <= endedAtMs && atMs <= endedAtMs + staffToleranceMs);
    return isOfKey && isValidAt(certificate, atMs)
      ? { ...certificate, authority: entry.authorityKey }
      : undefined;
  }
  return undefined;
}

function opened(
  signed: SignedStaffCertificate,
  key: Uint8Array,
  verify: VerifyEd25519,
): StaffCertificate | undefined {
  try {
    return openStaffCertificate(signed, key, verify);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return undefined;
  }
}
