import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Secret } from "../../keys/secret.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCredentials } from "../../policies/credentials.ts";
import { assertAllowedOnDevice, auditDone, auditRefusals } from "../audited.ts";
import { lockAccount } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import { assertPassword, type PasswordDeps } from "../passwords/change-password.ts";
import { assertOwnCredentials, readPasswordAccount } from "../passwords/password-account.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { disconnectEnded, endSessionsOf } from "../tokens/end-sessions.ts";
import { assertFreshFactor } from "./fresh-factor.ts";
import { hasFactor } from "./has-factor.ts";
import { giveRecoveryCodes } from "./recovery-codes.ts";
import { factorFailed, type FactorDeps } from "./step-up.ts";
import { enrolmentOf, newTotpSecret, stepOf, type TotpEnrolment } from "./totp.ts";

type EnrolDeps = PasswordDeps & FactorDeps;

/** How long after the password was given an authenticator app can be confirmed, in milliseconds. */
const CONFIRM_WITHIN_MS = 10 * 60 * 1000;

/**
 * Makes a secret for the authenticator app of the actor. It counts once `confirmTotp` has a code of it. The
 * password is required, because whoever uses an unlocked device must not shut out its owner. A secret that was
 * not confirmed is replaced.
 * @throws IdentityError wrong_password, second_factor_exists; step_up_required, if the account has a passkey; device_required; forbidden, for an account
 *   without a password; and what `attempts` throws
 */
export async function enrolTotp(
  deps: EnrolDeps,
  actor: Actor,
  password: Secret<string>,
): Promise<TotpEnrolment> {
  const { tenant, user } = actor;
  const act = { action: "user.enrol_factor", resource: { type: "user", id: user } } as const;
  return auditRefusals(deps, actor, act, async () => {
    const account = await readPasswordAccount(deps, tenant, user);
    const decision = decideCredentials(actor, "enrol_factor", { tenant, user, ...account });
    assertAllowedOnDevice(decision);
    await assertPassword(deps, actor, account, password);
    const secret = newTotpSecret();
    const sealed = await deps.totpSecrets.seal(tenant, user, secret);
    await inTransaction(deps.pool, tenant, async (client) => {
      const nowMs = deps.now();
      await lockAccount(client, user);
      await assertMayEnrol(client, actor, nowMs);
      const { rowCount } = await client.query(
        `insert into totp_factors (tenant, user_id, secret, created_at_ms) values ($1, $2, $3, $4)
         on conflict (tenant, user_id) do update
         set secret = excluded.secret, created_at_ms = excluded.created_at_ms, last_step = 0
         where totp_factors.confirmed_at_ms is null`,
        [tenant, user, sealed, nowMs],
      );
      if (rowCount === 0)
        throw new IdentityError(
          "second_factor_exists",
          "The account has an authenticator app already. Remove it first.",
        );
      await auditDone(client, actor, { ...act, decision }, nowMs);
    });
    return enrolmentOf(secret, { issuer: `Sealdesk ${account.slug}`, label: account.username });
  });
}

/**
 * Confirms the authenticator app with its first code. From now on, the account signs in with a code. Its other
 * sessions end, because they were opened without one.
 * @returns ten recovery codes, which are shown once
 * @throws IdentityError second_factor_failed, also if there is nothing to confirm; step_up_required, if the account has
 *   a passkey; device_required; forbidden; session_revoked; and what `attempts` throws
 */
export async function confirmTotp(
  deps: EnrolDeps,
  actor: Actor,
  code: Secret<string>,
): Promise<readonly string[]> {
  const { tenant, user, session } = actor;
  const act = { action: "user.confirm_factor", resource: { type: "user", id: user } } as const;
  const { codes, ended } = await auditRefusals(deps, actor, act, async () => {
    const account = await readPasswordAccount(deps, tenant, user);
    const decision = decideCredentials(actor, "enrol_factor", { tenant, user, ...account });
    assertAllowedOnDevice(decision);
    const nowMs = deps.now();
    const first = await firstCode(deps, actor, code, nowMs);
    return inTransaction(deps.pool, tenant, async (client) => {
      await lockAccount(client, user);
      await assertMayEnrol(client, actor, nowMs);
      const { rowCount } = await client.query(
        `update totp_factors set confirmed_at_ms = $2, last_step = $3
         where user_id = $1 and secret = $4 and confirmed_at_ms is null`,
        [user, nowMs, first.step, first.sealed],
      );
      if (rowCount === 0) throw factorFailed();
      const { codes: made, digests } = await giveRecoveryCodes(client, tenant, user);
      await client.query("update sessions set factor_at_ms = $2 where id = $1", [session, nowMs]);
      const others = await endSessionsOf(client, user, nowMs, session);
      const secretDigest = digestOf(first.sealed);
      const details = { sessions: others.length, secretDigest, codeDigests: digests };
      await auditDone(client, actor, { ...act, decision, details }, nowMs);
      return { codes: made, ended: others };
    });
  });
  disconnectEnded(deps.disconnect, tenant, ended);
  return codes;
}

/**
 * An account that has a passkey must prove it first. Whoever knows the password alone must not add a factor of their own.
 * @throws IdentityError step_up_required, device_required, forbidden
 */
async function assertMayEnrol(client: Client, actor: Actor, nowMs: number): Promise<void> {
  await assertOwnCredentials(client, actor, "enrol_factor");
  if (await hasFactor(client, actor.user))
    await assertFreshFactor(client, actor, "enrol_factor", nowMs);
}

/** Returns the time step of the code. @throws IdentityError second_factor_failed */
async function firstCode(deps: EnrolDeps, actor: Actor, code: Secret<string>, nowMs: number) {
  const { tenant, user } = actor;
  let found: { readonly step: number; readonly sealed: Uint8Array } | undefined;
  const check = async () => {
    const sealed = await inTransaction(deps.pool, tenant, (client) =>
      pendingSecret(client, actor, nowMs),
    );
    if (sealed === undefined) return false;
    const step = stepOf(await deps.totpSecrets.open(tenant, user, sealed), code.reveal(), nowMs);
    if (step !== undefined) found = { step, sealed };
    return found !== undefined;
  };
  await deps.attempts.run(`${user} second factor`, check);
  if (found === undefined) throw factorFailed();
  return found;
}

async function pendingSecret(
  client: Client,
  { user }: Actor,
  nowMs: number,
): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ secret: Uint8Array }>(
    `select secret from totp_factors
     where user_id = $1 and confirmed_at_ms is null and created_at_ms > $2`,
    [user, nowMs - CONFIRM_WITHIN_MS],
  );
  return rows[0]?.secret;
}
