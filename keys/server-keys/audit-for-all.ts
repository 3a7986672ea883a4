import type { AuditAction } from "../../audit/actions.ts";
import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import type { OperatorActor } from "../../audit/operator.ts";
import type { Client } from "../../db/pool.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

/**
 * Writes an entry in every tenant's log, because changes of the server's own keys concern all
 * tenants. Writes one in the operator's log too, because there may be no tenant.
 */
export async function auditForAll<A extends AuditAction>(
  client: Client,
  entry: Omit<AuditEntry<A>, "tenant" | "actor"> & { readonly by: string | OperatorActor },
): Promise<void> {
  const { by, ...act } = entry;
  const actor = typeof by === "string" ? ({ kind: "system", id: by } as const) : by;
  const { rows } = await client.query<{ id: TenantId }>("select id from tenants");
  for (const tenant of [NO_TENANT, ...rows.map(({ id }) => id)]) {
    await client.query("select set_config('sealdesk.tenant', $1, true)", [tenant]);
    await appendEntry(client, { ...act, tenant, actor });
  }
  await client.query("select set_config('sealdesk.tenant', '', true)");
}
