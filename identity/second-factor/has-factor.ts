import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** SQL that is true if the account `u` has a second factor: a confirmed authenticator app, or a passkey. */
export const HAS_FACTOR = `(exists (select from totp_factors f
    where f.user_id = u.id and f.confirmed_at_ms is not null)
  or exists (select from passkeys p where p.user_id = u.id))`;

/** Returns whether the account has a second factor. */
export async function hasFactor(client: Client, user: UserId): Promise<boolean> {
  const { rows } = await client.query<{ hasFactor: boolean }>(
    `select ${HAS_FACTOR} as "hasFactor" from users u where u.id = $1`,
    [user],
  );
  return rows[0]?.hasFactor === true;
}
