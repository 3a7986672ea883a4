import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { thumbprintOf } from "../../keys/ed25519.ts";

/** Returns the registered devices of an account by the thumbprints of their keys, which sessions are bound to. */
export async function devicesByKey(
  client: Client,
  user: UserId,
): Promise<ReadonlyMap<string, DeviceId>> {
  const { rows } = await client.query<{ id: DeviceId; deviceKey: Uint8Array }>(
    `select id, device_key as "deviceKey" from devices where user_id = $1 and revoked_at_ms is null`,
    [user],
  );
  return new Map(rows.map(({ id, deviceKey }) => [thumbprintOf(deviceKey), id]));
}
