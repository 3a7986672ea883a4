import { openCertificateAt } from "../../crypto/wire/authority-chain.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { SignedStaffCertificate } from "../../crypto/wire/staff-certificate.ts";
import type { Client } from "../../db/pool.ts";
import { verifyEd25519 } from "../../keys/ed25519.ts";
import { readLoggedAuthority } from "./authority-entries.ts";

/**
 * Returns the newest certificate for a user's present account key and role, or undefined if there is none.
 * It may have ended.
 */
export async function certificateOf(
  client: Client,
  user: UserId,
): Promise<SignedStaffCertificate | undefined> {
  const { rows } = await client.query<SignedStaffCertificate>(
    `select certificate as text, signature from staff_certificates c join users u on u.id = c.user_id
     where u.id = $1 and c.account_key = u.account_key and c.role = u.role`,
    [user],
  );
  return rows[0];
}

/**
 * Returns the certificate with which a user acts on the members of a conversation, if every device that
 * trusts the authority accepts it for this time.
 * @param atMs the time that the user's device signed, in milliseconds since the Unix epoch
 */
export async function actingCertificate(
  client: Client,
  user: UserId,
  atMs: number,
): Promise<SignedStaffCertificate | undefined> {
  const signed = await certificateOf(client, user);
  if (signed === undefined) return undefined;
  const { chain } = await readLoggedAuthority(client);
  return openCertificateAt(chain, signed, atMs, verifyEd25519) === undefined ? undefined : signed;
}
