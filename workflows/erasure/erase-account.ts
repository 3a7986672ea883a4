import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { lockAccount } from "../../identity/directory/lock-account.ts";
import { removeDevices } from "../../identity/directory/remove-devices.ts";

const DAY_MS = 86_400_000;
/** A customer token is valid for 10 minutes. Clocks of backends and restored databases need more. */
const CUSTOMER_MS = 2 * DAY_MS;
/** A device that lay in a drawer is told why it is refused. */
const DEVICE_MS = 366 * DAY_MS;

/**
 * Forgets who an account belongs to, in the caller's transaction, which must be fenced to the tenant. The key log records
 * the removal of each device, so other members' devices learn of it. Tokens and devices that the person still holds are
 * refused with `subject_erased` for a while. You may repeat it.
 * @param atMs the time of the erasure, in milliseconds since the Unix epoch
 */
export async function eraseAccount(
  client: Client,
  tenant: TenantId,
  subject: UserId,
  atMs: number,
): Promise<void> {
  const { accountKey } = (await lockAccount(client, subject)) ?? {};
  if (accountKey !== undefined)
    await removeDevices(client, { tenant, user: subject, accountKey }, "all", atMs);
  await client.query("select sealdesk.erase_account($1, $2, $3, $4)", [
    subject,
    atMs,
    atMs + CUSTOMER_MS,
    atMs + DEVICE_MS,
  ]);
}
