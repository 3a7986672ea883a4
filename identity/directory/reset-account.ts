import { appendEntry } from "../../audit/append-entry.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TenantId, UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideDirectory } from "../../policies/directory.ts";
import type { ResetReason } from "../../policies/reset-reasons.ts";
import { assertSecondPerson, type NamedApproval } from "../approvals/second-person.ts";
import { authorised, type Administrator } from "../accounts/administrator.ts";
import { findStaff, type StaffName } from "../accounts/find-staff.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { audited, assertAllowed, type Act, type UseCase } from "../audited.ts";
import { IdentityError, userNotFound } from "../identity-error.ts";
import { assertFreshFactor } from "../second-factor/fresh-factor.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { assertSession } from "../tokens/session-end.ts";
import type { Announce } from "./announce.ts";
import { clearAccount } from "./clear-account.ts";
import { lockAccount, lockAccounts } from "./lock-account.ts";

export interface Reset {
  readonly user: UserId;
  readonly reason: ResetReason;
}

/**
 * Resets an account that has lost its devices, or whose devices other people have. It removes every
 * device and passkey, ends every session and forgets the account key, so the next device to register makes a
 * new one. The account's former keys are never accepted again. The account loses access to its
 * earlier messages: the next device is a newcomer to its conversations, whose members must accept
 * the new key. If you repeat the reset, it removes the devices that exist by then, which may be
 * none.
 * @param approval the request of somebody else that the actor approves by this
 * @returns the number of devices that were removed
 * @throws IdentityError user_not_found, also for a user of another tenant; device_required; forbidden;
 *   step_up_required; approval_required and those of `assertSecondPerson`; session_revoked, device_revoked: the actor's own session or device ended meanwhile
 */
export async function resetAccount(
  deps: UseCase & { readonly announce: Announce; readonly disconnect: Disconnect },
  actor: Actor,
  { user, reason }: Reset,
  approval?: NamedApproval,
): Promise<number> {
  const { tenant } = actor;
  const devices = await audited(deps, actor, resetAct({ user, reason }), async (client, note) => {
    const account = (await lockAccounts(client, [actor.user, user])).get(user);
    // This may have waited for the locks. If two administrators reset each other, the first one
    // wins.
    await assertSession(client, actor);
    if (account === undefined) throw userNotFound();
    note({ decision: assertResetAllowed(actor, { user, role: account.role }) });
    await assertFreshFactor(client, actor, "reset_account", deps.now());
    const demanded = { action: "directory.reset_account", parameters: { user, reason } } as const;
    const approved = await assertSecondPerson(client, actor, demanded, approval, deps.now());
    const passkeys = await removePasskeys(client, user);
    const removed = await clearAccount(client, { tenant, user, ...account }, deps.now());
    note({ details: { reason, devices: removed.length, passkeys, ...approved } });
    return removed;
  });
  for (const device of devices) deps.disconnect({ tenant, device });
  // Announces even if no device was left to remove. So a repeat completes a reset that was
  // interrupted here.
  await deps.announce({ tenant, user });
  return devices.length;
}

/**
 * Like `resetAccount`, for the operator of the server or a program with an API key, for example if a tenant has no
 * administrator with a device. Running servers find out by themselves that sessions have ended. The caller must
 * update the user's conversations.
 * @throws IdentityError user_not_found
 */
export async function resetByOperator(
  { pool, now, profiles }: Pick<DirectoryDeps, "pool" | "now" | "profiles">,
  tenant: TenantId,
  {
    account: name,
    reason,
    by,
  }: {
    readonly account: StaffName;
    readonly reason: ResetReason;
    readonly by?: Administrator | undefined;
  },
): Promise<{ readonly user: UserId; readonly devices: readonly DeviceId[] }> {
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const user = await findStaff(client, profiles, tenant, name);
    const account = await lockAccount(client, user);
    if (account === undefined) throw userNotFound();
    const passkeys = await removePasskeys(client, user);
    const devices = await clearAccount(client, { tenant, user, ...account }, now());
    await appendEntry(client, {
      ...resetAct({ user, reason }),
      occurredAtMs: now(),
      tenant,
      ...who,
      outcome: "success",
      details: { reason, devices: devices.length, passkeys },
    });
    return { user, devices };
  });
}

/**
 * Whoever has a device of the account may have added a passkey, which signs in alone.
 * @returns how many were removed
 */
async function removePasskeys(client: Client, user: UserId): Promise<number> {
  const { rowCount } = await client.query("delete from passkeys where user_id = $1", [user]);
  return rowCount ?? 0;
}

const resetAct = ({ user, reason }: Reset): Act<"account.reset"> => ({
  action: "account.reset",
  resource: { type: "user", id: user },
  subject: user,
  details: { reason },
});

/**
 * Requires that the actor may reset the account.
 * @throws IdentityError device_required, forbidden
 */
function assertResetAllowed(
  actor: Actor,
  account: Pick<Reset, "user"> & Pick<Actor, "role">,
): Decision {
  const { tenant } = actor;
  const facts = { tenant, sharesConversation: false, ...account };
  const decision = decideDirectory(actor, "reset_account", facts);
  if (decision.reasons.includes("device_not_registered"))
    throw new IdentityError("device_required", "Register this device before it resets accounts.", {
      reasons: decision.reasons,
    });
  assertAllowed(decision);
  return decision;
}
