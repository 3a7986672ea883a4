import type { Pool } from "../../db/pool.ts";
import { auditForAll } from "./audit-for-all.ts";
import { changingServerKeys } from "./rows.ts";
import type { ServerKeyName } from "./server-key.ts";

/**
 * Destroys the keys that have expired by the database's clock: their wrapped bytes leave the table. This
 * is audited.
 */
export async function destroyServed(pool: Pool, nowMs: number): Promise<void> {
  await changingServerKeys(pool, async (client) => {
    const { rows } = await client.query<{ name: ServerKeyName; version: number }>(
      "select name, version from destroy_expired_server_keys()",
    );
    for (const { name, version } of rows)
      await auditForAll(client, {
        by: "server",
        occurredAtMs: nowMs,
        action: "server_key.destroy",
        resource: { type: "server_key", id: name, version: String(version) },
        outcome: "success",
      });
  });
}
