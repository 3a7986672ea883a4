import type { Client } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { PreKeyCount } from "./prekey.ts";

/** Returns how many one-time prekeys of each kind the device has left. */
export async function countPreKeys(client: Client, device: Uuid): Promise<PreKeyCount> {
  const { rows } = await client.query<PreKeyCount>(
    `select count(*) filter (where kind = 'ec') as "preKeys",
       count(*) filter (where kind = 'kyber') as "kyberPreKeys"
     from one_time_prekeys where device = $1 and public_key is not null`,
    [device],
  );
  return rows[0] ?? { preKeys: 0, kyberPreKeys: 0 };
}
