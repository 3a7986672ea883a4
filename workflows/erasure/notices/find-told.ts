import { uuidArray } from "../../../db/binary-arrays.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import type { DeviceId, TenantId } from "../../../crypto/wire/ids.ts";

const TOLD = `
  select device, max(notified_at_ms) as "notifiedAtMs" from erasure_notices
  where device = any($1) and acknowledged_at_ms is null group by device`;

/** A device that has not answered, and when it was last told of an erasure, in milliseconds since the Unix epoch. */
export interface ToldDevice {
  readonly device: DeviceId;
  readonly notifiedAtMs: number;
}

/** Returns those of the devices that were told of an erasure and have not answered. */
export async function findTold(
  pool: Pool,
  tenant: TenantId,
  devices: readonly DeviceId[],
): Promise<readonly ToldDevice[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<ToldDevice>(TOLD, [uuidArray(devices)]),
  );
  return rows;
}
