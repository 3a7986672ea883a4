import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import { decideAppUse, WRONG_CODES } from "../../policies/second-factor.ts";
import { IdentityError } from "../identity-error.ts";
import type { Asker } from "../passkeys/challenges.ts";
import { provePasskey, type PasskeyAnswer, type PasskeyDeps } from "../passkeys/prove-passkey.ts";
import { takeRecoveryCode } from "./recovery-codes.ts";
import { stepOf } from "./totp.ts";
import type { TotpSecrets } from "./totp-secrets.ts";
import { unlockApp } from "./unlock-app.ts";

/** What proves the second factor. */
export type FactorProof =
  | { readonly kind: "totp" | "recovery_code"; readonly code: Secret<string> }
  | { readonly kind: "passkey"; readonly answer: PasskeyAnswer };

export interface ProofDeps extends PasskeyDeps {
  readonly totpSecrets: TotpSecrets;
}

interface Account {
  readonly tenant: TenantId;
  readonly user: UserId;
}

/**
 * Uses a proof up. Returns whether it proves the second factor of the account: a code of the authenticator
 * app that is newer than the last one (RFC 6238 section 5.2), a recovery code, or the answer of a passkey. Call it only for somebody who
 * has proved the first factor: each wrong code of the app counts, also after a restart and on every node, and a
 * right one, a recovery code or a passkey sets the count back (NIST SP 800-63B section 5.2.2).
 * @param asker who sends the request
 * @param nowMs milliseconds since the Unix epoch
 * @throws IdentityError second_factor_locked: too many codes of the app in succession were wrong; key_destroyed;
 *   KeysError kms_...
 */
export async function proveFactor(
  deps: ProofDeps,
  account: Account,
  proof: FactorProof,
  asker: Asker,
  nowMs: number,
): Promise<boolean> {
  const { pool, totpSecrets } = deps;
  const { tenant, user } = account;
  if (proof.kind === "passkey") {
    const { answer } = proof;
    return "user" in (await provePasskey(deps, { tenant, user, answer, asker }, nowMs));
  }
  const { kind, code } = proof;
  if (kind === "recovery_code")
    return inTransaction(pool, tenant, async (client) => {
      const isTaken = await takeRecoveryCode(client, user, code.reveal());
      if (isTaken) await unlockApp(client, user);
      return isTaken;
    });
  const sealed = await inTransaction(pool, tenant, (client) => usableSecret(client, user));
  if (sealed === undefined) return false;
  const step = stepOf(await totpSecrets.open(tenant, user, sealed), code.reveal(), nowMs);
  return inTransaction(pool, tenant, (client) =>
    countCode(client, account, { sealed, step, nowMs }),
  );
}

/** @throws IdentityError second_factor_locked */
async function usableSecret(client: Client, user: UserId): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ secret: Uint8Array; wrongCodes: number }>(
    `select secret, wrong_codes as "wrongCodes" from totp_factors
     where user_id = $1 and confirmed_at_ms is not null`,
    [user],
  );
  const [app] = rows;
  if (app === undefined) return undefined;
  const { allowed, reasons } = decideAppUse(app);
  if (!allowed)
    throw new IdentityError(
      "second_factor_locked",
      `${WRONG_CODES} codes of the authenticator app in succession were wrong, so it is locked. Use a recovery code or a passkey, or ask an administrator to remove your second factor.`,
      { reasons },
    );
  return app.secret;
}

/**
 * Records whether a code was right. The row's lock puts attempts in order, so attempts at the same time cannot
 * exceed the limit.
 * @param given.step the time step of the code; undefined if it is of none
 * @throws IdentityError second_factor_locked
 */
async function countCode(
  client: Client,
  { tenant, user }: Account,
  given: {
    readonly sealed: Uint8Array;
    readonly step: number | undefined;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { rows } = await client.query<{ wrongCodes: number }>(
    `update totp_factors
     set wrong_codes = case when last_step < $3 then 0 else wrong_codes + 1 end,
       last_step = greatest(last_step, $3)
     where user_id = $1 and secret = $2 and confirmed_at_ms is not null and wrong_codes < $4
     returning wrong_codes as "wrongCodes"`,
    [user, given.sealed, given.step ?? null, WRONG_CODES],
  );
  const [app] = rows;
  // Another attempt may have locked the app since, or somebody removed it.
  if (app === undefined) await usableSecret(client, user);
  if (app !== undefined && !decideAppUse(app).allowed)
    await appendEntry(client, {
      occurredAtMs: given.nowMs,
      tenant,
      // Whoever sent the wrong codes has not proved to be the user.
      actor: { kind: "system", id: "second-factor" },
      action: "user.lock_factor",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { wrongCodes: app.wrongCodes },
    });
  return app?.wrongCodes === 0;
}
