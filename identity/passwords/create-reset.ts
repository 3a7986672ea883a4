import { hash, randomBytes } from "node:crypto";
import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { Secret } from "../../keys/secret.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideCredentials, RESET_LIFETIME_MS } from "../../policies/credentials.ts";
import { authorised, type AdministeredAccount } from "../accounts/administrator.ts";
import { findStaff } from "../accounts/find-staff.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { assertSecondPerson, type NamedApproval } from "../approvals/second-person.ts";
import { assertAllowedOnDevice, audited, type UseCase } from "../audited.ts";
import { lockAccounts } from "../directory/lock-account.ts";
import { userNotFound } from "../identity-error.ts";
import { digestOf } from "../reconcile/digest-of.ts";
import { assertFreshFactor } from "../second-factor/fresh-factor.ts";
import { assertSession } from "../tokens/session-end.ts";
import { readCredentialsFacts } from "./password-account.ts";

/** The right to choose a new password for an account, once. */
export interface PasswordReset {
  /** 32 random bytes. They are stored nowhere. */
  readonly token: Secret<Uint8Array>;
  readonly tenant: { readonly slug: string };
  readonly expiresAtMs: number;
}

/** Returns the form in which the database knows a token. It is random, so a plain hash protects it. */
export const hashOfToken = (token: Uint8Array): Buffer => hash("sha256", token, "buffer");

/**
 * Returns the link that the person opens. The token is in the fragment, which browsers send to no server.
 * @param publicUrl without a slash at its end
 */
export const resetLink = (publicUrl: string, { token, tenant }: PasswordReset): string =>
  `${publicUrl}/password-reset#${tenant.slug}.${Buffer.from(token.reveal()).toString("base64url")}`;

interface ResetRow {
  readonly id: UserId;
  readonly slug: string;
  readonly hasPassword: boolean;
}
const ACCOUNT = `
  select u.id, t.slug, u.password_hash is not null as "hasPassword"
  from users u join tenants t on t.id = u.tenant`;

/**
 * Makes a link with which another person of the tenant chooses a new password. An earlier link of the account
 * ends. Its password stays valid until then.
 * @param approval the request of somebody else that the actor approves by this
 * @throws IdentityError user_not_found, also for a user of another tenant; device_required; forbidden;
 *   step_up_required; approval_required and those of `assertSecondPerson`; session_revoked, device_revoked: the actor's own session or device ended meanwhile
 */
export async function createPasswordReset(
  deps: UseCase,
  actor: Actor,
  user: UserId,
  approval?: NamedApproval,
): Promise<PasswordReset> {
  const { tenant } = actor;
  const act = {
    action: "user.create_password_reset",
    resource: { type: "user", id: user },
    subject: user,
  } as const;
  return audited(deps, actor, act, async (client, note) => {
    await lockAccounts(client, [actor.user, user]);
    // This may have waited for the locks. If two administrators reset each other, the first one wins.
    await assertSession(client, actor);
    const facts = await readCredentialsFacts(client, user);
    const { rows } = await client.query<ResetRow>(`${ACCOUNT} where u.id = $1`, [user]);
    const [account] = rows;
    if (account === undefined || facts === undefined) throw userNotFound();
    const decision = decideCredentials(actor, "reset_password", { tenant, user, ...facts });
    note({ decision });
    assertAllowedOnDevice(decision);
    await assertFreshFactor(client, actor, "reset_password", deps.now());
    const demanded = { action: "credentials.reset_password", parameters: { user } } as const;
    const approved = await assertSecondPerson(client, actor, demanded, approval, deps.now());
    const { reset, details } = await storeReset(client, tenant, account, deps.now());
    note({ details: { ...details, ...approved } });
    return reset;
  });
}

/**
 * Like `createPasswordReset`, for the operator of the server or a program with an API key.
 * @throws IdentityError user_not_found, also for an account without a password
 */
export async function createPasswordResetByOperator(
  { pool, now, profiles }: Pick<DirectoryDeps, "pool" | "now" | "profiles">,
  tenant: TenantId,
  { account: name, by }: AdministeredAccount,
): Promise<PasswordReset> {
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await findStaff(client, profiles, tenant, name);
    const { rows } = await client.query<ResetRow>(`${ACCOUNT} where u.id = $1`, [user]);
    const [account] = rows;
    if (account?.hasPassword !== true) throw userNotFound();
    const { reset, details } = await storeReset(client, tenant, account, now());
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "user.create_password_reset",
      resource: { type: "user", id: account.id },
      subject: account.id,
      outcome: "success",
      details,
    });
    return reset;
  });
}

/** @returns the link, and what the entry says about it */
async function storeReset(client: Client, tenant: TenantId, { id, slug }: ResetRow, nowMs: number) {
  const token = new Uint8Array(randomBytes(32));
  const tokenHash = hashOfToken(token);
  const expiresAtMs = nowMs + RESET_LIFETIME_MS;
  await client.query(
    `insert into password_resets (tenant, user_id, token_hash, created_at_ms, expires_at_ms)
     values ($1, $2, $3, $4, $5)
     on conflict (tenant, user_id) do update set token_hash = excluded.token_hash,
       created_at_ms = excluded.created_at_ms, expires_at_ms = excluded.expires_at_ms`,
    [tenant, id, tokenHash, nowMs, expiresAtMs],
  );
  const reset: PasswordReset = { token: new Secret(token), tenant: { slug }, expiresAtMs };
  return { reset, details: { expiresAtMs, tokenDigest: digestOf(tokenHash) } };
}
