import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { authorised, type AdministeredAccount } from "../accounts/administrator.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { assertSecondPerson, type NamedApproval } from "../approvals/second-person.ts";
import { audited, type UseCase } from "../audited.ts";
import { lockStaff } from "../directory/lock-account.ts";
import { IdentityError } from "../identity-error.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { disconnectEnded, endSessionsOf } from "../tokens/end-sessions.ts";
import { assertMayRemove, forgetProofs } from "./factor-removal.ts";
import { hasFactor } from "./has-factor.ts";

interface RemovalDeps extends UseCase {
  readonly disconnect: Disconnect;
}

/**
 * Removes the authenticator app of the actor's own account with its recovery codes, such as before another
 * authenticator app is enrolled. If the account's role requires one, its other sessions end.
 * @throws IdentityError second_factor_missing, step_up_required, device_required, forbidden
 */
export async function removeOwnTotp(deps: RemovalDeps, actor: Actor): Promise<void> {
  const { tenant, user, session } = actor;
  const act = { action: "user.remove_factor", resource: { type: "user", id: user } } as const;
  const ended = await audited(deps, actor, act, async (client, note) => {
    const removal = { action: "remove_factor", user, nowMs: deps.now() } as const;
    await assertMayRemove(client, actor, removal, note);
    await removeApp(client, user);
    await forgetProofs(client, user);
    if ((await hasFactor(client, user)) || !(await needsFactor(client, user))) return [];
    const others = await endSessionsOf(client, user, deps.now(), session);
    note({ details: { sessions: others.length } });
    return others;
  });
  disconnectEnded(deps.disconnect, tenant, ended);
}

/**
 * Removes the authenticator app and the passkeys of another account, whose person lost them. Its sessions end. The person then signs in
 * with the password alone, so check who asks.
 * @param approval the request of somebody else that the actor approves by this
 * @throws IdentityError user_not_found, second_factor_missing, step_up_required, device_required, forbidden;
 *   approval_required and those of `assertSecondPerson`
 */
export async function resetTotp(
  deps: RemovalDeps,
  actor: Actor,
  user: UserId,
  approval?: NamedApproval,
): Promise<void> {
  const { tenant } = actor;
  const act = {
    action: "user.reset_factor",
    resource: { type: "user", id: user },
    subject: user,
  } as const;
  const ended = await audited(deps, actor, act, async (client, note) => {
    const removal = { action: "reset_factor", user, nowMs: deps.now() } as const;
    await assertMayRemove(client, actor, removal, note);
    const demanded = { action: "credentials.reset_factor", parameters: { user } } as const;
    const approved = await assertSecondPerson(client, actor, demanded, approval, deps.now());
    await removeFactors(client, user);
    const open = await endSessionsOf(client, user, deps.now());
    note({ details: { sessions: open.length, ...approved } });
    return open;
  });
  disconnectEnded(deps.disconnect, tenant, ended);
}

/**
 * Like `resetTotp`, for the operator of the server or a program with an API key. Running servers close the account's sockets.
 * @throws IdentityError user_not_found, second_factor_missing
 */
export async function resetTotpByOperator(
  { pool, now, profiles }: Pick<DirectoryDeps, "pool" | "now" | "profiles">,
  tenant: TenantId,
  { account, by }: AdministeredAccount,
): Promise<void> {
  await inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await lockStaff(client, profiles, tenant, account);
    await removeFactors(client, user);
    const ended = await endSessionsOf(client, user, now());
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "user.reset_factor",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { sessions: ended.length },
    });
  });
}

/** Returns whether the role of the account requires a second factor. */
async function needsFactor(client: Client, user: UserId): Promise<boolean> {
  const { rows } = await client.query<{ needed: boolean }>(
    `select u.role = any(t.second_factor_roles) as needed
     from users u join tenants t on t.id = u.tenant where u.id = $1`,
    [user],
  );
  return rows[0]?.needed === true;
}

/** @throws IdentityError second_factor_missing */
async function removeApp(client: Client, user: UserId): Promise<void> {
  const { rowCount } = await client.query(
    "delete from totp_factors where user_id = $1 and confirmed_at_ms is not null",
    [user],
  );
  if (rowCount === 0) throw missing();
}

/** Removes the authenticator app and every passkey. @throws IdentityError second_factor_missing */
async function removeFactors(client: Client, user: UserId): Promise<void> {
  if (!(await hasFactor(client, user))) throw missing();
  await client.query("delete from totp_factors where user_id = $1", [user]);
  await client.query("delete from passkeys where user_id = $1", [user]);
  await forgetProofs(client, user);
}

const missing = (): IdentityError =>
  new IdentityError("second_factor_missing", "The account has no second factor.");
