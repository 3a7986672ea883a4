import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import { takeRecoveryCode } from "./recovery-codes.ts";
import { stepOf } from "./totp.ts";
import type { TotpSecrets } from "./totp-secrets.ts";

/** A code that proves the second factor. */
export interface FactorProof {
  readonly kind: "totp" | "recovery_code";
  readonly code: Secret<string>;
}

/** SQL that is true if the account `u` has a confirmed second factor. */
export const HAS_FACTOR = `exists (select from totp_factors f
  where f.user_id = u.id and f.confirmed_at_ms is not null)`;

/**
 * Uses a code up. Returns whether it proves the second factor of the account: a code of the authenticator
 * app that is newer than the last one (RFC 6238 section 5.2), or a recovery code.
 * @param nowMs milliseconds since the Unix epoch
 * @throws IdentityError key_destroyed; KeysError kms_...
 */
export async function proveFactor(
  { pool, totpSecrets }: { readonly pool: Pool; readonly totpSecrets: TotpSecrets },
  { tenant, user }: { readonly tenant: TenantId; readonly user: UserId },
  { kind, code }: FactorProof,
  nowMs: number,
): Promise<boolean> {
  if (kind === "recovery_code")
    return inTransaction(pool, tenant, (client) => takeRecoveryCode(client, user, code.reveal()));
  const sealed = await inTransaction(pool, tenant, (client) => confirmedSecret(client, user));
  if (sealed === undefined) return false;
  const step = stepOf(await totpSecrets.open(tenant, user, sealed), code.reveal(), nowMs);
  if (step === undefined) return false;
  return inTransaction(pool, tenant, async (client) => {
    const { rowCount } = await client.query(
      `update totp_factors set last_step = $2
       where user_id = $1 and secret = $3 and confirmed_at_ms is not null and last_step < $2`,
      [user, step, sealed],
    );
    return rowCount === 1;
  });
}

async function confirmedSecret(client: Client, user: UserId): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ secret: Uint8Array }>(
    "select secret from totp_factors where user_id = $1 and confirmed_at_ms is not null",
    [user],
  );
  return rows[0]?.secret;
}
