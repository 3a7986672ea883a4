import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";

/** Locks the versions of the tenant's policy until the transaction ends: drafts and approvals take turns. */
export async function lockPolicy(client: Client, tenant: TenantId): Promise<void> {
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`policy ${tenant}`]);
}
