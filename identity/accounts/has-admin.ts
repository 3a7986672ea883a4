import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Pool } from "../../db/pool.ts";
import type { StaffRole } from "../../policies/actor.ts";
import { inTransaction } from "../../db/transaction.ts";

/** Returns whether the tenant has an account with the role admin. */
export const hasAdmin = (pool: Pool, tenant: TenantId): Promise<boolean> =>
  inTransaction(pool, tenant, async (client) => {
    const role: StaffRole = "admin";
    const { rowCount } = await client.query("select from users where role = $1 limit 1", [role]);
    return rowCount === 1;
  });
