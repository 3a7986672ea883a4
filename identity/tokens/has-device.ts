import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** SQL for whether `$2` is the key of a registered device of the account `u`. */
export const IS_REGISTERED = `exists (select from devices d
  where d.user_id = u.id and d.device_key = $2 and d.revoked_at_ms is null) as "isRegistered"`;

/** Returns whether the key is that of a registered device of the account. */
export async function hasDevice(
  client: Client,
  user: UserId,
  deviceKey: Uint8Array,
): Promise<boolean> {
  const { rows } = await client.query<{ isRegistered: boolean }>(
    `select ${IS_REGISTERED} from users u where id = $1`,
    [user, deviceKey],
  );
  return rows[0]?.isRegistered === true;
}
