import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideDirectory } from "../../policies/directory.ts";
import { audited, type UseCase } from "../audited.ts";
import { KeysError } from "../keys-error.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import { assertSession } from "../tokens/session-end.ts";
import type { Announce } from "./announce.ts";
import { thumbprintOf } from "./ed25519.ts";
import { lockAccount } from "./lock-account.ts";
import { removeDevices } from "./remove-devices.ts";

/**
 * Removes a device of the actor's own account for good. The key log records it. The device's
 * sessions end and its sockets close. Then `announce` takes it out of the user's conversations and
 * advances their epochs. Only a registered device of the account may do this.
 * @throws KeysError device_required; session_revoked; device_revoked; device_not_found, also for
 *   another user's device and for one that is already revoked
 */
export async function revokeDevice(
  deps: UseCase & { readonly announce: Announce; readonly disconnect: Disconnect },
  actor: Actor,
  device: Uuid,
): Promise<void> {
  await audited(
    deps,
    actor,
    { action: "device.revoke", class: "D", resource: { type: "device", id: device } },
    async (client, note) => {
      const now = deps.now();
      note({ decision: assertDevice(actor, device) });
      const accountKey = (await lockAccount(client, actor.user))?.accountKey;
      // This may have waited for the lock. If two devices remove each other, the first one wins.
      await assertSession(client, actor);
      const { tenant, user } = actor;
      const [removed] =
        accountKey === undefined
          ? []
          : await removeDevices(client, { tenant, user, accountKey }, { device }, now);
      if (removed === undefined)
        throw new KeysError("device_not_found", "Your account has no such device.");
      await client.query(
        `update sessions set revoked_at_ms = $3
         where user_id = $1 and device_key_thumbprint = $2 and revoked_at_ms is null`,
        [user, thumbprintOf(removed.deviceKey), now],
      );
    },
  );
  // Before its conversations change, which may take a while or happen on a later day.
  deps.disconnect({ tenant: actor.tenant, device });
  await deps.announce({ tenant: actor.tenant, user: actor.user });
}

/** @throws KeysError device_required: the session's device is not registered */
function assertDevice(actor: Actor, device: Uuid): Decision {
  const { tenant, user, role } = actor;
  const facts = { tenant, user, role, sharesConversation: false, device };
  const decision = decideDirectory(actor, "revoke_device", facts);
  if (decision.allowed) return decision;
  throw new KeysError("device_required", "Register this device before it removes others.", {
    reasons: decision.reasons,
  });
}
