import type { Client } from "../../db/pool.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

/**
 * Stops handing out the one-time prekeys that all devices published, after the database was restored
 * from a backup. They may have been handed out since the backup, and a device opens only one first
 * message with each. Bundles have the signed and the last-resort prekey until the devices publish new
 * ones. `client` must be in a transaction of the owner.
 */
export async function withdrawPreKeys(client: Client): Promise<void> {
  const { rows: tenants } = await client.query<{ id: TenantId }>("select id from sealdesk.tenants");
  for (const { id } of tenants) {
    await client.query("select set_config('sealdesk.tenant', $1, true)", [id]);
    await client.query(
      `update sealdesk.one_time_prekeys set public_key = null, signature = null
       where public_key is not null`,
    );
  }
}
