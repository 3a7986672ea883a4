import {
  encodeStaffCertificate,
  staffCertificateBytes,
  type SignedStaffCertificate,
} from "../../crypto/wire/staff-certificate.ts";
import type { StaffAccount } from "./authority.ts";

/** The time for which a certificate is valid. */
const CERTIFIED_MS = 7 * 86_400_000;

/**
 * Makes a certificate that is valid from now on.
 * @param sign signs with the authority's key: Ed25519, 64 bytes
 */
export async function newCertificate(
  { tenant, user, accountKey, role }: Omit<StaffAccount, "teams">,
  { teams, fromMs }: { readonly teams: readonly string[]; readonly fromMs: number },
  sign: (bytes: Uint8Array) => Promise<Uint8Array>,
): Promise<SignedStaffCertificate> {
  const untilMs = fromMs + CERTIFIED_MS;
  const certificate = { tenant, user, accountKey, role, teams, fromMs, untilMs };
  const text = encodeStaffCertificate(certificate);
  return { text, signature: await sign(staffCertificateBytes(text)) };
}
