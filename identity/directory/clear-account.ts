import type { DeviceId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { forgetDeviceList } from "./device-list.ts";
import type { LockedAccount } from "./lock-account.ts";
import { removeDevices } from "./remove-devices.ts";

/**
 * Ends every session of an account and removes its devices and its account key. The transaction must hold the lock on
 * the account.
 * @returns the removed devices
 */
export async function clearAccount(
  client: Client,
  account: LockedAccount & { readonly tenant: TenantId; readonly user: UserId },
  nowMs: number,
): Promise<readonly DeviceId[]> {
  const { tenant, user, accountKey } = account;
  await client.query(
    "update sessions set revoked_at_ms = $2 where user_id = $1 and revoked_at_ms is null",
    [user, nowMs],
  );
  // A pending request would bring a new device the approval of a former one.
  await client.query("delete from link_requests where user_id = $1", [user]);
  // A link for a new password may be in other hands, as the devices may be.
  await client.query("delete from password_resets where user_id = $1", [user]);
  if (accountKey === undefined) return [];
  const removed = await removeDevices(client, { tenant, user, accountKey }, "all", nowMs);
  await client.query("update users set account_key = null where id = $1", [user]);
  await forgetDeviceList(client, user);
  return removed.map(({ id }) => id);
}
