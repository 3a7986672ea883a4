import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import type { SubjectIndexes } from "./customer.ts";

const ERASED = `
  select from suppressions
  where expires_at_ms > $4 and (
    (kind = 'customer' and hash = any($1) and erased_at_ms >= $3)
    or (kind = 'device' and hash = sha256($2)))
  union all
  select from users where subject_index = any($1) and fenced_at_ms is not null
  limit 1`;

/**
 * Refuses whoever is being erased, and what an erased person still holds: a token from before the
 * erasure, and a device that was theirs. The same person with a new token and a new device is a stranger.
 * @param evidence.issuedAtMs when the token was issued; all times are milliseconds since the Unix epoch
 * @throws IdentityError subject_erased
 */
export async function assertNotErased(
  client: Client,
  evidence: {
    readonly indexes: SubjectIndexes;
    /** Ed25519, 32 bytes. */
    readonly deviceKey: Uint8Array;
    readonly issuedAtMs: number;
    readonly nowMs: number;
  },
): Promise<void> {
  const { indexes, deviceKey, issuedAtMs, nowMs } = evidence;
  const { rowCount } = await client.query(ERASED, [indexes, deviceKey, issuedAtMs, nowMs]);
  if (rowCount !== 0) throw subjectErased();
}

export const subjectErased = (): IdentityError =>
  new IdentityError(
    "subject_erased",
    "This account is being erased, or was erased. To begin anew, use a new device store and a new token.",
  );
