import type { Client } from "../../db/pool.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import type { PreKeyCount } from "./prekey.ts";

/** Returns how many one-time prekeys of each kind the device has left, and its highest id. */
export async function countPreKeys(client: Client, device: DeviceId): Promise<PreKeyCount> {
  const { rows } = await client.query<PreKeyCount>(
    `select count(*) filter (where kind = 'ec') as "preKeys",
       count(*) filter (where kind = 'kyber') as "kyberPreKeys",
       greatest(
         (select max(id) from one_time_prekeys where device = $1 and kind = 'ec'),
         (select max(id) from one_time_prekeys where device = $1 and kind = 'kyber'),
         (select max(id) from signed_prekeys where device = $1), 0) as "highestId"
     from one_time_prekeys where device = $1 and public_key is not null`,
    [device],
  );
  return rows[0] ?? { preKeys: 0, kyberPreKeys: 0, highestId: 0 };
}
