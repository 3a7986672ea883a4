import { inTransaction } from "../../db/transaction.ts";
import type { Pool } from "../../db/pool.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";

/** Those of these devices that were removed from their accounts. */
export async function revokedAmong(
  pool: Pool,
  tenant: Uuid,
  devices: readonly Uuid[],
): Promise<readonly Uuid[]> {
  if (devices.length === 0) return [];
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<{ id: Uuid }>(
      "select id from devices where id = any($1::uuid[]) and revoked_at_ms is not null",
      [uuidArray(devices)],
    ),
  );
  return rows.map(({ id }) => id);
}
