import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/**
 * Locks the holds of a tenant until the caller's transaction ends. "to_destroy": many destroy at the same time, and no
 * hold is placed meanwhile. "to_change": waits for those who destroy, and keeps others waiting. So a destruction sees
 * a hold, or is over before the hold begins.
 */
export async function lockHolds(
  client: Client,
  tenant: TenantId,
  purpose: "to_destroy" | "to_change",
): Promise<void> {
  const lock = purpose === "to_destroy" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
  await client.query(`select ${lock}(hashtext('sealdesk.holds'), hashtext($1))`, [tenant]);
}
