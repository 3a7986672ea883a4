import type { ListSignature } from "../../crypto/wire/device-list.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideDirectory } from "../../policies/directory.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { assertSession } from "../tokens/session-end.ts";
import { storeDeviceList } from "./device-list.ts";
import { lockAccount } from "./lock-account.ts";

/**
 * Stores the account's renewed list of its devices, so that it is valid for longer.
 * @throws IdentityError device_required; stale_device_list; invalid_device_list: also if the devices
 *   are not those of the account
 */
export async function renewDeviceList(
  deps: UseCase,
  actor: Actor,
  list: ListSignature,
): Promise<void> {
  const { tenant, user, role } = actor;
  const act = {
    action: "device.renew_list",
    resource: { type: "user", id: user },
    isRepeatable: true,
  } as const;
  await audited(deps, actor, act, async (client, note) => {
    const facts = { tenant, user, role, sharesConversation: false };
    const decision = decideDirectory(actor, "renew_list", facts);
    note({ decision });
    if (decision.reasons.includes("device_not_registered"))
      throw new IdentityError("device_required", "Register this device before it renews the list.");
    assertAllowed(decision);
    const accountKey = (await lockAccount(client, user))?.accountKey;
    // The device may have been removed while this request waited for the lock.
    await assertSession(client, actor);
    if (accountKey === undefined || actor.device === undefined)
      throw new IdentityError("invalid_device_list", "The account has no device that signs lists.");
    await storeDeviceList(client, { tenant, user, accountKey }, list, actor.device);
  });
}
