import type { ListSignature } from "../../crypto/wire/device-list.ts";
import type { DeviceId, SessionId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor, Subject } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideDirectory } from "../../policies/directory.ts";
import { assertSecondPerson, type NamedApproval } from "../approvals/second-person.ts";
import { audited, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { assertFreshFactor } from "../second-factor/fresh-factor.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { assertSession } from "../tokens/session-end.ts";
import type { Announce } from "./announce.ts";
import { thumbprintOf } from "../../keys/ed25519.ts";
import { lockAccounts } from "./lock-account.ts";
import { removeDevices } from "./remove-devices.ts";

/** How a device is removed. */
interface Removal {
  readonly list?: ListSignature;
  readonly approval?: NamedApproval;
}

/**
 * Removes a device permanently: one of the actor's own account or, for an admin, of any account of
 * the tenant. The device that asks signs the list of its account's devices without it. An admin cannot sign for another
 * account: the key log then records a removal without a list, so that everybody sees who did not
 * make it. The device's sessions end and its sockets close. Then
 * `announce` takes it out of the account's conversations and advances their epochs. Only a
 * registered device may do this.
 * @param removal.list undefined if the device is of another account
 * @param removal.approval the request of somebody else that the actor approves by this
 * @throws IdentityError stale_device_list, invalid_device_list; device_required; step_up_required; approval_required and those of `assertSecondPerson`; session_revoked; device_revoked; device_not_found, also for a
 *   device that the actor may not remove and for one that is already revoked
 */
export async function revokeDevice(
  deps: UseCase & { readonly announce: Announce; readonly disconnect: Disconnect },
  actor: Actor,
  device: DeviceId,
  { list, approval }: Removal = {},
): Promise<void> {
  const { tenant } = actor;
  const act = {
    action: "device.revoke",
    resource: { type: "device", id: device },
  } as const;
  const user = await audited(deps, actor, act, async (client, note) => {
    const nowMs = deps.now();
    const owner = await ownerOf(client, device);
    note({ decision: decideRemoval(actor, device, owner) });
    if (owner === undefined) throw notFound();
    if (owner.user !== actor.user) note({ subject: owner.user });
    const accounts = await lockAccounts(client, [actor.user, owner.user]);
    // This may have waited for the lock. If two devices remove each other, the first one wins.
    await assertSession(client, actor);
    // Whoever lost a device of their own must be able to remove it at once.
    let approved: Awaited<ReturnType<typeof assertSecondPerson>> = {};
    if (owner.user !== actor.user || approval !== undefined) {
      await assertFreshFactor(client, actor, "revoke_device", nowMs);
      const demanded = { action: "directory.revoke_device", parameters: { device } } as const;
      approved = await assertSecondPerson(client, actor, demanded, approval, nowMs);
    }
    // Who removes their own device signs for it, and nobody signs for another account.
    if ((owner.user === actor.user) !== (list !== undefined))
      throw new IdentityError(
        "invalid_device_list",
        "Your own device is removed with a list that your account signed, another one without.",
      );
    const accountKey = accounts.get(owner.user)?.accountKey;
    const [removed] =
      accountKey === undefined
        ? []
        : await removeDevices(
            client,
            { tenant, user: owner.user, accountKey },
            { device },
            nowMs,
            list && actor.device && { list, by: actor.device },
          );
    if (removed === undefined) throw notFound();
    const { rows: ended } = await client.query<{ id: SessionId }>(
      `update sessions set revoked_at_ms = $3
       where user_id = $1 and device_key_thumbprint = $2 and revoked_at_ms is null
       returning id`,
      [owner.user, thumbprintOf(removed.deviceKey), nowMs],
    );
    note({ details: { ...approved, sessions: ended.map(({ id }) => id) } });
    return owner.user;
  });
  // Before its conversations change, which may take a while or happen on a later day.
  deps.disconnect({ tenant, device });
  await deps.announce({ tenant, user });
}

const notFound = (reasons: readonly string[] = []): IdentityError =>
  new IdentityError("device_not_found", "There is no such device.", { reasons });

async function ownerOf(client: Client, device: DeviceId): Promise<Subject | undefined> {
  const { rows } = await client.query<Subject>(
    `select u.id as user, u.role from devices d join users u on u.id = d.user_id
     where d.id = $1 and d.revoked_at_ms is null`,
    [device],
  );
  return rows[0];
}

/**
 * @param owner undefined if there is no such device; then the decision is about one of the actor's own
 * @throws IdentityError device_required: the session's device is not registered; device_not_found
 */
function decideRemoval(actor: Actor, device: DeviceId, owner: Subject | undefined): Decision {
  const { tenant, user, role } = actor;
  const facts = { tenant, sharesConversation: false, device, ...(owner ?? { user, role }) };
  const decision = decideDirectory(actor, "revoke_device", facts);
  if (decision.allowed) return decision;
  if (decision.reasons.includes("device_not_registered"))
    throw new IdentityError("device_required", "Register this device before it removes others.", {
      reasons: decision.reasons,
    });
  throw notFound(decision.reasons);
}
