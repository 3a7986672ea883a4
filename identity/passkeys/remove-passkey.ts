import { appendEntry } from "../../audit/append-entry.ts";
import type { PasskeyId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { authorised, type AdministeredAccount } from "../accounts/administrator.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { audited, type UseCase } from "../audited.ts";
import { lockStaff } from "../directory/lock-account.ts";
import { assertMayRemove, forgetProofs } from "../second-factor/factor-removal.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { disconnectEnded, endSessionsOf } from "../tokens/end-sessions.ts";
import { passkeyNotFound, readPasskeys, type Passkey } from "./own-passkeys.ts";

/**
 * Removes a passkey of the actor's own account, such as of an authenticator that was lost. The account's other sessions
 * end, because somebody may have opened them with it.
 * @throws IdentityError passkey_not_found, step_up_required, device_required, forbidden, session_revoked
 */
export async function removeOwnPasskey(
  deps: UseCase & { readonly disconnect: Disconnect },
  actor: Actor,
  passkey: PasskeyId,
): Promise<void> {
  const { tenant, user, session } = actor;
  const act = { action: "user.remove_passkey", resource: { type: "user", id: user } } as const;
  const ended = await audited(deps, actor, act, async (client, note) => {
    const removal = { action: "remove_factor", user, nowMs: deps.now() } as const;
    await assertMayRemove(client, actor, removal, note);
    await remove(client, user, passkey);
    const others = await endSessionsOf(client, user, deps.now(), session);
    note({ details: { passkey, sessions: others.length } });
    return others;
  });
  disconnectEnded(deps.disconnect, tenant, ended);
}

/**
 * Like `removeOwnPasskey`, for the operator of the server or a program with an API key. All sessions of the account end.
 * @throws IdentityError user_not_found, passkey_not_found
 */
export async function removePasskeyByOperator(
  { pool, now, profiles }: DirectoryDeps,
  tenant: TenantId,
  { account, by, passkey }: AdministeredAccount & { readonly passkey: PasskeyId },
): Promise<void> {
  await inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await lockStaff(client, profiles, tenant, account);
    await remove(client, user, passkey);
    const ended = await endSessionsOf(client, user, now());
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "user.remove_passkey",
      resource: { type: "user", id: user },
      subject: user,
      outcome: "success",
      details: { passkey, sessions: ended.length },
    });
  });
}

/**
 * Lists the passkeys of an account, for the operator of the server or a program with an API key.
 * @throws IdentityError user_not_found; KeysError kms_...
 */
export async function listPasskeysByOperator(
  deps: DirectoryDeps,
  tenant: TenantId,
  { account, by }: AdministeredAccount,
): Promise<readonly Passkey[]> {
  const user = await inTransaction(deps.pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const id = await lockStaff(client, deps.profiles, tenant, account);
    await appendEntry(client, {
      occurredAtMs: deps.now(),
      tenant,
      ...who,
      action: "user.list_passkeys",
      resource: { type: "user", id },
      subject: id,
      outcome: "success",
    });
    return id;
  });
  return readPasskeys(deps, tenant, user);
}

async function remove(client: Client, user: UserId, passkey: PasskeyId): Promise<void> {
  const { rowCount } = await client.query("delete from passkeys where id = $1 and user_id = $2", [
    passkey,
    user,
  ]);
  if (rowCount === 0) throw passkeyNotFound();
  await forgetProofs(client, user);
}
