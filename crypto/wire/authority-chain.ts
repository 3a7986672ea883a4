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

/** A key that handovers connect with the trusted one. */
interface AuthorityKey {
  /** The entry that added it. */
  readonly entry: AuthorityEntry;
  /** The time when it handed over. Undefined for the key that signs now. */
  readonly endedAtMs: number | undefined;
}

/** The authority as somebody trusts it who trusts one of its keys. */
export interface AuthorityChain {
  /** The keys that it follows, the trusted key, and those that follow it, in order. */
  readonly keys: readonly AuthorityKey[];
  /** The entry of the key that signs now; undefined if there is none. */
  readonly current: AuthorityEntry | undefined;
  /** The first entry that adds a key, or retires one, without a handover by the key that signed then. */
  readonly intruder: AuthorityEntry | undefined;
}

/** A certificate, and the key of the authority that signed it. */
export interface OpenedCertificate extends StaffCertificate {
  readonly authority: Uint8Array;
}

/**
 * Follows the handovers from a trusted key in both directions (R30, R31). Only what both keys signed counts: a key that was
 * added without these signatures is passed over, and so is its retirement before it handed over. Whoever can write
 * to the log must not be able to end the authority, nor to put a key before it.
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
  const ended = [...formerKeys(entries.slice(0, begin), first, verify)];
  let current = first;
  let intruder: AuthorityEntry | undefined;
  for (const entry of entries.slice(begin + 1)) {
    if (entry.change === "retired") {
      // A key that handed over has ended already.
      if (equalBytes(entry.authorityKey, current.authorityKey)) intruder ??= entry;
    } else if (isHandover(entry, current, verify)) {
      ended.push({ entry: current, endedAtMs: entry.atMs });
      current = entry;
    } else intruder ??= entry;
  }
  return { keys: [...ended, { entry: current, endedAtMs: undefined }], current, intruder };
}

/** Returns the keys that a key follows, in order. */
function formerKeys(
  before: readonly AuthorityEntry[],
  next: AuthorityEntry,
  verify: VerifyEd25519,
): readonly AuthorityKey[] {
  const at = before.findLastIndex(
    (entry) => entry.change === "added" && isHandover(next, entry, verify),
  );
  const entry = before[at];
  if (entry === undefined) return [];
  return [...formerKeys(before.slice(0, at), entry, verify), { entry, endedAtMs: next.atMs }];
}

/** Returns whether an entry adds a key to which `former` hands over, and which follows it. */
export function isHandover(
  { tenant, authorityKey: to, version, atMs, handover }: AuthorityEntry,
  { authorityKey: from }: Pick<AuthorityEntry, "authorityKey">,
  verify: VerifyEd25519,
): boolean {
  if (handover === undefined) return false;
  const statement = handoverBytes({ tenant, from, to, version, atMs });
  return verify(from, statement, handover.former) && verify(to, statement, handover.next);
}

/**
 * Returns a certificate that was valid at a time, and that the authority signed with the key that it had
 * then (R32). A former key counts for certificates that it issued before it ended, up to that time and a day.
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
